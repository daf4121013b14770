# Generated from tests/services/test_async_recovery.py by tools/twin.py; edit that file.
"""An administrator resets the second factors of a member: of whom, under which terms, and never beside a mailed reset (async source)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctsec.authn._sync_accounts import Accepted
from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.directory.record import Organization
from ctsec.ids import UserId
from ctsec.mfa.enrolment import MfaStatus
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.recovery import RecoveryPolicy, RecoveryState
from ctsec.recovery.record import Trail
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory._sync import MemoryStore
from ctsec.storage.memory.tables import PASSWORDS
from ctsec.testing import SoftwareAuthenticator, Written
from ctsec.testing.conformance.samples import ignore
from tests.services._sync_world import REQUEST, World
from tests.services.probing import OPERATOR, OTHER_PASSWORD, PASSWORD, Device, reason

DAY = timedelta(days=1)
BOB = "bob@acme.example"
ALI = "ali@acme.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Ann owns Acme, which has verified acme.example; Ali and Amy are admins; Bob is a member with TOTP."""

    world: World
    acme: Organization
    ann: Principal
    ali: Principal
    amy: Principal
    bob: Principal
    device: Device
    seen: dict[str, int] = field(default_factory=dict[str, int])

    def ask(self, who: Principal | None = None, whom: Principal | None = None) -> Any:
        """Ask for a reset, right after a proof of a second factor."""
        user = (whom or self.bob).id
        actor = self.world.sure(who or self.ali)
        return self.world.call("mfa_resets.request", actor, organization=self.acme.id, user=user, reason="lost the phone")

    def approve(self, recovery: Any, who: Principal | None = None) -> Any:
        """Approve it, likewise."""
        actor = self.world.sure(who or self.amy)
        return self.world.call("mfa_resets.approve", actor, organization=self.acme.id, recovery=recovery.id)

    def terms(self, *, approvals: int = 0, delay: timedelta = timedelta(0)) -> None:
        """Set the terms of the organization."""
        set_terms = {"organization": self.acme.id, "approvals": approvals, "delay": delay}
        assert reason(self.world.call("mfa_resets.set_terms", self.world.sure(self.ann), **set_terms)) is None

    def link(self, email: str = BOB) -> str:
        """Ask for a link that sets a new password, and return its token."""
        self.world.call("accounts.request_password_reset", email=email)
        return self.world.token(email, "password_reset")

    def mailed(self, token: str) -> Any:
        """Set a new password with a link."""
        return self.world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)

    def enrolled(self, who: Principal | None = None) -> bool:
        """Say whether somebody has a second factor."""
        status: MfaStatus = self.world.call("mfa.status", UserId((who or self.bob).id))
        return status.enrolled

    def told(self, email: str = BOB) -> list[str]:
        """Send what waits, and return the kinds of the letters to an address since the last call."""
        self.world.mail()
        sent = [message.kind for message in self.world.mailer.to(email)]
        new, self.seen[email] = sent[self.seen.get(email, 0) :], len(sent)
        return sorted(new)


def played(world: World) -> Case:
    """Set the scene."""
    ann = world.person("ann@acme.example")
    acme = world.organization(ann)
    ali, amy = [world.member(acme.id, email, "admin") for email in (ALI, "amy@acme.example")]
    bob = world.member(acme.id, BOB)
    device = world.enrol(bob)
    world.verified(acme.id)
    return Case(world=world, acme=acme, ann=ann, ali=ali, amy=amy, bob=world.again(bob), device=device)


@pytest.fixture
def case() -> Generator[Case, None, None]:
    with World.open() as world:
        yield played(world)


