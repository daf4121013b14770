# Generated from tests/services/test_async_region_alerts.py by tools/twin.py; edit that file.
"""Alert rules over the logs in the stores of regions: what fires, what a silent region keeps, and what of it is at home (async source of
the twin).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from ctsec.ambient import Request
from ctsec.audit import EventSchema, public
from ctsec.audit.alerts import (
    AlertPolicy,
    AlertStanding,
    By,
    FirstTime,
    Match,
    Occurrence,
    Place,
    Rule,
    Sequence,
    Severity,
    Threshold,
    Travel,
)
from ctsec.audit.event import DEPLOYMENT_LOG, LogId, Target
from ctsec.encryption.envelope import dek_id_of
from ctsec.errors import ConfigurationError, KmsError, StoreBusy, StoreError
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.principal import Principal
from ctsec.residency import DEPLOYMENTS_KEY, Region, Regions
from ctsec.security._sync_alert_reading import _context
from ctsec.security._sync_alerts import AlertJobs
from ctsec.security.parts import EmbeddedOptions
from tests.services._sync_world import World

TWO = Regions(
    regions=tuple(Region(name=each, store=f"memory:{each}", key=DEPLOYMENTS_KEY) for each in ("eu", "us")),
    default="eu",
)
NOTED = EventSchema("note.written", {"key": public()})
READ = EventSchema("note.read", {"key": public()})
HOUR = timedelta(hours=1)
ANY = {"reason": "a test", "severity": Severity.HIGH}
WRITTEN, LOOKED = Match(names=("note.written",)), Match(names=("note.read",))
RULES = (
    Rule(name="much_read", looks_at=LOOKED, kind=Threshold(count=4, within=HOUR), by=By.ACTOR, **ANY),  # type: ignore[arg-type]
    Rule(name="written", looks_at=WRITTEN, kind=Occurrence(), by=By.TARGET, **ANY),  # type: ignore[arg-type]
    Rule(name="after", looks_at=LOOKED, by=By.PERSON, across=True, **ANY,  # type: ignore[arg-type]
         kind=Sequence(first=Match(names=("workspace.created",)), within=timedelta(days=2))),
    Rule(name="new_network", looks_at=LOOKED, by=By.ACTOR, kind=FirstTime(value=By.NETWORK, within=timedelta(days=9)), **ANY),  # type: ignore[arg-type]
    Rule(name="travel", looks_at=LOOKED, by=By.ACTOR, kind=Travel(), **ANY),  # type: ignore[arg-type]
    *(rule for rule in AlertPolicy().rules if rule.name in {"log_tampered", "owner_added"}),
)  # fmt: skip
SYDNEY = "203.0.113.9"


def locate(address: str) -> Place | None:
    """Return where an address is."""
    return Place("AU", -33.9, 151.2) if address == SYDNEY else Place("CH", 47.4, 8.5)


POLICY = AlertPolicy(rules=RULES, operators=("watch@ops.example",), locate=locate)


class Scene:
    """Ann owns Acme, with a workspace in eu and one in us."""

    def __init__(self, world: World, ann: Principal, acme: OrganizationId, eu: WorkspaceId, us: WorkspaceId) -> None:
        self.world = world
        self.ann = ann
        self.acme = acme
        self.places = {"eu": eu, "us": us}
        self.logs = world.security.logs
        self.alerts = world.security.alerts

    def note(self, region: str, name: str = "note.read", *, address: str = "198.51.100.7", target: str = "") -> None:
        """Write an event into a region's log, or (an empty name of a region) into the home store's."""
        told: dict[str, Any] = {"actor": self.ann, "details": {"key": "secret plans"}}
        told |= {"targets": (Target("note", target),)} if target else {}
        request = Request(id="req_1", address=address)
        if region:
            with self.world.security.region(self.places[region], request=request) as content:
                content.note(name, **told)
        else:
            with self.world.security.begin(request=request) as unit:
                unit.audit.note(name, organization=self.acme, **told)

    def ran(self) -> int:
        """Place what waits in every store that answers, and let the rules read on."""
        for logs in (self.logs, *(each.logs for each in self.logs.regions.stores.values() if not isinstance(each.storage, Down))):
            logs.place()
        return self.alerts.run_due()

    def listed(self, organization: OrganizationId | None) -> list[tuple[str, str, int | None]]:
        """Return rule, source and index of what fired, the oldest first."""
        found = self.world.call("alerts.page", organization=organization)
        return [(each.rule, each.source, each.index) for each in reversed(found)]

    def position(self, place: str) -> int:
        """Return how far the rules have read a log."""
        with self.world.storage.reading() as store:
            found = store.alerts.position(LogId(place))
        return 0 if found is None else found.position


class Down:
    """The store of a region that does not answer."""

    def reading(self) -> Any:
        """Raise what a driver's error becomes."""
        raise StoreError("the database can not be reached")

    sequencing = reading


