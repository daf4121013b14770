"""How far a stream is, for `ctsec doctor` and for whoever watches."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.audit.event import LogId
from ctsec.audit.streams.position import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStatus:
    """Where `stream` is in `log`, which has `size` events."""

    stream: str
    log: LogId
    size: int
    position: Position

    @property
    def lag(self) -> int:
        """How many events were not delivered yet."""
        return max(0, self.size - self.position.next)

    @property
    def sound(self) -> bool:
        """Whether the last attempt, if there was one, did not fail."""
        return not self.position.failures
