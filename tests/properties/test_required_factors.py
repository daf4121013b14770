"""Whatever people do, nobody without a second factor acts in an organization after the grace of its policy.

People sign in in every way there is, enrol and remove factors, mint keys, and two organizations set, change and relax policies over several
roles; after each step every token is asked everything again. What must be refused is reckoned from the story alone: which token proved
what, who has which role and factor, and what the policies said.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctsec.authn import EnrolmentRequired, MfaRequired, SignedIn
from ctsec.ids import OrganizationId, UserId
from ctsec.keys.policy import KeyRequest
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Factor, Principal
from ctsec.rbac.decision import DecisionReason
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import SoftwareAuthenticator
from tests.properties.stage import ADDRESS, Stage
from tests.services.probing import ORIGIN, base32

RUNS = 1500 if os.environ.get("CTSEC_SOAK") else 40
PASSWORD = b"seven quiet lanterns"
ROLES = ("admin", "member", "viewer")
WAYS = ("password", "otp", "backup", "passkey", "sole", "ticket")
SMALL = st.integers(0, 5)
STEP = st.one_of(
    st.tuples(st.just("sign_in"), SMALL, st.sampled_from(WAYS)),
    st.tuples(st.just("require"), SMALL, st.tuples(st.none() | st.frozensets(st.sampled_from(ROLES), min_size=1), st.integers(-1, 2))),
    st.tuples(st.sampled_from(["enrol", "passkey", "unenrol", "step_up", "relax", "mint", "role", "wait"]), SMALL, SMALL),
)


@dataclass(slots=True)
class Token:
    """A session or a key in somebody's hands, and whether its session proved a second factor."""

    person: str
    text: str
    proved: bool = False
    home: str = ""


@dataclass(slots=True)
class Person:
    """What the story knows of somebody."""

    id: str
    email: str
    seed: str = ""
    backup: list[str] = field(default_factory=list)
    keys: list[SoftwareAuthenticator] = field(default_factory=list)

    @property
    def enrolled(self) -> bool:
        return bool(self.seed or self.keys)