class Half(Down):
    """The store of a region that answers so many times, and then does not."""

    def __init__(self, storage: Any, *, times: int) -> None:
        self._storage = storage
        self._times = times

    def reading(self) -> Any:
        """Read, or raise."""
        self._times -= 1
        return self._storage.reading() if self._times >= 0 else super().reading()


def swapped(scene: Scene, store: str, storage: Any) -> Any:
    """Have a store answer as another one does, and return what it was."""
    stores = cast("dict[str, Any]", scene.logs.regions.stores)
    before = stores[store].storage
    stores[store] = replace(stores[store], storage=storage)
    return before


@pytest.fixture
def scene() -> Generator[Scene, None, None]:
    with World.open(options=EmbeddedOptions(regions=TWO, events=(NOTED, READ), alerts=POLICY)) as world:
        ann = world.person("ann@acme.example")
        acme = (world.organization(ann)).id
        eu = world.workspace(acme, "Paris")
        us = world.call("directory.create_workspace", ann, organization=acme, name="Boston", region="us")
        made = Scene(world, ann, acme, eu.id, us.id)
        made.ran()
        yield made


@pytest.mark.proves("SEED-P4")
def test_an_event_in_a_region_fires_and_is_named(scene: Scene) -> None:
    """What a host notes in a region fires in its organization's list, once, with store, log and index; the event at home says no more."""
    scene.note("eu", "note.written", target="salaries")
    assert [scene.ran() for _ in range(3)] == [1, 0, 0]
    assert scene.listed(scene.acme) == [("written", f"eu/{scene.acme}", 0)]
    (fired,) = scene.world.events(scene.acme, "alert.fired")
    said = fired.details()["details"]
    assert (said["source"], said["index"], said["key"].startswith("ref-")) == (f"eu/{scene.acme}", 0, True)
    scene.world.mail()
    (mail,) = [each.text.reveal() for each in scene.world.mailer.to("ann@acme.example") if each.kind == "alert"]
    assert f"event 0 of the log eu/{scene.acme}" in mail
    assert "salaries" not in mail + str(said)


def test_the_stores_of_an_organization_count_together(scene: Scene) -> None:
    """Two events in one region, one in another and one at home are four of one actor: the last by time fires, in its own store."""
    for region in ("eu", "us", "eu", ""):
        scene.note(region)
        scene.world.clock.advance(timedelta(minutes=1))
    assert scene.ran() == 2
    assert [each for each in scene.listed(scene.acme) if each[0] == "much_read"] == [
        ("much_read", scene.acme, (scene.position(scene.acme)) - 1)
    ]


def test_a_rule_across_logs_sees_regions(scene: Scene) -> None:
    """A workspace that was made at home and a note that is read in a region are one sequence, and the deployment's alert."""
    scene.world.clock.advance(timedelta(minutes=1))
    scene.note("us")
    scene.ran()
    assert scene.listed(None) == [("after", f"us/{scene.acme}", 0)]


def test_a_silent_region_keeps_no_other_waiting_and_loses_nothing(scene: Scene) -> None:
    """While eu does not answer, home and us fire and the job says so; its position stays, and what it has fires when it is back."""
    for _ in range(2):
        scene.note("eu", "note.written", target="x")
    eu = swapped(scene, "eu", Down())
    scene.note("us", "note.written", target="y")
    with pytest.raises(StoreError, match="can not be reached"):
        scene.ran()
    assert [source for _, source, _ in scene.listed(scene.acme)] == [f"us/{scene.acme}"]
    standing = scene.alerts.standing()
    assert standing == (
        AlertStanding(store="", behind=0), AlertStanding(store="eu", behind=None, problem="store"), AlertStanding(store="us", behind=0),
    )  # fmt: skip
    scene.world.clock.advance(timedelta(days=3))
    for _ in range(4):
        scene.note("us")
    with pytest.raises(StoreError):
        scene.ran()
    assert scene.position(f"eu/{scene.acme}") == 0
    swapped(scene, "eu", eu)
    with pytest.raises(StoreError):
        scene.ran()
    scene.world.clock.advance(timedelta(seconds=31))
    assert scene.ran() == 2
    assert {index for _, source, index in scene.listed(scene.acme) if source.startswith("eu/")} == {0, 1}
    assert all(not each.problem and each.behind == 0 for each in (scene.alerts.standing())[1:])


