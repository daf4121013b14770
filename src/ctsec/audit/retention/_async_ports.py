"""What retention needs of a store, and of who may (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.record import StoredPlans
from ctsec.audit.retention.selection import Selection
from ctsec.audit.sealing import Head
from ctsec.audit.tree.tiles import Tile
from ctsec.ids import HoldId


class AsyncRetentionRecords(Protocol):
    """The plans of logs, and the holds on them."""

    async def get(self, log: LogId) -> StoredPlans | None:
        """Return what is stored of a log's plans."""
        ...

    async def lock(self, log: LogId) -> StoredPlans | None:
        """Return it after waiting for whoever changes it, or places or releases a hold, or purges; those wait until this one ends."""
        ...

    async def put(self, stored: StoredPlans) -> bool:
        """Store version 1 if there is none, another one over the version before; False if another was faster."""
        ...

    async def holds(self, log: LogId) -> tuple[LegalHold, ...]:
        """Return the holds of a log in the order of ids, those that were released too; after `lock` all that are committed."""
        ...

    async def in_force(self, *, since: datetime) -> tuple[LegalHold, ...]:
        """Return the holds of every log that were not released, or after a time, in the order of ids."""
        ...

    async def add_hold(self, hold: LegalHold) -> None:
        """Store a hold."""
        ...

    async def put_hold(self, hold: LegalHold) -> bool:
        """Store a hold over the version before; False if another was faster."""
        ...

    async def hold(self, log: LogId, hold: HoldId) -> LegalHold | None:
        """Return a hold of a log."""
        ...


class AsyncPurgeTerms(Protocol):
    """What a purge of a log keeps to: its plans and the holds on it. Those of the home store, or what a region's log was told of them."""

    async def get(self, log: LogId) -> StoredPlans | None:
        """Return what is stored of a log's plans."""
        ...

    async def lock(self, log: LogId) -> StoredPlans | None:
        """Return it, and keep whoever changes plan or holds waiting until this transaction ends."""
        ...

    async def put(self, stored: StoredPlans) -> bool:
        """Store when it was purged."""
        ...

    async def holds(self, log: LogId) -> tuple[LegalHold, ...]:
        """Return the holds of a log, those that were released too."""
        ...


class AsyncPurgeRecords(Protocol):
    """The events of a log, to be purged. Whoever purges leads, in a transaction of `AsyncStorage.sequencing`."""

    async def lead(self, log: LogId) -> Head:
        """Take the lock of the one leader, before anything else, and return the head of a log."""
        ...

    async def newer(self, log: LogId, *, since: datetime) -> int | None:
        """Return the smallest index of an event from a time on, None if there is none."""
        ...

    async def due(self, selection: Selection, *, first: int, limit: int) -> tuple[SealedEvent, ...]:
        """Return events that a selection matches with an index from `first` on, in the order of indexes."""
        ...

    async def matching(self, query: AuditQuery, *, first: int, limit: int) -> tuple[int, ...]:
        """Return the indexes of events that a query matches from `first` on, in their order."""
        ...

    async def remove(self, log: LogId, indexes: tuple[int, ...], *, size: int) -> int:
        """Delete events and keep the leaves that no full tile has yet, in a log of `size`; return how many were there."""
        ...

    async def append(self, event: StoredEvent, *, head: Head) -> None:
        """Give an event the next index, past the inbox; `head` is what `lead` returned."""
        ...

    async def leaves(self, log: LogId, *, first: int, end: int) -> tuple[tuple[int, bytes], ...]:
        """Return the leaves that are kept of removed events with indexes [first, end), with their indexes."""
        ...

    async def whole(self, log: LogId, *, first: int, end: int, limit: int) -> tuple[Tile, ...]:
        """Return full tiles of level 0 with the numbers [first, end) that were not pruned, in the order of numbers."""
        ...

    async def strip(self, log: LogId, tiles: tuple[Tile, ...], *, below: int) -> None:
        """Leave of tiles of level 0 their roots alone, and no kept leaf of an index under `below`."""
        ...