@pytest.mark.proves("SEED-M7", "NIST-4.2.3", "NIST-4.2.1")
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_an_administrator_resets_a_member(kind: str, tmp_path: Path) -> None:
    """Every second factor goes and every session ends; the password stays, the person is told, and who did what is in the log."""
    with World.open(kind, folder=tmp_path) as world:
        case = played(world)
        world.add_passkey(world.sure(case.bob), SoftwareAuthenticator())
        world.login_with(case.device, BOB)
        case.told()
        done = case.ask()
        assert (done.state, done.approved_by, done.ended_by) == (RecoveryState.DONE, None, case.ali.id)
        assert world.call("mfa.status", UserId(case.bob.id)) == MfaStatus(False, 0, 0)
        assert world.call("sessions.of", UserId(case.bob.id)) == ()
        assert isinstance(world.step(BOB), SignedIn)
        assert sorted(case.told()) == ["mfa_reset", "new_device"]
        events = world.events(case.acme.id)
        told = [(each.name, each.actor_id, each.subject_id) for each in events if each.name.startswith("mfa.reset")]
        assert sorted(told) == [("mfa.reset", case.ali.id, case.bob.id), ("mfa.reset_requested", case.ali.id, case.bob.id)]
        assert b"lost the phone" not in b"".join(each.body for each in events)


def test_only_of_whom_and_only_by_whom(case: Case) -> None:
    """Each rule has its refusal, which is written down; nothing is reset, and nobody is told anything."""
    world, org = case.world, {"organization": case.acme.id, "reason": "lost the phone"}
    eve = world.member(case.acme.id, "eve@elsewhere.example")
    prod = world.workspace(case.acme.id)
    ken = world.member(case.acme.id, "ken@acme.example", workspace=prod.id, wrole="operator")
    two = world.member(case.acme.id, "two@acme.example")
    for each in (eve, ken, two, case.ann):
        world.enrol(each)
    world.organization(two, "Globex")
    key = (world.key(case.ali, case.acme.id)).token.reveal()
    by_key, sure = world.gate.api_key(key, REQUEST), world.sure
    assert isinstance(by_key, Principal)
    mia = world.member(case.acme.id, "mia@acme.example")
    stranger = world.person("zed@acme.example")
    table: list[tuple[Principal, Principal, Reason]] = [
        (case.ali, case.bob, Reason.STEP_UP_REQUIRED),
        (by_key, case.bob, Reason.NOT_AUTHENTICATED),
        (sure(mia), case.bob, Reason.DENIED),
        (sure(stranger), case.bob, Reason.NOT_FOUND),
        (sure(case.ali), stranger, Reason.NOT_FOUND),
        (sure(case.ali), case.ali, Reason.SELF_CHANGE),
        (sure(case.ali), case.ann, Reason.BEYOND_OWN_RIGHTS),
        (sure(case.ali), eve, Reason.SUPPORT_REQUIRED),
        (sure(case.ali), two, Reason.SUPPORT_REQUIRED),
        (sure(case.ali), mia, Reason.MFA_NOT_ENROLLED),
    ]
    for actor, whom, wanted in table:
        assert reason(world.call("mfa_resets.request", actor, user=UserId(whom.id), **org)) is wanted, wanted
    assert reason(world.call("mfa_resets.request", sure(case.ali), user=UserId(case.bob.id), **{**org, "reason": " "})) is (
        Reason.INVALID_INPUT
    )
    denied = [each for log in (case.acme.id, "deployment") for each in world.events(log, "access.denied")]
    assert sorted(str(each.reason) for each in denied) == sorted(wanted.value for _, _, wanted in table)
    assert case.enrolled()
    assert reason(case.ask(whom=ken)) is None
    told = [kind for email in ("ann@acme.example", "eve@elsewhere.example", BOB) for kind in case.told(email)]
    assert not any(kind.startswith("mfa_reset") for kind in told)


