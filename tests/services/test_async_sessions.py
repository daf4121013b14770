"""Sessions and passwords after sign-in: how they end, change and are raised (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.authn.record import SessionPolicy
from ctsec.ids import OrganizationId, SessionId
from ctsec.outcome import Reason
from ctsec.principal import Factor, Principal
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import Written
from tests.services._async_world import AsyncWorld
from tests.services.probing import OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, reason

ANN = "ann@acme.example"
HUGE = "x" * (1 << 20)


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open() as made:
        yield made


@pytest.fixture
async def ann(world: AsyncWorld) -> Principal:
    return await world.person(ANN)


async def reset_token(world: AsyncWorld) -> str:
    await world.call("accounts.request_password_reset", email=ANN)
    return await world.token(ANN, "password_reset")


@pytest.mark.proves("ASVS-6.4.3", "ASVS-7.4.3")
async def test_a_reset_ends_sessions_and_skips_no_factor(world: AsyncWorld, ann: Principal) -> None:
    """A reset signs nobody in, ends every session, sends a notice, and the next sign-in still asks for the code."""
    device = await world.enrol(ann)
    login = await world.login_with(device, ANN)
    token = await reset_token(world)
    answer = await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)
    assert not isinstance(answer, SignedIn)
    assert reason(await world.gate.session(login.token)) is Reason.NOT_AUTHENTICATED
    assert reason(await world.step(ANN)) is Reason.INVALID_CREDENTIALS
    assert isinstance(await world.step(ANN, OTHER_PASSWORD), MfaRequired)
    await world.mail()
    assert [message.subject for message in world.mailer.to(ANN)].count("Acme: your password was reset") == 1


@pytest.mark.proves("ASVS-6.5.1", "ASVS-6.4.1", "CVE-2026-73431")
async def test_a_reset_link_works_once_and_voids_the_others(world: AsyncWorld, ann: Principal) -> None:
    """After a reset neither its link nor an earlier one sets a password."""
    first, second = await reset_token(world), await reset_token(world)
    assert reason(await world.call("accounts.reset_password", token=second, password=OTHER_PASSWORD)) is None
    for token in (first, second):
        assert reason(await world.call("accounts.reset_password", token=token, password="green paper boats")) is Reason.INVALID_TOKEN
    assert isinstance(await world.step(ANN, OTHER_PASSWORD), SignedIn)


@pytest.mark.proves("CVE-2026-73431")
async def test_a_reset_link_from_before_a_change_is_void(world: AsyncWorld, ann: Principal) -> None:
    """A link that was mailed before the person set another password does not set one after it."""
    token = await reset_token(world)
    world.clock.advance(timedelta(seconds=1))
    assert reason(await world.call("accounts.change_password", ann, current=PASSWORD, new=OTHER_PASSWORD)) is None
    assert reason(await world.call("accounts.reset_password", token=token, password="green paper boats")) is Reason.INVALID_TOKEN
    assert isinstance(await world.step(ANN, OTHER_PASSWORD), SignedIn)


@pytest.mark.proves("CVE-2026-18963")
async def test_only_the_token_of_the_mail_sets_a_password(world: AsyncWorld, ann: Principal) -> None:
    """After a reset was asked for, no other token does: none, a made-up one, a verification's, a sign-in's ticket, a changed one."""
    device = await world.enrol(ann)
    await world.sign_up("zoe@acme.example")
    world.clock.advance(timedelta(seconds=30))
    ticket = await world.step(ANN)
    assert isinstance(ticket, MfaRequired)
    token = await reset_token(world)
    flipped = ("b" if token[0] == "a" else "a") + token[1:]
    verification = await world.token("zoe@acme.example", "email_verification")
    for other in ("", "x" * 43, verification, ticket.ticket.reveal(), flipped, device.seed, ANN):
        answer = await world.call("accounts.reset_password", token=other, password="green paper boats")
        assert reason(answer) is Reason.INVALID_TOKEN, other
    assert isinstance(await world.step(ANN), MfaRequired)
    assert reason(await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)) is None


@pytest.mark.proves("CVE-2026-32700", "NIST-4.2.1.2")
@pytest.mark.parametrize("kind", ["password_reset", "email_verification"])
async def test_a_link_counts_for_the_address_that_it_was_mailed_to(world: AsyncWorld, ann: Principal, kind: str) -> None:
    """If the account has another address by then, the link neither confirms that one nor sets a password."""
    await world.sign_up("zoe@acme.example")
    if kind == "password_reset":
        await world.call("accounts.request_password_reset", email="zoe@acme.example")
    token = await world.token("zoe@acme.example", kind)
    async with world.storage.begin(after_commit=lambda _: None) as store:
        zoe = await store.users.by_email("zoe@acme.example")
        assert zoe is not None
        assert await store.users.replace(replace(zoe, email="eve@acme.example", email_key="eve@acme.example", version=zoe.version + 1))
    more = {"password": OTHER_PASSWORD} if kind == "password_reset" else {}
    method = "accounts.reset_password" if more else "accounts.verify_email"
    assert reason(await world.call(method, token=token, **more)) is Reason.INVALID_TOKEN
    assert reason(await world.step("eve@acme.example")) is Reason.EMAIL_NOT_VERIFIED


async def test_a_reset_link_survives_a_weak_password(world: AsyncWorld, ann: Principal) -> None:
    """A password that the policy refuses does not use the link up."""
    token = await reset_token(world)
    assert reason(await world.call("accounts.reset_password", token=token, password="short")) is Reason.PASSWORD_TOO_SHORT
    assert reason(await world.call("accounts.reset_password", token=token, password=HUGE)) is Reason.PASSWORD_TOO_LONG
    assert reason(await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)) is None


@pytest.mark.proves("NIST-4.2.1.2")
async def test_links_end(world: AsyncWorld, ann: Principal) -> None:
    """A reset link lives ten minutes, a verification link a day; at their very end they are refused."""
    token = await reset_token(world)
    world.clock.advance(timedelta(minutes=10))
    assert reason(await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)) is Reason.INVALID_TOKEN
    await world.sign_up("bob@acme.example")
    late = await world.token("bob@acme.example", "email_verification")
    world.clock.advance(timedelta(hours=24))
    assert reason(await world.call("accounts.verify_email", token=late)) is Reason.EXPIRED
    await world.call("accounts.request_verification", email="bob@acme.example")
    assert reason(await world.call("accounts.verify_email", token=await world.token("bob@acme.example", "email_verification"))) is None


@pytest.mark.proves("ASVS-6.6.2")
async def test_a_token_serves_its_purpose_only(world: AsyncWorld, ann: Principal) -> None:
    """A verification token resets no password, a reset token verifies no address, a session token is neither."""
    await world.sign_up("bob@acme.example")
    verification, reset = await world.token("bob@acme.example", "email_verification"), await reset_token(world)
    assert reason(await world.call("accounts.reset_password", token=verification, password=OTHER_PASSWORD)) is Reason.INVALID_TOKEN
    assert reason(await world.call("accounts.verify_email", token=reset)) is Reason.INVALID_TOKEN
    for garbage in ("", "A" * 43, HUGE, "\ud800" * 43):
        assert reason(await world.call("accounts.verify_email", token=garbage)) is Reason.INVALID_TOKEN
        assert reason(await world.call("accounts.reset_password", token=garbage, password=OTHER_PASSWORD)) is Reason.INVALID_TOKEN
    assert reason(await world.call("accounts.verify_email", token=verification)) is None
    assert reason(await world.call("accounts.verify_email", token=verification)) is Reason.CODE_ALREADY_USED


async def test_a_disabled_account_redeems_nothing(world: AsyncWorld, ann: Principal) -> None:
    """Links mailed before the account was disabled do nothing, and no new ones are mailed."""
    token = await reset_token(world)
    await world.call("directory.disable_user", ann.id, reason="left")
    assert reason(await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)) is Reason.INVALID_TOKEN
    await world.mail()
    mails = len(world.mailer.sent)
    await world.call("accounts.request_password_reset", email=ANN)
    await world.mail()
    assert len(world.mailer.sent) == mails


@pytest.mark.proves("ASVS-6.2.2", "ASVS-6.2.3", "ASVS-7.4.3", "ASVS-6.3.7", "ASVS-7.2.4")
async def test_a_change_of_password_takes_the_current_one(world: AsyncWorld, ann: Principal) -> None:
    """The right current password sets the new one, ends the other sessions, replaces this one's token and sends a notice."""
    other = await world.login(ANN)
    assert (
        reason(await world.call("accounts.change_password", ann, current=WRONG_PASSWORD, new=OTHER_PASSWORD)) is Reason.INVALID_CREDENTIALS
    )
    assert reason(await world.call("accounts.change_password", ann, current=PASSWORD, new="short")) is Reason.PASSWORD_TOO_SHORT
    session, token = await world.call("accounts.change_password", ann, current=PASSWORD, new=OTHER_PASSWORD)
    for ended in (other.token, world._tokens[ann.credential.id]):
        assert reason(await world.gate.session(ended)) is Reason.NOT_AUTHENTICATED
    assert session.id == (await world.known(token.reveal())).principal.credential.id == ann.credential.id
    assert reason(await world.step(ANN)) is Reason.INVALID_CREDENTIALS
    assert isinstance(await world.step(ANN, OTHER_PASSWORD), SignedIn)
    await world.mail()
    assert [message.kind for message in world.mailer.to(ANN)].count("notice") == 1


