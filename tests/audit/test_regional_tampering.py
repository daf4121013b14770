"""Whoever destroys events in a region past what was decided at home is found, although the region's log may say that it was told so."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import pytest

from ctsec.audit.event import Detail, EventName, Target, build
from ctsec.audit.record import microseconds, store_form
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.audit.retention.ranges import Ranges
from ctsec.audit.retention.record import PurgeRecord, signature_text, signed_text
from ctsec.audit.retention.told import Decision, Listened, Told, departures
from ctsec.encryption.ed25519 import Signer
from ctsec.errors import LogInconsistent
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.storage.memory import MemoryRegionStorage, MemoryStorage
from tests.audit.archive import IDENTITY
from tests.audit.archive import RETENTION as KEY
from tests.audit.kept import ONE, SIGNER, STRANGER, Kept, read_memory, write_memory
from tests.audit.regional import EU, RegionalArchive

UNSIGNED: Final = "the purge record is not signed by the retention key for this place"
UNSAID: Final = "does not stand there, or not next"


class Scene:
    """A log at home and one in a region: a hold on a person, events that went in both, and some that are old enough to go."""

    def __init__(self) -> None:
        self.region = MemoryRegionStorage(region="eu")
        self.home = MemoryStorage()
        self.archive = RegionalArchive(self.home, self.region)
        self.archive.plan(ONE, RetentionPlan(90))
        self.archive.write(ONE, "user.signed_in")
        self.archive.write_there(ONE, "user.signed_in")
        self.archive.logs.flush()
        self.archive.jobs.regions.tell(ONE)
        for number in range(12):
            for write in (self.archive.write, self.archive.write_there):
                write(ONE, "user.signed_in", actor="usr_carl" if number % 3 == 0 else "usr_anna")
            self.archive.pass_days(2)
            self.archive.logs.flush()
        self.hold = self.archive.hold(ONE, person="usr_carl")
        self.archive.jobs.regions.tell(ONE)
        self.archive.pass_days(82)
        assert self.archive.purge() > 8
        self.archive.pass_days(20)
        self.archive.write_there(ONE, "user.signed_in", "role.assigned")
        self.archive.logs.flush()
        self.sound = replace(read_memory(self.region.state), identity=EU)
        self.at_home = read_memory(self.home.state)
        assert self.archive.findings() == []
        self.old = [key[1] for key, each in self.sound.events.items() if each.name == "user.signed_in" and each.actor_id != "usr_carl"][:-1]

    def purged(self, rows: Kept | None = None, home: Kept | None = None) -> set[str]:
        """Write rows, sealed and signed anew as by somebody who has the log's key; return the findings about purges."""
        for kept, state in ((rows or self.sound, self.region.state), (home or self.at_home, self.home.state)):
            if kept is not self.sound and kept is not self.at_home:
                kept.reseal(ONE)
            if kept is rows:
                kept.resign(by=SIGNER)
            write_memory(state, kept)
        return {detail for kind, _, detail in self.archive.findings() if kind == "purge"}

    def record(self, rows: Kept, *, by: Signer, origin: str = EU.origin(ONE), region: str = "eu", **other: Any) -> None:
        """Put a purge record where a log ends, like its first one but for `other`, signed by `by`."""
        details = next(each for each in rows.of(ONE) if each.name == "audit.purged").details()["details"]
        last = rows.checkpoints[max(key for key in rows.checkpoints if key[0] == ONE)]
        other = {"size": last.size, "root": last.root, "index": rows.heads[ONE].size, "heard": len(self.at_home.of(ONE)), **other}
        told = replace(PurgeRecord.read(details), **other).details()
        self.put(rows, EventName.AUDIT_PURGED, told, sign=(by, origin), region=region)

    def put(
        self,
        rows: Kept,
        name: str,
        details: dict[str, Detail],
        *,
        sign: tuple[Signer, str] | None = None,
        region: str = "eu",
        ago: timedelta = timedelta(hours=1),
    ) -> None:
        """Put an event where a log ends."""
        event = build(
            name,
            ambient=self.archive.at(ago),
            actor=system("retention"),
            targets=(Target("log", ONE),),
            organization=OrganizationId(ONE),
            details=details,
        )
        if sign is not None:
            text = signed_text(details, origin=sign[1], event=event.id, time=event.time)
            event = replace(event, details={**details, "signature": signature_text(sign[0].sign(text))})
        rows.events[(ONE, rows.heads[ONE].size)] = store_form(replace(event, region=region), personal=b"")
        rows.heads[ONE] = replace(rows.heads[ONE], size=rows.heads[ONE].size + 1)

    def tell(self, rows: Kept, name: str, said: dict[str, Detail], *, by: str = "usr_olga", decided: int, starts: int = 0) -> None:
        """Put something that the region's log was told where it ends."""
        decision = Decision(index=decided, name=name, by=by, time=microseconds(self.archive.clock.now()), said=said)
        self.put(rows, EventName.RETENTION_RELAYED, Told(decision=decision, index=0, time=0, starts=starts).details())


