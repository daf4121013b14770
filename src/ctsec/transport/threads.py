"""Calls that block, for an event loop: each runs in one of a bounded number of threads.

Rules that this module keeps:

- at most `running` calls are made at once and at most `waiting` wait for their turn; one more is refused at once;
- a place belongs to the call and not to who waits for it: who goes away frees it only when the call ends;
- a forked child starts without threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ctsec.errors import CtsecError
from ctsec.transport.forks import start_anew_after_fork

T = TypeVar("T")


class CallThreads:
    """`running` threads with the name `name`, made at first use; `close` lets them go.

    `full` makes the error of a call that finds no place. Raises ValueError below one thread.
    """

    __slots__ = ("__weakref__", "_admitted", "_executor", "_full", "_lock", "_name", "_places", "_running")

    def __init__(self, name: str, *, full: Callable[[], CtsecError], running: int = 8, waiting: int = 64) -> None:
        if running < 1 or waiting < 0:
            raise ValueError("expected at least one thread and no negative number of waiting calls")
        self._name = name
        self._full = full
        self._running = running
        self._places = running + waiting
        start_anew_after_fork(self)
        self.after_fork()

    def after_fork(self) -> None:
        """Start without threads, with every place free."""
        self._lock = threading.Lock()
        self._admitted = threading.BoundedSemaphore(self._places)
        self._executor: ThreadPoolExecutor | None = None

    async def run(self, call: Callable[[], T]) -> T:
        """Return what `call` returns; raise what `full` makes if too many calls wait already."""
        return await asyncio.wrap_future(self._submit(call))

    def _submit(self, call: Callable[[], T]) -> Future[T]:
        admitted = self._admitted
        if not admitted.acquire(blocking=False):
            raise self._full()
        try:
            with self._lock:
                if self._executor is None:
                    self._executor = ThreadPoolExecutor(self._running, thread_name_prefix=self._name)
                future = self._executor.submit(call)
        except BaseException:
            admitted.release()
            raise
        future.add_done_callback(lambda _: admitted.release())
        return future

    def close(self) -> None:
        """Let the threads go once their calls are done; a later call makes new ones."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False)