def test_a_region_that_goes_silent_in_between_is_read_later(scene: Scene) -> None:
    """A store that tells its heads and not its events, or a key that is away, keeps its position; nothing of that turn is half done."""
    scene.note("eu", "note.written", target="x")
    scene.ran()
    scene.note("eu", "note.written", target="x")
    scene.note("us", "note.written", target="x")
    scene.logs.regions.stores["eu"].logs.place()
    eu = scene.logs.regions.stores["eu"].storage
    swapped(scene, "eu", Half(eu, times=1))
    with pytest.raises(StoreError):
        scene.ran()
    assert sorted([source for _, source, _ in scene.listed(scene.acme)]) == [f"eu/{scene.acme}", f"us/{scene.acme}"]
    swapped(scene, "eu", eu)
    scene.world.clock.advance(timedelta(seconds=31))
    reading: Any = scene.alerts._reading
    events = reading._events
    reading._events = Refusing()
    scene.note("us", "note.written", target="x")
    with pytest.raises(KmsError):
        scene.ran()
    assert len(scene.listed(scene.acme)) == 2
    reading._events = events
    scene.world.clock.advance(timedelta(seconds=31))
    assert scene.ran() == 2


class Refusing:
    """What seals for a region whose key is away."""

    def sealed(self, *_: Any, **__: Any) -> bytes:
        """Raise what a key service does."""
        raise KmsError("the key of the region is away")


def test_where_somebody_was_is_under_the_regions_key(scene: Scene) -> None:
    """A first network and a journey fire in a region by its own memory, which opens under the region's data key; home has ids alone."""
    scene.note("eu")
    scene.ran()
    scene.world.clock.advance(timedelta(minutes=5))
    scene.note("eu", address=SYDNEY)
    scene.ran()
    assert {each for each in scene.listed(scene.acme) if each[2] == 1} == {
        (rule, f"eu/{scene.acme}", 1) for rule in ("new_network", "travel")
    }
    ring = scene.alerts._ring
    with scene.world.storage.reading() as store:
        rows = {place: store.alerts.position(LogId(place)) for place in (scene.acme, DEPLOYMENT_LOG, f"eu/{scene.acme}")}
        keys = {each.id: each.region for each in store.deks.of_scope("deployment")}
    opened = dict[str, bytes]()
    for place, row in rows.items():
        assert row is not None
        assert keys[dek_id_of(row.remembered)] == ("eu" if "/" in place else "default")
        opened[place] = ring.open(row.remembered, context=_context(row.log))
    assert b"-34,151" in opened[f"eu/{scene.acme}"]
    for place in (scene.acme, DEPLOYMENT_LOG):
        assert not any(word in opened[place] for word in (b"151", b"net-", b"secret", b"travel"))


def test_a_replay_covers_every_store(scene: Scene) -> None:
    """The past is judged in every store as one, or in one alone; a store that does not answer is an error, and nothing is written."""
    for region in ("eu", "us", "eu", ""):
        scene.note(region)
        scene.world.clock.advance(timedelta(minutes=1))
    scene.ran()
    size = scene.position(scene.acme)
    log, rules = LogId(scene.acme), RULES[:1]
    (found,) = scene.alerts.replay(log, rules=rules)
    assert (found.rule.name, found.seen.store, found.seen.index) == ("much_read", "", size - 1)
    assert scene.alerts.replay(log, rules=rules, store="eu") == scene.alerts.replay(log, rules=rules, store="") == ()
    any_read = (replace(RULES[0], kind=Occurrence()),)
    assert [each.seen.store for each in scene.alerts.replay(log, rules=any_read)] == ["eu", "us", "eu", ""]
    assert len(scene.alerts.replay(log, rules=any_read, store="eu")) == 2
    with pytest.raises(ConfigurationError, match="name of a region's store"):
        scene.alerts.replay(log, store="mars")
    swapped(scene, "us", Down())
    with pytest.raises(StoreError):
        scene.alerts.replay(log, rules=any_read)
    assert len(scene.alerts.replay(log, rules=any_read, store="eu")) == 2


