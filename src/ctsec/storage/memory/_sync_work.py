# Generated from src/ctsec/storage/memory/_async_work.py by tools/twin.py; edit that file.
"""The mail outbox, job leases and epochs in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.changes import Epochs
from ctsec.mail.record import OutboxEntry, OutboxOverview
from ctsec.storage.memory.state import EPOCHS, META, Transaction
from ctsec.storage.memory.tables import JOBS, OUTBOX
from ctsec.worker.record import JobLease


class MemoryOutbox:
    """See `ctsec.mail.ports.OutboxRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, entry: OutboxEntry) -> None:
        """Insert an entry."""
        self._tx.insert(OUTBOX, entry.id, entry)

    def due(self, *, now: datetime, limit: int) -> tuple[OutboxEntry, ...]:
        """Return entries that may be tried now, in the order of their due times, then ids."""
        found = [e for e in self._tx.scan(OUTBOX) if e.delivered_at is None and e.failed_at is None and e.due_at <= now]
        return tuple(sorted(found, key=lambda e: (e.due_at, e.id))[:limit])

    def overview(self) -> OutboxOverview:
        """Count what has not left."""
        found = [e for e in self._tx.scan(OUTBOX) if e.delivered_at is None]
        waiting = [e.created_at for e in found if e.failed_at is None]
        return OutboxOverview(waiting=len(waiting), given_up=len(found) - len(waiting), oldest=min(waiting, default=None))

    def given_up(self, *, after: str, limit: int) -> tuple[OutboxEntry, ...]:
        """Return entries that are not tried any more, in the order of their ids."""
        found = [e for e in self._tx.scan(OUTBOX) if e.delivered_at is None and e.failed_at is not None and e.id > after]
        return tuple(sorted(found, key=lambda e: e.id)[:limit])

    def replace(self, entry: OutboxEntry) -> bool:
        """Write if the stored version is one less."""
        stored = self._tx.current(OUTBOX, entry.id)
        if stored is None or stored.version != entry.version - 1:
            return False
        self._tx.put(OUTBOX, entry.id, entry)
        return True

    def drop(self, entry: OutboxEntry) -> bool:
        """Delete an entry if the stored version is this one."""
        stored = self._tx.current(OUTBOX, entry.id)
        if stored is None or stored.version != entry.version:
            return False
        self._tx.put(OUTBOX, entry.id, None)
        return True


class MemoryJobs:
    """See `ctsec.worker.ports.JobRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def claim(self, name: str, *, owner: str, now: datetime, until: datetime) -> bool:
        """Take the job if it is due and nobody's lease on it is running; the first claim makes its row."""
        stored = self._tx.current(JOBS, name)
        if stored is None:
            self._tx.put(JOBS, name, JobLease(name=name, owner=owner, leased_until=until, due_at=now))
            return True
        if stored.due_at > now or stored.leased_until > now:
            return False
        self._tx.put(JOBS, name, replace(stored, owner=owner, leased_until=until))
        return True

    def finish(self, name: str, *, owner: str, now: datetime, due_at: datetime, error: str) -> bool:
        """Give the job back with the time of its next run; False if the lease was lost meanwhile."""
        stored = self._tx.current(JOBS, name)
        if stored is None or stored.owner != owner:
            return False
        done = JobLease(name=name, owner="", leased_until=now, due_at=due_at, last_run_at=now, last_error=error)
        self._tx.put(JOBS, name, done)
        return True

    def all(self) -> tuple[JobLease, ...]:
        """Return every job that ever ran, in the order of names."""
        return tuple(sorted(self._tx.scan(JOBS), key=lambda j: j.name))


class MemoryEpochs:
    """See `ctsec.storage.ports.EpochStore`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def bump(self, scope: str) -> None:
        """Give `scope` another epoch at commit."""
        self._tx.bump(scope)

    def recent(self) -> Epochs:
        """Return every epoch: memory forgets none."""
        return Epochs(self._tx.get(META, "incarnation") or "", dict(self._tx.scan(EPOCHS)))

    def trim(self) -> int:
        """Return 0: there is nothing to make room for."""
        return 0
