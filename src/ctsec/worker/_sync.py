# Generated from src/ctsec/worker/_async.py by tools/twin.py; edit that file.
"""The one worker: every periodic or deferred job, registered in one place, safe with several processes (async source)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol, TypeAlias

from ctsec.clock import Clock
from ctsec.errors import CtsecError
from ctsec.worker._sync_ports import JobRecords
from ctsec.worker.record import JobRun

_LOG: Final = logging.getLogger("ctsec.worker")
LEASE: Final = timedelta(minutes=5)


class Work(Protocol):
    """What a job does in one run."""

    def __call__(self) -> int:
        """Do what is due and return how much was done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A periodic job. A `shared` one runs in one process at a time, under a lease; the others look after this process's own memory."""

    name: str
    every: timedelta
    work: Work
    shared: bool = True


JobTransaction: TypeAlias = Callable[[], AbstractContextManager[JobRecords]]


class Worker:
    """Runs what is due. A job that fails is noted and tried again at its next time; it stops no other job."""

    __slots__ = ("_clock", "_jobs", "_local_due", "_owner", "_transaction")

    def __init__(self, jobs: tuple[Job, ...], *, transaction: JobTransaction, owner: str, clock: Clock) -> None:
        if len({job.name for job in jobs}) != len(jobs):
            raise ValueError("expected jobs with different names")
        self._jobs = jobs
        self._transaction = transaction
        self._owner = owner
        self._clock = clock
        self._local_due = {job.name: 0.0 for job in jobs if not job.shared}

    def run_due(self) -> tuple[JobRun, ...]:
        """Run each job that is due and that no other process holds; return how they went."""
        runs = [(self._run_shared(job) if job.shared else self._run_local(job)) for job in self._jobs]
        return tuple(run for run in runs if run is not None)

    def _run_local(self, job: Job) -> JobRun | None:
        now = self._clock.monotonic()
        if now < self._local_due[job.name]:
            return None
        self._local_due[job.name] = now + job.every.total_seconds()
        return self._work(job)

    def _run_shared(self, job: Job) -> JobRun | None:
        now = self._clock.now()
        with self._transaction() as records:
            if not records.claim(job.name, owner=self._owner, now=now, until=now + LEASE):
                return None
        run = self._work(job)
        ended = self._clock.now()
        with self._transaction() as records:
            records.finish(job.name, owner=self._owner, now=ended, due_at=ended + job.every, error=run.error)
        return run

    def _work(self, job: Job) -> JobRun:
        try:
            return JobRun(job.name, job.work())
        except CtsecError as error:
            _LOG.warning("the job %s failed: %s", job.name, error.code)
            return JobRun(job.name, 0, error.code)
        except Exception:  # noqa: BLE001 - see below
            # A mistake in one job must not stop the others, nor keep its lease until that ends by itself.
            _LOG.exception("the job %s failed", job.name)
            return JobRun(job.name, 0, "internal")
