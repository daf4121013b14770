"""Second factors: each code once, bound to its person, and never skipped (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.outcome import Reason
from ctsec.principal import Factor, Principal
from ctsec.testing import Written
from tests.services._async_world import AsyncWorld
from tests.services.probing import Device, reason

ANN = "ann@acme.example"
STEP = timedelta(seconds=30)
HUGE = "1" * (1 << 20)


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open() as made:
        yield made


@pytest.fixture
async def ann(world: AsyncWorld) -> Principal:
    return await world.person(ANN)


@pytest.fixture
async def device(world: AsyncWorld, ann: Principal) -> Device:
    return await world.enrol(ann)


@pytest.mark.proves("ASVS-6.3.3", "ASVS-2.3.1")
async def test_an_enrolled_person_needs_both_steps(world: AsyncWorld, device: Device) -> None:
    """After enrolment the password alone opens no session; with a code of an independent authenticator it gives AAL2."""
    world.clock.advance(STEP)
    step = await world.step(ANN)
    assert isinstance(step, MfaRequired)
    assert step.factors == (Factor.BACKUP_CODE, Factor.TOTP)
    assert reason(await world.gate.session(step.ticket.reveal())) is Reason.NOT_AUTHENTICATED
    login = await world.arrived(await world.second(step, device.code()))
    assert login.principal.credential.aal == 2
    assert login.principal.credential.factors.keys() == {"pwd", "otp"}


async def test_a_pending_enrolment_counts_for_nothing(world: AsyncWorld, ann: Principal) -> None:
    """An authenticator that no code has confirmed changes neither sign-in nor status, and is replaced by the next one."""
    first = await world.call("mfa.begin_totp", ann)
    second = await world.call("mfa.begin_totp", ann)
    assert first.authenticator_id != second.authenticator_id
    assert isinstance(await world.step(ANN), SignedIn)
    assert not (await world.call("mfa.status", ann.id)).enrolled


@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.4.2", "CHANGELOG-django-allauth-0-61-0", "CVE-2025-55000")
async def test_a_code_is_accepted_once(world: AsyncWorld, device: Device) -> None:
    """The same code does not serve again, neither in another sign-in nor in the same one."""
    world.clock.advance(STEP)
    one, other = await world.step(ANN), await world.step(ANN)
    code = device.code()
    assert isinstance(await world.second(one, code), SignedIn)
    assert reason(await world.second(other, code)) is Reason.CODE_ALREADY_USED


@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.4.2", "CVE-2026-82470")
async def test_an_earlier_code_is_refused_after_a_later_one(world: AsyncWorld, device: Device) -> None:
    """Steps only go forward: the code of the previous step is refused once a later one was accepted."""
    world.clock.advance(2 * STEP)
    assert isinstance(await world.second(await world.step(ANN), device.code()), SignedIn)
    assert reason(await world.second(await world.step(ANN), device.code(-1))) is Reason.CODE_ALREADY_USED


@pytest.mark.proves("ASVS-6.5.1")
async def test_the_code_of_the_enrolment_is_burned(world: AsyncWorld, device: Device) -> None:
    """The code that confirmed the enrolment does not sign in."""
    assert reason(await world.second(await world.step(ANN), device.code())) is Reason.CODE_ALREADY_USED


@pytest.mark.proves("ASVS-6.5.5", "ASVS-6.5.8")
@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
async def test_codes_outside_of_the_window_are_wrong(world: AsyncWorld, device: Device, steps: int) -> None:
    """A code lives for its step and one to either side, by the deployment's clock."""
    world.clock.advance(10 * STEP)
    assert reason(await world.second(await world.step(ANN), device.code(steps))) is Reason.INVALID_CODE


async def test_a_wrong_code_leaves_the_ticket(world: AsyncWorld, device: Device) -> None:
    """Who mistypes a code need not type the password again."""
    world.clock.advance(STEP)
    step = await world.step(ANN)
    assert reason(await world.second(step, device.wrong())) is Reason.INVALID_CODE
    assert isinstance(await world.second(step, device.code()), SignedIn)


@pytest.mark.proves("ASVS-6.6.2")
async def test_a_ticket_completes_once_and_ends(world: AsyncWorld, device: Device) -> None:
    """A ticket that completed a sign-in, or is ten minutes old, completes none, whatever code comes with it."""
    world.clock.advance(STEP)
    step = await world.step(ANN)
    await world.second(step, device.code())
    world.clock.advance(STEP)
    assert reason(await world.second(step, device.code())) is Reason.INVALID_TOKEN
    late = await world.step(ANN)
    world.clock.advance(timedelta(minutes=10))
    assert reason(await world.second(late, device.code())) is Reason.INVALID_TOKEN
    in_time = await world.step(ANN)
    world.clock.advance(timedelta(minutes=9, seconds=59))
    assert isinstance(await world.second(in_time, device.code()), SignedIn)


