# Generated from src/ctsec/storage/sql/_async_work.py by tools/twin.py; edit that file.
"""The mail outbox, job leases and epochs in SQL (async source)."""

from __future__ import annotations

import secrets
from datetime import datetime

from ctsec.changes import WINDOW_SECONDS, Epochs
from ctsec.mail.record import OutboxEntry, OutboxOverview
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import work
from ctsec.storage.sql.statements.rows import added, all_made, replaced
from ctsec.storage.sql.tables import Tables
from ctsec.worker.record import JobLease


class SqlOutbox:
    """See `ctsec.mail.ports.OutboxRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def add(self, entry: OutboxEntry) -> None:
        """Insert an entry."""
        self._run.change(added(self._tables.outbox, entry))

    def due(self, *, now: datetime, limit: int) -> tuple[OutboxEntry, ...]:
        """Return entries that may be tried now, in the order of their due times, then ids."""
        return all_made(OutboxEntry, self._run.rows(work.due(self._tables, now=now, limit=limit)))

    def overview(self) -> OutboxOverview:
        """Count what has not left."""
        row = self._run.row(work.overview(self._tables))
        return OutboxOverview(waiting=0, given_up=0, oldest=None) if row is None else OutboxOverview(**row)

    def given_up(self, *, after: str, limit: int) -> tuple[OutboxEntry, ...]:
        """Return entries that are not tried any more, in the order of their ids."""
        return all_made(OutboxEntry, self._run.rows(work.given_up(self._tables, after=after, limit=limit)))

    def replace(self, entry: OutboxEntry) -> bool:
        """Write if the stored version is one less."""
        return self._run.change(replaced(self._tables.outbox, entry)) == 1

    def drop(self, entry: OutboxEntry) -> bool:
        """Delete an entry if the stored version is this one."""
        return self._run.change(work.drop_mail(self._tables, entry)) == 1


class SqlJobs:
    """See `ctsec.worker.ports.JobRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def claim(self, name: str, *, owner: str, now: datetime, until: datetime) -> bool:
        """Take the job if it is due and nobody's lease on it is running; the first claim makes its row."""
        if self._run.change(work.claim(self._tables, name, owner=owner, now=now, until=until)) == 1:
            return True
        first = JobLease(name=name, owner=owner, leased_until=until, due_at=now)
        return self._run.change_unless_taken(added(self._tables.job, first)) is not None

    def finish(self, name: str, *, owner: str, now: datetime, due_at: datetime, error: str) -> bool:
        """Give the job back with the time of its next run; False if the lease was lost meanwhile."""
        return self._run.change(work.finish(self._tables, name, owner=owner, now=now, due_at=due_at, error=error)) == 1

    def all(self) -> tuple[JobLease, ...]:
        """Return every job that ever ran, in the order of names."""
        return all_made(JobLease, self._run.rows(work.jobs(self._tables)))


class SqlEpochs:
    """See `ctsec.storage.ports.EpochStore`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def bump(self, scope: str) -> None:
        """Change the epoch of `scope` in this transaction, and have caches forget it after commit."""
        epoch = secrets.randbits(63)
        self._run.change(work.bump(self._tables, scope, epoch=epoch, dialect=self._run.dialect))
        self._run.progress.scopes.add(scope)

    def recent(self) -> Epochs:
        """Return the epochs that changed in the last minute, and a little more: the clock is read in whole seconds."""
        row = self._run.row(work.incarnation(self._tables))
        found = self._run.rows(work.recent(self._tables, seconds=WINDOW_SECONDS + 1, dialect=self._run.dialect))
        return Epochs(row["value"] if row is not None else "", {each["scope"]: each["epoch"] for each in found})

    def trim(self) -> int:
        """Delete epochs that nobody asks for any more."""
        return self._run.change(work.trim(self._tables, seconds=10 * WINDOW_SECONDS, dialect=self._run.dialect))
