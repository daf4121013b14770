# Generated from tests/unit/worker/test_async_worker.py by tools/twin.py; edit that file.
"""The one worker: leases, pauses and jobs that fail (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from ctsec.errors import StoreBusy
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import FixedClock
from ctsec.worker import Job, JobRun, Worker
from ctsec.worker.ports import JobRecords

MINUTE = timedelta(minutes=1)


class Step:
    """A job that counts its runs and raises what it is told to."""

    def __init__(self, *, raises: Exception | None = None) -> None:
        self.runs = 0
        self.raises = raises

    def __call__(self) -> int:
        """Count, and raise."""
        self.runs += 1
        if self.raises is not None:
            raise self.raises
        return self.runs


def workers(*jobs: Job, clock: FixedClock, owners: int = 1) -> list[Worker]:
    """Return workers of several processes over one store."""
    storage = MemoryStorage()

    @contextmanager
    def records() -> Generator[JobRecords, None, None]:
        with storage.begin(after_commit=lambda scopes: None) as store:
            yield store.jobs

    return [Worker(jobs, transaction=records, owner=f"process {n}", clock=clock) for n in range(owners)]


def test_a_shared_job_runs_once_in_its_time_whatever_the_processes() -> None:
    """Of several processes one runs a shared job, and nobody again before it is due."""
    clock, step = FixedClock(), Step()
    both = workers(Job(name="mail", every=MINUTE, work=step), clock=clock, owners=3)
    for worker in both * 2:
        worker.run_due()
    assert step.runs == 1
    clock.advance(MINUTE)
    for worker in both:
        worker.run_due()
    assert step.runs == 2


def test_a_local_job_runs_in_every_process() -> None:
    """A job that looks after a process's own memory takes no lease."""
    clock, step = FixedClock(), Step()
    for worker in workers(Job(name="uses", every=MINUTE, work=step, shared=False), clock=clock, owners=2):
        worker.run_due()
        worker.run_due()
    assert step.runs == 2


@pytest.mark.parametrize(("error", "code"), [(StoreBusy("busy"), "store_busy"), (ZeroDivisionError("a mistake"), "internal")])
def test_a_job_that_fails_stops_no_other(error: Exception, code: str) -> None:
    """A failing job is noted with a code, its lease is given back, and the jobs after it run."""
    clock, good = FixedClock(), Step()
    bad = Step(raises=error)
    jobs = (Job(name="bad", every=MINUTE, work=bad), Job(name="good", every=MINUTE, work=good))
    (worker,) = workers(*jobs, clock=clock)
    assert worker.run_due() == (JobRun("bad", 0, code), JobRun("good", 1))
    clock.advance(MINUTE)
    worker.run_due()
    assert (bad.runs, good.runs) == (2, 2)


def test_two_jobs_of_one_name_are_refused() -> None:
    """A name is a lease, so it can be given once."""
    job = Job(name="mail", every=MINUTE, work=Step())
    with pytest.raises(ValueError, match="different names"):
        workers(job, job, clock=FixedClock())
