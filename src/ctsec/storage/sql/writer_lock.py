"""One writer at a time for a SQLite file, first come, first served, for threads and event loops alike.

SQLite has one writer and no queue: a connection that finds the file locked sleeps and tries again, so that late comers overtake and the
unlucky wait for a second. Within one process this lock makes the queue. It is written by hand for both colours: a coroutine waits on a
future of its own loop and never blocks it, and a waiter that is cancelled, or times out, passes on what it may have been granted.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from weakref import WeakValueDictionary

from ctsec.errors import StoreBusy

_registry_lock: Final = threading.Lock()


class _Waiter:
    """A place in the queue; `wake` tells its owner that the lock is his, and raises RuntimeError if the owner is gone."""

    __slots__ = ("granted", "wake")

    def __init__(self, wake: Callable[[], object]) -> None:
        self.wake = wake
        self.granted = False


class WriterLock:
    """A first-come-first-served lock for threads and coroutines; it belongs to nobody, so any thread may release it."""

    __slots__ = ("__weakref__", "_held", "_mutex", "_queue")

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._queue: deque[_Waiter] = deque()
        self._held = False

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._queue)

    @contextmanager
    def held(self, *, timeout: float) -> Generator[None, None, None]:
        """Hold the lock in a thread; raise StoreBusy if it takes longer than `timeout` seconds."""
        self.acquire(timeout=timeout)
        try:
            yield
        finally:
            self.release()

    @asynccontextmanager
    async def held_by_task(self, *, timeout: float) -> AsyncGenerator[None, None]:  # noqa: ASYNC109 - the twin of `held`
        """Hold the lock in a coroutine; raise StoreBusy if it takes longer than `timeout` seconds."""
        await self.acquire_by_task(timeout=timeout)
        try:
            yield
        finally:
            self.release()

    def acquire(self, *, timeout: float) -> None:
        """Wait for the lock in a thread; raise StoreBusy after `timeout` seconds."""
        event = threading.Event()
        waiter = self._enter(event.set)
        if waiter is None:
            return
        try:
            granted = event.wait(timeout)
        except BaseException:
            self._leave(waiter)
            raise
        if not granted and not self._withdraw(waiter):
            raise StoreBusy("another writer holds the database file; nothing was consumed, try again")

    async def acquire_by_task(self, *, timeout: float) -> None:  # noqa: ASYNC109 - the twin of `acquire`
        """Wait for the lock in a coroutine without blocking its loop; raise StoreBusy after `timeout` seconds."""
        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        waiter = self._enter(lambda: loop.call_soon_threadsafe(event.set))
        if waiter is None:
            return
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            if not self._withdraw(waiter):
                raise StoreBusy("another writer holds the database file; nothing was consumed, try again") from None
        except BaseException:
            self._leave(waiter)
            raise

    def release(self) -> None:
        """Pass the lock to the one who waits longest."""
        with self._mutex:
            while self._queue:
                waiter = self._queue.popleft()
                waiter.granted = True
                with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits there any more
                    waiter.wake()
                    return
            self._held = False

    def _enter(self, wake: Callable[[], object]) -> _Waiter | None:
        """Take the free lock (None), or a place in the queue."""
        with self._mutex:
            if not self._held:
                self._held = True
                return None
            waiter = _Waiter(wake)
            self._queue.append(waiter)
            return waiter

    def _withdraw(self, waiter: _Waiter) -> bool:
        """Leave the queue; True if the lock was granted in the very last moment, and is ours."""
        with self._mutex:
            if not waiter.granted:
                self._queue.remove(waiter)
            return waiter.granted

    def _leave(self, waiter: _Waiter) -> None:
        """Leave the queue, and give back what was granted meanwhile."""
        if self._withdraw(waiter):
            self.release()


_locks: Final[WeakValueDictionary[str, WriterLock]] = WeakValueDictionary()


def writer_lock(path: str) -> WriterLock:
    """Return the lock of a database file: one for every engine of this process, of either colour, that opens the same file."""
    key = os.path.realpath(path)
    with _registry_lock:
        lock = _locks.get(key)
        if lock is None:
            lock = _locks[key] = WriterLock()
        return lock
