"""Logs in the stores of regions, in both colours: written with content, sealed, verified, read (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from ctsec.ambient import Request
from ctsec.audit import EventSchema, personal, public
from ctsec.audit.alerts import signals
from ctsec.audit.assurance import Assurance, FindingKind
from ctsec.audit.erasure import Erased, ErasureState
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.export.request import ExportRequest
from ctsec.audit.placed import PlacedCounts, PlacedPage
from ctsec.audit.query import AuditCounts, AuditQuery, Tally
from ctsec.audit.record import StoredEvent, departures
from ctsec.audit.retention.hold import HoldState
from ctsec.audit.retention.plan import RetentionPlan, RetentionPolicy
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.streams import Stream, StreamBatch
from ctsec.audit.streams._async_ports import AsyncReceiver
from ctsec.audit.tree.bundle import ProofBundle
from ctsec.encryption.context import DEPLOYMENT
from ctsec.encryption.envelope import dek_id_of
from ctsec.errors import ConfigurationError, DecryptionFailed, LogInconsistent, ResidencyError, StoreError, WorkspaceMoving
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.operators import Operator
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.residency import DEPLOYMENTS_KEY, MoveState, Region, Regions, Replica
from ctsec.security._async_retention_jobs import AsyncRetentionJobs
from ctsec.security._async_streams import AsyncStreams
from ctsec.security.parts import EmbeddedOptions
from tests.audit.kept import SIGNER, STRANGER, async_signer
from tests.services._async_world import AsyncWorld

TWO = Regions(
    regions=(
        Region(name="eu", store="memory:eu", key=DEPLOYMENTS_KEY, replicas=(Replica(name="eu-two", store="memory:eu-two"),)),
        Region(name="us", store="memory:us", key=DEPLOYMENTS_KEY),
    ),
    default="eu",
)
NOTED = EventSchema("note.written", {"key": public(), "words": public(int), "reader": personal()})
ONE = {"key": "a", "words": 1}
REQUEST = Request(id="req_7", address="203.0.113.9", user_agent="a pen")


class Scene:
    """Ann owns Acme, with a workspace in eu and one in us."""

    def __init__(self, world: AsyncWorld, ann: Principal, acme: OrganizationId, eu: WorkspaceId, us: WorkspaceId) -> None:
        self.world = world
        self.ann = ann
        self.acme = acme
        self.eu = eu
        self.us = us
        self.regional = world.security.regional
        self.logs = world.security.logs

    async def write(self, key: str = "a", *, workspace: WorkspaceId | None = None, **told: str) -> None:
        """Write a note, and its event with it."""
        async with self.world.security.region(workspace or self.eu, request=REQUEST) as content:
            await content.put("note", key, b"text")
            await content.note("note.written", actor=self.ann, details={"key": key, "words": 1}, personal=told)

    async def attempt(self, *, put: bool = True, stop: bool = False, **told: Any) -> None:
        """Write a piece and an event with it, and stop at the end if so wanted."""
        async with self.world.security.region(self.eu) as content:
            if put:
                await content.put("note", "a", b"x")
            await content.note("note.written", actor=self.ann, **told)
            if stop:
                raise KeyError("stop")

    async def nothing(self) -> bool:
        """Say whether neither piece nor event is there."""
        async with self.regional.router.reading(self.eu) as content:
            return await content.get("note", "a") is None and await self.waiting() == ()

    async def waiting(self, store: str = "eu") -> tuple[StoredEvent, ...]:
        """Return the events in a region's inbox."""
        async with self.regional.router.stores[store].reading() as found:
            return await found.inbox.pending(limit=100)


class Down:
    """The store of a region that does not answer."""

    def reading(self) -> Any:
        """Raise what a driver's error becomes."""
        raise StoreError("the database can not be reached")

    sequencing = reading


class Once:
    """The store of a region that answers once."""

    def __init__(self, storage: Any) -> None:
        self._left = [storage]

    def reading(self) -> Any:
        """Read the first time, and raise afterwards."""
        return (self._left.pop() if self._left else Down()).reading()


class Nobody:
    """A list of erasures that stays empty."""

    async def add(self, erased: Erased) -> None:
        """Fail: nobody is to be erased."""
        raise AssertionError(erased)

    async def all(self) -> tuple[Erased, ...]:
        """Return nothing."""
        return ()


def cut_off(scene: Scene, store: str) -> None:
    """Have a store not answer from now on."""
    stores = cast("dict[str, Any]", scene.logs.regions.stores)
    stores[store] = replace(stores[store], storage=Down())
    stores[store].logs._sealed = Down()


@pytest.fixture
async def scene() -> AsyncGenerator[Scene, None]:
    async with AsyncWorld.open(options=EmbeddedOptions(regions=TWO, events=(NOTED,)), log_signer=async_signer(SIGNER)) as world:
        ann = await world.person("ann@acme.example")
        acme = await world.organization(ann)
        eu = await world.workspace(acme.id, "Paris")
        us = await world.call("directory.create_workspace", ann, organization=acme.id, name="Boston", region="us")
        yield Scene(world, ann, acme.id, eu.id, us.id)


async def test_an_event_commits_with_the_content_in_its_region(scene: Scene) -> None:
    """The row is in the region's store alone, of the organization's log, and its body names region, workspace and request."""
    await scene.write(reader="bob@example.org")
    (event,) = await scene.waiting()
    assert (event.log, event.organization_id, event.workspace_id) == (scene.acme, scene.acme, scene.eu)
    said = event.details()
    assert (said["region"], said["workspace"], said["request"]) == ("eu", scene.eu, "req_7")
    assert said["details"] == {"key": "a", "words": 1}
    assert departures(event) == ()
    assert await scene.waiting("us") == await scene.waiting("eu-two") == ()
    assert await scene.world.events(scene.acme, "note.written") == ()