@pytest.mark.parametrize("ticket", ["", "x", "é" * 43, "A" * 43, "A" * 44, HUGE, "\ud800" * 43])
async def test_what_is_no_ticket_is_refused_before_anything(world: AsyncWorld, device: Device, ticket: str) -> None:
    """A malformed or unknown ticket is refused, no attempt is charged to anybody, and the refusal is an event."""
    with world.tap.to(Written()) as probe:
        refused = await world.call("sign_in.second_factor", ticket=ticket, factor=Factor.TOTP, code=device.code())
    assert reason(refused) is Reason.INVALID_TOKEN
    assert probe.writes == ["guard.events.append"]


@pytest.mark.proves("CVE-2026-105835", "ASVS-6.6.3")
@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\uff11" * 6, HUGE, "\ud800" * 6, "12 34\0"])
@pytest.mark.parametrize("factor", [Factor.TOTP, Factor.BACKUP_CODE])
async def test_malformed_codes_are_wrong_and_counted(world: AsyncWorld, device: Device, code: str, factor: Factor) -> None:
    """A code of any other form is a wrong code: five of them block."""
    step = await world.step(ANN)
    for _ in range(5):
        assert reason(await world.second(step, code, factor)) is Reason.INVALID_CODE
    assert reason(await world.second(step, device.code(1), factor)) is Reason.THROTTLED


async def test_a_password_is_no_second_factor(world: AsyncWorld, device: Device) -> None:
    """The second step takes a second factor only."""
    step = await world.step(ANN)
    assert reason(await world.second(step, "correct horse battery", Factor.PASSWORD)) is Reason.INVALID_INPUT


async def test_codes_belong_to_their_person(world: AsyncWorld, device: Device) -> None:
    """A code of somebody else's authenticator is wrong."""
    bobs = await world.enrol(await world.person("bob@acme.example"))
    world.clock.advance(STEP)
    assert reason(await world.second(await world.step(ANN), bobs.code())) is Reason.INVALID_CODE


@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.2.2", "NIST-4.2.1.1")
async def test_a_backup_code_works_once(world: AsyncWorld, ann: Principal, device: Device) -> None:
    """Each backup code signs in once, in any order and any writing, and the number left is told."""
    for used, code in enumerate((device.backup[7], device.backup[0].upper()), start=1):
        assert isinstance(await world.second(await world.step(ANN), f" {code} ", Factor.BACKUP_CODE), SignedIn)
        assert (await world.call("mfa.status", ann.id)).backup_codes_left == 10 - used
        again = await world.second(await world.step(ANN), code, Factor.BACKUP_CODE)
        assert reason(again) is Reason.CODE_ALREADY_USED


@pytest.mark.proves("ASVS-6.5.6", "NIST-3.1.2.1", "NIST-4.2.1.1")
async def test_new_backup_codes_void_the_old(world: AsyncWorld, ann: Principal, device: Device) -> None:
    """Making new codes takes a fresh factor, and every old code is wrong afterwards."""
    world.clock.advance(timedelta(minutes=11))
    assert reason(await world.call("mfa.regenerate_backup_codes", await world.again(ann))) is Reason.STEP_UP_REQUIRED
    login = await world.login_with(device, ANN)
    fresh = await world.call("mfa.regenerate_backup_codes", login.principal)
    assert reason(await world.second(await world.step(ANN), device.backup[1], Factor.BACKUP_CODE)) is Reason.INVALID_CODE
    assert isinstance(await world.second(await world.step(ANN), fresh.codes[1].reveal(), Factor.BACKUP_CODE), SignedIn)


@pytest.mark.proves("NIST-3.1.4.2", "NIST-3.2.2")
async def test_a_locked_authenticator_is_bound_anew(world: AsyncWorld, ann: Principal, device: Device) -> None:
    """A hundred wrong codes end the authenticator for ever; a backup code still signs in, and a new binding starts at nothing."""
    for _ in range(100):
        world.clock.advance(timedelta(minutes=15))
        assert reason(await world.call("sign_in.step_up", ann, factor=Factor.TOTP, code=device.wrong())) is Reason.INVALID_CODE
    world.clock.advance(timedelta(days=1))
    step = await world.step(ANN)
    assert reason(await world.second(step, device.code())) is Reason.LOCKED
    login = await world.arrived(await world.second(step, device.backup[0], Factor.BACKUP_CODE))
    assert reason(await world.call("mfa.remove_totp", login.principal)) is None
    newer = await world.enrol(login.principal)
    await world.login_with(newer, ANN)


