# Generated from tests/services/test_async_alerts.py by tools/twin.py; edit that file.
"""Alerts over the logs: fired once whatever dies between, told to owners, operators and a receiver, acknowledged and muted (async source
of the twin).
"""

from __future__ import annotations

from collections.abc import Generator
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
from ctsec.security._sync_alerts import AlertJobs
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory.tables import LOG
from ctsec.testing.conformance.samples import ignore
from tests.services._sync_world import World
from tests.services.probing import reason

ANN, BOB, WATCH = "ann@acme.example", "bob@acme.example", "watch@ops.example"
SAM = Operator(id="sam", reason="looked at it")
POLICY = AlertPolicy(operators=(WATCH,), locate=lambda address: Place("CH", 47.4, 8.5) if address else None)


class Receiver:
    """Another system: takes what it is told, or does not."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, bytes]] = []

    def deliver(self, alert: Alert, *, body: bytes) -> bool:
        """Take an alert as the next answer says."""
        self.got.append((alert.id, body))
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer


class Dying(AlertJobs):
    """A worker that dies after it stored an alert and its event, and before it commits, so many times."""

    times = 2

    def _mail(self, *given: Any) -> None:
        super()._mail(*given)
        if Dying.times:
            Dying.times -= 1
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


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open(options=EmbeddedOptions(alerts=POLICY)) as made:
        yield made


def ran(world: World) -> int:
    """Place what waits, and let the rules read on."""
    world.security.jobs.place_events()
    return world.security.alerts.run_due()


def listed(world: World, organization: str | None) -> list[Alert]:
    return list(world.call("alerts.page", organization=organization))


def told(world: World, address: str) -> list[str]:
    world.mail()
    return [message.subject for message in world.mailer.to(address) if message.kind == "alert"]


def with_two_owners(world: World) -> tuple[Any, OrganizationId]:
    """Make ann's organization, bob a member, and then an owner, which is worth an alert."""
    ann = world.person(ANN)
    organization = (world.organization(ann)).id
    bob = world.member(organization, BOB)
    ran(world)
    done = world.call("roles.change_organization_role", world.sure(ann), organization=organization, user=bob.id, role="owner")
    assert reason(done) is None
    return world.sure(ann), organization


def twin(world: World, kind: type[AlertJobs]) -> AlertJobs:
    """Return another worker of the same deployment."""
    jobs = world.security.alerts
    return kind(
        jobs._storage, reading=jobs._reading, ring=jobs._ring, logs=jobs._logs, parts=world.parts, receiver=None,
        committed=jobs._committed, ambient=jobs._ambient,
    )  # fmt: skip


@pytest.mark.proves("SEED-P4")
def test_an_alert_is_recorded_told_and_an_event_of_its_log(world: World) -> None:
    """A new owner fires once: in the organization's list and log, mailed to each owner and to no operator; and then there is rest."""
    _, organization = with_two_owners(world)
    assert [ran(world) for _ in range(3)] == [1, 0, 0]
    (alert,) = listed(world, organization)
    assert (alert.rule, alert.state, alert.source) == ("owner_added", AlertStatus.OPEN, organization)
    (event,) = world.events(organization, "alert.fired")
    assert (event.actor_id, event.target_id, event.subject_id) == ("alerts", alert.id, "")
    changed = (world.events(organization))[alert.index or 0]
    assert (changed.id, changed.name) == (alert.occasion, "role.changed")
    assert told(world, ANN) == told(world, BOB) == ["Acme: alert: owner_added (high)"]
    assert told(world, WATCH) == []
    assert listed(world, None) == []
    world.drain()


def test_a_worker_that_dies_between_fires_once_all_the_same(world: World) -> None:
    """What is stored before the commit goes with it; the next run has it all, once: the record, the event and each mail."""
    _, organization = with_two_owners(world)
    world.security.jobs.place_events()
    Dying.times = 2
    jobs = twin(world, Dying)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="died"):
            jobs.run_due()
        assert listed(world, organization) == []
    assert [jobs.run_due(), jobs.run_due()] == [1, 0]
    assert len(listed(world, organization)) == len(world.events(organization, "alert.fired")) == 1
    assert len(told(world, BOB)) == 1


