# Generated from src/ctsec/storage/sql/_async_audit.py by tools/twin.py; edit that file.
"""The audit inbox and the audit log in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import insert

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.errors import StoreBusy
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import audit
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
        self._run.change(added(self._tables.audit_inbox, event))

    def append_new(self, events: tuple[StoredEvent, ...]) -> None:
        """Insert those rows whose id is neither in the inbox nor in the log already."""
        if not events:
            return
        ids = [event.id for event in events]
        known = {row["id"] for row in self._run.rows(audit.known(self._tables.audit_event, ids))}
        known |= {row["id"] for row in self._run.rows(audit.known(self._tables.audit_inbox, ids))}
        for event in events:
            if event.id not in known:
                self._run.change_unless_taken(added(self._tables.audit_inbox, event))

    def pending(self, *, limit: int, log: LogId | None = None) -> tuple[StoredEvent, ...]:
        """Return rows in the order of their times, then ids, of one log if it is named."""
        return all_made(StoredEvent, self._run.rows(audit.pending(self._tables.audit_inbox, limit=limit, log=log)))


class SqlLog:
    """See `ctsec.audit.ports.LogRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def place(self, *, limit: int) -> int:
        """Give the next indexes to at most `limit` inbox rows and move them into the log; return how many moved."""
        candidates: dict[LogId, list[str]] = {}
        for row in self._run.rows(audit.pending(self._tables.audit_inbox, limit=limit)):
            candidates.setdefault(row["log"], []).append(row["id"])
        return sum([self._place(log, candidates[log]) for log in sorted(candidates)])

    def search(self, query: AuditQuery, *, before: int | None, limit: int) -> tuple[SealedEvent, ...]:
        """Return matching events with an index below `before`, newest first."""
        rows = self._run.rows(audit.search(self._tables, query, before=before, limit=limit))
        return tuple(audit.sealed_event(row) for row in rows)

    def size(self, log: LogId) -> int:
        """Return how many events the log has."""
        row = self._run.row(audit.size(self._tables, log))
        return 0 if row is None else int(row["size"])

    def _place(self, log: LogId, ids: list[str]) -> int:
        """Lock the head of one log, then move what still waits; an event that the log has already only leaves the inbox."""
        size = self._lock(log)
        rows = self._run.rows(audit.waiting(self._tables, log, ids))
        known = {row["id"] for row in self._run.rows(audit.known(self._tables.audit_event, ids, fresh=True))}
        fresh = [row for row in rows if row["id"] not in known]
        if fresh:
            sealed = [audit.sealed_row(row, index=size + offset) for offset, row in enumerate(fresh)]
            self._run.change(audit.sealed(self._tables), sealed)
            if self._run.change(audit.grow(self._tables, log, before=size, by=len(fresh))) != 1:
                raise StoreBusy("the head of the log changed; nothing was placed, try again")
        if rows:
            self._run.change(audit.remove(self._tables.audit_inbox, [row["id"] for row in rows]))
        return len(fresh)

    def _lock(self, log: LogId) -> int:
        """Lock the head of a log, making it if there is none; return the size."""
        if self._run.change(audit.lock_head(self._tables, log)) == 0:
            self._run.change_unless_taken(insert(self._tables.audit_head).values(audit.head(log)))
            self._run.change(audit.lock_head(self._tables, log))
        row = self._run.row(audit.size(self._tables, log, fresh=True))
        if row is None:
            raise StoreBusy("the head of the log was made by another; nothing was placed, try again")
        return int(row["size"])
