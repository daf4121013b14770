"""A clock that stands still until it is told otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from ctsec.clock import utc

START: Final = datetime(2026, 1, 15, 9, 30, 0, 123_456, tzinfo=UTC)


class FixedClock:
    """A `ctsec.clock.Clock` for tests: it shows `now` until it is set or advanced, and it can go back.

    The monotonic seconds start at 0 and follow `advance`; `set` moves the wall clock alone, as an administrator or NTP would.
    """

    __slots__ = ("_monotonic", "_now")

    def __init__(self, now: datetime = START) -> None:
        self._now = utc(now)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the time that the clock shows, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds that the clock was advanced in total; never less than before."""
        return self._monotonic

    def advance(self, by: timedelta) -> datetime:
        """Let time pass on both clocks and return the new time; raise ValueError for a negative duration, see `set`."""
        if by < timedelta(0):
            raise ValueError("expected a duration of 0 or more; `set` turns the wall clock back")
        self._now += by
        self._monotonic += by.total_seconds()
        return self._now

    def set(self, now: datetime) -> None:
        """Set the wall clock, also backwards; the monotonic seconds stay."""
        self._now = utc(now)