def test_of_two_workers_one_fires(world: World) -> None:
    """Who read the same events and commits later is told that another one was first, and fires nothing."""
    _, organization = with_two_owners(world)
    world.security.jobs.place_events()
    slow = twin(world, AlertJobs)
    reading: Any = Overtaken(slow._reading, twin(world, AlertJobs))
    slow._reading = reading
    with pytest.raises(StoreBusy):
        slow.run_due()
    assert len(listed(world, organization)) == 1
    assert world.security.alerts.run_due() == 0


def test_a_rule_across_logs_sees_what_is_in_two(world: World) -> None:
    """A reset in an organization's log and a sign-in from a new device in the deployment's are one alert, for the operators."""
    ann = world.person(ANN)
    organization = (world.organization(ann)).id
    bob = world.member(organization, BOB)
    world.enrol(bob)
    world.verified(organization)
    done = world.call("mfa_resets.request", world.sure(ann), organization=organization, user=bob.id, reason="the phone is lost")
    assert done.state.value == "done"
    ran(world)
    world.clock.advance(timedelta(hours=1))
    world.login(BOB)
    assert ran(world) == 1
    (alert,) = listed(world, None)
    assert (alert.rule, alert.key, alert.log) == ("reset_then_new_device", bob.id, DEPLOYMENT_LOG)
    assert told(world, WATCH) == ["Acme: alert: reset_then_new_device (high)"]
    assert told(world, ANN) == []


def test_guesses_fire_for_the_account_and_no_address_is_kept(world: World) -> None:
    """Wrong passwords that go on are an alert of the deployment's; neither it nor its event holds the address that they came from."""
    world.person(ANN)
    for _ in range(40):
        world.step(ANN, "a wrong password, this one")
        world.clock.advance(timedelta(seconds=40))
    assert ran(world) == 1
    (alert,) = listed(world, None)
    assert alert.rule == "many_refused_sign_ins"
    (event,) = world.events(DEPLOYMENT_LOG, "alert.fired")
    assert b"198.51.100" not in event.body
    with world.storage.reading() as store:
        position = store.alerts.position(DEPLOYMENT_LOG)
    assert position is not None
    assert b"many_refused" not in position.remembered


def test_acknowledged_and_muted_by_who_manages_the_organization(world: World) -> None:
    """An acknowledgment and a mute say who and why, in the log; what fires while it is muted is kept and told to nobody, until it ends."""
    ann, organization = with_two_owners(world)
    ran(world)
    (alert,) = listed(world, organization)
    org = {"organization": organization}
    assert reason(world.call("alerts.acknowledge", ann, **org, alert=alert.id, why=" ")) is Reason.INVALID_INPUT
    done = world.call("alerts.acknowledge", ann, **org, alert=alert.id, why="bob takes over")
    assert (done.state, done.changed_by) == (AlertStatus.ACKNOWLEDGED, ann.id)
    assert reason(world.call("alerts.acknowledge", ann, **org, alert=alert.id, why="again")) is Reason.CONFLICT
    until = world.clock.now() + timedelta(days=1)
    late = until + timedelta(days=90)
    for wrong in ({"rule": "no_rule"}, {"until": world.clock.now()}, {"until": late}, {"why": ""}, {"key": "x" * 257}):
        given = {**org, "rule": "owner_added", "until": until, "why": "a change of owners", **wrong}
        assert reason(world.call("alerts.mute", ann, **given)) is Reason.INVALID_INPUT
    world.call("alerts.mute", ann, **org, rule="owner_added", key=alert.key, until=until, why="a change of owners")
    (mute,) = world.call("alerts.mutes", **org)
    assert (mute.rule, mute.key, mute.muted_by) == ("owner_added", alert.key, ann.id)
    world.clock.advance(timedelta(seconds=1))
    for role in ("member", "owner"):
        world.call("roles.change_organization_role", ann, **org, user=alert.key, role=role)
    assert ran(world) == 1
    assert [each.state for each in listed(world, organization)] == [AlertStatus.MUTED, AlertStatus.ACKNOWLEDGED]
    assert len(told(world, ANN)) == 1
    world.clock.advance(timedelta(days=1))
    assert world.call("alerts.mutes", **org) == ()
    ann = world.sure(ann)
    for role in ("member", "owner"):
        world.call("roles.change_organization_role", ann, **org, user=alert.key, role=role)
    assert ran(world) == 1
    assert len(told(world, ANN)) == 2
    names = [str(event.name) for event in world.events(organization) if event.name.startswith("alert.")]
    assert sorted(names) == ["alert.acknowledged", *["alert.fired"] * 3, "alert.muted"]


