"""What the worker needs of a store (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.worker.record import JobLease


class AsyncJobRecords(Protocol):
    """Leases of jobs."""

    async def claim(self, name: str, *, owner: str, now: datetime, until: datetime) -> bool:
        """Take the job if it is due and nobody's lease on it is running; the first claim makes its row."""
        ...

    async def finish(self, name: str, *, owner: str, now: datetime, due_at: datetime, error: str) -> bool:
        """Give the job back with the time of its next run; False if the lease was lost meanwhile."""
        ...

    async def all(self) -> tuple[JobLease, ...]:
        """Return every job that ever ran."""
        ...
