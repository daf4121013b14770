"""Mallory is an administrator, an operator and reads Vic's mail, all in one person, and never gets a session of Vic's account.

Vic had a second factor and has not given it up: she signs in where she can, and sets a second factor up again when she has none. She loses
it now and then and asks for help, from an administrator, from two, or from the support, who do what she asks. Before she asks she tries her
password: whoever can prove neither of the two is told apart from a reader of the mail by nobody. After two have helped she is back before
the separation is over. In whatever order, and however much time passes between, Mallory alone does not sign in as Vic.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.guard.allowance import AllowancePolicy
from ctsec.guard.attempts import ThrottlePolicy
from ctsec.ids import UserId
from ctsec.operators import Operator
from ctsec.outcome import Refusal
from ctsec.principal import Factor, Principal
from ctsec.recovery import Evidence, EvidenceKind, Recovery, RecoveryPolicy, RecoveryState
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory import MemoryStorage
from tests.services._sync_world import World
from tests.services.probing import PASSWORD, Device, token_in

RUNS, STEPS = (3000, 40) if os.environ.get("CTSEC_SOAK") else (25, 14)
VIC, HERS = "vic@acme.example", "mallory knows this one"
EVIDENCE = Evidence(kind=EvidenceKind.CALLED_BACK, reference="ticket 1")
MALLORY, SAM, TESS = (Operator(id=name, reason="a case") for name in ("mallory", "sam", "tess"))
FREELY = AllowancePolicy(burst=1000, every=timedelta(seconds=1))
OPTIONS = EmbeddedOptions(
    recovery=RecoveryPolicy(separation=timedelta(hours=24)),
    sign_in_links=True,
    # Nothing that is tried too often hides what is tried.
    throttle=ThrottlePolicy(first_backoff_at=100, addresses=FREELY, mails=FREELY),
)


class Takeover:
    """One person against an account, and everybody else honest."""

    def __init__(self) -> None:
        self.world = World(MemoryStorage(), options=OPTIONS)
        self.world.security.prepare()
        self.ann = self.world.person("ann@acme.example")
        self.acme = self.world.organization(self.ann).id
        self.amy, self.mallory = [self.world.member(self.acme, f"{name}@acme.example", "admin") for name in ("amy", "mallory")]
        vic = self.world.member(self.acme, VIC)
        self.vic = UserId(vic.id)
        self.world.verified(self.acme)
        self.device: Device | None = self.world.enrol(vic)
        self.password = PASSWORD
        self.browser = ""

    # What Mallory does.

    def takes_a_link(self) -> None:
        """Ask for a link that resets Vic's password, and keep it."""
        self.world.call("accounts.request_password_reset", email=VIC)

    def uses_a_link(self) -> None:
        """Set a password with the newest link that was mailed, whoever asked for it, and try to sign in."""
        links = self.mailed("password_reset")
        if links and not isinstance(self.world.call("accounts.reset_password", token=links[-1], password=HERS), Refusal):
            self.password = HERS
        self.nobody_else_gets_in()

    def uses_the_mail(self) -> None:
        """Do both."""
        self.takes_a_link()
        self.uses_a_link()

    def asks_to_sign_in_by_mail(self) -> None:
        """Ask for a link that signs in, and keep the browser's half of it."""
        self.browser = self.world.call("sign_in.request_link", email=VIC).browser.reveal()

    def signs_in_by_mail(self) -> None:
        """Open the newest link that signs in; a ticket for a second step is no way in."""
        links = self.mailed("sign_in_link") if self.browser else []
        if links:
            assert isinstance(self.world.call("sign_in.link", token=links[-1], browser=self.browser), MfaRequired | Refusal)

    def asks_at_once(self) -> None:
        """Have the organization ask for nothing more, and ask for a reset."""
        self.wants(approvals=0, hours=0)
        self.request(self.mallory)
        self.nobody_else_gets_in()

    def asks_and_waits(self) -> None:
        """Ask for a reset that is due after a while."""
        self.wants(approvals=0, hours=20)
        self.request(self.mallory)

    def opens_a_case(self) -> None:
        """Open a case as an operator, with evidence that is made up."""
        self.world.call("support.open", MALLORY, email=VIC, evidence=EVIDENCE)

    def approves(self) -> None:
        """Approve whatever waits, as whoever Mallory may be."""
        self.decides("approve")

    def cancels(self) -> None:
        """Cancel whatever waits."""
        self.decides("cancel")

    # What happens to Vic, and what she does.

    def loses_the_phone(self) -> None:
        """From here on Vic proves no second factor."""
        self.device = None

    def vic_signs_in(self) -> None:
        """Sign in with what she has; set up a second factor where there is none."""
        step = self.world.step(VIC, self.password) if self.password == PASSWORD else None
        if isinstance(step, MfaRequired) and self.device is not None:
            self.world.clock.advance(timedelta(seconds=30))
            self.world.second(step, self.device.code(), Factor.TOTP)
        elif isinstance(step, SignedIn):
            self.device = self.world.enrol(self.world.arrived(step).principal)

    def vic_resets_her_password(self) -> None:
        """Ask for a link, and set a password of her own with it."""
        before = len(self.mailed("password_reset"))
        self.takes_a_link()
        links = self.mailed("password_reset")[before:]
        if links and not isinstance(self.world.call("accounts.reset_password", token=links[0], password=PASSWORD), Refusal):
            self.password = PASSWORD

    def one_helps(self) -> None:
        """An administrator helps her, and leaves what the organization asks for as it is."""
        if self.needs_help:
            self.request(self.ann)

    def two_help(self) -> None:
        """Two administrators help her."""
        asked = self.request(self.ann) if self.needs_help else None
        if isinstance(asked, Recovery) and asked.state is RecoveryState.REQUESTED:
            self.world.call("mfa_resets.approve", self.world.sure(self.amy), organization=self.acme, recovery=asked.id)
            self.back_in_time()

    def the_support_helps(self) -> None:
        """Two operators help her."""
        case = self.world.call("support.open", SAM, email=VIC, evidence=EVIDENCE) if self.needs_help else None
        if isinstance(case, Recovery):
            self.world.call("support.approve", TESS, case=case.id)

    def an_hour_passes(self) -> None:
        """An hour passes."""
        self.passes(hours=1)

    def a_day_passes(self) -> None:
        """More than the separation passes."""
        self.passes(hours=25)

    def weeks_pass(self) -> None:
        """All that waits grows old."""
        self.passes(hours=500)

    # The means, and the rule.

    @property
    def needs_help(self) -> bool:
        """Whether she has lost her second factor, and knows her password."""
        return self.device is None and self.password == PASSWORD

    def passes(self, *, hours: int) -> None:
        """Let time pass, while the worker does what is due."""
        for _ in range(4):
            self.world.clock.advance(timedelta(hours=hours / 4))
            if self.world.security.jobs.recoveries.carry_out_due():
                self.back_in_time()
        self.nobody_else_gets_in()

    def wants(self, *, approvals: int, hours: int) -> None:
        """Change what the organization asks for, which Mallory may."""
        wish = {"organization": self.acme, "approvals": approvals, "delay": timedelta(hours=hours)}
        self.world.call("mfa_resets.set_terms", self.world.sure(self.mallory), **wish)

    def request(self, actor: Principal) -> Any:
        """Ask for a reset of Vic's second factors as an administrator."""
        return self.world.call("mfa_resets.request", self.world.sure(actor), organization=self.acme, user=self.vic, reason="a reason")

    def decides(self, verb: str) -> None:
        """Decide whatever is pending as Mallory, and let Vic come back in time where that made two deciders."""
        for each in self.all():
            if each.state in {RecoveryState.REQUESTED, RecoveryState.APPROVED} and each.organization_id is not None:
                named = {"organization": each.organization_id, "recovery": each.id}
                self.world.call(f"mfa_resets.{verb}", self.world.sure(self.mallory), **named)
            elif each.organization_id is None:
                self.world.call(f"support.{verb}", MALLORY, case=each.id)
        self.back_in_time()

    def all(self) -> list[Recovery]:
        """Return every reset."""
        return [*self.world.call("mfa_resets.of_organization", organization=self.acme), *self.world.call("support.cases")]

    def mailed(self, kind: str) -> list[str]:
        """Return the tokens of all mails of a kind to Vic's address."""
        self.world.mail()
        return [token_in(message) for message in self.world.mailer.to(VIC) if message.kind == kind]

    def back_in_time(self) -> None:
        """After a reset that two have decided, one of them honest, Vic signs in and sets a second factor up; nobody was in before her."""
        self.nobody_else_gets_in()
        two = [{each.requested_by, each.approved_by} for each in self.all() if each.state is RecoveryState.DONE and each.deciders == 2]
        if any(each - {self.mallory.id, MALLORY.id} for each in two):
            self.vic_signs_in()

    def nobody_else_gets_in(self) -> None:
        """A password that Mallory set lets Mallory in nowhere."""
        if self.password == HERS:
            assert not isinstance(self.world.step(VIC, HERS), SignedIn)