async def test_what_is_rolled_back_has_no_event(scene: Scene) -> None:
    """Content and event are both there, or neither: also where the event itself is refused."""
    with pytest.raises(KeyError):
        await scene.attempt(stop=True, details=ONE)
    with pytest.raises(ValueError, match="not declared"):
        await scene.attempt(details={"color": "red"})
    assert await scene.nothing()


async def test_an_event_of_another_place_is_refused(scene: Scene) -> None:
    """An event of another workspace or organization, or of a stranger, is a violation that is told; nothing is written."""
    wrong: tuple[dict[str, Any], ...] = (
        {"workspace": scene.us},
        {"organization": OrganizationId("org_other")},
        {"refused": Reason.NOT_FOUND},
    )
    for told in wrong:
        with pytest.raises(ResidencyError, match="expected an event of workspace"):
            await scene.attempt(details=ONE, **told)
    assert len(await scene.world.events(name="residency.violated")) == len(wrong)
    assert await scene.nothing()
    assert await scene.waiting("us") == ()


async def test_a_workspace_on_its_way_takes_no_event(scene: Scene) -> None:
    """An event alone is fenced as content is: while the workspace moves, and after it has left."""
    sure = scene.world.sure(scene.ann)
    move = await scene.world.call("residency.start", sure, organization=scene.acme, workspace=scene.eu, region="us")
    await scene.regional.moves.step(move)
    with pytest.raises(WorkspaceMoving):
        await scene.attempt(put=False, details=ONE)
    assert await scene.nothing()


async def test_personal_fields_need_the_key_of_the_region_and_of_the_person(scene: Scene) -> None:
    """The part is under the deployment's data key of the region around pieces under the person's, and bound to the region."""
    await scene.write(reader="bob@example.org")
    await scene.write("b", workspace=scene.us, reader="eve@example.org")
    (event,) = await scene.waiting()
    async with scene.world.storage.reading() as store:
        key = await store.deks.get(dek_id_of(event.personal))
    assert key is not None
    assert (key.scope, key.region) == (DEPLOYMENT, "eu")
    opened = {"address": "203.0.113.9", "reader": "bob@example.org", "user_agent": "a pen"}
    eu, us = scene.logs.regions.stores["eu"], scene.logs.regions.stores["us"]
    assert await eu.parts.open(event) == opened
    for parts, wrong in ((us.parts, event), (eu.parts, replace(event, log=LogId("org_other")))):
        with pytest.raises(DecryptionFailed):
            await parts.open(wrong)
    await scene.world.security._engines.subjects.destroy({scene.ann.id: scene.world.clock.now()})
    assert await eu.parts.open(event) == {}


async def test_the_worker_seals_each_store_under_an_origin_of_its_own(scene: Scene) -> None:
    """Indexes are gapless in each region, checkpoints are under `<deployment>/<region>/<log>`, and an event is proved there."""
    for key in "abc":
        await scene.write(key)
    await scene.write("d", workspace=scene.us)
    await scene.world.drain()
    for store, size in (("eu", 3), ("us", 1)):
        logs = scene.logs.regions.stores[store].logs
        for log, events in ((LogId(scene.acme), size), (LOG_OF_LOGS, 1)):
            held = await logs.checkpoint(log)
            assert held is not None
            assert (held.checkpoint.origin, held.checkpoint.size) == (f"localhost:8000/{store}/{log}", events)
        proof = await logs.prove(LogId(scene.acme), index=size - 1)
        assert isinstance(proof, ProofBundle)
        async with scene.regional.router.stores[store].reading() as found:
            rows = await found.log.page(LogId(scene.acme), first=0, limit=9)
        assert [row.index for row in rows] == list(range(size))
        assert proof.shows(rows[-1].event.body, public=SIGNER.public)
    assert {name: (each.waiting, each.unsigned, each.problem) for name, each in (await scene.logs.regions.status()).items()} == {
        name: (0, 0, "") for name in ("eu", "eu-two", "us")
    }


async def test_one_anchor_of_the_home_store_covers_every_region(scene: Scene) -> None:
    """The home store's log of logs has the regions' as leaves: what holds a checkpoint of it has pinned their logs too."""
    await scene.write()
    assert await scene.logs.flush() > 1
    anchor = await scene.logs.checkpoint(LOG_OF_LOGS)
    assert anchor is not None
    await scene.write("b")
    await scene.logs.flush()
    report = await scene.logs.verify(held=(anchor,))
    found = {(each.store, each.log): each for each in report.logs}
    assert (report.findings, report.silent, report.assurance) == ((), (), Assurance.ANCHORED)
    log = found["eu", LogId(scene.acme)]
    assert (log.size, log.signed, log.held) == (2, 2, 1)
    assert ("eu-two", LOG_OF_LOGS) not in found
    without = {(each.store, each.log): each.held for each in (await scene.logs.verify()).logs}
    assert set(without.values()) == {0}
    alone = await scene.logs.verify(log=LogId(scene.acme), region="eu")
    assert [(each.store, each.log, each.size) for each in alone.logs] == [("eu", scene.acme, 2)]


