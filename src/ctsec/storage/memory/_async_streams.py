"""How far the followers of logs are, in memory (async source)."""

from __future__ import annotations

from ctsec.audit.event import LogId
from ctsec.audit.streams.position import Position
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import POSITIONS


class AsyncMemoryPositions:
    """See `ctsec.audit.streams.ports.AsyncPositionRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def get(self, follower: str, log: LogId) -> Position | None:
        """Return a position."""
        return self._tx.get(POSITIONS, (follower, log))

    async def of(self, follower: str, *, after: str, limit: int) -> tuple[Position, ...]:
        """Return positions of a follower in logs with an id above `after`, in the order of ids."""
        found = [each for each in self._tx.scan(POSITIONS) if each.follower == follower and each.log > after]
        return tuple(sorted(found, key=lambda each: each.log)[:limit])

    async def put(self, position: Position) -> bool:
        """Store version 1 if there is none, another one over the version before."""
        found = self._tx.current(POSITIONS, (position.follower, position.log))
        if (found.version if found is not None else 0) != position.version - 1:
            return False
        self._tx.put(POSITIONS, (position.follower, position.log), position)
        return True
