"""The worker thread of an embedded bundle."""

from __future__ import annotations

import threading

from ctsec.errors import StoreBusy
from ctsec.worker import WorkerThread


class Counting:
    """A worker that counts its runs, and fails in the first ones if told to."""

    def __init__(self, *, failures: int = 0) -> None:
        self.runs = 0
        self.failures = failures
        self.ran = threading.Event()

    def run_due(self) -> list[object]:
        """Count, and fail while failures are left."""
        self.runs += 1
        if self.failures:
            self.failures -= 1
            raise StoreBusy("busy")
        self.ran.set()
        return []


def test_nothing_runs_before_the_first_wake_up() -> None:
    """Building the thread starts nothing, so an application may be loaded before its server forks."""
    before = threading.active_count()
    WorkerThread(Counting())
    assert threading.active_count() == before


def test_a_wake_up_runs_what_is_due() -> None:
    """One wake-up leads to a run, and stop ends the thread."""
    worker = Counting()
    thread = WorkerThread(worker)
    thread.wake()
    assert worker.ran.wait(10)
    thread.stop()
    runs = worker.runs
    thread.wake()
    assert worker.runs == runs


def test_a_store_that_is_away_ends_no_thread() -> None:
    """An error of the store is survived: the next round tries again."""
    worker = Counting(failures=2)
    thread = WorkerThread(worker)
    thread.wake()
    assert worker.ran.wait(20)
    thread.stop()
    assert worker.runs >= 3