async def test_tampering_in_a_region_is_found_and_named(scene: Scene) -> None:
    """An event that was changed, and a store that was set back as a whole, are findings of that store, and the home store's stay sound."""
    await scene.write()
    await scene.logs.flush()
    state = cast(Any, scene.regional.router.stores["eu"]).state
    before = state.newest
    await scene.write("b")
    await scene.logs.flush()
    rows = dict(state.newest.tables["log"])
    place, row = next(iter(rows.items()))
    rows[place] = replace(row, event=replace(row.event, body=row.event.body.replace(b'"words":1', b'"words":9')))
    now, state.newest = state.newest, replace(state.newest, tables={**state.newest.tables, "log": rows})
    (leaf, *_) = found = (await scene.logs.verify()).findings
    assert {each.store for each in found} == {"eu"}
    assert (leaf.kind, leaf.at, str(leaf).startswith(f"eu/{scene.acme}: leaf")) == (FindingKind.LEAF, 0, True)
    state.newest = replace(before, commit=now.commit)
    found = (await scene.logs.verify()).findings
    assert [(each.store, each.log, each.kind) for each in found] == [("eu", LOG_OF_LOGS, FindingKind.HELD)]
    told = signals.of_report(await scene.logs.verify())
    assert [(each.key, each.source) for each in told] == [("eu/logs", DEPLOYMENT_LOG)]


async def test_an_event_that_was_carried_into_another_store_is_found(scene: Scene) -> None:
    """A row of another region or of the home store, also one that was signed where it came, is a finding; nothing else is."""
    await scene.write()
    (event,) = await scene.waiting()
    async with scene.world.storage.reading() as home:
        (other,) = await home.inbox.pending(limit=1, log=LogId(scene.acme))
    for storage, row in ((scene.regional.router.stores["us"], event), (scene.regional.router.stores["eu"], other)):
        async with storage.begin() as store:
            await store.inbox.append(row)
    async with scene.world.storage.sequencing() as home:
        await home.inbox.append(event)
    await scene.logs.flush()
    found = [(each.store, each.log, each.kind) for each in (await scene.logs.verify()).findings]
    assert sorted(found) == [(store, scene.acme, FindingKind.BODY) for store in ("", "eu", "us")]


async def test_a_log_that_is_not_what_was_signed_is_not_signed_again(scene: Scene) -> None:
    """A leaf that was changed stops the signer of that log, which is told; other stores are sealed all the same."""
    await scene.write()
    await scene.logs.regions.stores["eu"].logs.place()
    state = cast(Any, scene.regional.router.stores["eu"]).state
    rows = {place: replace(row, event=replace(row.event, leaf=b"0" * 32)) for place, row in state.newest.tables["log"].items()}
    state.newest = replace(state.newest, tables={**state.newest.tables, "log": rows})
    await scene.write("b", workspace=scene.us)
    with pytest.raises(LogInconsistent):
        await scene.logs.flush()
    assert await scene.logs.regions.stores["us"].logs.checkpoint(LogId(scene.acme)) is not None
    assert (await scene.logs.regions.status())["eu"].unsigned == 1


async def test_a_region_that_is_down_stops_no_other_and_is_told(scene: Scene) -> None:
    """The job seals what answers and says what does not; so do flush, verification (worth nothing then) and the state."""
    await scene.write()
    await scene.write("b", workspace=scene.us)
    cut_off(scene, "eu")
    worker = scene.world.security.worker("w")
    runs = {run.name: run.error for run in await worker.run_due()}
    assert (runs["region-logs"], runs["audit"]) == ("store", "")
    assert await scene.logs.regions.stores["us"].logs.checkpoint(LogId(scene.acme)) is not None
    await scene.write("c", workspace=scene.us)
    with pytest.raises(StoreError, match="can not be reached"):
        await scene.logs.flush()
    report = await scene.logs.verify()
    assert (report.silent, report.assurance, report.findings) == ((("eu", "store"),), Assurance.NONE, ())
    assert {each.store: each.size for each in report.logs if each.log == scene.acme and each.store} == {"us": 2}
    states = await scene.logs.regions.status()
    assert (states["eu"].problem, states["us"].problem) == ("store", "")
    assert "store" in (await scene.logs.status()).problem


async def test_a_log_that_nobody_seals_is_stalled(scene: Scene) -> None:
    """What waits for more than five minutes is told as a problem of that store alone."""
    await scene.write()
    scene.world.clock.advance(timedelta(minutes=5))
    assert (await scene.logs.regions.status())["eu"].problem == ""
    scene.world.clock.advance(timedelta(seconds=1))
    assert {name: each.problem for name, each in (await scene.logs.regions.status()).items()} == {"eu": "stalled", "eu-two": "", "us": ""}


async def test_a_move_begins_where_the_other_log_ended(scene: Scene) -> None:
    """The first event of the workspace in its new region has the old log's last checkpoint; its events stay where they were."""
    await scene.write("a")
    await scene.write("b")
    sure = scene.world.sure(scene.ann)
    move = await scene.world.call("residency.start", sure, organization=scene.acme, workspace=scene.eu, region="us")
    assert (await scene.regional.moves.run(move.id)).state is MoveState.DONE
    await scene.write("c")
    await scene.logs.flush()
    log = LogId(scene.acme)
    held = await scene.logs.regions.stores["eu"].logs.checkpoint(log)
    assert held is not None
    async with scene.regional.router.stores["us"].reading() as store:
        first, second = await store.log.page(log, first=0, limit=9)
    said = first.event.details()
    assert (first.event.name, said["region"], first.event.workspace_id) == ("workspace_log.continued", "us", scene.eu)
    ending = {"origin": f"localhost:8000/eu/{log}", "size": 2, "root": held.checkpoint.root.hex(), "signed": True}
    assert (said["details"], second.event.details()["details"]["key"]) == (ending, "c")
    async with scene.regional.router.stores["eu"].reading() as store:
        assert {each.event.details()["details"]["key"] for each in await store.log.page(log, first=0, limit=9)} == {"a", "b"}
    assert (await scene.logs.verify()).findings == ()


