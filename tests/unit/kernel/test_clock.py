"""Time is an aware UTC datetime that somebody hands in."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ambient import Ambient, Request
from ctsec.clock import SystemClock, utc
from ctsec.testing import FixedClock, UnsafeSeededRandom

ZONES = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours, minutes=30 if hours >= 0 else -30)))
MOMENTS = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9990, 1, 1), timezones=ZONES)  # noqa: DTZ001


@given(MOMENTS)
def test_utc_keeps_the_instant(moment: datetime) -> None:
    """The same instant, to the microsecond, in UTC."""
    assert utc(moment) == moment
    assert utc(moment).utcoffset() == timedelta(0)


@given(st.datetimes())
def test_a_naive_time_is_refused(moment: datetime) -> None:
    """A datetime without a zone could mean any instant."""
    with pytest.raises(ValueError, match="aware"):
        utc(moment)


def test_the_system_clock_tells_the_time() -> None:
    """Wall time is now, in UTC; monotonic seconds are those of the machine."""
    before, seconds = datetime.now(UTC), time.monotonic()
    clock = SystemClock()
    assert before <= clock.now() <= datetime.now(UTC)
    assert clock.now().tzinfo is UTC
    assert seconds <= clock.monotonic() <= time.monotonic()


def test_a_fixed_clock_stands_still_until_it_is_told() -> None:
    """It advances both clocks by exactly what is asked, and turns the wall clock back without the monotonic one."""
    clock = FixedClock()
    start = clock.now()
    assert clock.now() == start
    assert clock.advance(timedelta(seconds=2, microseconds=1)) == clock.now() == start + timedelta(seconds=2, microseconds=1)
    assert clock.monotonic() == pytest.approx(2.000001)
    clock.set(start - timedelta(days=1))
    assert clock.now() == start - timedelta(days=1)
    assert clock.monotonic() == pytest.approx(2.000001)
    with pytest.raises(ValueError, match="0 or more"):
        clock.advance(timedelta(microseconds=-1))
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2026, 1, 1))  # noqa: DTZ001


def test_seeded_randomness_repeats_and_does_not_repeat_itself() -> None:
    """One seed gives one sequence, another seed another, and no two reads give the same bytes."""
    one, same, other = UnsafeSeededRandom(1), UnsafeSeededRandom(1), UnsafeSeededRandom(2)
    lengths = (0, 1, 10, 32, 33, 100)
    reads = [one(n) for n in lengths]
    assert [len(each) for each in reads] == list(lengths)
    assert [same(n) for n in lengths] == reads
    assert [other(n) for n in lengths] != reads
    assert len({one(32) for _ in range(1000)}) == 1000


def test_the_ambient_asks_its_clock() -> None:
    """`now` is the clock's; without a host there is an empty request, the system's clock and real randomness."""
    clock = FixedClock()
    assert Ambient(clock=clock, request=Request(id="r1")).now() == clock.now()
    plain = Ambient()
    assert isinstance(plain.clock, SystemClock)
    assert plain.request == Request(id="", address="", user_agent="")
    assert len({plain.random(16) for _ in range(50)}) == 50