T = Takeover
STEP = st.sampled_from([step for name, step in vars(T).items() if callable(step) and not name.startswith("_")][:19])


def play(*steps: Callable[[Takeover], None]) -> None:
    """Play steps, one after the other."""
    play = Takeover()
    for step in steps:
        step(play)
    play.world.security.close()


@pytest.mark.proves("SEED-M7", "SEED-M8", "NIST-4.2.2.2", "ASVS-6.4.3")
@settings(max_examples=RUNS)
@example([T.asks_at_once, T.uses_the_mail])
@example([T.asks_at_once, T.weeks_pass, T.uses_the_mail])
@example([T.takes_a_link, T.asks_at_once, T.uses_a_link])
@example([T.asks_to_sign_in_by_mail, T.asks_at_once, T.signs_in_by_mail])
@example([T.asks_at_once, T.asks_to_sign_in_by_mail, T.signs_in_by_mail])
@example([T.takes_a_link, T.asks_and_waits, T.uses_a_link, T.a_day_passes])
@example([T.asks_and_waits, T.uses_the_mail, T.a_day_passes])
@example([T.uses_the_mail, T.asks_at_once])
@example([T.uses_the_mail, T.a_day_passes, T.asks_at_once])
@example([T.uses_the_mail, T.a_day_passes, T.asks_at_once, T.approves])
@example([T.opens_a_case, T.approves, T.a_day_passes, T.a_day_passes, T.uses_the_mail])
@example([T.loses_the_phone, T.one_helps, T.weeks_pass, T.uses_the_mail, T.vic_signs_in, T.weeks_pass, T.uses_the_mail])
@example([T.loses_the_phone, T.the_support_helps, T.takes_a_link, T.a_day_passes, T.uses_the_mail, T.weeks_pass, T.asks_at_once])
@given(st.lists(STEP, min_size=4, max_size=STEPS))
def test_nobody_takes_an_account_over_alone(steps: list[Callable[[Takeover], None]]) -> None:
    """However it is done and in whatever order: who holds one administrator's, one operator's and the mailbox's keys is not Vic."""
    play(*steps)


def test_vic_comes_back(request: pytest.FixtureRequest) -> None:
    """The rule locks out nobody who knows her password: whoever has helped, she signs in with it and has a second factor again."""
    for helped in (T.one_helps, T.two_help, T.the_support_helps):
        story = Takeover()
        request.addfinalizer(story.world.security.close)
        for step in (T.loses_the_phone, helped, T.a_day_passes, T.vic_signs_in):
            step(story)
        assert story.device is not None
        assert isinstance(story.world.step(VIC, PASSWORD), MfaRequired)