async def test_a_log_that_is_not_sound_does_not_keep_a_workspace_on_its_way(scene: Scene) -> None:
    """What the old log's signer refuses is told as unsigned; the move ends all the same."""
    await scene.write("a")
    await scene.logs.regions.stores["eu"].logs.place()
    state = cast(Any, scene.regional.router.stores["eu"]).state
    rows = {place: replace(row, event=replace(row.event, leaf=b"0" * 32)) for place, row in state.newest.tables["log"].items()}
    state.newest = replace(state.newest, tables={**state.newest.tables, "log": rows})
    sure = scene.world.sure(scene.ann)
    move = await scene.world.call("residency.start", sure, organization=scene.acme, workspace=scene.eu, region="us")
    assert (await scene.regional.moves.run(move.id)).state is MoveState.DONE
    async with scene.regional.router.stores["us"].reading() as store:
        (row,) = await store.log.page(LogId(scene.acme), first=0, limit=9)
    assert (row.event.details()["details"]["size"], row.event.details()["details"]["signed"]) == (1, False)


async def test_a_search_covers_home_and_regions_and_loses_nothing(scene: Scene) -> None:
    """Pages are newest first over all stores; whatever their size, and while the logs grow, each event is there once."""
    for number in range(6):
        await scene.write(f"k{number}", workspace=scene.us if number % 2 else scene.eu, reader="bob@example.org")
        scene.world.clock.advance(timedelta(seconds=1))
    log, reading = LogId(scene.acme), scene.world.security.log_reading
    first = await reading.search(AuditQuery(log=log, name="note.*"))
    assert isinstance(first, PlacedPage)
    assert (first.events, [store for store, _ in first.pending], first.silent) == ((), ["eu"] * 3 + ["us"] * 3, ())
    await scene.logs.flush()
    for limit in (1, 2, 4, 500):
        keys, stores = list[str](), list[str]()
        cursor: str | None = None
        for _ in range(20):
            page = await reading.search(AuditQuery(log=log, name="note.*"), cursor=cursor, limit=limit)
            assert isinstance(page, PlacedPage)
            keys += [each.event.details()["details"]["key"] for each in page.events]
            stores += [each.store for each in page.events]
            cursor = page.next
            if cursor is None:
                break
            assert len(page.events) == limit
            await scene.write(f"new {limit}")
            await scene.logs.flush()
        old = [key for key in keys if not key.startswith("new")]
        assert (old, stores[-2:]) == (["k5", "k4", "k3", "k2", "k1", "k0"], ["us", "eu"])
    everything = await reading.search(AuditQuery(log=log), limit=500)
    assert isinstance(everything, PlacedPage)
    assert {"", "eu", "us"} == {each.store for each in everything.events}
    newest = next(each for each in everything.events if each.store == "us")
    assert (await reading.personal(newest.event, store="us"))["reader"] == "bob@example.org"
    mine = await reading.activity(person=scene.ann.id, logs=(DEPLOYMENT_LOG, log), limit=500)
    assert isinstance(mine, PlacedPage)
    assert {(each.store, each.event.log) for each in mine.events} == {("", "deployment"), ("", log), ("eu", log), ("us", log)}
    for wrong in ("x", "1.1.deployment"):
        assert isinstance(await reading.search(AuditQuery(log=log), cursor=wrong), Refusal)
    assert isinstance(await reading.search(AuditQuery(log=log), limit=0), Refusal)


async def test_a_silent_region_is_named_and_comes_later(scene: Scene) -> None:
    """While a store does not answer, pages and counts say so, no page is the last, and what it has comes once it answers again."""
    await scene.write("a")
    await scene.write("b", workspace=scene.us)
    await scene.logs.flush()
    log, reading = LogId(scene.acme), scene.world.security.log_reading
    query = AuditQuery(log=log, name="note.written")
    assert await reading.counts(query) == PlacedCounts(AuditCounts(total=2, by=Tally.NAME, of=(("note.written", 2),), more=False))
    stores = cast("dict[str, Any]", reading._stores)
    eu, stores["eu"] = stores["eu"], Down()
    page = await reading.search(query)
    assert isinstance(page, PlacedPage)
    assert ([each.store for each in page.events], page.silent) == (["us"], ("eu",))
    counted = await reading.counts(query)
    assert (counted.counts.total, counted.silent) == (1, ("eu",))
    again = await reading.search(query, cursor=page.next)
    assert isinstance(again, PlacedPage)
    assert (again.events, again.silent, again.next is None) == ((), ("eu",), False)
    stores["eu"] = eu
    last = await reading.search(query, cursor=again.next)
    assert isinstance(last, PlacedPage)
    assert ([each.store for each in last.events], last.silent, last.next) == (["eu"], (), None)
    stores[""] = Down()
    with pytest.raises(StoreError):
        await reading.search(query)
    with pytest.raises(StoreError):
        await reading.counts(query)


async def test_an_export_of_a_region_is_verified_by_its_own_origin(scene: Scene) -> None:
    """The file is of one region's log, with personal parts opened by its key; that it was made is an event in the home store."""
    await scene.write("a", reader="bob@example.org")
    await scene.logs.flush()
    wanted = ExportRequest(query=AuditQuery(log=LogId(scene.acme)), personal=True)
    export = await scene.logs.regions.stores["eu"].logs.export(wanted, actor=scene.ann)
    assert not isinstance(export, Refusal)
    lines = b"".join([chunk async for chunk in export.chunks()])
    assert export.head.origin == f"localhost:8000/eu/{scene.acme}"
    assert (export.events, b"bob@example.org" in lines) == (1, True)
    (recorded,) = await scene.world.events(scene.acme, "audit.exported")
    assert recorded.details()["details"]["region"] == "eu"