class Story:
    """The bundle, the people and their tokens, and the policies as the story says they are."""

    def __init__(self) -> None:
        self.stage = Stage(MemoryStorage())
        self.do, self.gate, self.clock = self.stage.do, self.stage.security.gate, self.stage.clock
        found = [self.stage.person(name) for name in ("olga", "ada", "tom")]
        self.people: dict[str, Person] = {user.id: Person(user.id, user.email_key) for user in found}
        self.owner, *self.others = self.people.values()
        for person in self.people.values():
            self.set_password(person)
        self.tokens: list[Token] = []
        self.homes: list[OrganizationId] = []
        self.policies: dict[str, tuple[frozenset[str] | None, datetime]] = {}
        self.sign_in(self.owner, "password")
        self.enrol(self.tokens[0])
        for _ in range(2):
            sure = self.sure
            self.homes.append(self.stage.found(sure).id)
        self.roles: dict[tuple[str, str], str] = {(home, self.owner.id): "owner" for home in self.homes}
        for home in self.homes:
            for person in self.others:
                self.stage.admit(home, person.id, "member")
                self.roles[home, person.id] = "member"

    def set_password(self, person: Person) -> None:
        """Give somebody the password of the story."""
        self.do(lambda unit: unit._passwords.put(UserId(person.id), PASSWORD))

    @property
    def sure(self) -> Principal:
        """The owner with a second factor that was just proved."""
        self.sign_in(self.owner, "otp")
        found = self.gate.session(self.tokens.pop().text)
        assert isinstance(found, Principal)
        return found

    def principal(self, token: Token) -> Principal | None:
        """Return whom a token proves now, if it lives."""
        found = self.gate.api_key(token.text, ADDRESS) if token.home else self.gate.session(token.text)
        return found if isinstance(found, Principal) else None

    def code(self, person: Person) -> str:
        """Return the code of a step that nobody has used."""
        self.clock.advance(timedelta(seconds=30))
        return pyotp.TOTP(person.seed).at(self.clock.now())

    def sign_in(self, person: Person, way: str) -> None:
        """Go one way in; where it leads nowhere, because the person lacks what it takes, nothing happens."""
        if way == "sole":
            if person.keys:
                answer = person.keys[0].get(self.do(lambda unit: unit.sign_in.begin_passkey()), origin=ORIGIN)
                self.arrive(person, self.do(lambda unit: unit.sign_in.passkey(response=answer)), proved=True)
            return
        step = self.do(lambda unit: unit.sign_in.password(email=person.email, password=PASSWORD.decode()))
        if isinstance(step, EnrolmentRequired):
            assert not person.enrolled
            assert any(self.barred(home, person.id) for home in self.homes)
            if way == "ticket":
                self.enrol_by(person, step.ticket.reveal())
            return
        if isinstance(step, SignedIn):
            assert not person.enrolled
            assert not any(self.barred(home, person.id) for home in self.homes)
            self.arrive(person, step, proved=False)
        elif isinstance(step, MfaRequired):
            self.second(person, step.ticket.reveal(), way)

    def second(self, person: Person, ticket: str, way: str) -> None:
        """Take the second step, if the person has what it takes."""
        if way == "otp" and person.seed:
            factor, code = Factor.TOTP, self.code(person)
        elif way == "backup" and person.backup:
            factor, code = Factor.BACKUP_CODE, person.backup.pop()
        elif way == "passkey" and person.keys:
            asked = self.do(lambda unit: unit.sign_in.begin_passkey(ticket=ticket))
            factor, code = Factor.PASSKEY, person.keys[0].get(asked, origin=ORIGIN)
        else:
            return
        self.arrive(person, self.do(lambda unit: unit.sign_in.second_factor(ticket=ticket, factor=factor, code=code)), proved=True)

    def enrol_by(self, person: Person, ticket: str) -> None:
        """Enrol an app with a ticket."""
        app = self.do(lambda unit: unit.owing.begin_totp(ticket))
        person.seed = base32(app.seed.reveal())
        done = self.do(lambda unit: unit.owing.confirm_totp(ticket, code=self.code(person)))
        self.ended(person, but=None)
        self.arrive(person, done, proved=True)
        person.backup = [code.reveal() for code in done.codes]

    def arrive(self, person: Person, step: Any, *, proved: bool) -> None:
        """Keep the session of a completed sign-in."""
        assert isinstance(step, SignedIn), step
        self.tokens.append(Token(person.id, step.token.reveal(), proved))

    def ended(self, person: Person, *, but: Token | None) -> None:
        """Forget the sessions that a change of factors ended."""
        self.tokens = [each for each in self.tokens if each is but or each.home or each.person != person.id]

    def enrol(self, token: Token) -> None:
        """Turn TOTP on in a session."""
        person, actor = self.people[token.person], self.principal(token)
        app = self.do(lambda unit: unit.mfa.begin_totp(actor))
        if isinstance(app, Refusal):
            return
        person.seed = base32(app.seed.reveal())
        codes = self.do(lambda unit: unit.mfa.confirm_totp(actor, code=self.code(person)))
        person.backup, token.text, token.proved = [code.reveal() for code in codes.codes], codes.session_token.reveal(), True
        self.ended(person, but=token)

    def passkey(self, token: Token) -> None:
        """Add a passkey in a session, which proves nothing by that."""
        person, actor = self.people[token.person], self.principal(token)
        asked = self.do(lambda unit: unit.passkeys.begin_registration(actor))
        if isinstance(asked, Refusal):
            return
        key = SoftwareAuthenticator()
        added = self.do(lambda unit: unit.passkeys.finish_registration(actor, response=key.create(asked, origin=ORIGIN), name="Key"))
        person.keys.append(key)
        if added.codes is not None:
            person.backup = [code.reveal() for code in added.codes.codes]
        self.ended(person, but=token)

    def unenrol(self, token: Token) -> None:
        """Remove the authenticator app of a person."""
        person, actor = self.people[token.person], self.principal(token)
        if person is self.owner or isinstance(self.do(lambda unit: unit.mfa.remove_totp(actor)), Refusal):
            return
        person.seed = ""
        person.backup = person.backup if person.keys else []
        self.ended(person, but=token)

    def step_up(self, token: Token) -> None:
        """Prove the app again, in a session that may be one without a second factor."""
        person, actor = self.people[token.person], self.principal(token)
        if person.seed:
            done = self.do(lambda unit: unit.sign_in.step_up(actor, factor=Factor.TOTP, code=self.code(person)))
            token.text, token.proved = done[1].reveal(), True

    def mint(self, token: Token, home: OrganizationId) -> None:
        """Make a key, where the organization lets one in."""
        actor = self.principal(token)
        made = self.do(lambda unit: unit.api_keys.mint(actor, organization=home, request=KeyRequest(name="ci")))
        assert isinstance(made, Refusal) == self.refused(token, home)
        if not isinstance(made, Refusal):
            self.tokens.append(Token(token.person, made.token.reveal(), home=home))

    def require(self, home: OrganizationId, roles: frozenset[str] | None, hours: int) -> None:
        """Set a policy whose grace ends some hours from now, or has ended."""
        sure = self.sure
        now, until = self.clock.now(), self.clock.now() + timedelta(hours=hours)
        made = self.do(
            lambda unit: unit.requirements.require_mfa(
                sure, organization=home, organization_roles=roles, starts_at=min(now, until), grace_until=until
            )
        )
        assert not isinstance(made, Refusal), made
        self.policies[home] = (roles, until)

    def relax(self, home: OrganizationId) -> None:
        """Require nothing any more."""
        sure = self.sure
        assert self.do(lambda unit: unit.requirements.relax_mfa(sure, organization=home)) is None
        self.policies.pop(home, None)

    def change_role(self, home: OrganizationId, person: Person, role: str) -> None:
        """Give somebody another organization role."""
        sure = self.sure
        done = self.do(lambda unit: unit.roles.change_organization_role(sure, organization=home, user=UserId(person.id), role=role))
        assert not isinstance(done, Refusal), done
        self.roles[home, person.id] = role

    def barred(self, home: str, person: str) -> bool:
        """Say whether the organization lets nobody in as this person without a second factor."""
        roles, until = self.policies.get(home, (frozenset[str](), self.clock.now()))
        return until <= self.clock.now() and (roles is None or self.roles[home, person] in roles)

    def refused(self, token: Token, home: str) -> bool:
        """Say whether a token has to be refused in an organization."""
        met = self.people[token.person].enrolled if token.home else token.proved
        return self.barred(home, token.person) and not met

    def holds(self) -> None:
        """Ask everything of every token in both organizations."""
        for token in self.tokens:
            actor = self.principal(token)
            if actor is not None:
                for home in [OrganizationId(token.home)] if token.home else self.homes:
                    self.asked(actor, home, refused=self.refused(token, home))

    def asked(self, actor: Principal, home: OrganizationId, *, refused: bool) -> None:
        """Ask the gate, the roles in a transaction, and for a change."""
        access = self.gate.access(actor, home)
        reason = access.check("organization:manage").reason
        assert (reason is DecisionReason.MFA_REQUIRED) == refused
        assert not (refused and access.mask)
        told = self.do(lambda unit: unit.roles.access(actor, home))
        assert (told.mask, told.check("organization:manage").reason) == (access.mask, reason)
        done = self.do(lambda unit: unit.directory.rename_organization(actor, organization=home, name="A"))
        assert (isinstance(done, Refusal) and done.reason is Reason.MFA_REQUIRED) == refused