async def test_guessing_the_current_password_is_throttled(world: AsyncWorld, ann: Principal) -> None:
    """A stolen session can not try passwords without end."""
    for _ in range(5):
        await world.call("accounts.change_password", ann, current=WRONG_PASSWORD, new=OTHER_PASSWORD)
    assert reason(await world.call("accounts.change_password", ann, current=PASSWORD, new=OTHER_PASSWORD)) is Reason.THROTTLED


@pytest.mark.proves("ASVS-7.5.1")
async def test_a_change_of_password_takes_a_fresh_factor(world: AsyncWorld, ann: Principal) -> None:
    """Where MFA is on, a proof of it that is older than ten minutes, or lies in the future, is not enough."""
    device = await world.enrol(ann)
    change = {"current": PASSWORD, "new": OTHER_PASSWORD}
    fresh = await world.again(ann)
    world.clock.advance(timedelta(minutes=11))
    assert reason(await world.call("accounts.change_password", fresh, **change)) is Reason.STEP_UP_REQUIRED
    world.clock.set(world.clock.now() - timedelta(hours=1))
    assert reason(await world.call("accounts.change_password", fresh, **change)) is Reason.STEP_UP_REQUIRED
    world.clock.set(world.clock.now() + timedelta(hours=1))
    _, token = await world.call("sign_in.step_up", fresh, factor=Factor.TOTP, code=device.code())
    assert reason(await world.call("accounts.change_password", (await world.known(token.reveal())).principal, **change)) is None


