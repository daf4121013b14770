"""The lease of a periodic job.

Rules that this module keeps:

- a job runs in at most one process at a time: its row is claimed by one compare-and-set and a lease that outlasts the job's deadline;
- a process that dies leaves a lease that ends by itself; the next claim takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLease:
    """Who runs job `name`, until when, and how it went last time."""

    name: str
    owner: str
    leased_until: datetime
    due_at: datetime
    last_run_at: datetime | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class JobRun:
    """How one run went: how much was done, or the code of the error that ended it."""

    name: str
    done: int
    error: str = ""
