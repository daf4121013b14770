"""Allowances of address blocks and mailboxes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.guard.allowance import Allowance, AllowancePolicy, address_block, give_back, rebase, take
from ctsec.outcome import Reason, Refusal

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = AllowancePolicy(burst=3, every=10 * SECOND)


def taken(record: Allowance | None, now: datetime = NOW, policy: AllowancePolicy = POLICY) -> Allowance:
    outcome = take(record, key="k", now=now, policy=policy)
    assert isinstance(outcome, Allowance)
    return outcome


def emptied() -> Allowance:
    record = None
    for _ in range(POLICY.burst):
        record = taken(record)
    assert record is not None
    return record


def test_a_burst_at_once_and_then_one_for_each_interval() -> None:
    """Three are taken at once; the fourth waits ten seconds, to the microsecond, and the refusal says how long."""
    record = emptied()
    refusal = take(record, key="k", now=NOW + 4 * SECOND, policy=POLICY)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.retry_after) == (Reason.THROTTLED, 6 * SECOND)
    assert isinstance(take(record, key="k", now=NOW + 10 * SECOND - timedelta(microseconds=1), policy=POLICY), Refusal)
    assert taken(record, NOW + 10 * SECOND).full_at == NOW + 40 * SECOND


@given(
    burst=st.integers(1, 6),
    steps=st.lists(st.tuples(st.integers(0, 25), st.booleans()), max_size=60),
)
def test_no_span_of_time_holds_more_than_the_policy_says(burst: int, steps: list[tuple[int, bool]]) -> None:
    """Whatever the order of attempts and successes that give back, no span holds more than the burst and one for each interval of it."""
    policy = AllowancePolicy(burst=burst, every=10 * SECOND)
    now, record, kept = NOW, None, list[datetime]()
    for wait, succeeds in steps:
        now += wait * SECOND
        outcome = take(record, key="k", now=now, policy=policy)
        if isinstance(outcome, Allowance):
            record = give_back(outcome, policy=policy) if succeeds else outcome
            kept += [] if succeeds else [now]
    for first, start in enumerate(kept):
        for last in range(first, len(kept)):
            assert last - first + 1 <= burst + (kept[last] - start) / policy.every


def test_a_success_gives_back_its_own_share_only() -> None:
    """After a success the failures before it still count."""
    record = give_back(taken(taken(None)), policy=POLICY)
    assert record == taken(None)


@given(jump=st.timedeltas(timedelta(0), timedelta(days=3650)))
def test_a_clock_that_goes_back_neither_frees_nor_locks(jump: timedelta) -> None:
    """After any jump back an empty allowance is as empty as before, and one interval after the cut record was stored one may be taken."""
    record, then = emptied(), NOW - jump
    assert isinstance(take(record, key="k", now=then, policy=POLICY), Refusal)
    kept = rebase(record, now=then, policy=POLICY)
    assert taken(kept, then + POLICY.every).full_at <= then + POLICY.every + POLICY.burst * POLICY.every
    assert (kept is record) == (jump == timedelta(0))


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", None),
        ("testclient", None),
        ("", None),
        ("1" * 65, None),
    ],
)
def test_the_block_of_an_address(address: str, block: str | None) -> None:
    """An IPv4 address is a block of its own, however it is wrapped; an IPv6 address is one of its /64; what is no address has none."""
    assert address_block(address) == block


def test_misuse_is_refused() -> None:
    """A policy without sense, a foreign record and a naive time raise ValueError."""
    for burst, every in ((0, SECOND), (100_001, SECOND), (1, timedelta(0)), (2, timedelta(hours=13))):
        with pytest.raises(ValueError, match=r"burst|millisecond"):
            AllowancePolicy(burst=burst, every=every)
    with pytest.raises(ValueError, match="same key"):
        take(Allowance(key="other", full_at=NOW), key="k", now=NOW, policy=POLICY)
    with pytest.raises(ValueError, match="aware"):
        take(None, key="k", now=NOW.replace(tzinfo=None), policy=POLICY)
