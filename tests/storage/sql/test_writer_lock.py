"""The queue of writers of a SQLite file: first come, first served, in threads and event loops alike."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ctsec.errors import StoreBusy
from ctsec.storage.sql.writer_lock import WriterLock, writer_lock


def until(condition: object, *, seconds: float = 5.0) -> None:
    """Wait for a callable to become true."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.001)


def is_free(lock: WriterLock) -> bool:
    lock.acquire(timeout=5)
    lock.release()
    return lock.waiting == 0


async def test_threads_and_tasks_are_served_in_the_order_of_their_coming() -> None:
    """Alternating threads and tasks get the lock in exactly the order in which they queued."""
    lock = WriterLock()
    served: list[int] = []
    lock.acquire(timeout=1)

    def thread(number: int) -> None:
        with lock.held(timeout=5):
            served.append(number)

    async def task(number: int) -> None:
        async with lock.held_by_task(timeout=5):
            served.append(number)

    pending: list[asyncio.Future[None]] = []
    with ThreadPoolExecutor(10) as pool:
        for number in range(20):
            pending.append(asyncio.ensure_future(task(number)) if number % 2 else asyncio.wrap_future(pool.submit(thread, number)))
            async with asyncio.timeout(5):
                while lock.waiting <= number:  # noqa: ASYNC110 - a thread has no event of this loop
                    await asyncio.sleep(0.001)
        lock.release()
        await asyncio.gather(*pending)
    assert served == list(range(20))
    assert is_free(lock)


async def test_a_waiting_task_does_not_block_its_loop() -> None:
    """While a task waits for the lock, another task of the same loop runs."""
    lock = WriterLock()
    lock.acquire(timeout=1)
    waiting = asyncio.ensure_future(lock.acquire_by_task(timeout=5))
    beats = 0
    for _ in range(10):
        await asyncio.sleep(0)
        beats += 1
    assert not waiting.done()
    lock.release()
    await waiting
    lock.release()
    assert beats == 10


async def test_a_cancelled_waiter_leaves_the_queue() -> None:
    """A task that is cancelled while it waits is not served, and those behind it are."""
    lock = WriterLock()
    lock.acquire(timeout=1)
    first = asyncio.ensure_future(lock.acquire_by_task(timeout=5))
    second = asyncio.ensure_future(lock.acquire_by_task(timeout=5))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    lock.release()
    await second
    lock.release()
    assert is_free(lock)


async def test_a_waiter_cancelled_after_its_turn_came_passes_it_on() -> None:
    """A task that is cancelled in the moment in which it was given the lock gives it to the next."""
    lock = WriterLock()
    lock.acquire(timeout=1)
    first = asyncio.ensure_future(lock.acquire_by_task(timeout=5))
    second = asyncio.ensure_future(lock.acquire_by_task(timeout=5))
    await asyncio.sleep(0)
    lock.release()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    lock.release()
    assert is_free(lock)


async def test_cancelling_at_any_moment_never_loses_the_lock() -> None:
    """Two hundred tasks, half of them cancelled at odd moments: in the end the lock is free."""
    lock = WriterLock()

    async def work() -> None:
        async with lock.held_by_task(timeout=5):
            await asyncio.sleep(0)

    tasks = [asyncio.ensure_future(work()) for _ in range(200)]
    for number, task in enumerate(tasks):
        if number % 2:
            task.cancel()
        if number % 7 == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert is_free(lock)


def test_a_thread_that_waits_too_long_is_busy() -> None:
    """A thread's wait ends after its time-out with StoreBusy, and the queue forgets it."""
    lock = WriterLock()
    lock.acquire(timeout=1)
    with pytest.raises(StoreBusy):
        lock.acquire(timeout=0.01)
    assert lock.waiting == 0
    lock.release()
    assert is_free(lock)


async def test_a_task_that_waits_too_long_is_busy() -> None:
    """A task's wait ends after its time-out with StoreBusy, and the queue forgets it."""
    lock = WriterLock()
    lock.acquire(timeout=1)
    with pytest.raises(StoreBusy):
        await lock.acquire_by_task(timeout=0.01)
    assert lock.waiting == 0
    lock.release()
    assert is_free(lock)


def test_a_waiter_of_a_closed_loop_is_passed_over() -> None:
    """A loop that was closed while one of its tasks waited does not keep the lock."""
    lock = WriterLock()
    lock.acquire(timeout=1)
    loop = asyncio.new_event_loop()
    waiting = lock.acquire_by_task(timeout=5)
    step = loop.create_task(waiting)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    thread = threading.Thread(target=is_free, args=(lock,))
    thread.start()
    until(lambda: lock.waiting == 2)
    lock.release()
    thread.join(5)
    assert is_free(lock)
    step._log_destroy_pending = False  # type: ignore[attr-defined]
    waiting.close()


def test_one_file_has_one_lock(tmp_path: object) -> None:
    """However a file is named, it has one lock in this process; another file has another."""
    assert writer_lock(f"{tmp_path}/a.db") is writer_lock(f"{tmp_path}/../{str(tmp_path).rpartition('/')[2]}/a.db")
    held = writer_lock(f"{tmp_path}/a.db")
    assert writer_lock(f"{tmp_path}/b.db") is not held
