"""Plans, ranges, holds and records: what they say, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ambient import Ambient
from ctsec.audit.event import Detail, build
from ctsec.audit.record import StoredEvent, microseconds, store_form
from ctsec.audit.retention import LegalHold, Plans, Ranges, RetentionPlan, RetentionPolicy
from ctsec.audit.retention.record import PurgeRecord, is_authentic, signature_text, signed_text
from ctsec.audit.retention.trail import RetentionTrail
from ctsec.ids import HoldId, OrganizationId
from ctsec.principal import system
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import NOW, event
from tests.audit.archive import RETENTION
from tests.audit.kept import ONE, drawn

ORIGIN = "acme.example/default/x"
DAY = timedelta(days=1)
INDEXES = st.sets(st.integers(0, 60))


@given(INDEXES, INDEXES, st.integers(1, 9))
def test_ranges_are_sets_of_indexes(one: set[int], two: set[int], most: int) -> None:
    """Text and back is the same set; coarse ranges cover it and are few; the overlap is the smallest common index."""
    ranges = Ranges.of(one)
    assert set(ranges) == one == {index for index in range(61) if index in ranges}
    assert Ranges.read(ranges.text()) == ranges
    assert len(ranges) == len(one)
    assert set(ranges.coarse(most)) >= one
    assert len(ranges.coarse(most).parts) <= most
    assert ranges.overlap(Ranges.of(two)) == min(one & two, default=None)


@pytest.mark.parametrize("text", ["1,0", "0-0", "0,1", "1-0", "01", "0-3,2", "x", ",", "-1", "0-"])
def test_other_spellings_of_ranges_are_refused(text: str) -> None:
    """A set has one text."""
    with pytest.raises(ValueError, match="ranges"):
        Ranges.read(text)


def test_plans_have_one_text_and_bounds() -> None:
    """A plan is its text; periods, classes and policies out of bounds are refused, and so is a class within another."""
    plan = RetentionPlan(365, {"role.": 90, "api_key.": 30})
    assert str(plan) == "365,api_key.=30,role.=90"
    assert RetentionPlan.read(str(plan)) == plan
    assert [plan.days_of(name) for name in ("role.assigned", "roles.x", "api_key.minted")] == [90, 365, 30]
    assert str(plan.floored(60)) == "365,api_key.=60,role.=90"
    for days, classes in ((0, {}), (2558, {}), (9, {"role": 9}), (9, {"a.": 9, "a.b.": 9}), (9, {"A.": 9}), (9, {"a.": 0})):
        with pytest.raises(ValueError, match="expected"):
            RetentionPlan(days, classes)
    for text in ("", "0365", "365,", "365,b.=1,a.=1", "365,a.=1,a.=1"):
        with pytest.raises(ValueError, match="expected"):
            RetentionPlan.read(text)
    policies: tuple[dict[str, Any], ...] = ({"floor": 0}, {"floor": 100, "default": RetentionPlan(99)}, {"delay": timedelta(hours=23)})
    for wrong in policies:
        with pytest.raises(ValueError, match="expected"):
            RetentionPolicy(**wrong)


def test_a_shorter_plan_follows_and_a_longer_one_is_at_once() -> None:
    """Whatever keeps anything shorter has the delay, the first plan too; another choice meanwhile takes the place of what would follow."""
    first = Plans().change(RetentionPlan(90), now=NOW, delay=7 * DAY)
    assert (first.at(NOW + 6 * DAY).plan, first.at(NOW + 7 * DAY).plan) == (None, RetentionPlan(90))
    present = first.at(NOW + 8 * DAY)
    longer = present.change(RetentionPlan(365, {"role.": 90}), now=NOW, delay=7 * DAY)
    assert longer == Plans(plan=RetentionPlan(365, {"role.": 90}))
    mixed = longer.change(RetentionPlan(2557, {"role.": 89}), now=NOW, delay=7 * DAY)
    assert (mixed.at(NOW).plan, mixed.starts) == (longer.plan, NOW + 7 * DAY)
    assert mixed.change(RetentionPlan(366), now=NOW, delay=7 * DAY) == Plans(plan=RetentionPlan(366))


def test_a_hold_covers_its_scope_and_its_extent() -> None:
    """What the scope asks for and what the extent names is covered, nothing else; what is no scope is refused."""
    named: dict[str, Any] = {
        "id": HoldId("hld_1"),
        "log": ONE,
        "matter": "case 1",
        "extent": "",
        "size": 0,
        "placed_by": "x",
        "placed_at": NOW,
    }
    hold = LegalHold(**named, name="role.*", until=NOW)
    old, new = event(1, of=1, name="role.x", at=NOW - DAY), event(2, of=1, name="role.x", at=NOW)
    assert hold.covers(5, old, extent=Ranges())
    assert not hold.covers(5, new, extent=Ranges())
    assert hold.covers(5, new, extent=Ranges.of((5,)))
    assert LegalHold(**named).whole
    assert not hold.whole
    for wrong in ({"matter": ""}, {"matter": "Ä"}, {"name": "role*"}, {"person": "a b"}, {"since": NOW, "until": NOW}):
        with pytest.raises(ValueError, match="expected"):
            LegalHold(**{**named, **wrong})


def test_a_signature_is_of_one_event_at_one_time_in_one_log() -> None:
    """A record is authentic for its own origin, event id, time and details, by a key that counts, and for no other."""
    details: dict[str, Detail] = {"index": 3}
    signed = {**details, "signature": signature_text(RETENTION.sign(signed_text(details, origin=ORIGIN, event="evt_1", time=NOW)))}
    right: dict[str, Any] = {"origin": ORIGIN, "event": "evt_1", "time": microseconds(NOW), "keys": (RETENTION.public,)}
    assert is_authentic(signed, **right)
    for other in ({"origin": "acme.example/default/y"}, {"event": "evt_2"}, {"time": microseconds(NOW) + 1}, {"keys": ()}):
        assert not is_authentic(signed, **{**right, **other}), other
    assert not is_authentic({**signed, "index": 4}, **right)
    assert not is_authentic(details, **right)


def _told(name: str, details: dict[str, Detail], *, by: str = "usr_olga", ago: timedelta = timedelta(0)) -> StoredEvent:
    ambient = Ambient(clock=FixedClock(NOW - ago), random=drawn(len(details)))
    made = build(name, ambient=ambient, actor=replace(system("x"), id=by), organization=OrganizationId(ONE), details=details)
    if name == "audit.purged":
        text = signed_text(details, origin=ORIGIN, event=made.id, time=made.time)
        made = replace(made, details={**details, "signature": signature_text(RETENTION.sign(text))})
    return store_form(made, personal=b"")


def _judged(*events: StoredEvent) -> list[str]:
    trail = RetentionTrail(origin=ORIGIN, keys=(RETENTION.public,))
    trail.miss(0, 1)
    for index, each in enumerate(events, start=1):
        trail.see(index, each)
    return [detail for _, detail in trail.judge({size: bytes(32) for size in range(1, 99)})]


def _plan(days: int, *, version: int, ago: int) -> StoredEvent:
    starts = microseconds(NOW - timedelta(days=ago - 7))
    return _told("retention.changed", {"plan": str(days), "starts": starts, "version": version}, ago=timedelta(days=ago))


def test_the_log_says_whether_a_purge_was_allowed() -> None:
    """The newest version of a plan counts wherever it stands, a checkpoint lies before its purge, and one person alone releases nothing."""
    record = PurgeRecord(
        index=3, size=2, root=bytes(32), plan=RetentionPlan(90), holds=(), ranges=Ranges.of((0,)), newest=microseconds(NOW - 100 * DAY)
    )
    purge = _told("audit.purged", record.details())
    assert _judged(_plan(90, version=1, ago=300), _plan(365, version=2, ago=290), purge) != []
    assert _judged(_plan(90, version=2, ago=290), _plan(365, version=1, ago=300), purge) == []
    late = _told("audit.purged", replace(record, index=3, size=4).details())
    assert "the purge record names events that its checkpoint does not cover" in _judged(
        _plan(90, version=2, ago=290), _plan(365, version=1, ago=300), late
    )
    asked = _told("legal_hold.release_requested", {"hold": "hld_1"})
    for by, found in (("usr_olga", ["a hold was released by one person alone"]), ("usr_bob", [])):
        released = _told("legal_hold.released", {"hold": "hld_1", "asked_by": "usr_olga"}, by=by)
        trail = RetentionTrail(origin=ORIGIN, keys=())
        for index, each in enumerate((asked, released)):
            trail.see(index, each)
        assert [detail for _, detail in trail.judge({})] == found
    broken = _told("legal_hold.placed", {"hold": "hld_1", "whole": False})
    assert _judged(broken)[0] == "legal_hold.placed does not say what it is to say"
