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
    return st.builds(_near, st.sampled_from(DAYS), st.sampled_from((0, -1, 1)))


def _near(day: datetime, ticks: int) -> datetime:
    return day + ticks * TICK


def periods() -> st.SearchStrategy[Period]:
    """Draw a start and an end, each of which may be missing."""
    return st.one_of(st.just(Period(starts_at=None, expires_at=None)), _bounded())


@st.composite
def _bounded(draw: st.DrawFn) -> Period:
    start = draw(st.one_of(st.none(), st.integers(0, len(DAYS) - 2)))
    end = draw(st.one_of(st.none(), st.integers(1 if start is None else start + 1, len(DAYS) - 1)))
    return Period(starts_at=None if start is None else DAYS[start], expires_at=None if end is None else DAYS[end])