async def test_the_logs_of_a_person_are_those_of_every_store(scene: Scene) -> None:
    """Each log that has events of theirs under a checkpoint is listed with its store; a store that does not answer is named."""
    await scene.write("a")
    await scene.write("b")
    await scene.write("c", workspace=scene.us)
    ann, about = UserId(scene.ann.id), scene.world.security.log_reading.about
    assert not [each for each in (await about(ann)).logs if each.store]
    await scene.logs.flush()
    found = await about(ann, logs=[LogId(scene.acme)])
    assert [(each.store, each.log, each.events) for each in found.logs if each.store] == [("eu", scene.acme, 2), ("us", scene.acme, 1)]
    assert {each.log for each in (await about(ann)).logs if not each.store} == {DEPLOYMENT_LOG, scene.acme}
    assert (await about(UserId("usr_other"))).logs == found.silent == ()
    cast(Any, scene.logs.regions.stores["eu"].logs.exports)._storage = Down()
    less = await about(ann, logs=[LogId(scene.acme)])
    assert ([each.store for each in less.logs], less.silent) == (["", "us"], ("eu",))
    cast(Any, scene.logs.exports)._storage = Down()
    with pytest.raises(StoreError):
        await about(ann)


async def test_a_hold_keeps_an_erasure_waiting_for_an_event_in_a_region(scene: Scene) -> None:
    """What the hold covers may be in a region alone; while a region is silent nobody is erased that it could matter to."""
    await scene.write("a", reader="bob@example.org")
    sure, world = scene.world.sure(scene.ann), scene.world
    held = await world.call("retention.place_hold", sure, organization=scene.acme, matter="case 1", name="note.written")
    assert not isinstance(held, Refusal), held
    world.security._erasures._erased = Nobody()
    asked = await world.call("erasures.request", Operator(id="sam", reason="ticket 9"), user=scene.ann.id)
    await world.security._erasures.run_due()
    assert (await world.call("erasures.get", asked.id)).state is ErasureState.DEFERRED
    cut_off(scene, "us")
    await world.security._erasures.run_due()
    cut_off(scene, "eu")
    with pytest.raises(StoreError):
        await world.security._erasures.run_due()
    (event,) = await world.events(DEPLOYMENT_LOG, "person.erasure_deferred")
    assert event.subject_id == scene.ann.id


async def test_an_erasure_waits_for_a_store_that_left_the_configuration(scene: Scene) -> None:
    """A hold on events keeps an erasure waiting while nobody can ask a store that has some, until it is said to have left for good."""
    await scene.write("a", reader="bob@example.org")
    await scene.logs.flush()
    sure, world = scene.world.sure(scene.ann), scene.world
    person = await world.person("eve@other.example")
    erasures, regions = world.security._erasures, cast(Any, scene.logs.regions)
    erasures._erased = Listed()
    await world.call("erasures.request", Operator(id="sam", reason="ticket 9"), user=person.id)
    del cast("dict[str, Any]", regions.stores)["eu"]
    held = await world.call("retention.place_hold", sure, organization=scene.acme, matter="case 1", person=scene.ann.id)
    assert not isinstance(held, Refusal), held
    assert await erasures.run_due() == 1
    other = await world.person("pat@other.example")
    await world.call("erasures.request", Operator(id="sam", reason="ticket 9"), user=other.id)
    held = await world.call("retention.place_hold", sure, organization=scene.acme, matter="case 2", name="note.written")
    assert not isinstance(held, Refusal), held
    with pytest.raises(ConfigurationError, match="in the store eu, which is not configured"):
        await erasures.run_due()
    regions._left = ("eu",)
    assert await erasures.run_due() == 1


class Listed(Nobody):
    """A list of erasures."""

    async def add(self, erased: Erased) -> None:
        """Take one."""


class Taken:
    """A receiver that keeps the keys of what it takes."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def deliver(self, batch: StreamBatch) -> None:
        """Take a batch."""
        self.keys += [f"{batch.place} {item.key.partition('/')[2]}" for item in batch.items()]

    def fresh(self) -> list[str]:
        """Return the keys of what was taken since this was asked last."""
        found, self.keys = self.keys, []
        return found


def streamed(scene: Scene, *stores: str) -> Taken:
    """Stream the organization's log in these stores."""
    taken = Taken()
    scene.world.security.streams.all = (Stream(name="siem", receiver=taken, organizations=(scene.acme,), stores=stores),)
    return taken


async def test_a_stream_takes_the_logs_of_the_regions_that_it_names(scene: Scene) -> None:
    """Each index comes once, under the origin of its store, from the stores that are named alone; each store has its own position."""
    await scene.write("a")
    await scene.write("b", workspace=scene.us)
    await scene.logs.flush()
    eu, us = (f"{store}/{scene.acme} {store}/{scene.acme}" for store in ("eu", "us"))
    taken, run = streamed(scene, "eu"), scene.world.security.streams.run_due
    assert (await run(), taken.fresh()) == (1, [f"{eu}/0"])
    taken = streamed(scene, "", "eu", "us")
    await scene.write("c")
    await scene.logs.flush()
    at_home = await run() - 2
    got = taken.fresh()
    assert [each for each in got if each.startswith(scene.acme)] == [f"{scene.acme} default/{scene.acme}/{n}" for n in range(at_home)]
    assert sorted(each for each in got if not each.startswith(scene.acme)) == [f"{eu}/1", f"{us}/0"]
    assert (at_home > 0, await run()) == (True, 0)
    standing = {each.place: each.lag for each in await scene.world.security.streams.status()}
    assert standing == {scene.acme: 0, f"eu/{scene.acme}": 0, f"us/{scene.acme}": 0}


