# Generated from src/ctsec/storage/_async_feed.py by tools/twin.py; edit that file.
"""The change feed of a store that asks itself: for hosts with several processes and no Redis (async source).

The writer's transaction has changed the epochs already, so there is nothing to announce. A transaction that stays open for more than
a minute after it changed an epoch may commit unseen: the five seconds that a record lives are the bound then.
"""

from __future__ import annotations

from ctsec.changes import News, compare
from ctsec.storage._sync_ports import Storage


class StoreFeed:
    """Compares the epochs of the last minute, in one short read."""

    __slots__ = ("_storage",)

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def since(self, position: object) -> News:
        """Return what changed since `position`."""
        with self._storage.reading() as store:
            return compare(position, store.epochs.recent())

    def announce(self, scopes: frozenset[str]) -> None:
        """Do nothing: the epochs changed in the transaction itself."""

    def close(self) -> None:
        """Do nothing: the storage is closed by whoever made it."""
