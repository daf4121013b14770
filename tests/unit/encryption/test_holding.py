"""Unwrapped keys that a process holds: for how long, for whom, and what ends them."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ctsec.encryption.data_key import DataKey
from ctsec.encryption.dek import DekState, WrappedDek
from ctsec.encryption.holding import HeldKeys, HoldingPolicy, RingPolicy, keys_of
from ctsec.errors import KeyDenied, KeyDisabled, KeyNotFound
from ctsec.ids import DekId, new_id
from ctsec.secret import Secret
from ctsec.testing import FixedClock

TTL, GRACE, REFUSAL = timedelta(seconds=60), timedelta(seconds=30), timedelta(seconds=5)
POLICY = HoldingPolicy(ttl=TTL, grace=GRACE, refusal=REFUSAL, capacity=3)
TICK = timedelta(milliseconds=1)
CLOCK = FixedClock()


def record(scope: str = "org_1", kek: str = "kek_1", region: str = "eu") -> WrappedDek:
    """Return the record of a fresh data key."""
    dek_id = new_id(DekId, now=CLOCK.now(), random=os.urandom)
    return WrappedDek(
        id=dek_id, scope=scope, region=region, kek=kek, wrapped=b"w", commitment=b"c", state=DekState.ACTIVE, created_at=CLOCK.now()
    )


def key_of(dek: WrappedDek) -> DataKey:
    """Return the unwrapped key of a record."""
    return DataKey(dek.id, material=Secret(os.urandom(32)))


def kept(held: HeldKeys, dek: WrappedDek) -> DataKey:
    """Hold a key that was unwrapped just now, and return it."""
    key = key_of(dek)
    held.keep(dek, key, started=held.begin())
    return key


@pytest.mark.proves("ASVS-11.7.2")
def test_a_key_is_held_for_its_life_and_bridged_for_the_grace() -> None:
    """It is fresh until the life is over, late until the grace is, and gone after it, to the instant."""
    clock = FixedClock()
    held, dek = HeldKeys(POLICY, clock=clock), record()
    key = kept(held, dek)
    clock.advance(TTL - TICK)
    assert held.fresh(dek.scope, dek.id) is key
    clock.advance(TICK)
    assert held.fresh(dek.scope, dek.id) is None
    assert held.late(dek.scope, dek.id) is key
    clock.advance(GRACE)
    assert held.late(dek.scope, dek.id) is None


def test_the_life_counts_from_the_start_of_the_call() -> None:
    """A key service that takes its time does not make the bound longer."""
    clock = FixedClock()
    held, dek = HeldKeys(POLICY, clock=clock), record()
    started = held.begin()
    clock.advance(TTL)
    held.keep(dek, key_of(dek), started=started)
    assert held.fresh(dek.scope, dek.id) is None


@given(jump=st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)))
def test_whichever_clock_ends_first(jump: timedelta) -> None:
    """However the wall clock jumps, no key outlives its life on the monotonic clock, and a jump beyond the life ends it at once."""
    clock = FixedClock()
    held, dek = HeldKeys(POLICY, clock=clock), record()
    kept(held, dek)
    clock.set(clock.now() + jump)
    assert (held.fresh(dek.scope, dek.id) is not None) is (jump < TTL)
    clock.advance(TTL + GRACE)
    assert held.late(dek.scope, dek.id) is None


def test_a_key_answers_for_its_scope_only() -> None:
    """The id of a data key opens nothing for another organization."""
    held, dek = HeldKeys(POLICY, clock=FixedClock()), record()
    kept(held, dek)
    assert held.fresh("org_2", dek.id) is None
    assert held.late("deployment", dek.id) is None


@pytest.mark.parametrize("error", [KeyDisabled("no"), KeyDenied("no")])
def test_a_refused_kek_ends_all_that_it_wrapped(error: Any) -> None:
    """A key service that says no to one data key says it to all that its key wrapped, and to none of another key; it is remembered."""
    clock = FixedClock()
    held = HeldKeys(POLICY, clock=clock)
    asked, same, other = record("org_1"), record("org_2"), record("org_3", kek="kek_2")
    for each in (asked, same, other):
        kept(held, each)
    held.refuse(asked, error)
    assert [held.late(each.scope, each.id) is not None for each in (asked, same, other)] == [False, False, True]
    again = held.refused(asked)
    assert (type(again), str(again)) == (type(error), "no")
    assert again is not error
    assert held.refused(same) is None
    clock.advance(REFUSAL)
    assert held.refused(asked) is None


def test_a_key_that_is_not_found_ends_alone() -> None:
    """One record that its service does not know must not cost everybody else their keys."""
    held = HeldKeys(POLICY, clock=FixedClock())
    asked, same = record("org_1"), record("org_2")
    for each in (asked, same):
        kept(held, each)
    held.refuse(asked, KeyNotFound("gone"))
    assert held.late(asked.scope, asked.id) is None
    assert held.fresh(same.scope, same.id) is not None


@pytest.mark.parametrize("event", ["forget", "forget all", "refuse", "hear", "hear anything"])
def test_forgetting_beats_the_call_that_is_under_way(event: str) -> None:
    """What was unwrapped before something was forgotten is not held afterwards, and neither is what seals."""
    held, dek = HeldKeys(POLICY, clock=FixedClock()), record()
    started = held.begin()
    {
        "forget": lambda: held.forget(dek.scope),
        "forget all": held.forget,
        "refuse": lambda: held.refuse(dek, KeyDisabled("no")),
        "hear": lambda: held.hear([keys_of(dek.scope)]),
        "hear anything": lambda: held.hear(None),
    }[event]()
    held.keep(dek, key_of(dek), started=started)
    held.point(dek, started=started)
    assert held.late(dek.scope, dek.id) is None
    assert held.active(dek.scope, dek.region) is None


def test_what_others_changed_is_heard_by_scope() -> None:
    """News about an organization's people ends no data key; news about its keys ends them, and what seals, and nobody else's."""
    held = HeldKeys(POLICY, clock=FixedClock())
    mine, theirs = record("org_1"), record("org_2")
    for each in (mine, theirs):
        kept(held, each)
        held.point(each, started=held.begin())
    held.hear(["org_1", "usr_1", "keys:org_3"])
    assert held.active("org_1", "eu") == mine.id
    held.hear([keys_of("org_1")])
    assert held.fresh(mine.scope, mine.id) is None
    assert held.active("org_1", "eu") is None
    assert held.fresh(theirs.scope, theirs.id) is not None
    assert held.active("org_2", "eu") == theirs.id


def test_what_seals_is_read_again_after_a_life() -> None:
    """Which key seals is believed as long as a key, by region, and not longer."""
    clock = FixedClock()
    held, dek = HeldKeys(POLICY, clock=clock), record()
    held.point(dek, started=held.begin())
    assert held.active(dek.scope, "eu") == dek.id
    assert held.active(dek.scope, "us") is None
    clock.advance(TTL)
    assert held.active(dek.scope, "eu") is None


def test_it_shows_nothing_of_the_keys() -> None:
    """The text form tells how many keys there are and no more."""
    held, dek = HeldKeys(POLICY, clock=FixedClock()), record()
    kept(held, dek)
    assert repr(held) == "HeldKeys(<1 hidden>)"


@pytest.mark.parametrize(
    "wrong",
    [
        {"ttl": timedelta(seconds=-1)},
        {"ttl": timedelta(hours=1, seconds=1)},
        {"grace": timedelta(hours=2)},
        {"refusal": timedelta(minutes=2)},
        {"capacity": 0},
    ],
)
def test_bounds_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    """A life or grace over an hour, a refusal remembered for longer than a minute, and no room at all raise ValueError."""
    with pytest.raises(ValueError, match="expected"):
        HoldingPolicy(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_block": 0},
        {"first_block": 9, "max_messages": 8},
        {"max_messages": (1 << 32) + 1},
        {"rotate_after": timedelta(0)},
        {"rotate_after": timedelta(days=2), "seals_for": timedelta(days=1)},
    ],
)
def test_a_ring_that_could_not_keep_its_bounds_is_refused(wrong: dict[str, Any]) -> None:
    """More messages than 2^32 for a data key, blocks beyond the bound, and a rotation after the end raise ValueError."""
    with pytest.raises(ValueError, match="expected"):
        RingPolicy(**wrong)


class Holding(RuleBasedStateMachine):
    """Whatever happens in whatever order, nothing is used beyond its bound, after a refusal, for another scope, or beyond the room."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock()
        self.held = HeldKeys(POLICY, clock=self.clock)
        self.records = [record(scope, kek) for scope in ("org_1", "org_2") for kek in ("kek_1", "kek_2")]
        self.alive: dict[DekId, float] = {}

    @rule(n=st.integers(0, 3), slow=st.integers(0, 40))
    def unwrap(self, n: int, slow: int) -> None:
        """A key service answers after a while."""
        dek, started = self.records[n], self.held.begin()
        begun = self.clock.monotonic()
        self.clock.advance(timedelta(seconds=slow))
        self.held.keep(dek, key_of(dek), started=started)
        self.alive[dek.id] = begun

    @rule(seconds=st.integers(0, 50))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.clock.advance(timedelta(seconds=seconds))

    @rule(n=st.integers(0, 3))
    def refuse(self, n: int) -> None:
        """A key service says no."""
        self.held.refuse(self.records[n], KeyDisabled("no"))
        for each in self.records:
            if each.kek == self.records[n].kek:
                self.alive.pop(each.id, None)

    @rule(scope=st.sampled_from(["org_1", "org_2"]))
    def forget(self, scope: str) -> None:
        """Somebody changes an organization's keys."""
        self.held.hear([keys_of(scope)])
        for each in self.records:
            if each.scope == scope:
                self.alive.pop(each.id, None)

    @invariant()
    def only_what_may_be_used(self) -> None:
        """A key is handed out only within its bound since the start of its call, and never after what ended it."""
        found = [each for each in self.records if self.held.late(each.scope, each.id) is not None]
        assert len(found) <= POLICY.capacity
        for each in found:
            assert self.clock.monotonic() - self.alive[each.id] < POLICY.bound.total_seconds()
        for each in self.records:
            if self.held.fresh(each.scope, each.id) is not None:
                assert self.clock.monotonic() - self.alive[each.id] < POLICY.ttl.total_seconds()


TestHolding = Holding.TestCase