async def test_a_region_that_does_not_answer_keeps_no_stream_waiting(scene: Scene) -> None:
    """Others are delivered, the region is told with its problem and asked again later and later, and nothing of it is lost."""
    await scene.write("a")
    await scene.write("b", workspace=scene.us)
    await scene.logs.flush()
    taken, streams = streamed(scene, "eu", "us"), scene.world.security.streams
    stores = cast("dict[str, Any]", streams._stores)
    eu, stores["eu"] = stores["eu"], (Down(), stores["eu"][1])
    assert await streams.run_due() == 1
    assert [each.partition(" ")[0] for each in taken.fresh()] == [f"us/{scene.acme}"]
    (silent,) = [each for each in await streams.status() if not each.sound]
    assert (silent.place, silent.position.problem.partition(":")[0]) == ("eu/", StoreError.code)
    scene.world.clock.advance(timedelta(seconds=5))
    await streams.run_due()
    stores["eu"] = eu
    assert (await streams.run_due(), taken.fresh()) == (0, [])
    scene.world.clock.advance(timedelta(seconds=10))
    assert (await streams.run_due(), len(taken.fresh())) == (1, 1)
    assert all(each.sound and each.log for each in await streams.status())
    async with scene.world.storage.reading() as home:
        pulse = await home.positions.get("siem", LogId("eu/"))
    assert (pulse is not None and pulse.failures, pulse and pulse.due_at) == (0, None)


async def test_a_log_of_a_region_that_goes_silent_in_between_is_tried_again(scene: Scene) -> None:
    """Where the region stops answering between its head and its events, the log waits and the others go on."""
    await scene.write("a")
    await scene.write("b", workspace=scene.us)
    await scene.logs.flush()
    taken, streams = streamed(scene, "eu", "us"), scene.world.security.streams
    stores = cast("dict[str, Any]", streams._stores)
    eu, stores["eu"] = stores["eu"], (Once(stores["eu"][0]), stores["eu"][1])
    assert (await streams.run_due(), len(taken.fresh())) == (1, 1)
    stores["eu"] = eu
    (late,) = [each for each in await streams.status() if each.lag]
    assert (late.place, late.position.failures) == (f"eu/{scene.acme}", 1)
    scene.world.clock.advance(timedelta(seconds=5))
    assert (await streams.run_due(), len(taken.fresh())) == (1, 1)


async def test_a_stream_of_a_region_is_reset_alone(scene: Scene) -> None:
    """The position of that store's log moves, and the event names it; a store that the stream does not have is refused."""
    await scene.write("a")
    await scene.logs.flush()
    taken, streams, sam = streamed(scene, "eu"), scene.world.security.streams, Operator(id="sam", reason="ticket 9")
    await streams.run_due()
    for store in ("", "us"):
        assert isinstance(await streams.reset(sam, "siem", log=LogId(scene.acme), to=0, store=store), Refusal)
    back = await streams.reset(sam, "siem", log=LogId(scene.acme), to=0, store="eu")
    assert not isinstance(back, Refusal)
    taken.fresh()
    assert (back.next, await streams.run_due(), len(taken.fresh())) == (0, 1, 1)
    at_end = await streams.reset(sam, "siem", log=LogId(scene.acme), store="eu")
    assert (not isinstance(at_end, Refusal) and at_end.next, await streams.run_due()) == (1, 0)
    told = await scene.world.events(DEPLOYMENT_LOG, "stream.reset")
    assert [each.details()["details"]["log"] for each in told] == [f"eu/{scene.acme}"] * 2


async def test_a_stream_of_no_store_is_a_mistake(scene: Scene) -> None:
    """A stream of a store that is not configured, of none, or of one twice is refused when the bundle is made."""
    for stores in ((), ("eu", "eu")):
        with pytest.raises(ValueError, match="each once"):
            Stream(name="siem", receiver=Taken(), stores=stores)
    made = scene.world.security.streams
    wrong: tuple[Stream[AsyncReceiver], ...] = (Stream(name="siem", receiver=Taken(), stores=("", "us", "mars")),)
    with pytest.raises(ConfigurationError, match="regions: eu, us, eu-two; found mars"):
        AsyncStreams(
            scene.world.storage, streams=wrong, logs=scene.logs, ring=made._ring, subjects=made._subjects, ambient=made._ambient
        )  # fmt: skip


def changed(state: Any, table: str, change: Any) -> None:
    """Write the rows of a table of a memory store past everything, as `change` makes each place and row."""
    rows = dict(change(place, row) for place, row in state.newest.tables[table].items())
    state.newest = replace(state.newest, tables={**state.newest.tables, table: rows})


async def test_a_region_that_left_the_configuration_is_told(scene: Scene) -> None:
    """The home store's log of logs has checkpoints of a store that nobody can ask: nothing is known of its logs, and that is said."""
    await scene.write()
    await scene.logs.flush()
    del cast("dict[str, Any]", scene.logs.regions.stores)["eu"]
    report = await scene.logs.verify()
    assert (report.silent, report.assurance, report.findings) == ((("eu", "not_configured"),), Assurance.NONE, ())
    alone = await scene.logs.verify(log=LOG_OF_LOGS)
    assert alone.silent == ()


async def test_what_the_home_store_has_of_a_region_can_not_be_given_another_name(scene: Scene) -> None:
    """Checkpoints of a region's log of logs under another name in the home store's table are a finding: they would be missed nowhere."""
    await scene.write()
    await scene.logs.flush()
    eu, home = cast(Any, scene.regional.router.stores["eu"]).state, cast(Any, scene.world.storage).state
    before = eu.newest
    await scene.write("b")
    await scene.logs.flush()
    eu.newest = replace(before, commit=eu.newest.commit)
    for name in ("eu/logs.old", "eu-two/logs", "us/logs", "eu/deployment"):
        kept = home.newest

        def renamed(place: Any, row: Any, name: str = name) -> Any:
            if row.log != "eu/logs" or row.size == 1:
                return place, row
            return (name, row.size), replace(row, log=LogId(name))

        changed(home, "checkpoints", renamed)
        changed(home, "checkpoint_numbers", lambda place, row, name=name: (place, (name, row[1]) if row == ("eu/logs", 2) else row))
        report = await scene.logs.verify()
        assert (report.findings != (), report.silent) == (True, ()), name
        home.newest = kept


