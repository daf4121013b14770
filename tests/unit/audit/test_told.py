"""What a region's log was told, added up: by its order, its two persons, its delay, and nothing that is not what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.canonical import canonical
from ctsec.audit.event import Detail, LogId, build
from ctsec.audit.record import SealedEvent, microseconds, store_form
from ctsec.audit.retention._async_telling import AsyncTeller, Decided
from ctsec.audit.retention.hold import HoldState
from ctsec.audit.retention.plan import Plans, RetentionPlan, RetentionPolicy
from ctsec.audit.retention.standing import StoreStanding
from ctsec.audit.retention.told import Decision, Following, Heard, Told, read_decisions, read_told, told_plan
from ctsec.errors import CorruptRecord
from ctsec.ids import HoldId, OrganizationId
from ctsec.principal import system
from ctsec.testing import FixedClock

LOG: Final = LogId("org_1")
NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
WEEK: Final = timedelta(days=7)
SCOPE: Final[dict[str, Detail]] = {"matter": "case 1", "person": None, "name": "role.*", "since": None, "until": microseconds(NOW)}


def told(name: str, said: dict[str, Detail], *, by: str = "olga", at: datetime = NOW, **means: Any) -> Told:
    """Return what a log was told at a time."""
    return Told(decision=Decision(index=4, name=name, by=by, time=microseconds(at), said=said), index=7, time=microseconds(at), **means)


def plan(days: int, *, version: int, at: datetime, starts: datetime) -> Told:
    """Return a plan that a log was told of."""
    return told("retention.changed", {"plan": str(days), "version": version}, at=at, starts=microseconds(starts))


HOLD: Final = told("legal_hold.placed", {"hold": "hld_1", **SCOPE}, extent="1-3", size=9)
ASKED: Final = told("legal_hold.release_requested", {"hold": "hld_1"}, by="olga", at=NOW + WEEK)
GIVEN: Final = told("legal_hold.released", {"hold": "hld_1", "asked_by": "olga"}, by="bob", at=NOW + 2 * WEEK)


def test_what_was_told_is_read_as_it_was_written() -> None:
    """Every kind comes back from the details of its event; what lacks a field, has another type or another name tells nothing."""
    for each in (HOLD, ASKED, GIVEN, plan(90, version=1, at=NOW, starts=NOW + WEEK)):
        body: dict[str, Any] = {"time": each.time, "details": each.details()}
        assert canonical(body)
        assert Told.read(7, body) == each
        for name in ("decision", "decided", "decided_at", "by", *(("extent",) if each is HOLD else ())):
            less = {key: value for key, value in each.details().items() if key != name}
            with pytest.raises(ValueError, match="expected"):
                Told.read(7, {**body, "details": less})
        for wrong in ({"decision": "user.signed_in"}, {"hold": ["x"], "plan": ["x"]}, {"extent": "3-1", "starts": "x", "decided": "x"}):
            with pytest.raises(ValueError):
                Told.read(7, {**body, "details": {**each.details(), **wrong}})


def test_a_decision_is_read_from_an_event_at_home() -> None:
    """It has who made it, and what it says; an event of another name, or without what it has to say, is none."""
    body: dict[str, Any] = {
        "name": "retention.changed", "actor": {"id": "olga"}, "time": 5, "details": {"plan": "90", "starts": 9, "version": 2},
    }  # fmt: skip
    assert Decision.read(4, body) == Decision(index=4, name="retention.changed", by="olga", time=5, said={"plan": "90", "version": 2})
    for wrong in ({"name": "audit.purged"}, {"actor": None}, {"details": {"plan": "90"}}, {"time": None}):
        with pytest.raises(ValueError, match="expected a decision"):
            Decision.read(4, {**body, **wrong})


def test_decisions_that_say_nothing_sound_are_told_to_nobody() -> None:
    """A plan that is none, a hold without a matter and another name are corrupt, and so is what tells nothing."""
    sound: dict[str, Detail] = {"plan": "90", "starts": 9, "version": 2}
    assert [each.index for each in read_decisions([sealed(5, sound), sealed(4, sound)])] == [4, 5]
    wrong = (sealed(4, {**sound, "plan": "x"}), sealed(4, {"hold": "hld_1", **SCOPE, "matter": ""}, name="legal_hold.placed"))
    for each in (*wrong, sealed(4, sound, name="user.signed_in")):
        with pytest.raises(CorruptRecord):
            read_decisions([sealed(3, sound), each])
    with pytest.raises(CorruptRecord):
        read_told([sealed(4, sound)])


def sealed(index: int, details: dict[str, Detail], *, name: str = "retention.changed") -> SealedEvent:
    """Return an event of a log."""
    ambient = Ambient(clock=FixedClock(NOW))
    made = build(name, ambient=ambient, actor=system("x"), organization=OrganizationId("org_1"), details=details)
    return SealedEvent(index, store_form(made, personal=b""))


def test_a_hold_is_released_by_two() -> None:
    """Of what was told of it: in force with its extent until somebody else than who asked released it, in whatever order that stands."""
    (hold,) = Heard.of(LOG, [HOLD]).holds
    assert (hold.id, hold.state, hold.extent, hold.size, hold.name, hold.until) == ("hld_1", HoldState.ACTIVE, "1-3", 9, "role.*", NOW)
    assert (hold.placed_by, hold.placed_at, hold.person, hold.since) == ("olga", NOW, None, None)
    assert [Heard.of(LOG, [HOLD, *more]).holds[0].state for more in ([ASKED], [ASKED, GIVEN], [GIVEN, ASKED])] == [
        HoldState.RELEASING, HoldState.RELEASED, HoldState.RELEASED,
    ]  # fmt: skip
    alone = replace(GIVEN, decision=replace(GIVEN.decision, by="olga"))
    stranger = replace(GIVEN, decision=replace(GIVEN.decision, said={"hold": "hld_1", "asked_by": "carl"}))
    other = replace(GIVEN, decision=replace(GIVEN.decision, said={"hold": "hld_2", "asked_by": "olga"}))
    for wrong in (alone, stranger, other):
        assert Heard.of(LOG, [HOLD, ASKED, wrong]).holds[0].released_at is None
    assert Heard.of(LOG, [GIVEN, ASKED, HOLD]).holds[0].state is HoldState.RELEASED
    assert Heard.of(LOG, [ASKED, GIVEN]).holds == ()
    assert Heard.of(LOG, [HOLD, ASKED, GIVEN]).holds[0].released_at == NOW + 2 * WEEK
    assert Heard.of(LOG, [HOLD]).hold(HoldId("hld_2")) is None


def test_plans_follow_each_other_as_they_were_told() -> None:
    """One follows when its time has come; one that keeps less is not in force at once, also not past an older one that keeps longer."""
    first = plan(90, version=1, at=NOW, starts=NOW + WEEK)
    assert Heard.of(LOG, [first]).plans == Plans(following=RetentionPlan(90), starts=NOW + WEEK)
    assert Heard.of(LOG, [first]).at(NOW + WEEK).plans == Plans(plan=RetentionPlan(90))
    later = NOW + 2 * WEEK
    longer = plan(365, version=3, at=later, starts=later)
    assert Heard.of(LOG, [first, longer]).plans == Plans(plan=RetentionPlan(365))
    assert Heard.of(LOG, [first, longer, plan(400, version=2, at=later, starts=later)]).plans == Plans(plan=RetentionPlan(400))
    for wrong in (plan(30, version=2, at=later, starts=later), plan(30, version=4, at=later, starts=later)):
        assert Heard.of(LOG, [first, longer, wrong]).plans == Plans(plan=RetentionPlan(365)), wrong
    assert Heard.of(LOG, [plan(30, version=1, at=NOW, starts=NOW)]).plans == Plans()
    with pytest.raises(CorruptRecord, match="years 1 to 9999"):
        Heard.of(LOG, [replace(first, starts=1 << 62)])
    with pytest.raises(CorruptRecord, match="expected the matter"):
        Heard.of(LOG, [replace(HOLD, decision=replace(HOLD.decision, said={"hold": "hld_1", **SCOPE, "matter": ""}))])


def test_a_plan_is_told_with_its_delay() -> None:
    """The first one and one that keeps less start a delay after the moment that they are told, another one at once."""
    for present, wanted in ((None, NOW + WEEK), (RetentionPlan(365), NOW + WEEK), (RetentionPlan(30), NOW)):
        assert told_plan(Plans(plan=present), RetentionPlan(90), now=NOW, delay=WEEK) == microseconds(wanted)


def test_a_store_that_does_not_answer_is_pending() -> None:
    """A hold is pending where it was not told of, where less was told than decided, and where nothing is known."""
    hold = Heard.of(LOG, [HOLD, ASKED]).holds[0]
    standings = [StoreStanding(store="eu", heard=Heard.of(LOG, parts)) for parts in ([], [HOLD], [HOLD, ASKED])]
    standings.append(replace(standings[-1], problem="store"))
    found = [(each.state_of(hold), each.is_pending(hold)) for each in standings]
    assert found == [(None, True), (HoldState.ACTIVE, True), (HoldState.RELEASING, False), (None, True)]


def test_plans_of_one_moment_are_told_so_that_the_longer_one_is_kept() -> None:
    """Whichever of two stands first in the home log: the one that keeps longer is in force, then the last one that was chosen."""
    teller = AsyncTeller(region="eu", policy=RetentionPolicy(), ambient=Ambient(clock=FixedClock(NOW)))
    ago = NOW - 4 * WEEK
    first = plan(90, version=1, at=ago, starts=ago + WEEK)
    longer, last = (plan(days, version=version, at=NOW, starts=NOW).decision for days, version in ((365, 2), (180, 3)))
    for second in ((longer, last), (last, longer)):
        decided = Decided(size=9, decisions=(first.decision, *second), holds=())
        heard = teller.expected(LOG, [first], decided)
        assert heard.plans == Plans(plan=RetentionPlan(365), following=RetentionPlan(180), starts=NOW + WEEK), second


def test_a_slow_clock_where_a_log_is_told_lets_nothing_begin_earlier_than_at_home() -> None:
    """A plan that keeps less begins when it does at home at the earliest, and the day after a release was not over before."""
    slow = NOW - 3 * WEEK
    teller = AsyncTeller(region="eu", policy=RetentionPolicy(), ambient=Ambient(clock=FixedClock(slow)))
    decision = replace(plan(90, version=1, at=NOW, starts=NOW).decision, starts=microseconds(NOW + WEEK))
    heard = teller.expected(LOG, [], Decided(size=9, decisions=(decision,), holds=()))
    assert heard.plans == Plans(following=RetentionPlan(90), starts=NOW + WEEK)
    late = [replace(each, time=microseconds(slow)) for each in (HOLD, ASKED, GIVEN)]
    assert Heard.of(LOG, late).holds[0].released_at == NOW + 2 * WEEK


def test_plans_that_are_told_one_by_one_are_what_they_add_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """In any order of versions; in theirs, nothing is added up again for each: somebody may have changed a plan a thousand times."""
    for seed in range(20):
        chance = Random(seed)
        versions = [*range(1, 9)]
        chance.shuffle(versions)
        following, so_far = Following(LOG, []), list[Told]()
        for hours, version in enumerate(versions):
            at = NOW + timedelta(hours=hours)
            so_far.append(plan(chance.choice((30, 90, 365)), version=version, at=at, starts=at + chance.choice((timedelta(), WEEK))))
            following.add(so_far[-1])
            assert following.plans == Heard.of(LOG, so_far).plans, (seed, version)
    decisions = tuple(plan(90, version=version, at=NOW, starts=NOW).decision for version in range(1, 50))
    teller = AsyncTeller(region="eu", policy=RetentionPolicy(), ambient=Ambient(clock=FixedClock(NOW)))
    added: list[int] = []
    of = Heard.of

    def counted(log: LogId, told: Sequence[Told]) -> Heard:
        added.append(len(told))
        return of(log, told)

    monkeypatch.setattr(Heard, "of", counted)
    teller.expected(LOG, [], Decided(size=50, decisions=decisions, holds=()))
    assert added == [0, 49]
