# Generated from tests/services/test_async_links.py by tools/twin.py; edit that file.
"""Links that sign in: bound to their browser, once, for a while, and the same for every address (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.authn.journey import LinkRequested, MfaRequired, SignedIn
from ctsec.ids import UserId
from ctsec.outcome import Reason
from ctsec.principal import Factor, Principal
from ctsec.secret import SecretText
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import SoftwareAuthenticator, Written
from ctsec.testing.passkeys import PRESENT
from tests.services._sync_world import REQUEST, World
from tests.services.probing import ORIGIN, OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, reason

ANN = "ann@acme.example"
REQUESTS = ("sign_in.request_link", "accounts.request_password_reset", "accounts.request_verification")


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open() as made:
        yield made


@pytest.fixture
def ann(world: World) -> Principal:
    return world.person(ANN)


def ask(world: World, email: str = ANN) -> str:
    """Ask for a link and return what the browser keeps."""
    answer = world.call("sign_in.request_link", email=email)
    assert isinstance(answer, LinkRequested), answer
    return answer.browser.reveal()


def link(world: World, email: str = ANN) -> dict[str, str]:
    """Ask for a link and return both halves."""
    browser = ask(world, email)
    return {"token": world.token(email, "sign_in_link"), "browser": browser}


def test_nobody_signs_in_by_mail_unless_the_deployment_says_so() -> None:
    """By default there are no links: a request is answered like a route that does not exist, and nothing is mailed."""
    with World.open(options=EmbeddedOptions()) as world:
        world.person(ANN)
        world.mail()
        before = len(world.mailer.sent)
        assert reason(world.call("sign_in.request_link", email=ANN)) is Reason.NOT_FOUND
        assert reason(world.call("sign_in.link", token="x" * 43, browser="x" * 43)) is Reason.NOT_FOUND
        world.mail()
        assert len(world.mailer.sent) == before


@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.3.2")
def test_a_link_signs_in_once_within_its_time(world: World, ann: Principal) -> None:
    """Both halves sign in once, at AAL1; a second time they are refused, and so they are after ten minutes."""
    halves = link(world)
    step = world.call("sign_in.link", **halves)
    assert isinstance(step, SignedIn)
    assert (step.user.id, step.session.aal, dict(step.session.factors)) == (ann.id, 1, {"link": world.clock.now()})
    assert reason(world.call("sign_in.link", **halves)) is Reason.CODE_ALREADY_USED
    late, last = link(world), link(world)
    world.clock.advance(timedelta(minutes=10) - timedelta(microseconds=1))
    assert isinstance(world.call("sign_in.link", **last), SignedIn)
    world.clock.advance(timedelta(microseconds=1))
    assert reason(world.call("sign_in.link", **late)) is Reason.EXPIRED


@pytest.mark.proves("ASVS-6.6.2")
def test_a_link_counts_in_the_browser_that_asked(world: World, ann: Principal) -> None:
    """Without that browser's half, or with another browser's, the link is refused and not used up."""
    halves, other = link(world), ask(world)
    for wrong in ("", "x" * 43, other, halves["token"], "\ud800" * 43, "x" * 4096):
        assert reason(world.call("sign_in.link", token=halves["token"], browser=wrong)) is Reason.INVALID_TOKEN
    swapped = {"token": halves["browser"], "browser": halves["token"]}
    assert reason(world.call("sign_in.link", **swapped)) is Reason.INVALID_TOKEN
    assert isinstance(world.call("sign_in.link", **halves), SignedIn)


@pytest.mark.proves("ASVS-6.3.8")
@pytest.mark.parametrize("method", REQUESTS)
def test_requests_by_address_do_the_same_for_all(world: World, ann: Principal, method: str) -> None:
    """Known, unknown, disabled and unverified addresses: the same answer by the same port calls; only what leaves the outbox differs."""
    world.sign_up("zoe@acme.example")
    bob = world.person("bob@acme.example")
    world.call("directory.disable_user", bob.id, reason="left")
    world.mail()
    sent = len(world.mailer.sent)
    seen: list[tuple[list[str], Any]] = []
    for email in (ANN, "nobody@acme.example", "bob@acme.example", "zoe@acme.example"):
        with world.tap.to(Written()) as probe:
            answer = world.call(method, email=email)
        plain = replace(answer, browser=SecretText("")) if isinstance(answer, LinkRequested) else answer
        assert reason(answer) is None
        seen.append((probe.calls, plain))
    assert all(each == seen[0] for each in seen)
    assert {"guard.proofs.issue", "outbox.add", "inbox.append"} <= {*seen[0][0]}
    world.mail()
    served = {"sign_in.request_link": [ANN], "accounts.request_password_reset": [ANN, "zoe@acme.example"]}
    assert sorted(message.recipient for message in world.mailer.sent[sent:]) == served.get(method, ["zoe@acme.example"])


@pytest.mark.proves("ASVS-6.3.1", "ASVS-6.6.3")
@pytest.mark.parametrize("method", REQUESTS)
def test_requests_are_held_back_by_mailbox_and_by_address_block(world: World, ann: Principal, method: str) -> None:
    """One mailbox gets five mails at once, known or not, however it is written; one address block asks fifty times, whoever it asks for."""
    world.clock.advance(timedelta(hours=1))
    for email in (ANN, "nobody@acme.example"):
        answers = [reason(world.call(method, email=email)) for _ in range(5)]
        assert answers == [None] * 5
        assert reason(world.call(method, email=email.upper())) is Reason.THROTTLED
    wait = timedelta(seconds=30)
    for n in range(200):
        if (last := world.call(method, email=f"n{n}@acme.example")) is not None and reason(last) is not None:
            break
    assert reason(last) is Reason.THROTTLED
    assert n < 50
    world.clock.advance(wait)
    assert reason(world.call(method, email="late@acme.example")) is None


def void_by(world: World, ann: Principal, change: str) -> None:
    """Do what makes links void."""
    if change == "password":
        world.call("accounts.change_password", ann, current=PASSWORD, new=OTHER_PASSWORD)
    elif change == "reset":
        world.call("accounts.request_password_reset", email=ANN)
        token = world.token(ANN, "password_reset")
        world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)
    elif change == "address":
        world.call("addresses.confirm_change", token=world.change_of_address(ann, "anna@acme.example"))
    elif change == "everywhere":
        assert world.call("sessions.sign_out_everywhere", ann) > 0
    elif change == "others":
        world.call("sessions.sign_out_everywhere", ann, keep_this=True)
    elif change == "factor":
        world.enrol(ann)
    elif change == "withdrawn":
        world.call("accounts.withdraw_password", ann.id, reason="it was found in a leak")


@pytest.mark.proves("CVE-2026-73431", "ASVS-7.4.3")
@pytest.mark.parametrize("change", ["password", "reset", "address", "everywhere", "others", "factor", "withdrawn"])
def test_what_ends_sessions_voids_links_and_tickets(world: World, ann: Principal, change: str) -> None:
    """After another password, another address, another factor or a sign-out everywhere, no link of before begins a sign-in."""
    halves = link(world)
    world.clock.advance(timedelta(seconds=1))
    void_by(world, ann, change)
    assert reason(world.call("sign_in.link", **halves)) in {Reason.CODE_ALREADY_USED, Reason.INVALID_TOKEN}
    assert [event.name for event in world.events()].count("user.signed_in") == 1


@pytest.mark.proves("ASVS-7.4.3")
def test_a_sign_out_everywhere_ends_sign_ins_that_have_begun(world: World, ann: Principal) -> None:
    """The ticket of a first step does not outlive a sign-out everywhere, a change of password or a reset."""
    device = world.enrol(ann)
    for change in ("everywhere", "reset"):
        login = world.login_with(device, ANN)
        world.clock.advance(timedelta(seconds=30))
        step = world.step(ANN)
        void_by(world, login.principal, change)
        assert reason(world.second(step, device.code())) is Reason.INVALID_TOKEN


def test_a_link_is_no_second_factor_and_takes_no_password(world: World, ann: Principal) -> None:
    """A second factor is asked for; with a code the session is of AAL1, with a passkey, which verified the person, of AAL2."""
    device = world.enrol(ann)
    key = SoftwareAuthenticator()
    world.add_passkey((world.login_with(device, ANN)).principal, key)
    world.clock.advance(timedelta(seconds=30))
    step = world.call("sign_in.link", **link(world))
    assert isinstance(step, MfaRequired)
    by_code = world.second(step, device.code())
    assert isinstance(by_code, SignedIn)
    assert (by_code.session.aal, set(by_code.session.factors)) == (1, {"link", "otp"})
    step = world.call("sign_in.link", **link(world))
    asked = world.call("sign_in.begin_passkey", ticket=step.ticket.reveal())
    assert asked["userVerification"] == "required"
    by_key = world.second(step, key.get(asked, origin=ORIGIN), Factor.PASSKEY)
    assert isinstance(by_key, SignedIn)
    assert by_key.session.aal == 2
    refused = world.call("sign_in.step_up", ann, factor=Factor.LINK, code="x")
    assert reason(refused) is Reason.INVALID_INPUT
    arrived = world.arrived(by_code)
    change = {"current": WRONG_PASSWORD, "new": OTHER_PASSWORD}
    assert reason(world.call("accounts.change_password", arrived.principal, **change)) is Reason.INVALID_CREDENTIALS


def test_a_link_forgives_no_guesses(world: World, ann: Principal) -> None:
    """A sign-in by link leaves the count of failed passwords as it is, so guesses go on to cost what they did."""
    for _ in range(5):
        world.step(ANN, WRONG_PASSWORD)
    assert isinstance(world.call("sign_in.link", **link(world)), SignedIn)
    assert reason(world.step(ANN)) is Reason.THROTTLED


def test_what_is_bound_at_issue_is_looked_at_again(world: World, ann: Principal) -> None:
    """A link is void for an account whose address or password is another by then, however that came about."""
    first, second = link(world), link(world)
    world.clock.advance(timedelta(seconds=1))
    with world.security.begin() as unit:
        unit._passwords.put(UserId(ann.id), b"something else")
    assert reason(world.call("sign_in.link", **first)) is Reason.INVALID_TOKEN
    third = link(world)
    with world.security.begin() as unit:
        user = unit._store.users.by_email(ANN)
        assert user is not None
        assert unit._store.users.replace(replace(user, email="eve@a.example", email_key="eve@a.example", version=user.version + 1))
    for halves in (second, third):
        assert reason(world.call("sign_in.link", **halves)) is Reason.INVALID_TOKEN


def test_a_passkey_after_a_link_verifies_the_person(world: World, ann: Principal) -> None:
    """A press alone, which is enough beside a password, completes no sign-in that began with a link."""
    key = SoftwareAuthenticator()
    world.add_passkey(ann, key)
    step = world.call("sign_in.link", **link(world))
    asked = world.call("sign_in.begin_passkey", ticket=step.ticket.reveal())
    key.flags = PRESENT
    assert reason(world.second(step, key.get(asked, origin=ORIGIN), Factor.PASSKEY)) is Reason.INVALID_CODE
    step = world.step(ANN)
    assert isinstance(step, MfaRequired)
    asked = world.call("sign_in.begin_passkey", ticket=step.ticket.reveal())
    assert isinstance(world.second(step, key.get(asked, origin=ORIGIN), Factor.PASSKEY), SignedIn)


def test_a_link_keeps_a_known_device(world: World, ann: Principal) -> None:
    """A sign-in by link on a known device goes on with that device, whose own count of failures is not taken from it."""
    step = world.step(ANN)
    assert isinstance(step, SignedIn)
    assert step.device is not None
    with world.security.begin(replace(REQUEST, device=step.device)) as unit:
        asked = unit.sign_in.request_link(email=ANN)
    assert isinstance(asked, LinkRequested)
    token = world.token(ANN, "sign_in_link")
    with world.security.begin(replace(REQUEST, device=step.device)) as unit:
        again = unit.sign_in.link(token=token, browser=asked.browser.reveal())
    assert isinstance(again, SignedIn)
    assert again.device is None
