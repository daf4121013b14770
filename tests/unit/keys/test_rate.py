"""How many requests a minute a key may make, as one process counts."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import KeyId
from ctsec.keys.rate import KeyRates, RateRefusal, RateState
from ctsec.outcome import Reason

ONE, OTHER = KeyId("key_1"), KeyId("key_2")


@given(limit=st.integers(1, 40), gaps=st.lists(st.integers(0, 20_000), min_size=1, max_size=150))
def test_no_window_holds_more_than_its_share(limit: int, gaps: list[int]) -> None:
    """In any span not more than `limit` and one for each 60/limit seconds of it are let through, and who waits as told is let in."""
    rates, at, taken = KeyRates(), 0.0, list[float]()
    for gap in gaps:
        at += gap / 1000
        found = rates.take(ONE, limit=limit, at=at)
        if isinstance(found, RateState):
            taken.append(at)
        else:
            assert found.retry_after is not None
            later = KeyRates()
            later._full_at.update(rates._full_at)
            assert isinstance(later.take(ONE, limit=limit, at=at + found.retry_after.total_seconds() + 1e-5), RateState)
    for index, begin in enumerate(taken):
        for count, end in enumerate(taken[index:], start=1):
            assert count <= limit + (end - begin) * limit / 60 + 1e-3


def test_what_is_left_is_told() -> None:
    """The state counts down to 0 and says when all is there again; the refusal says when one is, and that nothing is left."""
    rates = KeyRates()
    told = [rates.take(ONE, limit=3, at=0.0) for _ in range(3)]
    assert told == [RateState(limit=3, remaining=left, reset=timedelta(seconds=20 * (3 - left))) for left in (2, 1, 0)]
    refused = rates.take(ONE, limit=3, at=5.0)
    assert isinstance(refused, RateRefusal)
    assert (refused.reason, refused.retry_after) == (Reason.THROTTLED, timedelta(seconds=15))
    assert refused.state == RateState(limit=3, remaining=0, reset=timedelta(seconds=55))
    assert rates.take(OTHER, limit=3, at=5.0) == RateState(limit=3, remaining=2, reset=timedelta(seconds=20))
    assert isinstance(rates.take(ONE, limit=3, at=20.0), RateState)


def test_what_is_refused_takes_nothing() -> None:
    """Knocking on does not make the wait longer."""
    rates = KeyRates()
    rates.take(ONE, limit=1, at=0.0)
    waits = [rates.take(ONE, limit=1, at=float(at)).retry_after for at in range(1, 60)]  # type: ignore[union-attr]
    assert waits == [timedelta(seconds=60 - at) for at in range(1, 60)]


def test_memory_is_bounded_and_who_waits_is_not_forgotten() -> None:
    """There are never more keys than said; those whose allowance is full go first."""
    rates = KeyRates(most=3)
    for number in range(10):
        rates.take(KeyId(f"key_old{number}"), limit=60, at=float(number * 5))
        assert len(rates) <= 3
    for _ in range(60):
        rates.take(ONE, limit=60, at=100.0)
    for number in range(10):
        rates.take(KeyId(f"key_new{number}"), limit=60, at=100.0)
    assert isinstance(rates.take(ONE, limit=60, at=100.0), RateRefusal)
