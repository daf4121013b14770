"""Random stories of a whole deployment: events, rollbacks, plans, purges, holds, erasures and exports agree with a naive model."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ctsec.ambient import Request
from ctsec.audit import AuditQuery, EventSchema, personal, public
from ctsec.audit.erasure import Erasure, ErasureState
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.export import ExportRequest, verify_export
from ctsec.audit.retention import LegalHold, RetentionPlan, RetentionPolicy
from ctsec.audit.retention.plan import Plans
from ctsec.audit.retention.selection import EVIDENCE
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.journey import SignedIn
from ctsec.directory.record import Organization
from ctsec.ids import OrganizationId
from ctsec.outcome import Refusal
from ctsec.presets import in_memory
from ctsec.principal import Factor, Principal
from ctsec.rbac.policy import Policy
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import FixedClock, RecordingMailer
from tests.audit.naive import Hold, Naive, Row
from tests.services.probing import token_in

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
pytestmark = [pytest.mark.slow] if SOAK else []
PASSWORD: Final = "nine quiet rivers run north"
POLICY: Final = RetentionPolicy(default=RetentionPlan(365), deployment=RetentionPlan(365), floor=30)
TOLD: Final = "story.told"
PEOPLE: Final = st.integers(0, 2)
HOMES: Final = st.integers(0, 1)
# A whole tile and more in the long run, so that there is something to prune.
MANY: Final = st.integers(1, 6) | st.just(280) if SOAK else st.integers(1, 6)
GRACE: Final = timedelta(days=1)


class RolledBack(Exception):
    """What a host raises in the middle of a unit."""


@dataclass(slots=True)
class Told:
    """A story event as the model knows it: whose its text and its address are, and whether they were erased."""

    log: LogId
    actor: str
    subject: str | None
    gone: set[str] = field(default_factory=set[str])

    def shows(self, number: int) -> dict[str, str]:
        """Return what its sealed part still says."""
        parts = {"text": (self.subject or self.actor, f"text {number}"), "address": (self.actor, f"192.0.2.{number % 250}")}
        return {name: text for name, (whose, text) in parts.items() if whose not in self.gone}


class LogStories(RuleBasedStateMachine):
    """Two organizations and the deployment's log, three people who own the first, the second, and neither."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, mailer = FixedClock(datetime(2026, 1, 1, tzinfo=UTC)), RecordingMailer()
        schema = EventSchema(TOLD, {"number": public(int), "text": personal()})
        options = EmbeddedOptions(
            clock=self.clock, password_hash=Argon2Parameters.for_tests(), deployment="acme.example", retention=POLICY, events=(schema,)
        )
        self.security = in_memory(policy=Policy.preset(), mailer=mailer, options=options)
        self.people = [self._person(f"p{number}@example.com", mailer) for number in range(3)]
        self.homes = [self._home(number, mailer) for number in range(2)]
        self.logs = (DEPLOYMENT_LOG, *self.homes)
        self.models = {log: Naive(0) for log in self.logs}
        self.plans = dict.fromkeys(self.logs, Plans())
        self.seen: dict[LogId, list[int | None]] = {log: [] for log in self.logs}
        self.told: dict[int, Told] = {}
        self.waiting: dict[str, Erasure] = {}
        self.holds: list[tuple[LegalHold, Hold]] = []
        self.count = 0
        self._learn()

    @rule(actor=PEOPLE, subject=st.none() | PEOPLE, home=HOMES, many=MANY, how=st.sampled_from(("kept", "kept", "back", "aside")))
    def tell(self, actor: int, subject: int | None, home: int, many: int, how: str) -> None:
        """Events are written with a change that is committed or rolled back, or aside, which no rollback takes along."""
        by, about = self.people[actor], None if subject is None else self.people[subject].id
        log = self.homes[home]
        for _ in range(many):
            self.count += 1
            number = self.count
            request = Request(id=f"req_{number}", address=f"192.0.2.{number % 250}")
            said: dict[str, Any] = {"actor": by, "subject": about, "organization": OrganizationId(log), "details": {"number": number}}
            try:
                with self.security.begin(request=request) as unit:
                    write = unit.audit.note_aside if how == "aside" else unit.audit.note
                    write(TOLD, **said, personal={"text": f"text {number}"})
                    if how != "kept":
                        raise RolledBack
            except RolledBack:
                pass
            if how != "back":
                self.told[number] = Told(log, by.id, about)
        self._learn()

    @rule(days=st.sampled_from((0.6, 2.1, 20.1, 60.0)))
    def wait(self, days: float) -> None:
        """Time passes."""
        self.clock.advance(timedelta(days=days))

    @rule(home=HOMES, days=st.integers(30, 90))
    def plan(self, home: int, days: int) -> None:
        """An organization chooses how long its events are kept."""
        log = self.homes[home]
        with self.security.begin() as unit:
            done = unit.retention.set_plan(self._sure(home), organization=OrganizationId(log), plan=RetentionPlan(days))
        assert not isinstance(done, Refusal), done
        self.plans[log] = done
        self._learn()

    @precondition(lambda self: len(self.holds) < 3)
    @rule(home=HOMES, person=st.none() | PEOPLE)
    def hold(self, home: int, person: int | None) -> None:
        """A hold is placed, on a person or on everything."""
        log, whom = self.homes[home], None if person is None else self.people[person].id
        with self.security.begin() as unit:
            made = unit.retention.place_hold(self._sure(home), organization=OrganizationId(log), matter="case 1", person=whom)
        assert not isinstance(made, Refusal), made
        held = Hold(person=whom)
        self.holds.append((made, held))
        self.models[log].holds.append(held)
        self._learn()

    @precondition(lambda self: any(held.released is None for _, held in self.holds))
    @rule()
    def release(self) -> None:
        """Two people release the hold that is oldest."""
        hold, held = next(pair for pair in self.holds if pair[1].released is None)
        home = self.homes.index(hold.log)
        for person, verb in ((home, "request_release"), (2, "approve_release")):
            with self.security.begin() as unit:
                done = getattr(unit.retention, verb)(self._sure(person), organization=OrganizationId(hold.log), hold=hold.id)
            assert isinstance(done, LegalHold), done
        held.released = self.clock.now()
        self._learn()

    @rule()
    def purge(self) -> None:
        """The purge runs, and takes what the model takes."""
        self._learn()
        now = self.clock.now()
        for log in self.logs:
            if self.plans[log] == Plans():
                self.plans[log] = Plans().change(POLICY.default, now=now, delay=POLICY.delay)
        expected = 0
        for log, model in self.models.items():
            plan = self.plans[log].at(now).plan
            if plan is not None:
                model.days = plan.days
                before = sum(row.gone for row in model.rows)
                model.purge(now)
                expected += sum(row.gone for row in model.rows) - before
        assert self.security.retention.run_due() == expected
        self._learn()

    @rule()
    def prune(self) -> None:
        """Hashes of beginnings go where every event does: nothing that is there does, and a second run finds nothing."""
        for log in self.logs:
            whole = self.security.retention.prune_preview(log).tiles
            assert self.security.retention.prune(log) >= whole
            assert self.security.retention.prune(log) == 0
        self._learn()

    @rule(person=PEOPLE)
    def erase(self, person: int) -> None:
        """An operator asks for an erasure; one that is under way is refused."""
        whom = self.people[person].id
        with self.security.begin() as unit:
            done = unit.erasures.request(self.security.operator("sam", reason="ticket 1"), user=self.people[person].id)  # type: ignore[arg-type]
        assert isinstance(done, Refusal) is (whom in self.waiting)
        if not isinstance(done, Refusal):
            self.waiting[whom] = done
        self._carry_out()

    def _carry_out(self) -> None:
        """The job of erasures runs: what no hold needs is erased, the rest waits."""
        self._learn()
        now = self.clock.now()
        free = {whom for whom in self.waiting if not any(self._needs(hold.log, held, whom, now=now) for hold, held in self.holds)}
        assert self.security.jobs.erasures.run_due() == len(free)
        for whom, erasure in list(self.waiting.items()):
            with self.security.reading() as unit:
                found = unit.erasures.get(erasure.id)
            assert found is not None
            assert found.state is (ErasureState.DONE if whom in free else ErasureState.DEFERRED)
            if whom in free:
                del self.waiting[whom]
                for told in self.told.values():
                    told.gone.add(whom)
        self._learn()

    def _needs(self, log: str, held: Hold, whom: str, *, now: datetime) -> bool:
        if held.released is not None and now >= held.released + GRACE:
            return False
        rows = self.models[LogId(log)].rows
        return held.person == whom if held.person is not None else any(whom in {row.actor, row.subject} for row in rows if not row.gone)

    @rule(home=HOMES)
    def export(self, home: int) -> None:
        """An organization's file has what is there and what is not erased, proves it, and names nothing of the other."""
        log, other = self.homes[home], self.homes[1 - home]
        data = self._taken(ExportRequest(query=AuditQuery(log=log), personal=True))
        assert other.encode() not in data
        self._compare(log, data, lambda row: True)

    @rule(home=HOMES, person=PEOPLE)
    def hand_over(self, home: int, person: int) -> None:
        """A person's file has every event of hers that is there, what is hers of its sealed part, and nobody else."""
        log, whom = self.homes[home], self.people[person].id
        data = self._taken(ExportRequest(query=AuditQuery(log=log, person=whom), personal=True, masked=True))
        assert set(re.findall(rb"usr_[0-9a-z]{26}", data)) == {whom.encode()}
        assert set(re.findall(rb"org_[0-9a-z]{26}", data)) == {log.encode()}
        self._compare(log, data, lambda row: whom in {row.actor, row.subject}, whom=whom)

    def _taken(self, wanted: ExportRequest) -> bytes:
        self._learn()
        made = self.security.logs.export(wanted, actor=self.people[0])
        assert not isinstance(made, Refusal), made
        data = b"".join(made.chunks())
        report = verify_export(data.splitlines(keepends=True), keys=[self.security.logs.identity.verifier(wanted.query.log)])
        assert (report.problem, report.signed, report.events) == ("", True, made.expected)
        return data

    def _compare(self, log: LogId, data: bytes, wanted: Any, *, whom: str | None = None) -> None:
        lines = [json.loads(line) for line in data.splitlines()[1:-1]]
        found = {line["index"] for line in lines if "leaf" in line and "purged" not in line}
        rows = self.models[log].rows
        # A file without a filter begins where the log was pruned, and says so.
        first = 0 if whom is not None else self.security.retention.prune_preview(log).minimum
        assert found == {index for index, row in enumerate(rows) if not row.gone and wanted(row) and index >= first}
        parts = {line["index"]: line["personal"] for line in lines if "personal" in line}
        for index in found:
            number = self.seen[log][index]
            if number is None:
                continue
            told = self.told[number]
            shows = told.shows(number)
            if whom is not None:
                shows = {
                    name: text for name, text in shows.items() if whom == (told.actor if name == "address" else told.subject or told.actor)
                }
            assert parts.get(index, {}) == shows

    @invariant()
    def agrees(self) -> None:
        """What is there is what the model has, each committed event once and none that was rolled back, and the logs verify."""
        with self.security._storage.reading() as store:
            for log, model in self.models.items():
                there = [each.index for each in store.log.page(log, first=0, limit=100_000)]
                assert there == [index for index, row in enumerate(model.rows) if not row.gone]
        numbers = [number for numbers in self.seen.values() for number in numbers if number is not None]
        assert sorted(numbers) == sorted(self.told)
        assert all(self.seen[told.log].count(number) == 1 for number, told in self.told.items())
        assert self.security.logs.verify().findings == ()

    def _learn(self) -> None:
        """Seal what waits, and learn in which order it was placed."""
        self.security.logs.flush()
        with self.security._storage.reading() as store:
            for log, model in self.models.items():
                for each in store.log.page(log, first=len(model.rows), limit=100_000):
                    event = each.event
                    row = Row(event.name, event.time, event.actor_id, event.subject_id, stays=event.name in EVIDENCE)
                    model.rows.append(row)
                    self.seen[log].append(event.details()["details"]["number"] if event.name == TOLD else None)

    def _person(self, email: str, mailer: RecordingMailer) -> Principal:
        with self.security.begin() as unit:
            unit.accounts.sign_up(email=email, password=PASSWORD, name="P")
        self.security.jobs.send_mail()
        with self.security.begin() as unit:
            unit.accounts.verify_email(token=token_in(mailer.sent[-1]))
        with self.security.begin() as unit:
            step = unit.sign_in.password(email=email, password=PASSWORD)
        assert isinstance(step, SignedIn)
        principal = self.security.gate.session(step.token.reveal())
        assert isinstance(principal, Principal)
        return principal

    def _home(self, number: int, mailer: RecordingMailer) -> LogId:
        with self.security.begin() as unit:
            made = unit.directory.create_organization(self.people[number], name=f"Org {number}")
        assert isinstance(made, Organization)
        with self.security.begin() as unit:
            unit.members.invite(self.people[number], organization=made.id, email="p2@example.com", role="admin")
        self.security.jobs.send_mail()
        with self.security.begin() as unit:
            unit.members.accept(self.people[2], token=token_in(mailer.sent[-1]))
        return LogId(made.id)

    def _sure(self, person: int) -> Principal:
        found = self.people[person]
        return replace(found, credential=replace(found.credential, aal=2, factors={Factor.TOTP: self.clock.now()}))


TestLogStories = LogStories.TestCase
TestLogStories.settings = settings(
    max_examples=60 if SOAK else 6,
    stateful_step_count=50 if SOAK else 15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