@pytest.mark.parametrize("domain", ["withdrawn", "foreign", "below"])
def test_the_domain_is_the_organizations(case: Case, domain: str) -> None:
    """A domain that was withdrawn, that another organization verified, or that lies above or below counts for nothing."""
    world, acme = case.world, {"organization": case.acme.id, "domain": "acme.example"}
    assert reason(world.call("domains.record", OPERATOR, **acme, proof="again")) is Reason.ALREADY_EXISTS
    assert reason(world.call("domains.withdraw", OPERATOR, **acme)) is None
    assert reason(world.call("domains.withdraw", OPERATOR, **acme)) is Reason.NOT_FOUND
    if domain == "foreign":
        world.verified((world.organization(world.person("zoe@globex.example"), "Globex")).id)
    elif domain == "below":
        world.verified(case.acme.id, "mail.acme.example")
        world.verified(case.acme.id, "example.example")
    assert reason(case.ask()) is Reason.SUPPORT_REQUIRED
    for bad in ("", "acme", "a b.example", "x@acme.example", "acme.example/"):
        assert reason(world.call("domains.record", OPERATOR, **{**acme, "domain": bad}, proof="x")) is Reason.INVALID_INPUT
    if domain == "withdrawn":
        world.verified(case.acme.id, "ACME.example")
        assert reason(case.ask()) is None
        (found,) = world.call("domains.of_organization", organization=case.acme.id)
        assert (found.name, found.recorded_by) == ("acme.example", OPERATOR.id)


def test_a_second_administrator_approves(case: Case) -> None:
    """Where the terms say so nothing happens before another administrator with the same rights agrees; then it happens at once."""
    world = case.world
    case.terms(approvals=1)
    asked = case.ask()
    assert (asked.state, case.enrolled()) == (RecoveryState.REQUESTED, True)
    assert reason(case.approve(asked, case.ali)) is Reason.SELF_CHANGE
    assert reason(case.approve(asked, case.bob)) is Reason.SELF_CHANGE
    unsure = world.call("mfa_resets.approve", case.amy, organization=case.acme.id, recovery=asked.id)
    assert reason(unsure) is Reason.STEP_UP_REQUIRED
    globex = world.organization(world.person("zoe@globex.example"), "Globex")
    other = {"organization": globex.id, "recovery": asked.id}
    assert reason(world.call("mfa_resets.approve", world.sure(case.amy), **other)) is Reason.NOT_FOUND
    assert reason(world.call("recovery.carry_out", asked.id)) is Reason.ON_HOLD
    done = case.approve(asked)
    assert (done.state, done.requested_by, done.approved_by) == (RecoveryState.DONE, case.ali.id, case.amy.id)
    assert not case.enrolled()
    assert reason(case.approve(asked)) is Reason.CONFLICT
    names = {each.name for each in world.events(case.acme.id) if each.name.startswith(("mfa.reset", "recovery_terms"))}
    assert names == {"recovery_terms.changed", "mfa.reset_requested", "mfa.reset_approved", "mfa.reset"}


def test_it_waits_and_the_worker_carries_it_out(case: Case) -> None:
    """Within the delay nothing is reset, by no call; the worker does it when the time has come, and tells the person again."""
    world = case.world
    case.terms(delay=2 * DAY)
    case.told()
    asked = case.ask()
    assert (asked.state, asked.due_at) == (RecoveryState.APPROVED, world.clock.now() + 2 * DAY)
    assert case.told() == ["mfa_reset_requested"]
    assert reason(case.ask(who=case.amy)) is Reason.CONFLICT
    world.clock.advance(2 * DAY - timedelta(seconds=30))
    early = world.call("recovery.carry_out", asked.id)
    assert early == Refusal(Reason.ON_HOLD, "this reset is not due yet", timedelta(seconds=30))
    assert world.security.jobs.recoveries.carry_out_due() == 0
    assert case.enrolled()
    world.drain()
    world.clock.advance(timedelta(minutes=1))
    world.drain()
    assert not case.enrolled()
    assert case.told() == ["mfa_reset"]
    assert reason(world.call("recovery.carry_out", asked.id)) is Reason.CONFLICT