@pytest.mark.proves("ASVS-7.5.1")
async def test_removal_takes_a_fresh_factor(world: AsyncWorld, ann: Principal, device: Device) -> None:
    """Only a session with a fresh second factor turns MFA off; then the password is enough and the codes are void."""
    world.clock.advance(timedelta(minutes=11))
    stale = await world.again(ann)
    assert reason(await world.call("mfa.remove_totp", stale)) is Reason.STEP_UP_REQUIRED
    assert (await world.call("mfa.status", ann.id)).enrolled
    _, token = await world.call("sign_in.step_up", stale, factor=Factor.TOTP, code=device.code())
    fresh = await world.known(token.reveal())
    assert reason(await world.call("mfa.begin_totp", fresh.principal)) is None
    assert not (await world.call("mfa.remove_totp", fresh.principal)).enrolled
    assert isinstance(await world.step(ANN), SignedIn)
    assert reason(await world.call("mfa.remove_totp", fresh.principal)) is Reason.MFA_NOT_ENROLLED
    assert reason(await world.call("mfa.regenerate_backup_codes", fresh.principal)) is Reason.MFA_NOT_ENROLLED


async def test_stepping_up_lengthens_no_session(world: AsyncWorld, ann: Principal, device: Device) -> None:
    """A session ends when it was to end, however often its person proves a factor in it."""
    step = await world.second(await world.step(ANN), device.code(1))
    assert isinstance(step, SignedIn)
    login = await world.arrived(step)
    world.clock.advance(timedelta(minutes=50))
    session, _ = await world.call("sign_in.step_up", login.principal, factor=Factor.TOTP, code=device.code())
    assert session.expires_at == step.session.expires_at


@pytest.mark.proves("ASVS-7.5.1")
async def test_the_first_factor_takes_a_fresh_sign_in(world: AsyncWorld, ann: Principal) -> None:
    """A session that was left open binds no authenticator: it would get a fresh second factor, and its person be locked out."""
    world.clock.advance(timedelta(minutes=10, microseconds=1))
    assert reason(await world.call("mfa.begin_totp", await world.again(ann))) is Reason.STEP_UP_REQUIRED
    assert not (await world.call("mfa.status", ann.id)).enrolled
    await world.enrol((await world.login(ANN)).principal)


@pytest.mark.proves("ASVS-7.4.3")
async def test_turning_mfa_on_ends_the_other_sessions(world: AsyncWorld, ann: Principal) -> None:
    """Enrolment ends every other session of the person, and raises this one to AAL2."""
    other = await world.login(ANN)
    await world.enrol(ann)
    assert reason(await world.gate.session(other.token)) is Reason.NOT_AUTHENTICATED
    assert (await world.again(ann)).credential.aal == 2


async def test_a_clock_that_jumps_back_reuses_no_code(world: AsyncWorld, device: Device) -> None:
    """After the clock went back, codes that were accepted before, and older ones, stay refused."""
    world.clock.advance(10 * STEP)
    code = device.code()
    await world.arrived(await world.second(await world.step(ANN), code))
    world.clock.set(world.clock.now() - 4 * STEP)
    assert reason(await world.second(await world.step(ANN), device.code())) is Reason.CODE_ALREADY_USED
    world.clock.advance(4 * STEP)
    assert reason(await world.second(await world.step(ANN), code)) is Reason.CODE_ALREADY_USED


async def test_only_a_session_manages_factors(world: AsyncWorld, ann: Principal, device: Device) -> None:
    """An API key, though it acts for the person, neither enrols, removes, regenerates nor steps up."""
    acme = await world.organization(ann)
    minted = await world.key(ann, acme.id)
    by_key = await world.gate.api_key(minted.token.reveal(), world.request)
    for method in ("mfa.begin_totp", "mfa.remove_totp", "mfa.regenerate_backup_codes"):
        assert reason(await world.call(method, by_key)) is Reason.NOT_AUTHENTICATED
    assert reason(await world.call("mfa.confirm_totp", by_key, code=device.code(1))) is Reason.NOT_AUTHENTICATED
    assert reason(await world.call("sign_in.step_up", by_key, factor=Factor.TOTP, code=device.code(1))) is Reason.NOT_AUTHENTICATED
