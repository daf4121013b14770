"""Links that sign in: bound to their browser, once, for a while, and the same for every address (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
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
from tests.services._async_world import REQUEST, AsyncWorld
from tests.services.probing import ORIGIN, OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, reason

ANN = "ann@acme.example"
REQUESTS = ("sign_in.request_link", "accounts.request_password_reset", "accounts.request_verification")


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open() as made:
        yield made


@pytest.fixture
async def ann(world: AsyncWorld) -> Principal:
    return await world.person(ANN)


async def ask(world: AsyncWorld, email: str = ANN) -> str:
    """Ask for a link and return what the browser keeps."""
    answer = await world.call("sign_in.request_link", email=email)
    assert isinstance(answer, LinkRequested), answer
    return answer.browser.reveal()


async def link(world: AsyncWorld, email: str = ANN) -> dict[str, str]:
    """Ask for a link and return both halves."""
    browser = await ask(world, email)
    return {"token": await world.token(email, "sign_in_link"), "browser": browser}


async def test_nobody_signs_in_by_mail_unless_the_deployment_says_so() -> None:
    """By default there are no links: a request is answered like a route that does not exist, and nothing is mailed."""
    async with AsyncWorld.open(options=EmbeddedOptions()) as world:
        await world.person(ANN)
        await world.mail()
        before = len(world.mailer.sent)
        assert reason(await world.call("sign_in.request_link", email=ANN)) is Reason.NOT_FOUND
        assert reason(await world.call("sign_in.link", token="x" * 43, browser="x" * 43)) is Reason.NOT_FOUND
        await world.mail()
        assert len(world.mailer.sent) == before


@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.3.2")
async def test_a_link_signs_in_once_within_its_time(world: AsyncWorld, ann: Principal) -> None:
    """Both halves sign in once, at AAL1; a second time they are refused, and so they are after ten minutes."""
    halves = await link(world)
    step = await world.call("sign_in.link", **halves)
    assert isinstance(step, SignedIn)
    assert (step.user.id, step.session.aal, dict(step.session.factors)) == (ann.id, 1, {"link": world.clock.now()})
    assert reason(await world.call("sign_in.link", **halves)) is Reason.CODE_ALREADY_USED
    late, last = await link(world), await link(world)
    world.clock.advance(timedelta(minutes=10) - timedelta(microseconds=1))
    assert isinstance(await world.call("sign_in.link", **last), SignedIn)
    world.clock.advance(timedelta(microseconds=1))
    assert reason(await world.call("sign_in.link", **late)) is Reason.EXPIRED


@pytest.mark.proves("ASVS-6.6.2")
async def test_a_link_counts_in_the_browser_that_asked(world: AsyncWorld, ann: Principal) -> None:
    """Without that browser's half, or with another browser's, the link is refused and not used up."""
    halves, other = await link(world), await ask(world)
    for wrong in ("", "x" * 43, other, halves["token"], "\ud800" * 43, "x" * 4096):
        assert reason(await world.call("sign_in.link", token=halves["token"], browser=wrong)) is Reason.INVALID_TOKEN
    swapped = {"token": halves["browser"], "browser": halves["token"]}
    assert reason(await world.call("sign_in.link", **swapped)) is Reason.INVALID_TOKEN
    assert isinstance(await world.call("sign_in.link", **halves), SignedIn)


@pytest.mark.proves("ASVS-6.3.8")
@pytest.mark.parametrize("method", REQUESTS)
async def test_requests_by_address_do_the_same_for_all(world: AsyncWorld, ann: Principal, method: str) -> None:
    """Known, unknown, disabled and unverified addresses: the same answer by the same port calls; only what leaves the outbox differs."""
    await world.sign_up("zoe@acme.example")
    bob = await world.person("bob@acme.example")
    await world.call("directory.disable_user", bob.id, reason="left")
    await world.mail()
    sent = len(world.mailer.sent)
    seen: list[tuple[list[str], Any]] = []
    for email in (ANN, "nobody@acme.example", "bob@acme.example", "zoe@acme.example"):
        with world.tap.to(Written()) as probe:
            answer = await world.call(method, email=email)
        plain = replace(answer, browser=SecretText("")) if isinstance(answer, LinkRequested) else answer
        assert reason(answer) is None
        seen.append((probe.calls, plain))
    assert all(each == seen[0] for each in seen)
    assert {"guard.proofs.issue", "outbox.add", "inbox.append"} <= {*seen[0][0]}
    await world.mail()
    served = {"sign_in.request_link": [ANN], "accounts.request_password_reset": [ANN, "zoe@acme.example"]}
    assert sorted(message.recipient for message in world.mailer.sent[sent:]) == served.get(method, ["zoe@acme.example"])


@pytest.mark.proves("ASVS-6.3.1", "ASVS-6.6.3")
@pytest.mark.parametrize("method", REQUESTS)
async def test_requests_are_held_back_by_mailbox_and_by_address_block(world: AsyncWorld, ann: Principal, method: str) -> None:
    """One mailbox gets five mails at once, known or not, however it is written; one address block asks fifty times, whoever it asks for."""
    world.clock.advance(timedelta(hours=1))
    for email in (ANN, "nobody@acme.example"):
        answers = [reason(await world.call(method, email=email)) for _ in range(5)]
        assert answers == [None] * 5
        assert reason(await world.call(method, email=email.upper())) is Reason.THROTTLED
    wait = timedelta(seconds=30)
    for n in range(200):
        if (last := await world.call(method, email=f"n{n}@acme.example")) is not None and reason(last) is not None:
            break
    assert reason(last) is Reason.THROTTLED
    assert n < 50
    world.clock.advance(wait)
    assert reason(await world.call(method, email="late@acme.example")) is None


async def void_by(world: AsyncWorld, ann: Principal, change: str) -> None:
    """Do what makes links void."""
    if change == "password":
        await world.call("accounts.change_password", ann, current=PASSWORD, new=OTHER_PASSWORD)
    elif change == "reset":
        await world.call("accounts.request_password_reset", email=ANN)
        token = await world.token(ANN, "password_reset")
        await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)
    elif change == "address":
        await world.call("addresses.confirm_change", token=await world.change_of_address(ann, "anna@acme.example"))
    elif change == "everywhere":
        assert await world.call("sessions.sign_out_everywhere", ann) > 0
    elif change == "others":
        await world.call("sessions.sign_out_everywhere", ann, keep_this=True)
    elif change == "factor":
        await world.enrol(ann)
    elif change == "withdrawn":
        await world.call("accounts.withdraw_password", ann.id, reason="it was found in a leak")


@pytest.mark.proves("CVE-2026-73431", "ASVS-7.4.3")
@pytest.mark.parametrize("change", ["password", "reset", "address", "everywhere", "others", "factor", "withdrawn"])
async def test_what_ends_sessions_voids_links_and_tickets(world: AsyncWorld, ann: Principal, change: str) -> None:
    """After another password, another address, another factor or a sign-out everywhere, no link of before begins a sign-in."""
    halves = await link(world)
    world.clock.advance(timedelta(seconds=1))
    await void_by(world, ann, change)
    assert reason(await world.call("sign_in.link", **halves)) in {Reason.CODE_ALREADY_USED, Reason.INVALID_TOKEN}
    assert [event.name for event in await world.events()].count("user.signed_in") == 1


@pytest.mark.proves("ASVS-7.4.3")
async def test_a_sign_out_everywhere_ends_sign_ins_that_have_begun(world: AsyncWorld, ann: Principal) -> None:
    """The ticket of a first step does not outlive a sign-out everywhere, a change of password or a reset."""
    device = await world.enrol(ann)
    for change in ("everywhere", "reset"):
        login = await world.login_with(device, ANN)
        world.clock.advance(timedelta(seconds=30))
        step = await world.step(ANN)
        await void_by(world, login.principal, change)
        assert reason(await world.second(step, device.code())) is Reason.INVALID_TOKEN


async def test_a_link_is_no_second_factor_and_takes_no_password(world: AsyncWorld, ann: Principal) -> None:
    """A second factor is asked for; with a code the session is of AAL1, with a passkey, which verified the person, of AAL2."""
    device = await world.enrol(ann)
    key = SoftwareAuthenticator()
    await world.add_passkey((await world.login_with(device, ANN)).principal, key)
    world.clock.advance(timedelta(seconds=30))
    step = await world.call("sign_in.link", **await link(world))
    assert isinstance(step, MfaRequired)
    by_code = await world.second(step, device.code())
    assert isinstance(by_code, SignedIn)
    assert (by_code.session.aal, set(by_code.session.factors)) == (1, {"link", "otp"})
    step = await world.call("sign_in.link", **await link(world))
    asked = await world.call("sign_in.begin_passkey", ticket=step.ticket.reveal())
    assert asked["userVerification"] == "required"
    by_key = await world.second(step, key.get(asked, origin=ORIGIN), Factor.PASSKEY)
    assert isinstance(by_key, SignedIn)
    assert by_key.session.aal == 2
    refused = await world.call("sign_in.step_up", ann, factor=Factor.LINK, code="x")
    assert reason(refused) is Reason.INVALID_INPUT
    arrived = await world.arrived(by_code)
    change = {"current": WRONG_PASSWORD, "new": OTHER_PASSWORD}
    assert reason(await world.call("accounts.change_password", arrived.principal, **change)) is Reason.INVALID_CREDENTIALS


async def test_a_link_forgives_no_guesses(world: AsyncWorld, ann: Principal) -> None:
    """A sign-in by link leaves the count of failed passwords as it is, so guesses go on to cost what they did."""
    for _ in range(5):
        await world.step(ANN, WRONG_PASSWORD)
    assert isinstance(await world.call("sign_in.link", **await link(world)), SignedIn)
    assert reason(await world.step(ANN)) is Reason.THROTTLED


async def test_what_is_bound_at_issue_is_looked_at_again(world: AsyncWorld, ann: Principal) -> None:
    """A link is void for an account whose address or password is another by then, however that came about."""
    first, second = await link(world), await link(world)
    world.clock.advance(timedelta(seconds=1))
    async with world.security.begin() as unit:
        await unit._passwords.put(UserId(ann.id), b"something else")
    assert reason(await world.call("sign_in.link", **first)) is Reason.INVALID_TOKEN
    third = await link(world)
    async with world.security.begin() as unit:
        user = await unit._store.users.by_email(ANN)
        assert user is not None
        assert await unit._store.users.replace(replace(user, email="eve@a.example", email_key="eve@a.example", version=user.version + 1))
    for halves in (second, third):
        assert reason(await world.call("sign_in.link", **halves)) is Reason.INVALID_TOKEN


async def test_a_passkey_after_a_link_verifies_the_person(world: AsyncWorld, ann: Principal) -> None:
    """A press alone, which is enough beside a password, completes no sign-in that began with a link."""
    key = SoftwareAuthenticator()
    await world.add_passkey(ann, key)
    step = await world.call("sign_in.link", **await link(world))
    asked = await world.call("sign_in.begin_passkey", ticket=step.ticket.reveal())
    key.flags = PRESENT
    assert reason(await world.second(step, key.get(asked, origin=ORIGIN), Factor.PASSKEY)) is Reason.INVALID_CODE
    step = await world.step(ANN)
    assert isinstance(step, MfaRequired)
    asked = await world.call("sign_in.begin_passkey", ticket=step.ticket.reveal())
    assert isinstance(await world.second(step, key.get(asked, origin=ORIGIN), Factor.PASSKEY), SignedIn)


async def test_a_link_keeps_a_known_device(world: AsyncWorld, ann: Principal) -> None:
    """A sign-in by link on a known device goes on with that device, whose own count of failures is not taken from it."""
    step = await world.step(ANN)
    assert isinstance(step, SignedIn)
    assert step.device is not None
    async with world.security.begin(replace(REQUEST, device=step.device)) as unit:
        asked = await unit.sign_in.request_link(email=ANN)
    assert isinstance(asked, LinkRequested)
    token = await world.token(ANN, "sign_in_link")
    async with world.security.begin(replace(REQUEST, device=step.device)) as unit:
        again = await unit.sign_in.link(token=token, browser=asked.browser.reveal())
    assert isinstance(again, SignedIn)
    assert again.device is None
