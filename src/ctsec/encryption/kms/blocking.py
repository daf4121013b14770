"""Key services that block, for an event loop: each call runs in one of a bounded number of threads of its own.

Rules that this module keeps:

- at most `running` calls are made at once and at most `waiting` wait for their turn; one more is `KmsUnavailable` at once;
- a place belongs to the call and not to who waits for it: who goes away frees it only when the call ends;
- a forked child starts without threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ctsec.encryption._async_ports import AsyncKms
from ctsec.encryption._sync_ports import KeyServices, Kms
from ctsec.encryption.forks import start_anew_after_fork
from ctsec.encryption.kek import KekDescription
from ctsec.errors import KmsUnavailable
from ctsec.secret import Secret
from ctsec.transport import ConnectionReport, ReportsConnections

T = TypeVar("T")


class KmsThreads:
    """The threads that wait for key services: `running` of them, made at first use; `close` lets them go. Raises ValueError below one."""

    __slots__ = ("__weakref__", "_admitted", "_executor", "_lock", "_places", "_running")

    def __init__(self, *, running: int = 8, waiting: int = 64) -> None:
        if running < 1 or waiting < 0:
            raise ValueError("expected at least one thread and no negative number of waiting calls")
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
        """Return what `call` returns; raise KmsUnavailable if too many calls wait already."""
        return await asyncio.wrap_future(self._submit(call))

    def _submit(self, call: Callable[[], T]) -> Future[T]:
        admitted = self._admitted
        if not admitted.acquire(blocking=False):
            raise KmsUnavailable("too many calls of this process wait for key services")
        try:
            with self._lock:
                if self._executor is None:
                    self._executor = ThreadPoolExecutor(self._running, thread_name_prefix="ctsec-kms")
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


class AsyncBlockingKms:
    """The verbs of a blocking key service as `async def`."""

    __slots__ = ("_kms", "_threads", "ref")

    def __init__(self, kms: Kms, *, threads: KmsThreads) -> None:
        self._kms = kms
        self.ref = kms.ref
        self._threads = threads

    def __repr__(self) -> str:
        return f"AsyncBlockingKms({self._kms!r})"

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Return what the connection of the service speaks, if it can tell."""
        return await _told(self._kms, self._threads)

    async def describe(self) -> KekDescription:
        """Return what the service says of the key."""
        return await self._threads.run(self._kms.describe)

    async def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return a fresh data key of 32 bytes and its wrapped form, bound to `context`."""
        return await self._threads.run(lambda: self._kms.generate_data_key(context))

    async def wrap(self, key: Secret, context: bytes) -> bytes:
        """Return the wrapped form of a data key of 32 bytes, bound to `context`."""
        return await self._threads.run(lambda: self._kms.wrap(key, context))

    async def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key."""
        return await self._threads.run(lambda: self._kms.unwrap(wrapped, context))

    async def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew, bound to `new_context`."""
        return await self._threads.run(lambda: self._kms.rewrap(wrapped, old_context, new_context))


class AsyncBlockingKeyServices:
    """Key services that block, for an event loop; all of them share the same threads."""

    __slots__ = ("_services", "_threads")

    def __init__(self, services: KeyServices, *, threads: KmsThreads | None = None) -> None:
        self._services = services
        self._threads = threads or KmsThreads()

    def open(self, ref: str) -> AsyncKms:
        """Return the service with the key of a stored reference; raises as the services do."""
        return AsyncBlockingKms(self._services.open(ref), threads=self._threads)

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Return what the connections of the services speak, if they can tell."""
        return await _told(self._services, self._threads)


async def _told(service: object, threads: KmsThreads) -> tuple[ConnectionReport, ...]:
    return await threads.run(service.connections) if isinstance(service, ReportsConnections) else ()
