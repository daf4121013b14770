"""Alerts over the logs: fired once whatever dies between, told to owners, operators and a receiver, acknowledged and muted (async source
of the twin).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.audit.alerts import Alert, AlertPolicy, AlertStatus, Match, Occurrence, Place, Rule, Severity
from ctsec.audit.alerts.rule import By
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.errors import StoreBusy
from ctsec.ids import EventId, OrganizationId
from ctsec.operators import Operator
from ctsec.outcome import Reason
from ctsec.security._async_alerts import AsyncAlertJobs
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory.tables import LOG
from ctsec.testing.conformance.samples import ignore
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason

ANN, BOB, WATCH = "ann@acme.example", "bob@acme.example", "watch@ops.example"
SAM = Operator(id="sam", reason="looked at it")
POLICY = AlertPolicy(operators=(WATCH,), locate=lambda address: Place("CH", 47.4, 8.5) if address else None)


class AsyncReceiver:
    """Another system: takes what it is told, or does not."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, bytes]] = []

    async def deliver(self, alert: Alert, *, body: bytes) -> bool:
        """Take an alert as the next answer says."""
        self.got.append((alert.id, body))
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer


class AsyncDying(AsyncAlertJobs):
    """A worker that dies after it stored an alert and its event, and before it commits, so many times."""

    times = 2

    async def _mail(self, *given: Any) -> None:
        await super()._mail(*given)
        if AsyncDying.times:
            AsyncDying.times -= 1
            raise RuntimeError("died")


class AsyncOvertaken:
    """What reads for a worker that another one overtakes between its read and its commit."""

    def __init__(self, reading: Any, other: AsyncAlertJobs) -> None:
        self._reading = reading
        self._others = [other]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reading, name)

    async def moved(self, *given: Any, **named: Any) -> Any:
        """Let the other worker run first."""
        if self._others:
            assert await self._others.pop().run_due() == 1
        return await self._reading.moved(*given, **named)


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(options=EmbeddedOptions(alerts=POLICY)) as made:
        yield made


async def ran(world: AsyncWorld) -> int:
    """Place what waits, and let the rules read on."""
    await world.security.jobs.place_events()
    return await world.security.alerts.run_due()


async def listed(world: AsyncWorld, organization: str | None) -> list[Alert]:
    return list(await world.call("alerts.page", organization=organization))


async def told(world: AsyncWorld, address: str) -> list[str]:
    await world.mail()
    return [message.subject for message in world.mailer.to(address) if message.kind == "alert"]


async def with_two_owners(world: AsyncWorld) -> tuple[Any, OrganizationId]:
    """Make ann's organization, bob a member, and then an owner, which is worth an alert."""
    ann = await world.person(ANN)
    organization = (await world.organization(ann)).id
    bob = await world.member(organization, BOB)
    await ran(world)
    done = await world.call("roles.change_organization_role", world.sure(ann), organization=organization, user=bob.id, role="owner")
    assert reason(done) is None
    return world.sure(ann), organization


def twin(world: AsyncWorld, kind: type[AsyncAlertJobs]) -> AsyncAlertJobs:
    """Return another worker of the same deployment."""
    jobs = world.security.alerts
    return kind(
        jobs._storage, reading=jobs._reading, ring=jobs._ring, logs=jobs._logs, parts=world.parts, receiver=None,
        committed=jobs._committed, ambient=jobs._ambient,
    )  # fmt: skip


@pytest.mark.proves("SEED-P4")
async def test_an_alert_is_recorded_told_and_an_event_of_its_log(world: AsyncWorld) -> None:
    """A new owner fires once: in the organization's list and log, mailed to each owner and to no operator; and then there is rest."""
    _, organization = await with_two_owners(world)
    assert [await ran(world) for _ in range(3)] == [1, 0, 0]
    (alert,) = await listed(world, organization)
    assert (alert.rule, alert.state, alert.source) == ("owner_added", AlertStatus.OPEN, organization)
    (event,) = await world.events(organization, "alert.fired")
    assert (event.actor_id, event.target_id, event.subject_id) == ("alerts", alert.id, "")
    changed = (await world.events(organization))[alert.index or 0]
    assert (changed.id, changed.name) == (alert.occasion, "role.changed")
    assert await told(world, ANN) == await told(world, BOB) == ["Acme: alert: owner_added (high)"]
    assert await told(world, WATCH) == []
    assert await listed(world, None) == []
    await world.drain()


