"""The one worker: leases, pauses and jobs that fail (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from ctsec.errors import StoreBusy
from ctsec.storage.memory import AsyncMemoryStorage
from ctsec.testing import FixedClock
from ctsec.worker import AsyncJob, AsyncWorker, JobRun
from ctsec.worker.ports import AsyncJobRecords

MINUTE = timedelta(minutes=1)


class AsyncStep:
    """A job that counts its runs and raises what it is told to."""

    def __init__(self, *, raises: Exception | None = None) -> None:
        self.runs = 0
        self.raises = raises

    async def __call__(self) -> int:
        """Count, and raise."""
        self.runs += 1
        if self.raises is not None:
            raise self.raises
        return self.runs


def workers(*jobs: AsyncJob, clock: FixedClock, owners: int = 1) -> list[AsyncWorker]:
    """Return workers of several processes over one store."""
    storage = AsyncMemoryStorage()

    @asynccontextmanager
    async def records() -> AsyncGenerator[AsyncJobRecords, None]:
        async with storage.begin(after_commit=lambda scopes: None) as store:
            yield store.jobs

    return [AsyncWorker(jobs, transaction=records, owner=f"process {n}", clock=clock) for n in range(owners)]


async def test_a_shared_job_runs_once_in_its_time_whatever_the_processes() -> None:
    """Of several processes one runs a shared job, and nobody again before it is due."""
    clock, step = FixedClock(), AsyncStep()
    both = workers(AsyncJob(name="mail", every=MINUTE, work=step), clock=clock, owners=3)
    for worker in both * 2:
        await worker.run_due()
    assert step.runs == 1
    clock.advance(MINUTE)
    for worker in both:
        await worker.run_due()
    assert step.runs == 2


async def test_a_local_job_runs_in_every_process() -> None:
    """A job that looks after a process's own memory takes no lease."""
    clock, step = FixedClock(), AsyncStep()
    for worker in workers(AsyncJob(name="uses", every=MINUTE, work=step, shared=False), clock=clock, owners=2):
        await worker.run_due()
        await worker.run_due()
    assert step.runs == 2


@pytest.mark.parametrize(("error", "code"), [(StoreBusy("busy"), "store_busy"), (ZeroDivisionError("a mistake"), "internal")])
async def test_a_job_that_fails_stops_no_other(error: Exception, code: str) -> None:
    """A failing job is noted with a code, its lease is given back, and the jobs after it run."""
    clock, good = FixedClock(), AsyncStep()
    bad = AsyncStep(raises=error)
    jobs = (AsyncJob(name="bad", every=MINUTE, work=bad), AsyncJob(name="good", every=MINUTE, work=good))
    (worker,) = workers(*jobs, clock=clock)
    assert await worker.run_due() == (JobRun("bad", 0, code), JobRun("good", 1))
    clock.advance(MINUTE)
    await worker.run_due()
    assert (bad.runs, good.runs) == (2, 2)


def test_two_jobs_of_one_name_are_refused() -> None:
    """A name is a lease, so it can be given once."""
    job = AsyncJob(name="mail", every=MINUTE, work=AsyncStep())
    with pytest.raises(ValueError, match="different names"):
        workers(job, job, clock=FixedClock())
