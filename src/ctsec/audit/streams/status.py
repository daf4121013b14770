"""How far a stream is, for `ctsec doctor` and for whoever watches."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.audit.event import LogId
from ctsec.audit.streams.position import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStatus:
    """Where `stream` is in `log`, which has `size` events. `store` is that of a region, empty for the home store.

    A region that does not answer is one of no log (it is empty), whose position says why.
    """

    stream: str
    log: LogId
    size: int
    position: Position
    store: str = ""

    @property
    def place(self) -> str:
        """The log as it is told: `<store>/<log>` in the store of a region, and the log alone in the home store."""
        return f"{self.store}/{self.log}" if self.store else self.log

    @property
    def lag(self) -> int:
        """How many events were not delivered yet."""
        return max(0, self.size - self.position.next)

    @property
    def sound(self) -> bool:
        """Whether the last attempt, if there was one, did not fail."""
        return not self.position.failures
