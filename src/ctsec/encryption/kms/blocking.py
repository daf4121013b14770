"""Key services that block, for an event loop: each call runs in one of a bounded number of threads (`ctsec.transport.threads`)."""

from __future__ import annotations

from ctsec.encryption._async_ports import AsyncKms
from ctsec.encryption._sync_ports import KeyServices, Kms
from ctsec.encryption.kek import KekDescription
from ctsec.errors import KmsUnavailable
from ctsec.secret import Secret
from ctsec.transport import ConnectionReport, ReportsConnections
from ctsec.transport.threads import CallThreads


class KmsThreads(CallThreads):
    """The threads that wait for key services: `running` of them, made at first use; `close` lets them go. Raises ValueError below one.

    A call that finds no place is KmsUnavailable.
    """

    __slots__ = ()

    def __init__(self, *, running: int = 8, waiting: int = 64) -> None:
        super().__init__("ctsec-kms", full=_full, running=running, waiting=waiting)


def _full() -> KmsUnavailable:
    return KmsUnavailable("too many calls of this process wait for key services")


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