async def test_a_worker_that_dies_between_fires_once_all_the_same(world: AsyncWorld) -> None:
    """What is stored before the commit goes with it; the next run has it all, once: the record, the event and each mail."""
    _, organization = await with_two_owners(world)
    await world.security.jobs.place_events()
    AsyncDying.times = 2
    jobs = twin(world, AsyncDying)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="died"):
            await jobs.run_due()
        assert await listed(world, organization) == []
    assert [await jobs.run_due(), await jobs.run_due()] == [1, 0]
    assert len(await listed(world, organization)) == len(await world.events(organization, "alert.fired")) == 1
    assert len(await told(world, BOB)) == 1


async def test_of_two_workers_one_fires(world: AsyncWorld) -> None:
    """Who read the same events and commits later is told that another one was first, and fires nothing."""
    _, organization = await with_two_owners(world)
    await world.security.jobs.place_events()
    slow = twin(world, AsyncAlertJobs)
    reading: Any = AsyncOvertaken(slow._reading, twin(world, AsyncAlertJobs))
    slow._reading = reading
    with pytest.raises(StoreBusy):
        await slow.run_due()
    assert len(await listed(world, organization)) == 1
    assert await world.security.alerts.run_due() == 0


async def test_a_rule_across_logs_sees_what_is_in_two(world: AsyncWorld) -> None:
    """A reset in an organization's log and a sign-in from a new device in the deployment's are one alert, for the operators."""
    ann = await world.person(ANN)
    organization = (await world.organization(ann)).id
    bob = await world.member(organization, BOB)
    await world.enrol(bob)
    await world.verified(organization)
    done = await world.call("mfa_resets.request", world.sure(ann), organization=organization, user=bob.id, reason="the phone is lost")
    assert done.state.value == "done"
    await ran(world)
    world.clock.advance(timedelta(hours=1))
    await world.login(BOB)
    assert await ran(world) == 1
    (alert,) = await listed(world, None)
    assert (alert.rule, alert.key, alert.log) == ("reset_then_new_device", bob.id, DEPLOYMENT_LOG)
    assert await told(world, WATCH) == ["Acme: alert: reset_then_new_device (high)"]
    assert await told(world, ANN) == []


async def test_guesses_fire_for_the_account_and_no_address_is_kept(world: AsyncWorld) -> None:
    """Wrong passwords that go on are an alert of the deployment's; neither it nor its event holds the address that they came from."""
    await world.person(ANN)
    for _ in range(40):
        await world.step(ANN, "a wrong password, this one")
        world.clock.advance(timedelta(seconds=40))
    assert await ran(world) == 1
    (alert,) = await listed(world, None)
    assert alert.rule == "many_refused_sign_ins"
    (event,) = await world.events(DEPLOYMENT_LOG, "alert.fired")
    assert b"198.51.100" not in event.body
    async with world.storage.reading() as store:
        position = await store.alerts.position(DEPLOYMENT_LOG)
    assert position is not None
    assert b"many_refused" not in position.remembered