@pytest.mark.proves("NIST-4.2.3")
def test_the_person_cancels_by_the_link(case: Case) -> None:
    """The link in the mail ends the reset, once and without a sign-in; the person is told, and a new one may be asked for."""
    world = case.world
    case.terms(delay=DAY)
    asked = case.ask()
    token = world.token(BOB, "mfa_reset_requested")
    case.told()
    assert (world.call("recovery.cancel", token=token)).state is RecoveryState.CANCELED
    assert reason(world.call("recovery.cancel", token=token)) is Reason.CODE_ALREADY_USED
    for wrong in ("", "x" * 43, token[:-1]):
        assert reason(world.call("recovery.cancel", token=wrong)) is Reason.INVALID_TOKEN
    world.clock.advance(DAY)
    assert reason(world.call("recovery.carry_out", asked.id)) is Reason.CONFLICT
    assert case.enrolled()
    (event,) = world.events(case.acme.id, "mfa.reset_canceled")
    assert (event.actor_kind, event.subject_id) == ("anonymous", case.bob.id)
    assert case.told() == ["notice"]
    case.ask()
    world.clock.advance(DAY)
    assert world.security.jobs.recoveries.carry_out_due() == 1
    late = world.token(BOB, "mfa_reset_requested")
    assert reason(world.call("recovery.cancel", token=late)) is Reason.CODE_ALREADY_USED


def test_who_may_cancel(case: Case) -> None:
    """Whoever manages the members ends a reset, and the person does in a session; another member and another organization do not."""
    world, org = case.world, {"organization": case.acme.id}
    case.terms(delay=DAY)
    mia = world.member(case.acme.id, "mia@acme.example")
    for who in (case.amy, case.bob):
        asked = case.ask()
        assert reason(world.call("mfa_resets.cancel", mia, **org, recovery=asked.id)) is Reason.DENIED
        canceled = world.call("mfa_resets.cancel", who, **org, recovery=asked.id)
        assert (canceled.state, canceled.ended_by) == (RecoveryState.CANCELED, who.id)
        assert reason(world.call("mfa_resets.cancel", who, **org, recovery=asked.id)) is Reason.CONFLICT
    globex = world.organization(world.person("zoe@globex.example"), "Globex")
    assert reason(world.call("mfa_resets.cancel", case.amy, organization=globex.id, recovery=asked.id)) is Reason.NOT_FOUND
    assert [each.state for each in world.call("mfa_resets.of_organization", **org)] == [RecoveryState.CANCELED] * 2


CHANGES = {
    "the requester is an admin no more": Reason.DENIED,
    "the requester has left": Reason.NOT_FOUND,
    "the requester is disabled": Reason.DENIED,
    "the person was made an owner": Reason.BEYOND_OWN_RIGHTS,
    "the person founded another organization": Reason.SUPPORT_REQUIRED,
    "the domain was withdrawn": Reason.SUPPORT_REQUIRED,
    "the person has another address": Reason.SUPPORT_REQUIRED,
    "the person is disabled": Reason.NOT_FOUND,
    "it has waited too long": Reason.EXPIRED,
}


@pytest.mark.parametrize("change", CHANGES)
def test_everything_is_asked_again_when_it_is_carried_out(case: Case, change: str) -> None:
    """What spoke for a reset when it was asked for has to be true when it is due, or it is canceled and nothing is reset."""
    world, org = case.world, {"organization": case.acme.id}
    case.terms(delay=DAY)
    asked = case.ask()
    ali, bob = UserId(case.ali.id), UserId(case.bob.id)
    match change:
        case "the requester is an admin no more":
            world.call("roles.change_organization_role", case.ann, **org, user=ali, role="member")
        case "the requester has left":
            world.call("members.remove", case.ann, **org, user=ali)
        case "the requester is disabled":
            world.call("directory.disable_user", ali, reason="left")
        case "the person was made an owner":
            world.call("roles.change_organization_role", case.ann, **org, user=bob, role="owner")
        case "the person founded another organization":
            world.organization(case.bob, "Globex")
        case "the domain was withdrawn":
            world.call("domains.withdraw", OPERATOR, **org, domain="acme.example")
        case "the person has another address":
            token = world.change_of_address(world.sure(case.bob), "bob@elsewhere.example")
            world.call("addresses.confirm_change", token=token)
        case "the person is disabled":
            world.call("directory.disable_user", bob, reason="left")
        case _:
            world.clock.advance(8 * DAY)
    world.clock.advance(DAY)
    assert reason(world.call("recovery.carry_out", asked.id)) is CHANGES[change]
    assert case.enrolled()
    (event,) = world.events(case.acme.id, "mfa.reset_canceled")
    assert CHANGES[change].value.encode() in event.body