def test_the_deployments_alerts_are_the_operators(world: World) -> None:
    """An operator acknowledges and mutes what is the deployment's; no organization's owner does, and no operator what is another's."""
    ann, organization = with_two_owners(world)
    world.enrol((world.login(BOB)).principal)
    world.call("support.open", SAM, email=BOB, evidence=evidence())
    ran(world)
    ours, theirs = (listed(world, None))[0], (listed(world, organization))[0]
    assert ours.rule == "support_case_opened"
    assert reason(world.call("alerts.acknowledge", ann, organization=organization, alert=ours.id, why="no")) is Reason.NOT_FOUND
    assert reason(world.call("alerts.acknowledge_deployments", SAM, alert=theirs.id)) is Reason.NOT_FOUND
    assert (world.call("alerts.acknowledge_deployments", SAM, alert=ours.id)).state is AlertStatus.ACKNOWLEDGED
    until = world.clock.now() + timedelta(days=1)
    assert (world.call("alerts.mute_deployments", SAM, rule="support_case_opened", until=until)).log == DEPLOYMENT_LOG
    assert len(told(world, WATCH)) == 1


def evidence() -> Any:
    """Return what an operator saw."""
    from ctsec.recovery.record import Evidence, EvidenceKind

    return Evidence(kind=next(iter(EvidenceKind)), reference="ticket 9", note="seen")


def test_a_receiver_that_fails_is_told_again_with_the_same_id(world: World) -> None:
    """What it refuses, and what it fails at, is due again later, at twice the time each; taken once, it is done."""
    receiver = Receiver(False, TimeoutError(), True)
    world.security.alerts._receiver = receiver
    _, organization = with_two_owners(world)
    assert ran(world) == 1
    (alert,) = listed(world, organization)
    assert world.security.alerts.deliver() == 0
    world.clock.advance(timedelta(seconds=31))
    assert world.security.alerts.deliver() == 0
    world.clock.advance(timedelta(seconds=31))
    assert world.security.alerts.deliver() == 0
    world.clock.advance(timedelta(seconds=31))
    assert world.security.alerts.deliver() == 1
    assert receiver.got == [(alert.id, receiver.got[0][1])] * 3
    assert alert.id.encode() in receiver.got[0][1]
    (after,) = listed(world, organization)
    assert (after.attempts, after.due_at, after.delivered_at) == (3, None, world.clock.now())


def test_an_old_history_rings_no_bell(world: World) -> None:
    """What is found more than a week after it happened is recorded, and told to nobody."""
    world.security.alerts._receiver = receiver = Receiver()
    _, organization = with_two_owners(world)
    world.security.jobs.place_events()
    world.clock.advance(timedelta(days=8))
    assert world.security.alerts.run_due() == 1
    assert len(listed(world, organization)) == 1
    assert told(world, ANN) == []
    assert receiver.got == []


