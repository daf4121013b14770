"""Plans, holds and purges of the logs in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.record import StoredPlans
from ctsec.audit.retention.selection import Selection
from ctsec.audit.sealing import Head
from ctsec.audit.tree.tiles import TILE_WIDTH, Tile
from ctsec.ids import HoldId
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql._async_tree import AsyncSqlTree
from ctsec.storage.sql.statements import audit, retention, tree
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced, values
from ctsec.storage.sql.tables import Tables


class AsyncSqlRetention:
    """See `ctsec.audit.retention.ports.AsyncRetentionRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def get(self, log: LogId) -> StoredPlans | None:
        """Return what is stored of a log's plans."""
        return made(StoredPlans, await self._run.row(retention.retention(self._tables, log)))

    async def lock(self, log: LogId) -> StoredPlans | None:
        """Return it after waiting for whoever changes it."""
        return made(StoredPlans, await self._run.row(retention.retention(self._tables, log).with_for_update()))

    async def put(self, stored: StoredPlans) -> bool:
        """Store version 1 if there is none, another one over the version before."""
        table = self._tables.log.retention
        if stored.version == 1:
            return await self._run.change_unless_taken(added(table, stored)) is not None
        return await self._run.change(replaced(table, stored, key=("log",))) == 1

    async def holds(self, log: LogId) -> tuple[LegalHold, ...]:
        """Return the holds of a log in the order of ids."""
        return all_made(LegalHold, await self._run.rows(retention.holds(self._tables, log)))

    async def in_force(self, *, since: datetime) -> tuple[LegalHold, ...]:
        """Return the holds of every log that were not released, or after a time, in the order of ids."""
        return all_made(LegalHold, await self._run.rows(retention.in_force(self._tables, since=since)))

    async def add_hold(self, hold: LegalHold) -> None:
        """Store a hold."""
        await self._run.change(added(self._tables.log.hold, hold))

    async def put_hold(self, hold: LegalHold) -> bool:
        """Store a hold over the version before."""
        return await self._run.change(replaced(self._tables.log.hold, hold)) == 1

    async def hold(self, log: LogId, hold: HoldId) -> LegalHold | None:
        """Return a hold of a log, by a locking read: the version before is what it is compared with."""
        return made(LegalHold, await self._run.row(retention.hold(self._tables, log, hold).with_for_update()))


class AsyncSqlPurges:
    """See `ctsec.audit.retention.ports.AsyncPurgeRecords`."""

    __slots__ = ("_run", "_tables", "_tree")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables
        self._tree = AsyncSqlTree(run, tables)

    async def lead(self, log: LogId) -> Head:
        """Take the lock of the one leader and return the head of a log."""
        await self._tree.lead()
        return (await self._tree.led([log]))[log]

    async def newer(self, log: LogId, *, since: datetime) -> int | None:
        """Return the smallest index of an event from a time on."""
        row = await self._run.row(retention.newer(self._tables, log, since=since))
        return None if row is None else int(row["index"])

    async def due(self, selection: Selection, *, first: int, limit: int) -> tuple[SealedEvent, ...]:
        """Return events that a selection matches, in the order of indexes."""
        rows = await self._run.rows(retention.due(self._tables, selection, first=first, limit=limit))
        return tuple(audit.sealed_event(row) for row in rows)

    async def matching(self, query: AuditQuery, *, first: int, limit: int) -> tuple[int, ...]:
        """Return the indexes of events that a query matches, in their order."""
        rows = await self._run.rows(retention.matching(self._tables, query, first=first, limit=limit))
        return tuple(int(row["index"]) for row in rows)

    async def remove(self, log: LogId, indexes: tuple[int, ...], *, size: int) -> int:
        """Delete events and keep the leaves that no full tile has yet."""
        await self._run.change(retention.kept(self._tables, log, indexes, first=size - size % TILE_WIDTH))
        return await self._run.change(retention.removed(self._tables, log, indexes))

    async def append(self, event: StoredEvent, *, head: Head) -> None:
        """Give an event the next index, past the inbox."""
        await self._run.change(insert(self._tables.log.event).values({"index": head.size, **values(event)}))
        await self._tree.grow({event.log: head}, {event.log: [event.leaf]})

    async def leaves(self, log: LogId, *, first: int, end: int) -> tuple[tuple[int, bytes], ...]:
        """Return the leaves that are kept of removed events, with their indexes."""
        rows = await self._run.rows(retention.leaves(self._tables, log, first=first, end=end))
        return tuple((int(row["index"]), row["leaf"]) for row in rows)

    async def whole(self, log: LogId, *, first: int, end: int, limit: int) -> tuple[Tile, ...]:
        """Return full tiles of level 0 that were not pruned, in the order of numbers."""
        rows = await self._run.rows(retention.whole(self._tables, log, first=first, end=end, limit=limit))
        return tuple(tree.tile(row) for row in rows)

    async def strip(self, log: LogId, tiles: tuple[Tile, ...], *, below: int) -> None:
        """Leave of tiles of level 0 their roots alone, and no kept leaf of an index under `below`."""
        if tiles:
            # A tile is never updated: the grants of its table need no more than insert and delete.
            await self._run.change(retention.dropped(self._tables, log, [tile.number for tile in tiles]))
            await self._run.change(*tree.new_tiles(self._tables, log, [tile.bare() for tile in tiles]))
        await self._run.change(retention.forgotten(self._tables, log, below=below))