@pytest.mark.proves("NIST-4.2.2.2")
def test_a_link_from_before_sets_no_password_beside_a_reset(case: Case) -> None:
    """While a reset is pending and for the separation after it, no mailed link sets a password, old or new; the asker is told why."""
    world, token = case.world, case.link()
    case.terms(delay=DAY)
    asked = case.ask()
    assert reason(case.mailed(token)) is Reason.ON_HOLD
    assert isinstance(world.call("accounts.request_password_reset", email=BOB), Accepted)
    assert "reset_held" in case.told()
    world.call("mfa_resets.cancel", case.amy, organization=case.acme.id, recovery=asked.id)
    fresh = case.link()
    case.terms()
    case.ask()
    assert reason(case.mailed(fresh)) is Reason.INVALID_TOKEN
    world.call("accounts.request_password_reset", email=BOB)
    assert "reset_held" in case.told()
    assert isinstance(world.step(BOB, PASSWORD), SignedIn)
    world.clock.advance(DAY)
    assert isinstance(case.mailed(case.link()), Accepted)


def test_time_alone_does_not_open_the_mailed_way(case: Case) -> None:
    """After a reset by one person a link waits until the password was proved, however long; after a reset by two, for the separation."""
    world = case.world
    case.ask()
    world.clock.advance(100 * DAY)
    world.call("accounts.request_password_reset", email=BOB)
    assert "reset_held" in case.told()
    case.terms(approvals=1)
    case.approve(case.ask())
    world.clock.advance(DAY - timedelta(seconds=1))
    world.call("accounts.request_password_reset", email=BOB)
    assert "reset_held" in case.told()
    world.clock.advance(timedelta(seconds=1))
    assert isinstance(case.mailed(case.link()), Accepted)


def test_after_a_mailed_reset_one_person_resets_nothing(case: Case) -> None:
    """For the separation nobody asks for a reset; later it takes two, until the person has proved a second factor again."""
    world = case.world
    assert isinstance(case.mailed(case.link()), Accepted)
    held = case.ask()
    assert (reason(held), held.retry_after) == (Reason.ON_HOLD, DAY)
    world.clock.advance(DAY)
    asked = case.ask()
    assert (asked.state, case.enrolled()) == (RecoveryState.REQUESTED, True)
    assert reason(case.approve(asked, case.ali)) is Reason.SELF_CHANGE
    world.call("mfa_resets.cancel", case.amy, organization=case.acme.id, recovery=asked.id)
    assert isinstance(world.step(BOB, OTHER_PASSWORD), MfaRequired)
    world.login_with(case.device, BOB, OTHER_PASSWORD)
    assert (case.ask()).state is RecoveryState.DONE


def test_a_mailed_reset_that_raced_ahead_stops_the_reset(case: Case) -> None:
    """A password that was reset after the request was taken, whatever let it through, cancels the reset when it is due."""
    world = case.world
    case.terms(delay=2 * DAY)
    asked = case.ask()
    with world.storage.begin(after_commit=ignore) as store:
        assert store.trails.put(Trail(user_id=UserId(case.bob.id), password_reset_at=world.clock.now() + 1.5 * DAY))
    world.clock.advance(2 * DAY)
    assert reason(world.call("recovery.carry_out", asked.id)) is Reason.ON_HOLD
    assert case.enrolled()


def test_who_has_no_password_takes_two(case: Case) -> None:
    """Where nothing would be left that only the person can prove, a second administrator decides with the first."""
    world = case.world
    with world.storage.begin(after_commit=ignore) as store:
        assert isinstance(store, MemoryStore)
        store.transaction.put(PASSWORDS, UserId(case.bob.id), None)
    asked = case.ask()
    assert asked.state is RecoveryState.REQUESTED
    assert (case.approve(asked)).state is RecoveryState.DONE


