"""What streams need of a store and of a receiver (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.audit.event import LogId
from ctsec.audit.streams.batch import StreamBatch
from ctsec.audit.streams.position import Position


class AsyncPositionRecords(Protocol):
    """How far each follower is in each log."""

    async def get(self, follower: str, log: LogId) -> Position | None:
        """Return a position."""
        ...

    async def of(self, follower: str, *, after: str, limit: int) -> tuple[Position, ...]:
        """Return positions of a follower in logs with an id above `after`, in the order of ids."""
        ...

    async def put(self, position: Position) -> bool:
        """Store version 1 if there is none, another one over the version before; False if another was faster."""
        ...


class AsyncReceiver(Protocol):
    """Where a stream goes."""

    async def deliver(self, batch: StreamBatch) -> None:
        """Hand over a batch and return once it is safe there; raise DeliveryFailed if it is not known to be. It may come again."""
        ...