async def test_what_no_key_of_a_region_signed_is_not_handed_up(scene: Scene) -> None:
    """A checkpoint that somebody wrote into a region's table gets no place in the home store; one in the home store's is a finding."""
    await scene.write()
    await scene.logs.flush()
    eu = cast(Any, scene.regional.router.stores["eu"]).state
    row = next(each for each in eu.newest.tables["checkpoints"].values() if each.log == LOG_OF_LOGS)
    false = replace(row, size=9, note=b"anything")
    there = {**eu.newest.tables["checkpoints"], (LOG_OF_LOGS, 9): false}
    before, eu.newest = eu.newest, replace(eu.newest, tables={**eu.newest.tables, "checkpoints": there})
    with pytest.raises(LogInconsistent):
        await scene.logs.flush()
    async with scene.world.storage.reading() as store:
        assert [each.size for each in await store.checkpoints.page(LogId("eu/logs"), after=-1, limit=9)] == [1]
    eu.newest = before
    async with scene.world.storage.sequencing() as store:
        await store.checkpoints.add((replace(false, log=LogId("eu/logs"), number=None),))
    await scene.logs.flush()
    anchor = await scene.logs.checkpoint(LOG_OF_LOGS)
    assert anchor is not None
    found = (await scene.logs.verify(held=(anchor,))).findings
    assert [(each.store, each.kind, each.at) for each in found] == [("eu", FindingKind.HELD, 9)]


async def test_a_log_of_a_region_can_not_be_given_a_name_that_is_none(scene: Scene) -> None:
    """Checkpoints that were renamed in a region's table, to hide that its log was set back, are a finding and no error."""
    await scene.write()
    await scene.logs.flush()
    eu = cast(Any, scene.regional.router.stores["eu"]).state
    for name in ("eu/logs", "a b", ""):
        before = eu.newest
        changed(eu, "checkpoints", lambda at, row, name=name: (at, replace(row, log=LogId(name)) if row.log == scene.acme else row))
        findings = (await scene.logs.verify()).findings
        eu.newest = before
        assert [(each.store, each.log) for each in findings if each.log == name] == [("eu", name)], findings


async def test_one_log_that_is_not_sound_keeps_no_other_from_being_handed_up(scene: Scene) -> None:
    """While the signer refuses one organization's log in a region, what it signs of the others there is a leaf at home all the same."""
    await scene.write()
    await scene.logs.flush()
    bob = await scene.world.person("bob@other.example")
    other = await scene.world.organization(bob, "Other")
    place = await scene.world.workspace(other.id, "Lyon")
    await scene.write("b")
    await scene.logs.regions.stores["eu"].logs.place()
    eu = cast(Any, scene.regional.router.stores["eu"]).state
    changed(eu, "log", lambda at, row: (at, replace(row, event=replace(row.event, leaf=b"0" * 32)) if row.index == 1 else row))
    for job in (scene.logs.flush, scene.logs.regions.run_due):
        await scene.write("c", workspace=place.id)
        scene.world.clock.advance(timedelta(seconds=5))
        with pytest.raises(LogInconsistent):
            await job()
        last = await scene.logs.regions.stores["eu"].logs.checkpoint(LOG_OF_LOGS)
        async with scene.world.storage.reading() as store:
            handed = await store.checkpoints.last(LogId("eu/logs"))
        assert last is not None
        assert handed is not None
        assert handed.size == last.checkpoint.size


async def test_a_head_that_is_none_does_not_keep_a_workspace_on_its_way(scene: Scene) -> None:
    """Where the old log's head can not even be read, the move ends, and the event says that nothing is signed."""
    await scene.write("a")
    await scene.logs.regions.stores["eu"].logs.place()
    eu = cast(Any, scene.regional.router.stores["eu"]).state
    changed(eu, "heads", lambda at, row: (at, replace(row, frontier=b"0" * 31) if row.log == scene.acme else row))
    sure = scene.world.sure(scene.ann)
    move = await scene.world.call("residency.start", sure, organization=scene.acme, workspace=scene.eu, region="us")
    assert (await scene.regional.moves.run(move.id)).state is MoveState.DONE
    async with scene.regional.router.stores["us"].reading() as store:
        (row,) = await store.log.page(LogId(scene.acme), first=0, limit=9)
    said = row.event.details()["details"]
    assert (said["size"], said["root"], said["signed"]) == (1, "", False)


async def test_what_waits_on_the_first_page_comes_on_no_later_one(scene: Scene) -> None:
    """An event that had no index yet is shown once, though its log gets it its index before the next page, and had nothing on the first."""
    for number in range(3):
        await scene.write(f"k{number}", workspace=scene.us)
        scene.world.clock.advance(timedelta(seconds=1))
    await scene.logs.flush()
    await scene.write("late")
    query, reading = AuditQuery(log=LogId(scene.acme), name="note.*"), scene.world.security.log_reading
    first = await reading.search(query, limit=2)
    assert isinstance(first, PlacedPage)
    assert [each.details()["details"]["key"] for _, each in first.pending] == ["late"]
    await scene.logs.flush()
    second = await reading.search(query, cursor=first.next, limit=2)
    assert isinstance(second, PlacedPage)
    assert [each.event.details()["details"]["key"] for each in (*first.events, *second.events)] == ["k2", "k1", "k0"]


class Placing:
    """A store whose sequencer runs between any two reads of one reading, as READ COMMITTED lets it."""

    def __init__(self, storage: Any, place: Any) -> None:
        self.storage = storage
        self.place = place

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Any, None]:
        """Open a reading that each record sees anew."""
        yield self

    @property
    def log(self) -> Any:
        """The log."""
        return _Anew(self, "log")

    @property
    def inbox(self) -> Any:
        """The inbox."""
        return _Anew(self, "inbox")