def test_a_former_address_is_told_too(case: Case) -> None:
    """After a change of the address nothing is reset for the separation; later the former address gets a link of its own."""
    world = case.world
    token = world.change_of_address(world.sure(case.bob), "robert@acme.example")
    world.call("addresses.confirm_change", token=token)
    assert reason(case.ask()) is Reason.ON_HOLD
    world.clock.advance(DAY)
    case.terms(delay=DAY)
    case.ask()
    tokens = [world.token(email, "mfa_reset_requested") for email in (BOB, "robert@acme.example")]
    assert tokens[0] != tokens[1]
    assert (world.call("recovery.cancel", token=tokens[0])).state is RecoveryState.CANCELED
    assert reason(world.call("recovery.cancel", token=tokens[1])) is Reason.CODE_ALREADY_USED
    world.clock.advance(90 * DAY)
    case.told()
    case.ask()
    assert case.told() == []


def test_the_terms_are_the_owners_business(case: Case) -> None:
    """Terms take the permission to manage the organization and a fresh second factor, have bounds, and are each organization's own."""
    world, org = case.world, {"organization": case.acme.id}
    assert (world.call("mfa_resets.terms", **org)).version == 0
    wish = {**org, "approvals": 1, "delay": DAY}
    assert reason(world.call("mfa_resets.set_terms", case.ann, **wish)) is Reason.STEP_UP_REQUIRED
    assert reason(world.call("mfa_resets.set_terms", world.sure(case.bob), **wish)) is Reason.DENIED
    for bad in ({"approvals": 2}, {"delay": timedelta(seconds=-1)}, {"delay": 15 * DAY}):
        assert reason(world.call("mfa_resets.set_terms", world.sure(case.ann), **{**wish, **bad})) is Reason.INVALID_INPUT
    assert (world.call("mfa_resets.set_terms", world.sure(case.ann), **wish)).version == 1
    found = world.call("mfa_resets.terms", **org)
    assert (found.approvals, found.delay, found.changed_by) == (1, DAY, case.ann.id)


def test_the_deployment_chooses_where_an_organization_has_not() -> None:
    """Without terms of its own an organization has those of the deployment."""
    options = EmbeddedOptions(recovery=RecoveryPolicy(approvals=1, delay=DAY))
    with World.open(options=options) as world:
        asked = (played(world)).ask()
        assert (asked.state, asked.due_at - asked.requested_at) == (RecoveryState.REQUESTED, DAY)


@pytest.mark.parametrize("mails", ["password_reset", "sign_in_link"])
def test_a_reset_is_looked_for_behind_the_factors(mails: str) -> None:
    """What lets in by mail asks for a reset once more after it has seen that there is no factor, so none slips in between the two."""
    with World.open() as world:
        world.person(BOB)
        if mails == "sign_in_link":
            asked = world.call("sign_in.request_link", email=BOB)
            method, given = "sign_in.link", {"token": world.token(BOB, mails), "browser": asked.browser.reveal()}
            written = "sessions.add"
        else:
            world.call("accounts.request_password_reset", email=BOB)
            method, given = "accounts.reset_password", {"token": world.token(BOB, mails), "password": OTHER_PASSWORD}
            written = "passwords.put"
        with world.tap.to(Written()) as probe:
            assert reason(world.call(method, **given)) is None
        before = probe.calls[: probe.calls.index(written)]
        pending = [n for n, call in enumerate(before) if call == "recoveries.pending"]
        assert len(pending) == 2
        assert "trails.get" in before[pending[0] :]
        assert ("trails.put" in before) == (mails == "password_reset")


def test_a_link_signs_nobody_in_beside_a_reset(case: Case) -> None:
    """A link that signs in is held as one that sets a password is: while a reset waits and after it, one from before too."""
    world = case.world
    case.terms(delay=DAY)
    asked = world.call("sign_in.request_link", email=BOB)
    token = world.token(BOB, "sign_in_link")
    case.ask()
    early = world.call("sign_in.link", token=token, browser=asked.browser.reveal())
    assert reason(early) is Reason.ON_HOLD
    again = world.call("sign_in.link", token=token, browser=asked.browser.reveal())
    assert reason(again) is Reason.CODE_ALREADY_USED
    for _ in range(2):
        case.told()
        world.call("sign_in.request_link", email=BOB)
        assert case.told() == ["reset_held"]
        world.clock.advance(DAY)
        world.security.jobs.recoveries.carry_out_due()
    assert not case.enrolled()
