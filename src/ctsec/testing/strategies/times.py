"""Instants and periods around a few days, so that starts, ends and questions meet on the same microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict

from hypothesis import strategies as st

DAYS: Final = tuple(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(7))
TICK: Final = timedelta(microseconds=1)


class Period(TypedDict):
    """When something is in force, as `Standing` and `Assignment` take it."""

    starts_at: datetime | None
    expires_at: datetime | None


def moments() -> st.SearchStrategy[datetime]:
    """Draw an instant: the beginning of one of `DAYS`, or a microsecond before or after it."""
    return _MOMENT


def periods() -> st.SearchStrategy[Period]:
    """Draw a start and an end; half the time both are missing."""
    return _PERIOD


def spans() -> st.SearchStrategy[tuple[datetime, datetime]]:
    """Draw a start and an end of a few days."""
    return _SPAN


_MOMENTS: Final = tuple(day + ticks * TICK for day in DAYS for ticks in (0, -1, 1))
_SPANS: Final = tuple((start, end) for start in DAYS for end in DAYS if start < end)
_BOUNDED: Final = tuple(
    Period(starts_at=start, expires_at=end)
    for start in (None, *DAYS[:-1])
    for end in (None, *DAYS[1:])
    if (start or end) and (start is None or end is None or start < end)
)
_PERIODS: Final = (*(Period(starts_at=None, expires_at=None) for _ in _BOUNDED), *_BOUNDED)
_MOMENT: Final = st.sampled_from(_MOMENTS)
_PERIOD: Final = st.sampled_from(_PERIODS)
_SPAN: Final = st.sampled_from(_SPANS)