def test_a_flood_fills_the_list_and_not_the_mailboxes(world: World) -> None:
    """Of a page of events ten alerts are mailed; all of them are in the list."""
    ann, organization = with_two_owners(world)
    bob = (world.login(BOB)).principal.id
    for _ in range(11):
        for role in ("member", "owner"):
            world.call("roles.change_organization_role", ann, organization=organization, user=bob, role=role)
    assert ran(world) == 12
    assert len(told(world, ANN)) == 10


def test_a_changed_event_is_an_alert_and_stops_no_other(world: World) -> None:
    """An event whose personal part or body was changed in the database fires as tampering, and what is left of it is judged."""
    _, organization = with_two_owners(world)
    world.security.jobs.place_events()
    rows: Any = world.storage
    table = rows.state.newest.tables[LOG.name]
    key, row = next((key, row) for key, row in table.items() if row.event.name == "role.changed")
    table[key] = replace(row, event=replace(row.event, personal=row.event.personal[:-1]))
    assert world.security.alerts.run_due() == 2
    assert [each.rule for each in listed(world, organization)] == ["owner_added"]
    table[key] = replace(row, event=replace(row.event, body=b"[]", id=EventId("evt_2")))
    with world.storage.begin(after_commit=ignore) as store:
        position = store.alerts.position(LogId(organization))
        assert position is not None
        store.alerts.advance(replace(position, position=row.index, version=position.version + 1))
    assert world.security.alerts.run_due() == 1
    assert [each.rule for each in listed(world, None)] == ["log_tampered"] * 2


def test_verification_and_a_stalled_sequencer_are_signals(world: World) -> None:
    """What a verification finds fires once for each finding, and an event that waits for over five minutes once an hour."""
    ann = world.person(ANN)
    organization = (world.organization(ann)).id
    world.security.logs.flush()
    rows: Any = world.storage
    table = rows.state.newest.tables[LOG.name]
    key, row = next((key, row) for key, row in table.items() if row.event.log == organization)
    table[key] = replace(row, event=replace(row.event, name="user.enabled"))
    report = world.security.logs.verify()
    assert [world.security.alerts.verified(report) for _ in range(2)] == [1, 0]
    (alert,) = [each for each in listed(world, None) if each.rule == "log_tampered"]
    assert (alert.key, alert.source, alert.index) == (organization, organization, None)
    world.login(ANN)
    world.clock.advance(timedelta(minutes=6))
    assert [world.security.alerts.run_due() for _ in range(2)] == [1, 0]
    assert (listed(world, None))[0].rule == "log_stalled"


def test_replay_says_what_would_have_fired_and_writes_nothing(world: World) -> None:
    """The rules of the settings, or given ones, over a log's history."""
    _, organization = with_two_owners(world)
    world.security.jobs.place_events()
    log: Any = organization
    assert [each.rule.name for each in world.security.alerts.replay(log)] == ["owner_added"]
    seen = Rule(
        name="invited", reason="a test", severity=Severity.LOW, looks_at=Match(names=("invitation.*",)), kind=Occurrence(), by=By.LOG
    )  # fmt: skip
    assert len(world.security.alerts.replay(log, rules=(seen,))) == 2
    assert listed(world, organization) == []


def test_what_was_purged_before_it_was_read_keeps_no_reader_behind(world: World) -> None:
    """The rules go on at the end of a log whose new events are gone, and the next event fires as ever."""
    owner, organization = with_two_owners(world)
    world.security.jobs.place_events()
    rows: Any = world.storage
    table = rows.state.newest.tables[LOG.name]
    for key in [key for key, row in table.items() if row.event.log == organization]:
        del table[key]
    assert world.security.alerts.run_due() == 0
    with world.storage.reading() as store:
        assert store.alerts.behind(limit=10) == ()
    carl = world.member(organization, "carl@acme.example")
    world.call("roles.change_organization_role", owner, organization=organization, user=carl.id, role="owner")
    assert ran(world) == 1
