"""Plans, holds and purges of the logs in memory (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.record import StoredPlans
from ctsec.audit.retention.selection import Selection
from ctsec.audit.sealing import Head
from ctsec.audit.tree.tiles import TILE_WIDTH, Tile
from ctsec.ids import HoldId
from ctsec.storage.memory._async_tree import AsyncMemoryTree
from ctsec.storage.memory.state import Transaction, frozen
from ctsec.storage.memory.tables import HOLDS, LEAVES, LOG, LOG_IDS, RETENTION, TILES


class AsyncMemoryRetention:
    """See `ctsec.audit.retention.ports.AsyncRetentionRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def get(self, log: LogId) -> StoredPlans | None:
        """Return what is stored of a log's plans."""
        return self._tx.get(RETENTION, log)

    async def lock(self, log: LogId) -> StoredPlans | None:
        """Return it after waiting for whoever changes it: of two that lock it, the one that commits later is told to try again."""
        return self._tx.current(RETENTION, log)

    async def put(self, stored: StoredPlans) -> bool:
        """Store version 1 if there is none, another one over the version before."""
        found = self._tx.current(RETENTION, stored.log)
        if (found.version if found is not None else 0) != stored.version - 1:
            return False
        self._tx.put(RETENTION, stored.log, stored)
        return True

    async def holds(self, log: LogId) -> tuple[LegalHold, ...]:
        """Return the holds of a log in the order of ids, as committed: whoever locked the plan has waited for them."""
        return tuple(sorted(self._tx.current_where(HOLDS, lambda each: each.log == log), key=lambda each: each.id))

    async def in_force(self, *, since: datetime) -> tuple[LegalHold, ...]:
        """Return the holds of every log that were not released, or after a time, in the order of ids."""
        bound = self._tx.current_where(HOLDS, lambda each: each.released_at is None or each.released_at > since)
        return tuple(sorted(bound, key=lambda each: each.id))

    async def add_hold(self, hold: LegalHold) -> None:
        """Store a hold."""
        self._tx.insert(HOLDS, hold.id, hold)

    async def put_hold(self, hold: LegalHold) -> bool:
        """Store a hold over the version before."""
        found = self._tx.current(HOLDS, hold.id)
        if found is None or found.version != hold.version - 1:
            return False
        self._tx.put(HOLDS, hold.id, hold)
        return True

    async def hold(self, log: LogId, hold: HoldId) -> LegalHold | None:
        """Return a hold of a log."""
        found = self._tx.current(HOLDS, hold)
        return found if found is not None and found.log == log else None


class AsyncMemoryPurges:
    """See `ctsec.audit.retention.ports.AsyncPurgeRecords`."""

    __slots__ = ("_tree", "_tx")

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._tree = AsyncMemoryTree(tx)

    async def lead(self, log: LogId) -> Head:
        """Take the lock of the one leader and return the head of a log."""
        self._tree.lead()
        return self._tree.led(log)

    async def newer(self, log: LogId, *, since: datetime) -> int | None:
        """Return the smallest index of an event from a time on."""
        return min((each.index for each in self._of(log) if each.event.time >= since), default=None)

    async def due(self, selection: Selection, *, first: int, limit: int) -> tuple[SealedEvent, ...]:
        """Return events that a selection matches, in the order of indexes."""
        found = [each for each in self._of(selection.log) if each.index >= first and selection.matches(each.index, each.event)]
        return tuple(sorted(found, key=lambda each: each.index)[:limit])

    async def matching(self, query: AuditQuery, *, first: int, limit: int) -> tuple[int, ...]:
        """Return the indexes of events that a query matches, in their order."""
        return tuple(sorted(each.index for each in self._of(query.log) if each.index >= first and query.matches(each.event))[:limit])

    async def remove(self, log: LogId, indexes: tuple[int, ...], *, size: int) -> int:
        """Delete events and keep the leaves that no full tile has yet."""
        found = [each for each in (self._tx.get(LOG, (log, index)) for index in indexes) if each is not None]
        for each in found:
            if each.index >= size - size % TILE_WIDTH:
                self._tx.put(LEAVES, (log, each.index), each.event.leaf)
            self._tx.put(LOG, (log, each.index), None)
            self._tx.put(LOG_IDS, each.event.id, None)
        return len(found)

    async def append(self, event: StoredEvent, *, head: Head) -> None:
        """Give an event the next index, past the inbox."""
        self._tx.put(LOG, (event.log, head.size), SealedEvent(head.size, frozen(event)))
        self._tx.put(LOG_IDS, event.id, head.size)
        self._tree.grow(event.log, [event.leaf])

    async def leaves(self, log: LogId, *, first: int, end: int) -> tuple[tuple[int, bytes], ...]:
        """Return the leaves that are kept of removed events, with their indexes."""
        found = [(index, self._tx.get(LEAVES, (log, index))) for index in range(first, end)]
        return tuple((index, leaf) for index, leaf in found if leaf is not None)

    async def whole(self, log: LogId, *, first: int, end: int, limit: int) -> tuple[Tile, ...]:
        """Return full tiles of level 0 that were not pruned, in the order of numbers."""
        found = [self._tx.get(TILES, (log, 0, number)) for number in range(first, end)]
        return tuple(tile for tile in found if tile is not None and not tile.is_bare)[:limit]

    async def strip(self, log: LogId, tiles: tuple[Tile, ...], *, below: int) -> None:
        """Leave of tiles of level 0 their roots alone, and no kept leaf of an index under `below`."""
        for tile in tiles:
            self._tx.put(TILES, (log, 0, tile.number), tile.bare())
        for index in range(below):
            if self._tx.get(LEAVES, (log, index)) is not None:
                self._tx.put(LEAVES, (log, index), None)

    def _of(self, log: LogId) -> list[SealedEvent]:
        return [each for each in self._tx.scan(LOG) if each.event.log == log]