def test_a_changed_event_and_a_shorter_log_of_a_region_are_told(scene: Scene) -> None:
    """An event that was changed there fires as tampering of `<store>/<log>`; a log that was cut does, and is read on from where it ends."""
    scene.note("eu", "note.written", target="x")
    scene.note("eu", "note.written", target="x")
    scene.logs.regions.stores["eu"].logs.place()
    state = cast(Any, scene.world.security.regional.router.stores["eu"]).state
    before = state.newest
    rows = dict(before.tables["log"])
    place, row = next((place, row) for place, row in rows.items() if row.index == 1)
    rows[place] = replace(row, event=replace(row.event, personal=row.event.personal[:-1]))
    state.newest = replace(before, tables={**before.tables, "log": rows})
    assert scene.ran() == 3
    found = scene.world.call("alerts.page", organization=None)
    assert [(each.rule, each.key, each.source) for each in found] == [("log_tampered", f"eu/{scene.acme}", DEPLOYMENT_LOG)]
    for table in ("log", "heads"):
        state.newest = replace(state.newest, tables={**state.newest.tables, table: {}})
    assert [scene.ran() for _ in range(2)] == [1, 0]
    assert scene.position(f"eu/{scene.acme}") == 0
    scene.note("eu", "note.written", target="x")
    assert scene.ran() == 1


def test_a_region_with_no_end_of_events_keeps_no_alert_of_the_home_store(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever fills a region's log with old events, faster than they are read, has home read on with each round all the same."""
    monkeypatch.setattr("ctsec.security._sync_alert_reading.PAGE", 2)
    monkeypatch.setattr("ctsec.security._sync_alerts._TURNS", 3)
    for _ in range(12):
        scene.note("eu")
    scene.world.clock.advance(HOUR)
    scene.note("", "note.written", target="at home")
    scene.ran()
    assert [(rule, source) for rule, source, _ in scene.listed(scene.acme) if rule == "written"] == [("written", scene.acme)]


def test_many_changed_events_fill_the_list_and_not_the_mailboxes(scene: Scene) -> None:
    """Of the events of a page that somebody changed each has an alert, and ten of them a mail."""
    for _ in range(12):
        scene.note("eu")
    scene.logs.regions.stores["eu"].logs.place()
    state = cast(Any, scene.world.security.regional.router.stores["eu"]).state
    rows = {place: replace(row, event=replace(row.event, body=b"[]")) for place, row in state.newest.tables["log"].items()}
    state.newest = replace(state.newest, tables={**state.newest.tables, "log": rows})
    scene.ran()
    assert len([rule for rule, _, _ in scene.listed(None) if rule == "log_tampered"]) == 12
    scene.world.mail()
    assert len(scene.world.mailer.to("watch@ops.example")) == 10


class Dying(AlertJobs):
    """A worker that dies after it stored an alert and its event, and before it commits."""

    def _mail(self, *given: Any) -> None:
        super()._mail(*given)
        raise RuntimeError("died")


class Overtaken:
    """What reads for a worker that another one overtakes between its read and its commit."""

    def __init__(self, reading: Any, other: AlertJobs) -> None:
        self._reading = reading
        self._others = [other]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reading, name)

    def moved(self, *given: Any, **named: Any) -> Any:
        """Let the other worker run first."""
        if self._others:
            assert self._others.pop().run_due() == 1
        return self._reading.moved(*given, **named)


def test_what_dies_or_is_overtaken_fires_once(scene: Scene) -> None:
    """A worker that dies before it commits has done nothing; of two that read the same event of a region one fires."""
    scene.note("eu", "note.written", target="x")
    scene.logs.regions.stores["eu"].logs.place()
    jobs = scene.alerts

    def twin(kind: type[AlertJobs]) -> AlertJobs:
        return kind(
            jobs._storage, reading=jobs._reading, ring=jobs._ring, logs=jobs._logs, parts=scene.world.parts, receiver=None,
            committed=jobs._committed, ambient=jobs._ambient,
        )  # fmt: skip

    with pytest.raises(RuntimeError, match="died"):
        twin(Dying).run_due()
    assert (scene.position(f"eu/{scene.acme}"), scene.listed(scene.acme)) == (0, [])
    slow = twin(AlertJobs)
    reading: Any = Overtaken(slow._reading, twin(AlertJobs))
    slow._reading = reading
    with pytest.raises(StoreBusy):
        slow.run_due()
    assert (scene.ran(), scene.listed(scene.acme)) == (0, [("written", f"eu/{scene.acme}", 0)])


def test_a_long_history_in_two_stores_is_judged_by_its_times(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read by pages of two, what was done in eu and us by turns counts as it was done: each fourth event is an alert."""
    monkeypatch.setattr("ctsec.security._sync_alert_reading.PAGE", 2)
    for n in range(9):
        scene.note("eu" if n % 2 else "us")
        scene.world.clock.advance(timedelta(minutes=16))
    scene.ran()
    found = sorted([(source[:2], index) for rule, source, index in scene.listed(scene.acme) if rule == "much_read"])
    assert found == [("eu", 1), ("eu", 3)]
