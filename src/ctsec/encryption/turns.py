"""One at a time for each key: many who need the same thing at once wait for the one who fetches it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator, Hashable
from contextlib import asynccontextmanager, contextmanager
from typing import Generic, TypeVar

from ctsec.transport.forks import start_anew_after_fork

L = TypeVar("L")


class _Queue(Generic[L]):
    __slots__ = ("lock", "waiting")

    def __init__(self, lock: L) -> None:
        self.lock = lock
        self.waiting = 0


class Turns:
    """Turns of threads: whoever enters `of(key)` is alone with that key."""

    __slots__ = ("__weakref__", "_guard", "_queues")

    def __init__(self) -> None:
        start_anew_after_fork(self)
        self.after_fork()

    def after_fork(self) -> None:
        """Start without those whose threads are the parent's."""
        self._guard = threading.Lock()
        self._queues: dict[Hashable, _Queue[threading.Lock]] = {}

    @contextmanager
    def of(self, key: Hashable) -> Generator[None]:
        """Wait for the turn with `key`."""
        with self._guard:
            queue = self._queues.setdefault(key, _Queue(threading.Lock()))
            queue.waiting += 1
        try:
            with queue.lock:
                yield
        finally:
            with self._guard:
                queue.waiting -= 1
                if not queue.waiting:
                    self._queues.pop(key, None)


class AsyncTurns:
    """Turns of tasks: whoever enters `of(key)` is alone with that key in its event loop; another loop has turns of its own.

    Coroutines that are driven without a loop take no turns, and may fetch the same thing twice.
    """

    __slots__ = ("__weakref__", "_guard", "_queues")

    def __init__(self) -> None:
        start_anew_after_fork(self)
        self.after_fork()

    def after_fork(self) -> None:
        """Start without those whose loops are the parent's."""
        # Bundles are used from several loops, in threads of their own.
        self._guard = threading.Lock()
        self._queues: dict[tuple[int, Hashable], _Queue[asyncio.Lock]] = {}

    @asynccontextmanager
    async def of(self, key: Hashable) -> AsyncGenerator[None]:
        """Wait for the turn with `key`."""
        try:
            place = (id(asyncio.get_running_loop()), key)
        except RuntimeError:
            yield
            return
        with self._guard:
            queue = self._queues.setdefault(place, _Queue(asyncio.Lock()))
            queue.waiting += 1
        try:
            async with queue.lock:
                yield
        finally:
            with self._guard:
                queue.waiting -= 1
                if not queue.waiting:
                    self._queues.pop(place, None)