def session(story: Story, n: int) -> Token:
    """Return one of the live sessions."""
    live = [each for each in story.tokens if not each.home and story.principal(each) is not None]
    if not live:
        story.sign_in(story.owner, "otp")
        live = story.tokens[-1:]
    return live[n % len(live)]


ACTS: dict[str, Callable[[Story, int, Any], object]] = {
    "sign_in": lambda story, n, way: story.sign_in(story.others[n % 2], way),
    "require": lambda story, n, wanted: story.require(story.homes[n % 2], *wanted),
    "relax": lambda story, n, _: story.relax(story.homes[n % 2]),
    "role": lambda story, n, m: story.change_role(story.homes[n % 2], story.others[m % 2], ROLES[(n + m) % 3]),
    "wait": lambda story, n, m: story.clock.advance(timedelta(minutes=20 * n + m)),
    "mint": lambda story, n, m: story.mint(session(story, n), story.homes[m % 2]),
    "enrol": lambda story, n, _: story.enrol(session(story, n)),
    "passkey": lambda story, n, _: story.passkey(session(story, n)),
    "unenrol": lambda story, n, _: story.unenrol(session(story, n)),
    "step_up": lambda story, n, _: story.step_up(session(story, n)),
}


@pytest.mark.proves("SEED-P1", "SEED-A2")
@settings(max_examples=RUNS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(STEP, min_size=4, max_size=14))
def test_nobody_without_a_second_factor_acts_after_the_grace(steps: list[tuple[str, int, Any]]) -> None:
    """Whatever way in, a session that proved none, and a key whose owner has none, does nothing where one is enforced; all others do."""
    story = Story()
    for name, n, argument in steps:
        ACTS[name](story, n, argument)
        story.holds()
