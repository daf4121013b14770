"""The audit inbox and the audit log in SQL (async source)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import and_, delete

from ctsec.audit.event import LogId
from ctsec.audit.export.raw import RawEvent
from ctsec.audit.query import AuditQuery, Tally, day_of
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.audit.rows import LogRow
from ctsec.errors import StoreError
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql._async_tree import AsyncSqlTree
from ctsec.storage.sql.statements import audit, log_cells
from ctsec.storage.sql.statements.rows import added, all_made
from ctsec.storage.sql.tables import Tables


class AsyncSqlInbox:
    """See `ctsec.audit.ports.AsyncInboxRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        await self._run.insert(self._tables.log.inbox, event)

    async def append_all(self, events: Sequence[StoredEvent]) -> None:
        """Insert rows in one go, all or none."""
        if events:
            await self._run.insert_all(self._tables.log.inbox, events)

    async def append_new(self, events: tuple[StoredEvent, ...]) -> None:
        """Insert those rows whose id is neither in the inbox nor in the log already."""
        if not events:
            return
        ids = [event.id for event in events]
        known = {row["id"] for row in await self._run.rows(audit.known(self._tables.log.event, ids, dialect=self._run.dialect))}
        known |= {row["id"] for row in await self._run.rows(audit.known(self._tables.log.inbox, ids, dialect=self._run.dialect))}
        for event in events:
            if event.id not in known:
                await self._run.change_unless_taken(added(self._tables.log.inbox, event))

    async def pending(self, *, limit: int, log: LogId | None = None) -> tuple[StoredEvent, ...]:
        """Return rows in the order of their times, then ids, of one log if it is named."""
        return all_made(StoredEvent, await self._run.rows(audit.pending(self._tables.log.inbox, limit=limit, log=log)))

    async def count(self) -> int:
        """Return how many rows wait."""
        row = await self._run.row(audit.count(self._tables.log.inbox))
        return 0 if row is None else int(row["count"])


class AsyncSqlLog:
    """See `ctsec.audit.ports.AsyncLogRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def place(self, *, limit: int) -> int:
        """Give the next indexes to at most `limit` inbox rows, move them into the log and grow its tree; return how many moved.

        The lock comes first, so what is read behind it is all that any other leader has committed. Rows are read without a lock: on
        MariaDB one would stop every writer. An event that the log has already only leaves the inbox.
        """
        tree = AsyncSqlTree(self._run, self._tables)
        await tree.lead()
        rows = await self._run.tuples(audit.waiting(self._tables, limit=limit))
        if not rows:
            return 0
        tables, dialect = self._tables, self._run.dialect
        batch = audit.batch(tables, rows, dialect=dialect)
        known = {row["id"] for row in await self._run.rows(audit.known_of(tables, rows, dialect=dialect))}
        leaves: dict[LogId, list[bytes]] = {}
        for id_, log, leaf, _ in rows:
            if id_ not in known:
                leaves.setdefault(log, []).append(leaf)
        if leaves:
            heads = await tree.led(list(leaves))
            fresh = and_(batch, tables.log.inbox.c.id.not_in(known)) if known else batch
            await self._run.change(audit.moved(tables, fresh))
            await tree.grow(heads, leaves)
        await self._run.change(delete(tables.log.inbox).where(batch))
        return len(rows) - len(known)

    async def search(self, query: AuditQuery, *, before: int | None, limit: int) -> tuple[SealedEvent, ...]:
        """Return matching events with an index below `before`, newest first."""
        rows = await self._run.rows(audit.search(self._tables, query, before=before, limit=limit))
        return tuple(audit.sealed_event(row) for row in rows)

    async def size(self, log: LogId) -> int:
        """Return how many events the log has."""
        row = await self._run.row(audit.size(self._tables, log))
        return 0 if row is None else int(row["size"])

    async def page(self, log: LogId, *, first: int, limit: int) -> tuple[SealedEvent, ...]:
        """Return the events with an index from `first` on, in the order of indexes."""
        return log_cells.sealed_events(await self._page(log, first=first, limit=limit), dialect=self._run.dialect)

    async def rows(self, log: LogId, *, first: int, limit: int) -> tuple[LogRow, ...]:
        """Return those events as rows, in the order of indexes."""
        return log_cells.log_rows(await self._page(log, first=first, limit=limit), dialect=self._run.dialect)

    async def _page(self, log: LogId, *, first: int, limit: int) -> tuple[tuple[Any, ...], ...]:
        values = {"log": log, "first": first, "most": limit}
        try:
            return await self._run.plain(log_cells.page(self._tables), values)
        except StoreError as error:
            if self._run.dialect != "sqlite" or type(error) is not StoreError:
                raise
        return log_cells.read_spelled(await self._run.plain(log_cells.spelled(self._tables), values))

    async def raw(self, query: AuditQuery, *, first: int, end: int, limit: int, personal: bool = False) -> tuple[RawEvent, ...]:
        """Return what an export writes of matching events with an index in [`first`, `end`), in the order of indexes."""
        statement = audit.raw(self._tables, query, personal=personal)
        rows = await self._run.plain(statement, {"first": first, "end": end, "most": limit})
        if rows and type(rows[0][2]) is not bytes:
            return tuple([(index, bytes(leaf), bytes(body), None if part is None else bytes(part)) for index, leaf, body, part in rows])
        return cast("tuple[RawEvent, ...]", rows)

    async def matching(self, query: AuditQuery, *, first: int, end: int) -> int:
        """Return how many events with an index in [`first`, `end`) match."""
        row = await self._run.row(audit.matching(self._tables, query, first=first, end=end))
        return 0 if row is None else int(row["count"])

    async def tally(self, query: AuditQuery, *, by: Tally, most: int) -> tuple[tuple[str, int], ...]:
        """Return how many of the newest `most` matching events have which name, or are of which day (UTC), in that order."""
        rows = await self._run.rows(audit.tally(self._tables, query, by=by, most=most))
        return tuple((row["of"] if by is Tally.NAME else day_of(int(row["of"])), int(row["count"])) for row in rows)