def gone(rows: Kept, index: int) -> None:
    """Take the body of an event and keep its leaf."""
    rows.purged[(ONE, index)] = rows.events.pop((ONE, index)).leaf


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Return the scene; each test writes its own rows into it."""
    return Scene()


@pytest.mark.proves("ASVS-16.4.2")
def test_a_record_of_another_key_or_place_counts_nothing_in_a_region(scene: Scene) -> None:
    """Without a record, by a stranger, by the log's key, for the home log, replayed at the end, or of a purge at home: each is found."""
    records = [(key, each) for key, each in scene.sound.events.items() if each.name == "audit.purged"]
    at_home = next(each for each in scene.at_home.of(ONE) if each.name == "audit.purged")
    ways: tuple[tuple[str, Callable[[Kept, Ranges], Any]], ...] = (
        ("that no purge accounts for", lambda rows, ranges: None),
        (UNSIGNED, lambda rows, ranges: scene.record(rows, by=STRANGER, ranges=ranges)),
        (UNSIGNED, lambda rows, ranges: scene.record(rows, by=SIGNER, ranges=ranges)),
        (UNSIGNED, lambda rows, ranges: scene.record(rows, by=KEY, origin=IDENTITY.origin(ONE), ranges=ranges)),
        ("was made for the index", lambda rows, ranges: rows.events.update({(ONE, rows.heads[ONE].size): records[0][1]})),
        (UNSIGNED, lambda rows, ranges: rows.events.update({(ONE, rows.heads[ONE].size): at_home})),
        ("of another kind of store", lambda rows, ranges: scene.record(rows, by=KEY, ranges=ranges, heard=None)),
    )
    for wanted, way in ways:
        index = random.Random(wanted).choice(scene.old)
        rows = scene.sound.copy()
        gone(rows, index)
        way(rows, Ranges.of((index,)))
        assert any(wanted in each for each in scene.purged(rows)), wanted
    assert scene.purged() == set()


def test_what_was_told_and_not_decided_is_found(scene: Scene) -> None:
    """A plan or a release that the region's log says it was told of and home does not have, with a purge that keeps to it: found."""
    held = min(key[1] for key, each in scene.sound.events.items() if each.actor_id == "usr_carl")
    size = len(scene.at_home.of(ONE))
    released, asked = EventName.LEGAL_HOLD_RELEASED.value, EventName.LEGAL_HOLD_RELEASE_REQUESTED.value
    forged = scene.sound.copy()
    scene.tell(forged, asked, {"hold": scene.hold.id}, decided=size)
    scene.tell(forged, released, {"hold": scene.hold.id, "asked_by": "usr_olga"}, by="usr_bob", decided=size + 1)
    scene.record(forged, by=KEY, ranges=Ranges.of((held,)))
    gone(forged, held)
    assert {UNSAID in each for each in scene.purged(forged)} == {True}
    alone = [each for each in scene.archive.logs.verify(log=ONE, region="eu").findings if each.kind.value == "purge"]
    assert alone == [], "the region's log alone is in order"
    for decided in (1, size, 99):
        forged = scene.sound.copy()
        now = microseconds(scene.archive.clock.now())
        scene.tell(forged, "retention.changed", {"plan": "30", "version": 2}, decided=decided, starts=now)
        assert any(UNSAID in each for each in scene.purged(forged)), decided


