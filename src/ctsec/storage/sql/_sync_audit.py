# Generated from src/ctsec/storage/sql/_async_audit.py by tools/twin.py; edit that file.
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
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql._sync_tree import SqlTree
from ctsec.storage.sql.statements import audit, log_cells
from ctsec.storage.sql.statements.rows import added, all_made
from ctsec.storage.sql.tables import Tables


class SqlInbox:
    """See `ctsec.audit.ports.InboxRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        self._run.insert(self._tables.log.inbox, event)

    def append_all(self, events: Sequence[StoredEvent]) -> None:
        """Insert rows in one go, all or none."""
        if events:
            self._run.insert_all(self._tables.log.inbox, events)

    def append_new(self, events: tuple[StoredEvent, ...]) -> None:
        """Insert those rows whose id is neither in the inbox nor in the log already."""
        if not events:
            return
        ids = [event.id for event in events]
        known = {row["id"] for row in self._run.rows(audit.known(self._tables.log.event, ids, dialect=self._run.dialect))}
        known |= {row["id"] for row in self._run.rows(audit.known(self._tables.log.inbox, ids, dialect=self._run.dialect))}
        for event in events:
            if event.id not in known:
                self._run.change_unless_taken(added(self._tables.log.inbox, event))

    def pending(self, *, limit: int, log: LogId | None = None) -> tuple[StoredEvent, ...]:
        """Return rows in the order of their times, then ids, of one log if it is named."""
        return all_made(StoredEvent, self._run.rows(audit.pending(self._tables.log.inbox, limit=limit, log=log)))

    def count(self) -> int:
        """Return how many rows wait."""
        row = self._run.row(audit.count(self._tables.log.inbox))
        return 0 if row is None else int(row["count"])


class SqlLog:
    """See `ctsec.audit.ports.LogRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def place(self, *, limit: int) -> int:
        """Give the next indexes to at most `limit` inbox rows, move them into the log and grow its tree; return how many moved.

        The lock comes first, so what is read behind it is all that any other leader has committed. Rows are read without a lock: on
        MariaDB one would stop every writer. An event that the log has already only leaves the inbox.
        """
        tree = SqlTree(self._run, self._tables)
        tree.lead()
        rows = self._run.tuples(audit.waiting(self._tables, limit=limit))
        if not rows:
            return 0
        tables, dialect = self._tables, self._run.dialect
        batch = audit.batch(tables, rows, dialect=dialect)
        known = {row["id"] for row in self._run.rows(audit.known_of(tables, rows, dialect=dialect))}
        leaves: dict[LogId, list[bytes]] = {}
        for id_, log, leaf, _ in rows:
            if id_ not in known:
                leaves.setdefault(log, []).append(leaf)
        if leaves:
            heads = tree.led(list(leaves))
            fresh = and_(batch, tables.log.inbox.c.id.not_in(known)) if known else batch
            self._run.change(audit.moved(tables, fresh))
            tree.grow(heads, leaves)
        self._run.change(delete(tables.log.inbox).where(batch))
        return len(rows) - len(known)

    def search(self, query: AuditQuery, *, before: int | None, limit: int) -> tuple[SealedEvent, ...]:
        """Return matching events with an index below `before`, newest first."""
        rows = self._run.rows(audit.search(self._tables, query, before=before, limit=limit))
        return tuple(audit.sealed_event(row) for row in rows)

    def size(self, log: LogId) -> int:
        """Return how many events the log has."""
        row = self._run.row(audit.size(self._tables, log))
        return 0 if row is None else int(row["size"])

    def page(self, log: LogId, *, first: int, limit: int) -> tuple[SealedEvent, ...]:
        """Return the events with an index from `first` on, in the order of indexes."""
        return log_cells.sealed_events(self._page(log, first=first, limit=limit), dialect=self._run.dialect)

    def rows(self, log: LogId, *, first: int, limit: int) -> tuple[LogRow, ...]:
        """Return those events as rows, in the order of indexes."""
        return log_cells.log_rows(self._page(log, first=first, limit=limit), dialect=self._run.dialect)

    def _page(self, log: LogId, *, first: int, limit: int) -> tuple[tuple[Any, ...], ...]:
        values = {"log": log, "first": first, "most": limit}
        try:
            return self._run.plain(log_cells.page(self._tables), values)
        except StoreError as error:
            if self._run.dialect != "sqlite" or type(error) is not StoreError:
                raise
        return log_cells.read_spelled(self._run.plain(log_cells.spelled(self._tables), values))

    def raw(self, query: AuditQuery, *, first: int, end: int, limit: int, personal: bool = False) -> tuple[RawEvent, ...]:
        """Return what an export writes of matching events with an index in [`first`, `end`), in the order of indexes."""
        statement = audit.raw(self._tables, query, personal=personal)
        rows = self._run.plain(statement, {"first": first, "end": end, "most": limit})
        if rows and type(rows[0][2]) is not bytes:
            return tuple([(index, bytes(leaf), bytes(body), None if part is None else bytes(part)) for index, leaf, body, part in rows])
        return cast("tuple[RawEvent, ...]", rows)

    def matching(self, query: AuditQuery, *, first: int, end: int) -> int:
        """Return how many events with an index in [`first`, `end`) match."""
        row = self._run.row(audit.matching(self._tables, query, first=first, end=end))
        return 0 if row is None else int(row["count"])

    def tally(self, query: AuditQuery, *, by: Tally, most: int) -> tuple[tuple[str, int], ...]:
        """Return how many of the newest `most` matching events have which name, or are of which day (UTC), in that order."""
        rows = self._run.rows(audit.tally(self._tables, query, by=by, most=most))
        return tuple((row["of"] if by is Tally.NAME else day_of(int(row["of"])), int(row["count"])) for row in rows)
