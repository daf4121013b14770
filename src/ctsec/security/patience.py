"""Asking the store of a region from a request, for as long as a request can wait.

Rules that this module keeps:

- who asks waits a few seconds at most, whatever a driver does meanwhile: a connection to a host that nobody answers for hangs for longer
  than that, and no limit of a driver holds for each of its steps;
- a store that was waited for in vain is not asked again for half a minute: of a silent region one request hears late, and not each;
- what was given up goes on by itself (in a thread) or is cancelled (in an event loop), and a store has a few of these at most.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import Any, Final, TypeVar

from ctsec.clock import Clock
from ctsec.errors import StoreError

T = TypeVar("T")

SECONDS: Final = 3.0
PAUSE: Final = 30.0
MOST: Final = 16


class _Stores:
    """Which stores are waited for, for how many `seconds`, and until when which are not asked (in monotonic seconds)."""

    __slots__ = ("_clock", "_mutex", "_running", "_until", "seconds")

    def __init__(self, *, clock: Clock, seconds: float = SECONDS) -> None:
        self._clock = clock
        self._mutex = threading.Lock()
        self._running: Counter[str] = Counter()
        self.seconds = seconds
        self._until: dict[str, float] = {}

    def _enter(self, store: str) -> None:
        with self._mutex:
            if self._clock.monotonic() < self._until.get(store, 0.0) or self._running[store] >= MOST:
                raise StoreError(f"the store {store} did not answer; it is left alone for a while")
            self._running[store] += 1

    def _leave(self, store: str) -> None:
        with self._mutex:
            self._running[store] -= 1

    def _missed(self, store: str) -> StoreError:
        self._until[store] = self._clock.monotonic() + PAUSE
        return StoreError(f"the store {store} did not answer within {self.seconds:g} seconds")


class Patience(_Stores):
    """Asks in threads."""

    __slots__ = ()

    def ask(self, store: str, question: Callable[[], T]) -> T:
        """Return the answer of a store; raise what it raises, and StoreError where it takes longer than a request can wait."""
        self._enter(store)
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(question())
            except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
                answer.set_exception(error)
            finally:
                self._leave(store)

        threading.Thread(target=copy_context().run, args=(run,), name="ctsec-region", daemon=True).start()
        if not wait([answer], timeout=self.seconds).done:
            raise self._missed(store)
        return answer.result()


class AsyncPatience(_Stores):
    """Asks in tasks."""

    __slots__ = ("_tasks",)

    def __init__(self, *, clock: Clock, seconds: float = SECONDS) -> None:
        super().__init__(clock=clock, seconds=seconds)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def ask(self, store: str, question: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the answer of a store; raise what it raises, and StoreError where it takes longer than a request can wait."""
        self._enter(store)
        task = asyncio.ensure_future(question())
        self._tasks.add(task)

        def ended(task: asyncio.Task[T]) -> None:
            self._tasks.discard(task)
            self._leave(store)
            if not task.cancelled():
                task.exception()  # of one that was given up nobody asks

        task.add_done_callback(ended)
        try:
            # Not a timeout around it: that waits for what is cancelled to end.
            done, _ = await asyncio.wait({task}, timeout=self.seconds)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.cancel()
            raise self._missed(store)
        return task.result()