@pytest.mark.proves("ASVS-7.2.4")
async def test_step_up_replaces_the_token(world: AsyncWorld, ann: Principal) -> None:
    """When assurance rises the session gets a new token, and the old one is refused at once."""
    device = await world.enrol(ann)
    login = await world.login_with(device, ANN)
    world.clock.advance(timedelta(minutes=30))
    assert reason(await world.call("sign_in.step_up", login.principal, factor=Factor.TOTP, code=device.wrong())) is Reason.INVALID_CODE
    assert (await world.known(login.token)).principal == login.principal
    session, token = await world.call("sign_in.step_up", login.principal, factor=Factor.TOTP, code=device.code())
    assert session.id == login.principal.credential.id
    assert reason(await world.gate.session(login.token)) is Reason.NOT_AUTHENTICATED
    assert (await world.known(token.reveal())).principal.credential.factors["otp"] == world.clock.now()


@pytest.mark.proves("NIST-2.1.3", "ASVS-7.3.2", "NIST-5.1(5)")
async def test_a_session_ends_at_its_absolute_limit(world: AsyncWorld, ann: Principal) -> None:
    """An AAL1 session lives 30 days however much it is used, and not an instant longer."""
    login = await world.login(ANN)
    for _ in range(3):
        world.clock.advance(timedelta(days=9))
        await world.known(login.token)
        await world.call("sessions.of", ann.id)
        await world.security.jobs.write_uses()
    world.clock.advance(timedelta(days=3) - timedelta(microseconds=1))
    await world.known(login.token)
    world.clock.advance(timedelta(microseconds=1))
    assert reason(await world.gate.session(login.token)) is Reason.NOT_AUTHENTICATED


@pytest.mark.proves("NIST-2.2.3", "ASVS-7.3.1", "NIST-5.2")
async def test_a_session_ends_when_idle(world: AsyncWorld, ann: Principal) -> None:
    """An AAL2 session ends after an hour without use; use renews it, up to 24 hours in all."""
    device = await world.enrol(ann)
    login = await world.login_with(device, ANN)
    started = world.clock.now()
    while world.clock.now() < started + timedelta(hours=23, minutes=20):
        world.clock.advance(timedelta(minutes=50))
        await world.known(login.token)
        await world.security.jobs.write_uses()
    world.clock.set(started + timedelta(hours=24))
    world.clock.advance(timedelta(0))
    assert reason(await world.gate.session(login.token)) is Reason.NOT_AUTHENTICATED
    idle = await world.login_with(device, ANN)
    world.clock.advance(timedelta(hours=1))
    assert reason(await world.gate.session(idle.token)) is Reason.NOT_AUTHENTICATED


@pytest.mark.proves("ASVS-7.4.1", "NIST-5.1(3)")
async def test_sign_out_ends_the_session_at_once(world: AsyncWorld, ann: Principal) -> None:
    """Signing out ends this session and no other, everywhere ends all, and can keep this one."""
    one, two, three = await world.login(ANN), await world.login(ANN), await world.login(ANN)
    assert await world.call("sessions.sign_out", one.principal) is True
    assert reason(await world.gate.session(one.token)) is Reason.NOT_AUTHENTICATED
    await world.known(two.token)
    assert await world.call("sessions.sign_out_everywhere", two.principal, keep_this=True) == 2
    assert reason(await world.gate.session(three.token)) is Reason.NOT_AUTHENTICATED
    assert await world.call("sessions.sign_out_everywhere", two.principal) == 1
    assert reason(await world.gate.session(two.token)) is Reason.NOT_AUTHENTICATED


