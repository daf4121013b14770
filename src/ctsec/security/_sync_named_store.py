# Generated from src/ctsec/security/_async_named_store.py by tools/twin.py; edit that file.
"""The logs in the store of a region, which has to be the one that the configuration says (async source).

Two names of a configuration that lead to one database would be two logs over the same events, each signed under its own origin.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from ctsec.audit._sync_ports import SealedStore
from ctsec.residency._sync_ports import RegionStorage, RegionStore
from ctsec.residency.judging import check_store


class NamedStorage:
    """Opens `storage` as the `store` of a region; every call raises ResidencyError until it was seen once to be that one."""

    __slots__ = ("_known", "_region", "_storage", "_store")

    def __init__(self, storage: RegionStorage, *, region: str, store: str) -> None:
        self._storage = storage
        self._region = region
        self._store = store
        self._known = False

    @contextmanager
    def reading(self) -> Generator[SealedStore, None, None]:
        """Open a short READ COMMITTED read; nothing is written."""
        with self._storage.reading() as store:
            self._check(store)
            yield store

    @contextmanager
    def sequencing(self) -> Generator[SealedStore, None, None]:
        """Open a READ COMMITTED transaction of our own."""
        with self._storage.sequencing() as store:
            self._check(store)
            yield store

    def _check(self, store: RegionStore) -> None:
        if not self._known:
            check_store(store.meta.all(), region=self._region, store=self._store)
            self._known = True