async def test_acknowledged_and_muted_by_who_manages_the_organization(world: AsyncWorld) -> None:
    """An acknowledgment and a mute say who and why, in the log; what fires while it is muted is kept and told to nobody, until it ends."""
    ann, organization = await with_two_owners(world)
    await ran(world)
    (alert,) = await listed(world, organization)
    org = {"organization": organization}
    assert reason(await world.call("alerts.acknowledge", ann, **org, alert=alert.id, why=" ")) is Reason.INVALID_INPUT
    done = await world.call("alerts.acknowledge", ann, **org, alert=alert.id, why="bob takes over")
    assert (done.state, done.changed_by) == (AlertStatus.ACKNOWLEDGED, ann.id)
    assert reason(await world.call("alerts.acknowledge", ann, **org, alert=alert.id, why="again")) is Reason.CONFLICT
    until = world.clock.now() + timedelta(days=1)
    late = until + timedelta(days=90)
    for wrong in ({"rule": "no_rule"}, {"until": world.clock.now()}, {"until": late}, {"why": ""}, {"key": "x" * 257}):
        given = {**org, "rule": "owner_added", "until": until, "why": "a change of owners", **wrong}
        assert reason(await world.call("alerts.mute", ann, **given)) is Reason.INVALID_INPUT
    await world.call("alerts.mute", ann, **org, rule="owner_added", key=alert.key, until=until, why="a change of owners")
    (mute,) = await world.call("alerts.mutes", **org)
    assert (mute.rule, mute.key, mute.muted_by) == ("owner_added", alert.key, ann.id)
    world.clock.advance(timedelta(seconds=1))
    for role in ("member", "owner"):
        await world.call("roles.change_organization_role", ann, **org, user=alert.key, role=role)
    assert await ran(world) == 1
    assert [each.state for each in await listed(world, organization)] == [AlertStatus.MUTED, AlertStatus.ACKNOWLEDGED]
    assert len(await told(world, ANN)) == 1
    world.clock.advance(timedelta(days=1))
    assert await world.call("alerts.mutes", **org) == ()
    ann = world.sure(ann)
    for role in ("member", "owner"):
        await world.call("roles.change_organization_role", ann, **org, user=alert.key, role=role)
    assert await ran(world) == 1
    assert len(await told(world, ANN)) == 2
    names = [str(event.name) for event in await world.events(organization) if event.name.startswith("alert.")]
    assert sorted(names) == ["alert.acknowledged", *["alert.fired"] * 3, "alert.muted"]


async def test_the_deployments_alerts_are_the_operators(world: AsyncWorld) -> None:
    """An operator acknowledges and mutes what is the deployment's; no organization's owner does, and no operator what is another's."""
    ann, organization = await with_two_owners(world)
    await world.enrol((await world.login(BOB)).principal)
    await world.call("support.open", SAM, email=BOB, evidence=await evidence())
    await ran(world)
    ours, theirs = (await listed(world, None))[0], (await listed(world, organization))[0]
    assert ours.rule == "support_case_opened"
    assert reason(await world.call("alerts.acknowledge", ann, organization=organization, alert=ours.id, why="no")) is Reason.NOT_FOUND
    assert reason(await world.call("alerts.acknowledge_deployments", SAM, alert=theirs.id)) is Reason.NOT_FOUND
    assert (await world.call("alerts.acknowledge_deployments", SAM, alert=ours.id)).state is AlertStatus.ACKNOWLEDGED
    until = world.clock.now() + timedelta(days=1)
    assert (await world.call("alerts.mute_deployments", SAM, rule="support_case_opened", until=until)).log == DEPLOYMENT_LOG
    assert len(await told(world, WATCH)) == 1


async def evidence() -> Any:
    """Return what an operator saw."""
    from ctsec.recovery.record import Evidence, EvidenceKind

    return Evidence(kind=next(iter(EvidenceKind)), reference="ticket 9", note="seen")


async def test_a_receiver_that_fails_is_told_again_with_the_same_id(world: AsyncWorld) -> None:
    """What it refuses, and what it fails at, is due again later, at twice the time each; taken once, it is done."""
    receiver = AsyncReceiver(False, TimeoutError(), True)
    world.security.alerts._receiver = receiver
    _, organization = await with_two_owners(world)
    assert await ran(world) == 1
    (alert,) = await listed(world, organization)
    assert await world.security.alerts.deliver() == 0
    world.clock.advance(timedelta(seconds=31))
    assert await world.security.alerts.deliver() == 0
    world.clock.advance(timedelta(seconds=31))
    assert await world.security.alerts.deliver() == 0
    world.clock.advance(timedelta(seconds=31))
    assert await world.security.alerts.deliver() == 1
    assert receiver.got == [(alert.id, receiver.got[0][1])] * 3
    assert alert.id.encode() in receiver.got[0][1]
    (after,) = await listed(world, organization)
    assert (after.attempts, after.due_at, after.delivered_at) == (3, None, world.clock.now())


async def test_an_old_history_rings_no_bell(world: AsyncWorld) -> None:
    """What is found more than a week after it happened is recorded, and told to nobody."""
    world.security.alerts._receiver = receiver = AsyncReceiver()
    _, organization = await with_two_owners(world)
    await world.security.jobs.place_events()
    world.clock.advance(timedelta(days=8))
    assert await world.security.alerts.run_due() == 1
    assert len(await listed(world, organization)) == 1
    assert await told(world, ANN) == []
    assert receiver.got == []


