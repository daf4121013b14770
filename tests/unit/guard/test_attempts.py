"""The throttle rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.guard.attempts import Attempts, ThrottlePolicy, charge, charge_along, rebase
from ctsec.outcome import Reason, Refusal

NOW = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = ThrottlePolicy()
DAY = timedelta(days=1)


def charged(attempts: Attempts | None, now: datetime = NOW, policy: ThrottlePolicy = POLICY) -> Attempts:
    outcome = charge(attempts, key="k", now=now, policy=policy)
    assert isinstance(outcome, Attempts)
    return outcome


def refused(attempts: Attempts | None, now: datetime = NOW, policy: ThrottlePolicy = POLICY) -> Refusal:
    outcome = charge(attempts, key="k", now=now, policy=policy)
    assert isinstance(outcome, Refusal)
    return outcome


def failures(count: int) -> tuple[Attempts, datetime]:
    """Fail `count` times, each as soon as it is allowed; return the record and the moment of the last."""
    record, now = charged(None), NOW
    for _ in range(count - 1):
        now = max(now, record.blocked_until or now)
        record = charged(record, now)
    return record, now


def test_the_first_four_failures_do_not_wait_and_the_fifth_does() -> None:
    """Four failures may follow each other at once; the fifth blocks for 32 seconds, to the second."""
    fourth, _ = failures(4)
    assert fourth.blocked_until is None
    fifth = charged(fourth)
    assert fifth.blocked_until == NOW + timedelta(seconds=32)
    refusal = refused(fifth, NOW + timedelta(seconds=31))
    assert (refusal.reason, refusal.retry_after) == (Reason.THROTTLED, timedelta(seconds=1))
    assert charged(fifth, NOW + timedelta(seconds=32)).failures == 6


def test_back_off_doubles_up_to_fifteen_minutes() -> None:
    """The waits after the 5th to the 10th failure are 32 s, 64 s … and never more than 15 minutes."""
    assert [POLICY.backoff(n).total_seconds() for n in range(4, 12)] == [0, 32, 64, 128, 256, 512, 900, 900]


@given(n=st.integers(0, 10_000))
def test_back_off_is_monotone_and_bounded(n: int) -> None:
    """One more failure never shortens the wait, and no wait is longer than the longest."""
    assert POLICY.backoff(n) <= POLICY.backoff(n + 1) <= POLICY.longest


def test_the_hundredth_consecutive_failure_disables_for_good() -> None:
    """The hundredth attempt is charged and disables; whatever time passes, the next is refused as locked (a year later too)."""
    record, now = failures(99)
    assert record.disabled_at is None
    hundredth = charged(record, now + DAY)
    assert (hundredth.failures, hundredth.disabled_at) == (100, now + DAY)
    for later in (timedelta(0), DAY, 365 * DAY):
        assert refused(hundredth, now + DAY + later).reason is Reason.LOCKED
    assert refused(Attempts(key="k", failures=100), now).reason is Reason.LOCKED


def test_failures_do_not_decay_with_time() -> None:
    """A failure a year later is the next in the row: patience buys no guesses."""
    record, now = failures(7)
    assert charged(record, now + 365 * DAY).failures == 8


@given(count=st.integers(5, 98), knocks=st.lists(st.floats(0, 0.999), max_size=20))
def test_knocking_while_blocked_changes_nothing(count: int, knocks: list[float]) -> None:
    """Refused attempts are not counted and do not move the end of the block."""
    record, now = failures(count)
    assert record.blocked_until is not None
    for part in knocks:
        moment = now + (record.blocked_until - now) * part
        assert refused(record, moment).retry_after == record.blocked_until - moment


@given(count=st.integers(1, 99), jump=st.timedeltas(timedelta(0), 3650 * DAY))
def test_a_clock_that_goes_back_neither_frees_nor_locks(count: int, jump: timedelta) -> None:
    """After any jump back a blocked key stays blocked, for the longest back-off at most once the rebased record is stored."""
    record, now = failures(count)
    then = now - jump
    if record.blocked_until is None:
        assert charged(record, then).failures == count + 1
        return
    refusal = refused(record, then)
    assert refusal.reason is Reason.THROTTLED
    assert refusal.retry_after is not None
    assert min(record.blocked_until - then, POLICY.longest) == refusal.retry_after
    kept = rebase(record, now=then, policy=POLICY)
    assert kept.failures == record.failures
    assert charged(kept, then + POLICY.longest).failures == count + 1


def test_a_record_in_order_is_not_rebased() -> None:
    """Without a jump the very same record comes back, so nothing needs to be written."""
    record, now = failures(20)
    assert rebase(record, now=now, policy=POLICY) is record


def test_attempts_side_by_side_are_bounded_by_the_count() -> None:
    """Each new record differs from the one it was made of, so of many that were charged from the same record one compare-and-set wins."""
    record, now = failures(3)
    assert charged(record, now) == charged(record, now)
    assert charged(record, now) != record


def test_what_counts_along_is_not_held_back_by_its_wait_but_by_its_end() -> None:
    """Beside a code, the password counts while it waits, and refuses once it has ended."""
    record, now = failures(99)
    assert record.blocked_until is not None
    along = charge_along(record, key="k", now=now, policy=POLICY)
    assert isinstance(along, Attempts)
    assert (along.failures, along.disabled_at, along.blocked_until) == (100, now, now + POLICY.longest)
    for ended in (along, replace(along, disabled_at=None)):
        refusal = charge_along(ended, key="k", now=now + 365 * DAY, policy=POLICY)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is Reason.LOCKED
    first = charge_along(None, key="k", now=now, policy=POLICY)
    assert isinstance(first, Attempts)
    assert first.failures == 1


def test_misuse_is_refused() -> None:
    """A policy that never disables or disables above NIST's limit, a foreign record and a naive time raise ValueError."""
    for first, last in ((5, 101), (0, 100), (6, 5)):
        with pytest.raises(ValueError, match="disable_at"):
            ThrottlePolicy(first_backoff_at=first, disable_at=last)
    with pytest.raises(ValueError, match="longest"):
        ThrottlePolicy(longest=timedelta(0))
    with pytest.raises(ValueError, match="same key"):
        charge(Attempts(key="other"), key="k", now=NOW, policy=POLICY)
    with pytest.raises(ValueError, match="aware"):
        charge(None, key="k", now=NOW.replace(tzinfo=None), policy=POLICY)
