"""The one worker: every periodic or deferred job, registered in one place, safe with several processes (async source)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol, TypeAlias

from ctsec.clock import Clock
from ctsec.errors import CtsecError
from ctsec.worker._async_ports import AsyncJobRecords
from ctsec.worker.record import JobRun

_LOG: Final = logging.getLogger("ctsec.worker")
LEASE: Final = timedelta(minutes=5)


class AsyncWork(Protocol):
    """What a job does in one run."""

    async def __call__(self) -> int:
        """Do what is due and return how much was done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncJob:
    """A periodic job. A `shared` one runs in one process at a time, under a lease; the others look after this process's own memory."""

    name: str
    every: timedelta
    work: AsyncWork
    shared: bool = True


AsyncJobTransaction: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncJobRecords]]


class AsyncWorker:
    """Runs what is due. A job that fails is noted and tried again at its next time; it stops no other job."""

    __slots__ = ("_clock", "_jobs", "_local_due", "_owner", "_transaction")

    def __init__(self, jobs: tuple[AsyncJob, ...], *, transaction: AsyncJobTransaction, owner: str, clock: Clock) -> None:
        if len({job.name for job in jobs}) != len(jobs):
            raise ValueError("expected jobs with different names")
        self._jobs = jobs
        self._transaction = transaction
        self._owner = owner
        self._clock = clock
        self._local_due = {job.name: 0.0 for job in jobs if not job.shared}

    async def run_due(self) -> tuple[JobRun, ...]:
        """Run each job that is due and that no other process holds; return how they went."""
        runs = [await (self._run_shared(job) if job.shared else self._run_local(job)) for job in self._jobs]
        return tuple(run for run in runs if run is not None)

    async def _run_local(self, job: AsyncJob) -> JobRun | None:
        now = self._clock.monotonic()
        if now < self._local_due[job.name]:
            return None
        self._local_due[job.name] = now + job.every.total_seconds()
        return await self._work(job)

    async def _run_shared(self, job: AsyncJob) -> JobRun | None:
        now = self._clock.now()
        async with self._transaction() as records:
            if not await records.claim(job.name, owner=self._owner, now=now, until=now + LEASE):
                return None
        run = await self._work(job)
        ended = self._clock.now()
        async with self._transaction() as records:
            await records.finish(job.name, owner=self._owner, now=ended, due_at=ended + job.every, error=run.error)
        return run

    async def _work(self, job: AsyncJob) -> JobRun:
        try:
            return JobRun(job.name, await job.work())
        except CtsecError as error:
            _LOG.warning("the job %s failed: %s", job.name, error.code)
            return JobRun(job.name, 0, error.code)
        except Exception:  # noqa: BLE001 - see below
            # A mistake in one job must not stop the others, nor keep its lease until that ends by itself.
            _LOG.exception("the job %s failed", job.name)
            return JobRun(job.name, 0, "internal")