class _Anew:
    def __init__(self, of: Placing, what: str) -> None:
        self._of = of
        self._what = what

    async def search(self, *args: Any, **named: Any) -> Any:
        async with self._of.storage.reading() as store:
            found = await getattr(store, self._what).search(*args, **named)
        await self._of.place()
        return found

    async def pending(self, **named: Any) -> Any:
        async with self._of.storage.reading() as store:
            found = await getattr(store, self._what).pending(**named)
        await self._of.place()
        return found


async def test_an_event_that_gets_its_index_during_a_search_is_found_once(scene: Scene) -> None:
    """Between the reads of a search the sequencer may run: what waited is then on the page, either as sealed or as waiting."""
    await scene.write("a")
    reading, eu = scene.world.security.log_reading, scene.logs.regions.stores["eu"]
    cast("dict[str, Any]", reading._stores)["eu"] = Placing(eu.storage, eu.logs.place)
    page = await reading.search(AuditQuery(log=LogId(scene.acme), name="note.*"))
    assert isinstance(page, PlacedPage)
    assert [each.details()["details"]["key"] for each in (*(each.event for each in page.events), *(each for _, each in page.pending))] == [
        "a"
    ]


async def test_what_a_killed_signer_left_is_handed_up_by_the_next(scene: Scene) -> None:
    """A process that ends between signing in a region and telling the home store leaves it to the next one, though nothing is due there."""
    await scene.write()
    eu = scene.logs.regions.stores["eu"].logs
    await eu.flush()
    regions, home = scene.logs.regions, scene.logs.regions._home
    assert await regions.run_due() == 0

    async def handed() -> int:
        async with scene.world.storage.reading() as store:
            found = await store.checkpoints.last(LogId("eu/logs"))
        return 0 if found is None else found.size

    assert await handed() == 1
    await scene.write("b")
    scene.world.clock.advance(timedelta(seconds=5))
    regions._home = cast(Any, Down())
    with pytest.raises(StoreError):
        await regions.run_due()
    regions._home = home
    scene.world.clock.advance(timedelta(minutes=1))
    assert (await regions.run_due(), await handed()) == (0, 2)


async def test_a_store_that_is_another_has_no_log(scene: Scene) -> None:
    """A store that does not call itself what the configuration does is neither sealed nor read: its events would be signed twice."""
    await scene.write()
    eu = cast(Any, scene.regional.router.stores["eu"]).state
    changed(eu, "region_meta", lambda at, row: (at, (row[0], "us")))
    with pytest.raises(ResidencyError, match="expected the store eu of region eu"):
        await scene.logs.flush()
    assert not eu.newest.tables.get("log")
    page = await scene.world.security.log_reading.search(AuditQuery(log=LogId(scene.acme), name="note.*"))
    assert isinstance(page, PlacedPage)
    assert (page.pending, page.silent) == ((), ("eu",))
    assert (await scene.world.security.log_reading.counts(AuditQuery(log=LogId(scene.acme)))).silent == ("eu",)
    assert (await scene.logs.verify()).silent == (("eu", "residency"),)


async def test_a_log_that_can_have_no_origin_keeps_no_other_from_being_signed(scene: Scene) -> None:
    """What somebody wrote under a name that no log has is told by the signer, and all others are signed."""
    await scene.write()
    (event,) = await scene.waiting()
    async with scene.world.storage.sequencing() as store:
        await store.inbox.append(replace(event, log=LogId("a b")))
    with pytest.raises(LogInconsistent, match="no log has such a name"):
        await scene.logs.flush()
    assert await scene.logs.checkpoint(LogId(scene.acme)) is not None
    assert await scene.logs.checkpoint(LOG_OF_LOGS) is not None


async def test_regions_are_told_of_plans_and_holds_and_purged_by_them(scene: Scene) -> None:
    """The worker's job tells a hold to every region with events; a silent one is pending and purged of nothing, until it was told."""
    world, regions = scene.world, scene.world.security.retention.regions
    sure, log = world.sure(scene.ann), LogId(scene.acme)
    await scene.write("a")
    await scene.write("b", workspace=scene.us)
    await scene.logs.flush()
    assert await regions.logs("eu") == (log,)
    assert [await regions.tell_holds(), await regions.tell(log)] == [0, await regions.standing(log)]
    await world.call("retention.set_plan", sure, organization=scene.acme, plan=RetentionPlan(90))
    held = await world.call("retention.place_hold", sure, organization=scene.acme, matter="case 1", person=scene.ann.id)
    answering = scene.logs.regions.stores["us"]
    cast("dict[str, Any]", scene.logs.regions.stores)["us"] = replace(answering, storage=cast(Any, Down()))
    told = {each.store: (each.state_of(held), each.problem) for each in await regions.tell(log)}
    assert told == {"eu": (HoldState.ACTIVE, ""), "us": (None, "store")}
    with pytest.raises(StoreError):
        await regions.tell_holds()
    world.clock.advance(timedelta(days=120))
    jobs = AsyncRetentionJobs(
        world.storage, logs=scene.logs, signer=async_signer(STRANGER), policy=RetentionPolicy(), ambient=world.security._ambient
    )
    with pytest.raises(StoreError):
        await jobs.run_due()
    cast("dict[str, Any]", scene.logs.regions.stores)["us"] = answering
    assert await regions.tell_holds() == 1
    preview = await jobs.regions.preview(log, store="eu")
    assert (preview.plan, len(preview.ranges), preview.held) == (RetentionPlan(90), 0, 1)
    with pytest.raises(ConfigurationError, match="retention key"):
        await regions.purge(log, store="eu")