async def test_a_flood_fills_the_list_and_not_the_mailboxes(world: AsyncWorld) -> None:
    """Of a page of events ten alerts are mailed; all of them are in the list."""
    ann, organization = await with_two_owners(world)
    bob = (await world.login(BOB)).principal.id
    for _ in range(11):
        for role in ("member", "owner"):
            await world.call("roles.change_organization_role", ann, organization=organization, user=bob, role=role)
    assert await ran(world) == 12
    assert len(await told(world, ANN)) == 10


async def test_a_changed_event_is_an_alert_and_stops_no_other(world: AsyncWorld) -> None:
    """An event whose personal part or body was changed in the database fires as tampering, and what is left of it is judged."""
    _, organization = await with_two_owners(world)
    await world.security.jobs.place_events()
    rows: Any = world.storage
    table = rows.state.newest.tables[LOG.name]
    key, row = next((key, row) for key, row in table.items() if row.event.name == "role.changed")
    table[key] = replace(row, event=replace(row.event, personal=row.event.personal[:-1]))
    assert await world.security.alerts.run_due() == 2
    assert [each.rule for each in await listed(world, organization)] == ["owner_added"]
    table[key] = replace(row, event=replace(row.event, body=b"[]", id=EventId("evt_2")))
    async with world.storage.begin(after_commit=ignore) as store:
        position = await store.alerts.position(LogId(organization))
        assert position is not None
        await store.alerts.advance(replace(position, position=row.index, version=position.version + 1))
    assert await world.security.alerts.run_due() == 1
    assert [each.rule for each in await listed(world, None)] == ["log_tampered"] * 2


async def test_verification_and_a_stalled_sequencer_are_signals(world: AsyncWorld) -> None:
    """What a verification finds fires once for each finding, and an event that waits for over five minutes once an hour."""
    ann = await world.person(ANN)
    organization = (await world.organization(ann)).id
    await world.security.logs.flush()
    rows: Any = world.storage
    table = rows.state.newest.tables[LOG.name]
    key, row = next((key, row) for key, row in table.items() if row.event.log == organization)
    table[key] = replace(row, event=replace(row.event, name="user.enabled"))
    report = await world.security.logs.verify()
    assert [await world.security.alerts.verified(report) for _ in range(2)] == [1, 0]
    (alert,) = [each for each in await listed(world, None) if each.rule == "log_tampered"]
    assert (alert.key, alert.source, alert.index) == (organization, organization, None)
    await world.login(ANN)
    world.clock.advance(timedelta(minutes=6))
    assert [await world.security.alerts.run_due() for _ in range(2)] == [1, 0]
    assert (await listed(world, None))[0].rule == "log_stalled"


async def test_replay_says_what_would_have_fired_and_writes_nothing(world: AsyncWorld) -> None:
    """The rules of the settings, or given ones, over a log's history."""
    _, organization = await with_two_owners(world)
    await world.security.jobs.place_events()
    log: Any = organization
    assert [each.rule.name for each in await world.security.alerts.replay(log)] == ["owner_added"]
    seen = Rule(
        name="invited", reason="a test", severity=Severity.LOW, looks_at=Match(names=("invitation.*",)), kind=Occurrence(), by=By.LOG
    )  # fmt: skip
    assert len(await world.security.alerts.replay(log, rules=(seen,))) == 2
    assert await listed(world, organization) == []


async def test_what_was_purged_before_it_was_read_keeps_no_reader_behind(world: AsyncWorld) -> None:
    """The rules go on at the end of a log whose new events are gone, and the next event fires as ever."""
    owner, organization = await with_two_owners(world)
    await world.security.jobs.place_events()
    rows: Any = world.storage
    table = rows.state.newest.tables[LOG.name]
    for key in [key for key, row in table.items() if row.event.log == organization]:
        del table[key]
    assert await world.security.alerts.run_due() == 0
    async with world.storage.reading() as store:
        assert await store.alerts.behind(limit=10) == ()
    carl = await world.member(organization, "carl@acme.example")
    await world.call("roles.change_organization_role", owner, organization=organization, user=carl.id, role="owner")
    assert await ran(world) == 1