@pytest.mark.proves("ASVS-7.5.2")
async def test_people_end_their_own_sessions_only(world: AsyncWorld, ann: Principal) -> None:
    """A person sees and ends their own sessions; another person's is as if there were none."""
    other = await world.login(ANN)
    bob = await world.person("bob@acme.example")
    ids = {session.id for session in await world.call("sessions.of", ann.id)}
    assert ids == {ann.credential.id, other.principal.credential.id}
    assert await world.call("sessions.revoke", bob, SessionId(ann.credential.id)) is False
    await world.again(ann)
    assert await world.call("sessions.revoke", ann, SessionId(other.principal.credential.id)) is True
    assert reason(await world.gate.session(other.token)) is Reason.NOT_AUTHENTICATED


@pytest.mark.proves("ASVS-8.4.1")
async def test_a_session_switches_to_own_organizations_only(world: AsyncWorld, ann: Principal) -> None:
    """Switching needs an active membership now; a foreign, unknown or suspended one is not found."""
    bob = await world.person("bob@acme.example")
    acme, globex = await world.organization(ann), await world.organization(bob, "Globex")
    carl = await world.member(acme.id, "carl@acme.example")
    assert (await world.call("sessions.switch_organization", carl, acme.id)).organization_id == acme.id
    assert (await world.again(carl)).organization == acme.id
    for foreign in (globex.id, OrganizationId("org_00000000000000000000000000")):
        assert reason(await world.call("sessions.switch_organization", carl, foreign)) is Reason.NOT_FOUND
    await world.call("members.suspend", ann, organization=acme.id, user=carl.id)
    assert reason(await world.call("sessions.switch_organization", carl, acme.id)) is Reason.NOT_FOUND


@pytest.mark.parametrize("token", ["", "x", HUGE, "ses_00000000000000000000000000." + "A" * 43, "\ud800" * 74])
async def test_what_is_no_session_is_nobody(world: AsyncWorld, token: str) -> None:
    """A malformed, over-long or unknown session token authenticates nobody."""
    assert reason(await world.gate.session(token)) is Reason.NOT_AUTHENTICATED
    assert reason(await world.call("sessions.authenticate", token)) is Reason.NOT_AUTHENTICATED


async def test_a_foreign_secret_opens_no_session(world: AsyncWorld, ann: Principal) -> None:
    """The id of one session with the secret of another proves nothing."""
    one, two = await world.login(ANN), await world.login(ANN)
    assert reason(await world.gate.session(one.token[:31] + two.token[31:])) is Reason.NOT_AUTHENTICATED


@pytest.mark.proves("ASVS-7.1.2", "ASVS-2.3.2")
async def test_a_person_has_so_many_sessions() -> None:
    """Over the limit, the session that was used longest ago makes room; those of others, and what ended already, do not count."""
    async with AsyncWorld.open(options=EmbeddedOptions(sessions=SessionPolicy(most=3))) as world:
        first = await world.person(ANN)
        bob = await world.person("bob@acme.example")
        logins = []
        for _ in range(2):
            world.clock.advance(timedelta(minutes=2))
            logins.append(await world.login(ANN))
        await world.again(first)
        await world.security.jobs.write_uses()
        world.clock.advance(timedelta(minutes=2))
        fourth = await world.login(ANN)
        assert {each.id for each in await world.call("sessions.of", first.id)} == {
            each.credential.id for each in (first, logins[1].principal, fourth.principal)
        }
        assert reason(await world.gate.session(logins[0].token)) is Reason.NOT_AUTHENTICATED
        await world.again(bob)
        await world.call("sessions.sign_out", fourth.principal)
        await world.login(ANN)
        await world.again(first)


async def test_the_last_use_costs_a_request_no_write(world: AsyncWorld, ann: Principal) -> None:
    """A thousand requests within minutes write nothing; the worker then writes one row for each session, and nothing if none was used."""
    login = await world.login(ANN)
    await world.security.jobs.write_uses()
    with world.tap.to(Written()) as probe:
        for _ in range(1000):
            world.clock.advance(timedelta(milliseconds=500))
            await world.known(login.token)
    assert probe.writes == []
    used = world.clock.now()
    with world.tap.to(Written()) as probe:
        assert await world.security.jobs.write_uses() == 1
        assert await world.security.jobs.write_uses() == 0
    assert probe.writes == ["sessions.touch"]
    (listed,) = [each for each in await world.call("sessions.of", ann.id) if each.id == login.principal.credential.id]
    assert used - listed.last_seen_at < timedelta(minutes=1)
    assert (listed.user_agent, listed.address) == ("a browser", "198.51.100.7")
