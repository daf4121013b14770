"""Mallory is an administrator, an operator and reads Vic's mail, all in one person, and never gets a session of Vic's account.

Vic had a second factor and has not given it up: she signs in where she can, and sets a second factor up again when she has none. She loses
it now and then and asks for help, from an administrator, from two, or from the support, who do what she asks. Before she asks she tries her
password: whoever can prove neither of the two is told apart from a reader of the mail by nobody. After two have helped she is back before
the separation is over. In whatever order, and however much time passes between, Mallory alone does not sign in as Vic.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.guard.allowance import AllowancePolicy
from ctsec.guard.attempts import ThrottlePolicy
from ctsec.ids import UserId
from ctsec.operators import Operator
from ctsec.outcome import Refusal
from ctsec.principal import Factor
from ctsec.recovery import Evidence, EvidenceKind, Recovery, RecoveryPolicy, RecoveryState
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory import MemoryStorage
from tests.services._sync_world import World
from tests.services.probing import PASSWORD, Device, token_in

RUNS, STEPS = (1000, 60) if os.environ.get("CTSEC_SOAK") else (40, 30)
SEPARATION = timedelta(hours=24)
VIC, HERS = "vic@acme.example", "mallory knows this one"
EVIDENCE = Evidence(kind=EvidenceKind.CALLED_BACK, reference="ticket 1")
MALLORY, SAM, TESS = (Operator(id=name, reason="a case") for name in ("mallory", "sam", "tess"))
OPTIONS = EmbeddedOptions(
    recovery=RecoveryPolicy(separation=SEPARATION),
    # Nothing that is tried too often hides what is tried.
    throttle=ThrottlePolicy(
        first_backoff_at=100,
        addresses=AllowancePolicy(burst=1000, every=timedelta(seconds=1)),
        mails=AllowancePolicy(burst=1000, every=timedelta(seconds=1)),
    ),
)


class Takeover(RuleBasedStateMachine):
    """One person against an account, and everybody else honest."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(MemoryStorage(), options=OPTIONS)
        self.world.security.prepare()
        ann = self.world.person("ann@acme.example")
        self.acme = self.world.organization(ann).id
        self.amy, self.mallory = [self.world.member(self.acme, f"{name}@acme.example", "admin") for name in ("amy", "mallory")]
        vic = self.world.member(self.acme, VIC)
        self.vic = UserId(vic.id)
        self.ann = ann
        self.world.verified(self.acme)
        self.device: Device | None = self.world.enrol(vic)
        self.reads = 0
        self.password, self.links = PASSWORD, dict[str, str]()

    def teardown(self) -> None:
        self.world.security.close()

    # What Mallory does.

    @rule()
    def asks_for_a_link(self) -> None:
        """Ask for a link that resets Vic's password, and read the mail."""
        self.world.call("accounts.request_password_reset", email=VIC)

    @rule(which=st.integers(0, 5))
    def sets_a_password(self, which: int) -> None:
        """Set a password with any link that was ever mailed, and sign in with it."""
        links = self.mailed("password_reset")
        if links:
            done = self.world.call("accounts.reset_password", token=links[-1 - which % len(links)], password=HERS)
            if not isinstance(done, Refusal):
                self.password = HERS

    @rule()
    def signs_in(self) -> None:
        """With the password that Mallory knows, and without a second factor, there is no way in."""
        self.nobody_else_gets_in()

    @rule(delay=st.sampled_from([0, 0, 20, 40]), approvals=st.sampled_from([0, 0, 1]))
    def sets_the_terms(self, delay: int, approvals: int) -> None:
        """Change what the organization asks for."""
        wish = {"organization": self.acme, "approvals": approvals, "delay": timedelta(hours=delay)}
        self.world.call("mfa_resets.set_terms", self.world.sure(self.mallory), **wish)

    @rule()
    def asks_for_a_reset(self) -> None:
        """Ask for a reset as an administrator."""
        self.request(self.mallory)

    @rule(approves=st.booleans())
    def decides_what_is_pending(self, approves: bool) -> None:
        """Approve or cancel every reset that waits, in every role that Mallory has."""
        for each in self.pending():
            place = (self.world.sure(self.mallory),) if each.organization_id else (MALLORY,)
            named: dict[str, Any] = (
                {"organization": each.organization_id, "recovery": each.id} if each.organization_id else {"case": each.id}
            )
            service = "mfa_resets" if each.organization_id else "support"
            self.world.call(f"{service}.{'approve' if approves else 'cancel'}", *place, **named)
            self.back_in_time()

    @rule()
    def opens_a_case(self) -> None:
        """Open a case as an operator, with evidence that is made up."""
        self.world.call("support.open", MALLORY, user=self.vic, evidence=EVIDENCE)

    # What happens to Vic, and what she does.

    @rule()
    def loses_the_phone(self) -> None:
        """From here on Vic proves no second factor."""
        self.device = None

    @rule()
    def vic_signs_in(self) -> None:
        """Sign in with what she has; set up a second factor where there is none."""
        step = self.world.step(VIC, self.password) if self.password == PASSWORD else None
        if isinstance(step, MfaRequired) and self.device is not None:
            self.world.clock.advance(timedelta(seconds=30))
            self.world.second(step, self.device.code(), Factor.TOTP)
        elif isinstance(step, SignedIn):
            self.device = self.world.enrol(self.world.arrived(step).principal)

    @rule()
    def vic_resets_her_password(self) -> None:
        """Ask for a link, and set a password of her own with it."""
        before = len(self.mailed("password_reset"))
        self.world.call("accounts.request_password_reset", email=VIC)
        links = self.mailed("password_reset")[before:]
        if links and not isinstance(self.world.call("accounts.reset_password", token=links[0], password=PASSWORD), Refusal):
            self.password = PASSWORD

    @precondition(lambda self: self.device is None and self.password == PASSWORD)
    @rule(helpers=st.sampled_from(["one", "two", "support"]))
    def vic_asks_for_help(self, helpers: str) -> None:
        """Somebody honest helps her: an administrator, two of them, or two operators; after two she is back in time."""
        if helpers == "support":
            case = self.world.call("support.open", SAM, user=self.vic, evidence=EVIDENCE)
            if not isinstance(case, Refusal):
                self.world.call("support.approve", TESS, case=case.id)
            return
        asked = self.request(self.ann)
        if helpers == "two" and isinstance(asked, Recovery) and asked.state is RecoveryState.REQUESTED:
            self.world.call("mfa_resets.approve", self.world.sure(self.amy), organization=self.acme, recovery=asked.id)
            self.back_in_time()

    @rule(hours=st.sampled_from([1, 12, 23, 24, 25, 200]))
    def time_passes(self, hours: int) -> None:
        """Time passes, the worker does what is due, and Vic is back in time where two have helped her."""
        for _ in range(hours if hours < 30 else 9):
            self.world.clock.advance(timedelta(hours=1 if hours < 30 else hours / 9))
            if self.world.security.jobs.recoveries.carry_out_due():
                self.back_in_time()

    # The means, and the rule.

    def request(self, actor: Any) -> Any:
        """Ask for a reset of Vic's second factors as an administrator."""
        return self.world.call("mfa_resets.request", self.world.sure(actor), organization=self.acme, user=self.vic, reason="a reason")

    def pending(self) -> list[Recovery]:
        """Return the resets that wait."""
        found = [*self.world.call("mfa_resets.of_organization", organization=self.acme), *self.world.call("support.cases")]
        return [each for each in found if each.state in {RecoveryState.REQUESTED, RecoveryState.APPROVED}]

    def mailed(self, kind: str) -> list[str]:
        """Return the tokens of all mails of a kind to Vic's address."""
        self.world.mail()
        return [token_in(message) for message in self.world.mailer.to(VIC) if message.kind == kind]

    def back_in_time(self) -> None:
        """After a reset that two have decided Vic signs in and sets a second factor up; nobody was in before her."""
        self.nobody_else_gets_in()
        done = [*self.world.call("mfa_resets.of_organization", organization=self.acme), *self.world.call("support.cases")]
        if any(each.state is RecoveryState.DONE and each.deciders == 2 for each in done):
            self.vic_signs_in()

    def nobody_else_gets_in(self) -> None:
        """A password that Mallory set lets Mallory in nowhere."""
        assert not isinstance(self.world.step(VIC, HERS), SignedIn)


@pytest.mark.proves("seed.M7", "seed.M8", "NIST-4.2.2.2")
def test_nobody_takes_an_account_over_alone() -> None:
    """However it is done and in whatever order: who holds one administrator's, one operator's and the mailbox's keys is not Vic."""
    run_state_machine_as_test(Takeover, settings=settings(max_examples=RUNS, stateful_step_count=STEPS))
