"""The edges of plans, holds and purges: the last moment at which something stays, and the first at which it may go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.event import Detail, build
from ctsec.audit.record import StoredEvent, microseconds, store_form
from ctsec.audit.retention import LegalHold, Ranges, RetentionPlan, _sync
from ctsec.audit.retention.hold import GRACE, MAX_HOLDS
from ctsec.audit.retention.record import PurgeRecord, signature_text, signed_text
from ctsec.audit.retention.selection import SLACK, Held, Selection
from ctsec.audit.retention.trail import RetentionTrail
from ctsec.errors import LogInconsistent
from ctsec.ids import HoldId, OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import system
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import NOW, event
from tests.audit.archive import POLICY, RETENTION, Archive
from tests.audit.kept import ONE, STRANGER, TWO, drawn, read_memory, write_memory

ORIGIN: Final = "acme.example/default/x"
TICK: Final = timedelta(microseconds=1)
CUTOFF: Final = NOW - timedelta(days=90)
RECORD: Final = PurgeRecord(
    index=3, size=2, root=bytes(32), plan=RetentionPlan(90), holds=(), ranges=Ranges.of((1,)), newest=microseconds(CUTOFF - TICK)
)


def told(name: str, details: dict[str, Detail], *, ago: timedelta = timedelta(0)) -> StoredEvent:
    """Return an event of the log, a purge record signed by the retention key."""
    ambient = Ambient(clock=FixedClock(NOW - ago), random=drawn(len(details)))
    made = build(name, ambient=ambient, actor=system("x"), organization=OrganizationId(ONE), details=details)
    if name == "audit.purged":
        text = signed_text(details, origin=ORIGIN, event=made.id, time=made.time)
        made = replace(made, details={**details, "signature": signature_text(RETENTION.sign(text))})
    return store_form(made, personal=b"")


def plan(days: int, *, version: int, ago: int, delay: int = 7) -> StoredEvent:
    """Return the event of a plan that was chosen `ago` days before, in force `delay` days later."""
    starts = microseconds(NOW - timedelta(days=ago - delay))
    return told("retention.changed", {"plan": str(days), "starts": starts, "version": version}, ago=timedelta(days=ago))


def judged(*plans: StoredEvent, record: PurgeRecord = RECORD, before: timedelta = timedelta(days=1)) -> list[str]:
    """Return what is found where one event is gone: one stands `before` the cutoff in front of it, behind it plans and the purge."""
    trail = RetentionTrail(origin=ORIGIN, keys=(RETENTION.public,))
    trail.see(0, event(1, of=1, name="role.assigned", at=CUTOFF - before))
    trail.miss(1, 2)
    events = (*plans, told("audit.purged", record.details()))
    for index, each in enumerate(events, start=4 - len(events)):
        trail.see(index, each)
    return [detail for _, detail in trail.judge({2: bytes(32)})]


YOUNG: Final = "what is gone was not old enough: an event before it is younger than the plan let go"


def test_a_purge_is_judged_to_the_microsecond() -> None:
    """What is as old as the period is too young to go; and what stands before it may be a day younger, and not to the tick."""
    ninety = plan(90, version=1, ago=300)
    assert judged(ninety) == []
    assert "the purge took what its plan does not let go" in judged(ninety, record=replace(RECORD, newest=microseconds(CUTOFF)))
    assert judged(ninety, before=TICK - SLACK) == []
    assert judged(ninety, before=-SLACK) == [YOUNG]


def test_a_plan_counts_once_and_a_shorter_one_after_its_delay() -> None:
    """Another plan of a version that was seen is none; one that keeps less and is in force at once is found, and counts for nothing."""
    short = replace(RECORD, plan=RetentionPlan(30), newest=microseconds(CUTOFF))
    less = "the purge record has a plan that keeps less than the one in force"
    assert less in judged(plan(90, version=1, ago=300), plan(30, version=1, ago=200), record=short)
    found = judged(plan(90, version=1, ago=300), plan(30, version=2, ago=200, delay=0), record=short)
    assert {"a plan that keeps less took effect at once", less} <= set(found)
    assert judged(plan(90, version=1, ago=300), plan(30, version=2, ago=200), record=short) == []


def test_a_hold_on_everything_is_judged_and_an_empty_record_counts_for_nothing() -> None:
    """A purge that took anything under a hold on the whole log is found; a record that names no index is none, and breaks nothing."""
    ninety = plan(90, version=1, ago=300)
    hold = told("legal_hold.placed", {"hold": "hld_1", "whole": True, "extent": ""}, ago=timedelta(days=9))
    assert "the purge took the event 1, which the hold hld_1 covered" in judged(ninety, hold)
    assert "the purge record was made for the index 3" in judged(ninety, record=replace(RECORD, ranges=Ranges()))


def test_what_a_plan_lets_go_is_older_than_its_period() -> None:
    """An event that is as old as its period stays, one a tick older goes; one at the end of what a checkpoint covers stays."""
    selection = Selection.of(ONE, plan=RetentionPlan(90, {"role.": 30}), now=NOW, end=5)
    for name, days in (("user.signed_in", 90), ("role.assigned", 30)):
        edge = NOW - timedelta(days=days)
        assert not selection.matches(4, event(1, of=1, name=name, at=edge))
        assert selection.matches(4, event(1, of=1, name=name, at=edge - TICK))
        assert not selection.matches(5, event(1, of=1, name=name, at=edge - TICK))


def test_a_released_hold_binds_for_a_day() -> None:
    """Until the day after its release is over a hold keeps what it covers, and from then on nothing."""
    named: dict[str, Any] = {"id": HoldId("hld_1"), "log": ONE, "matter": "case 1", "extent": "", "size": 0, "placed_by": "x"}
    hold = LegalHold(**named, placed_at=NOW, asked_by="x", asked_at=NOW, released_by="y", released_at=NOW)
    assert Held.of((hold,), now=NOW + GRACE - TICK).ids == (hold.id,)
    assert Held.of((hold,), now=NOW + GRACE).ids == ()


def reason(done: Outcome[Any]) -> Reason | None:
    """Return why something was refused."""
    return done.reason if isinstance(done, Refusal) else None


def test_how_many_holds_and_how_short_a_plan() -> None:
    """The hundredth hold is placed and no more, until one is released, once; no class goes under the deployment's floor either."""
    archive = Archive(MemoryStorage())
    archive.write(ONE, "user.signed_in")
    holds = [archive.hold(ONE, person="usr_carl") for _ in range(MAX_HOLDS)]
    olga, organization = archive.person("usr_olga"), OrganizationId(ONE)
    with archive.storage.begin(after_commit=lambda scopes: None) as store:
        service = archive.service(store)
        assert reason(service.place_hold(olga, organization=organization, matter="one more")) is Reason.CONFLICT
        assert reason(service.request_release(olga, organization=organization, hold=holds[0].id)) is None
        assert reason(service.approve_release(olga, organization=organization, hold=holds[0].id)) is Reason.SELF_CHANGE
        assert reason(service.place_hold(olga, organization=organization, matter="one more")) is Reason.CONFLICT
        bob = archive.person("usr_bob")
        assert reason(service.approve_release(bob, organization=organization, hold=holds[0].id)) is None
        assert reason(service.request_release(olga, organization=organization, hold=holds[0].id)) is Reason.CONFLICT
        assert reason(service.place_hold(olga, organization=organization, matter="one more")) is None
        low = RetentionPlan(365, {"role.": archive.policy.floor - 1})
        assert reason(service.set_plan(olga, organization=organization, plan=low)) is Reason.INVALID_INPUT


