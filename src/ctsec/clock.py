"""Time as an argument: the Clock protocol, the system's clock, and the rule that `now` is an aware UTC datetime."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where a service reads the time: once per call, so that one decision sees one instant."""

    def now(self) -> datetime:
        """Return the current time as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back, for the age of cached records."""
        ...


class SystemClock:
    """The machine's own clocks."""

    __slots__ = ()

    def now(self) -> datetime:
        """Return the current time, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()


def utc(moment: datetime) -> datetime:
    """Return `moment` in UTC; raise ValueError for a naive datetime, which could mean any instant."""
    if moment.tzinfo is None:
        raise ValueError("expected an aware datetime; a naive one could mean any instant")
    return moment.astimezone(UTC)