def test_what_was_decided_and_not_told_is_found(scene: Scene) -> None:
    """With the retention key, and the hold left out of the region's log: the purge did not hear of it, whatever it says that it heard."""
    held = min(key[1] for key, each in scene.sound.events.items() if each.actor_id == "usr_carl")
    placed = next(key for key, each in scene.sound.events.items() if each.name == "retention.relayed" and b"legal_hold" in each.body)
    ways = (("without the decision", 0), ("without the decision", len(scene.at_home.of(ONE))), ("and there are", 99))
    for wanted, heard in ways:
        rows = scene.sound.copy()
        event = rows.events[(ONE, scene.old[-1])]
        rows.events[placed] = replace(event, id=rows.events[placed].id)
        scene.record(rows, by=KEY, ranges=Ranges.of((held,)), holds=(), heard=heard)
        gone(rows, held)
        assert any(wanted in each for each in scene.purged(rows)), (wanted, heard)


def test_what_is_of_the_other_kind_of_store_counts_nothing(scene: Scene) -> None:
    """A decision in a region's log that it was not told of is none there, and what the home log was told is none at home."""
    rows = scene.sound.copy()
    starts = microseconds(scene.archive.clock.now() - timedelta(days=2))
    scene.put(rows, "retention.changed", {"plan": "30", "starts": starts, "version": 9}, ago=timedelta(days=9))
    assert scene.purged(rows) == set()
    scene.record(rows, by=KEY, plan=RetentionPlan(30), ranges=Ranges.of(scene.old[-1:]))
    assert any("keeps less than the one in force" in each for each in scene.purged(rows))
    home = scene.at_home.copy()
    size = len(scene.at_home.of(ONE))
    for name, by in ((EventName.LEGAL_HOLD_RELEASE_REQUESTED, "usr_olga"), (EventName.LEGAL_HOLD_RELEASED, "usr_bob")):
        said: dict[str, Detail] = {"hold": scene.hold.id} | ({"asked_by": "usr_olga"} if by == "usr_bob" else {})
        told = Told(decision=Decision(index=size, name=name.value, by=by, time=0, said=said), index=0, time=0)
        scene.put(home, EventName.RETENTION_RELAYED, told.details(), region="")
    assert scene.purged(home=home) == set()
    held = min(key[1] for key, each in home.events.items() if key[0] == ONE and each.actor_id == "usr_carl")
    gone(home, held)
    scene.record(home, by=KEY, origin=IDENTITY.origin(ONE), region="", ranges=Ranges.of((held,)), heard=None)
    assert any(f"which the hold {scene.hold.id} covered" in each for each in scene.purged(home=home))
    broken = scene.sound.copy()
    scene.put(broken, EventName.RETENTION_RELAYED, {"decision": "retention.changed", "by": "usr_olga"})
    assert any("does not say what it is to say" in each for each in scene.purged(broken))


def test_a_purge_refuses_a_log_that_was_told_something_else() -> None:
    """Whoever writes into the region's inbox that a hold was released has nothing purged: the log was told what home does not say."""
    scene = Scene()
    archive = scene.archive
    for name, by, said in (
        (EventName.LEGAL_HOLD_RELEASE_REQUESTED, "usr_olga", {"hold": scene.hold.id}),
        (EventName.LEGAL_HOLD_RELEASED, "usr_bob", {"hold": scene.hold.id, "asked_by": "usr_olga"}),
    ):
        details: dict[str, Detail] = {"decision": name.value, "decided": 99, "decided_at": 0, "by": by, **said}
        event = build(
            EventName.RETENTION_RELAYED,
            ambient=archive.at(timedelta(days=5)),
            actor=system("retention"),
            organization=OrganizationId(ONE),
            details=details,
        )
        with scene.region.begin() as store:
            store.inbox.append(store_form(replace(event, region="eu"), personal=b""))
    archive.logs.flush()
    archive.pass_days(200)
    before = archive.there(ONE)
    for attempt in (lambda: archive.jobs.regions.purge(ONE, store="eu"), lambda: archive.jobs.regions.preview(ONE, store="eu")):
        with pytest.raises(LogInconsistent, match="was told what the home log does not say"):
            attempt()
    (standing,) = archive.jobs.regions.tell(ONE)
    assert standing.is_pending(scene.hold)
    assert archive.there(ONE) == before