def test_the_extent_of_a_hold_covers_every_page_in_few_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hold covers is read to the end, page by page, and coarsened to as many ranges as its event may have."""
    monkeypatch.setattr(_sync, "_PAGE", 2)
    monkeypatch.setattr(_sync, "MAX_EXTENT", 3)
    archive = Archive(MemoryStorage())
    for number in range(12):
        archive.write(ONE, "user.signed_in", actor="usr_carl" if number % 2 else "usr_anna")
        archive.logs.flush()
    extent = Ranges.read(archive.hold(ONE, person="usr_carl").extent)
    assert {1, 3, 5, 7, 9, 11} <= set(extent)
    assert len(extent.parts) == 3


def test_one_run_takes_every_batch() -> None:
    """A purge in batches of three goes on behind each full one, past a batch that a hold keeps whole, until nothing is due."""
    archive = Archive(MemoryStorage(), batch=3)
    archive.plan(ONE, RetentionPlan(30))
    for actor in ("usr_anna", "usr_carl", "usr_anna"):
        for _ in range(4):
            archive.write(ONE, "user.signed_in", actor=actor)
            archive.logs.flush()
    archive.hold(ONE, person="usr_carl")
    archive.pass_days(45)
    assert archive.purge() == 8
    assert archive.indexes(ONE, "user.") == [5, 6, 7, 8]
    assert archive.findings() == []


def test_a_record_says_the_newest_that_went_and_what_bound_it() -> None:
    """Of several times the latest, and the holds in force, by which a verifier judges it; when it was is kept with the plan."""
    archive = Archive(MemoryStorage())
    archive.plan(ONE, RetentionPlan(90))
    last = archive.clock.now()
    for days in (0, 3, 5):
        archive.pass_days(days)
        last = archive.clock.now()
        archive.write(ONE, "role.assigned")
    archive.pass_days(91)
    hold = archive.hold(ONE, person="usr_carl")
    assert archive.purge() == 3
    with archive.storage.reading() as store:
        kept = store.retention.get(ONE)
        (event,) = [each.event for each in store.log.page(ONE, first=0, limit=100) if each.event.name == "audit.purged"]
    record = PurgeRecord.read(event.details()["details"])
    assert (record.newest, len(record.ranges), record.holds) == (microseconds(last), 3, (hold.id,))
    assert kept is not None
    assert kept.purged_at == archive.clock.now()
    assert archive.findings() == []


def test_a_floor_that_was_raised_since_keeps_more_than_the_plan() -> None:
    """The floor of the settings holds whatever plan was chosen before it, to the day, and the record says the plan as it was applied."""
    storage = MemoryStorage()
    archive = Archive(storage)
    archive.plan(ONE, RetentionPlan(60, {"user.": 40}))
    archive.write(ONE, "role.assigned", "user.signed_in")
    archive.pass_days(80)
    stricter = Archive(storage, policy=replace(POLICY, floor=90), clock=archive.clock, seed=8)
    assert stricter.purge() == 0
    archive.pass_days(11)
    assert stricter.purge() == 2
    assert stricter.findings() == []


def test_nothing_is_purged_by_a_checkpoint_that_does_not_count() -> None:
    """A last checkpoint that another key signed stops the purge of its log alone, loudly, and nothing of it went."""
    storage = MemoryStorage()
    archive = Archive(storage)
    for log in (ONE, TWO):
        archive.plan(log, RetentionPlan(90))
        archive.write(log, "role.assigned")
    archive.logs.flush()
    archive.pass_days(91)
    rows = read_memory(storage.state)
    last = max(key for key in rows.checkpoints if key[0] == ONE)
    rows.checkpoints[last] = rows.signed(rows.checkpoints[last], by=STRANGER)
    write_memory(storage.state, rows)
    with pytest.raises(LogInconsistent, match="so nothing is purged"):
        archive.jobs.run_due()
    assert [len(archive.indexes(log, "role.")) for log in (ONE, TWO)] == [1, 0]


def test_what_no_checkpoint_covers_stays() -> None:
    """Without a checkpoint nothing goes; an old event that came late, before a young one, goes once it is signed for and not before."""
    archive = Archive(MemoryStorage())
    archive.plan(ONE, RetentionPlan(90))
    archive.pass_days(100)
    archive.write(ONE, "role.assigned", ago=timedelta(days=91))
    assert archive.jobs.run_due() == 0
    archive.logs.flush()
    for name, ago in (("role.revoked", 100), ("user.signed_in", 0)):
        archive.write(ONE, name, ago=timedelta(days=ago))
        archive.logs.place()
    assert (archive.jobs.run_due(), archive.indexes(ONE, "role.assigned")) == (1, [])
    assert len(archive.indexes(ONE, "role.revoked")) == 1
    assert archive.purge() == 1
    assert archive.findings() == []


def test_a_purge_stops_at_what_is_a_day_too_young() -> None:
    """Behind an event that is hours too young old ones go; behind one that is a day too young nothing goes, however old."""
    archive = Archive(MemoryStorage())
    archive.plan(ONE, RetentionPlan(90))
    archive.pass_days(100)
    for name, days in (("role.assigned", 89.5), ("role.assigned", 95), ("role.revoked", 89), ("role.revoked", 95)):
        archive.write(ONE, name, ago=timedelta(days=days))
        archive.logs.flush()
    assert archive.purge() == 1
    assert [len(archive.indexes(ONE, name)) for name in ("role.assigned", "role.revoked")] == [1, 2]
    assert archive.findings() == []