def test_a_release_in_the_home_log_that_its_rows_do_not_have_is_refused() -> None:
    """Releases that somebody wrote into the inbox at home: nothing goes in the region while the hold is in force by its row."""
    scene = Scene()
    archive = scene.archive
    for name, by, said in (
        ("legal_hold.release_requested", "usr_olga", {"hold": scene.hold.id}),
        ("legal_hold.released", "usr_bob", {"hold": scene.hold.id, "asked_by": "usr_olga"}),
    ):
        with scene.home.begin(after_commit=lambda scopes: None) as store:
            event = build(name, ambient=archive.ambient, actor=archive.person(by), organization=OrganizationId(ONE), details=dict(said))
            store.inbox.append(store_form(event, personal=b""))
        archive.logs.flush()
    archive.pass_days(200)
    before = archive.there(ONE)
    with pytest.raises(LogInconsistent, match="told of a release that was not given"):
        archive.jobs.regions.purge(ONE, store="eu")
    assert archive.there(ONE) == before


@dataclass(frozen=True)
class _Case:
    told: tuple[int, ...]
    listened: tuple[tuple[int, int, int], ...]
    found: tuple[int, ...]


DAY: Final = 86_400_000_000
CASES: Final = (
    _Case((1, 2, 3), ((9, 5 * DAY, 30),), ()),
    _Case((), ((9, 0, 0),), ()),
    _Case((1,), ((9, 2 * DAY, 20),), ()),
    _Case((1,), ((9, 2 * DAY, 21),), (9,)),
    _Case((1,), ((9, 3 * DAY, 20),), ()),
    _Case((1,), ((9, 3 * DAY + 1, 20),), (9,)),
    _Case((1, 2), ((1, 0, 11), (2, 0, 11)), (1,)),
    _Case((1, 3), (), (2,)),
    _Case((2,), (), (1,)),
    _Case((1, 1), (), (2,)),
    _Case((1, 2, 3, 4), (), (4,)),
    _Case((1, 2, 3), ((9, 0, 31),), (9,)),
)


@pytest.mark.parametrize("case", CASES)
def test_departures_are_judged_to_the_index_and_the_microsecond(case: _Case) -> None:
    """Decisions 10, 20 and 30 of 30 days 1, 2 and 3 of the home log: told each once and in order, and before what was purged by them."""
    decisions = [Decision(index=10 * n, name="legal_hold.placed", by="x", time=n * DAY, said={}) for n in (1, 2, 3)]
    mine = [*decisions, Decision(index=40, name="legal_hold.placed", by="x", time=4 * DAY, said={})]
    told = [Told(decision=mine[n - 1], index=at, time=0) for at, n in enumerate(case.told, start=1)]
    listened = [Listened(index=index, time=time, heard=heard) for index, time, heard in case.listened]
    assert tuple(at for at, _ in departures(told, listened, decisions=decisions, size=30)) == case.found


def test_a_plan_begins_no_earlier_in_a_region_than_at_home() -> None:
    """A day less is what two clocks may differ by; more is found, but not of one that is in force at once, which keeps nothing shorter."""
    decided = Decision(index=1, name="retention.changed", by="x", time=0, said={"plan": "30"}, starts=9 * DAY)
    for starts, time, found in ((8 * DAY, 0, 0), (8 * DAY - 1, 0, 1), (8 * DAY - 1, 8 * DAY - 1, 0)):
        told = Told(decision=replace(decided, starts=0), index=4, time=time, starts=starts)
        assert len(list(departures([told], [], decisions=[decided], size=2))) == found
