"""Devices that their person trusts with skipping the second step (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.ids import DeviceId
from ctsec.outcome import Reason
from ctsec.principal import Factor, Principal
from ctsec.secret import SecretText
from ctsec.security.parts import EmbeddedOptions, Settings
from ctsec.storage.memory import AsyncMemoryStorage
from ctsec.testing import SoftwareAuthenticator
from tests.services._async_world import REQUEST, AsyncWorld
from tests.services.probing import OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, Device, reason

ANN, BOB = "ann@acme.example", "bob@acme.example"
LIFE = timedelta(days=30)
TRUSTING = EmbeddedOptions(trusted_devices=LIFE)


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(options=TRUSTING) as made:
        yield made


async def ask(world: AsyncWorld, method: str, *positional: Any, device: str = "", **named: Any) -> Any:
    """Call a method in a unit of its own, from a device."""
    service, _, verb = method.partition(".")
    async with world.security.begin(replace(REQUEST, device=SecretText(device) if device else None)) as unit:
        return await getattr(getattr(unit, service), verb)(*positional, **named)


async def enter(world: AsyncWorld, password: str = PASSWORD, *, email: str = ANN, device: str = "") -> Any:
    return await ask(world, "sign_in.password", email=email, password=password, device=device)


async def sign_in(world: AsyncWorld, app: Device, *, device: str = "", trust: bool = False) -> SignedIn:
    """Sign Ann in with both steps, in the next time step."""
    world.clock.advance(timedelta(seconds=30))
    ticket = (await enter(world, device=device)).ticket.reveal()
    step = await ask(world, "sign_in.second_factor", ticket=ticket, factor=Factor.TOTP, code=app.code(), device=device, trust=trust)
    assert isinstance(step, SignedIn)
    return step


def token_of(step: SignedIn) -> str:
    """Return the token of the device that a sign-in made known."""
    assert step.device is not None
    return step.device.reveal()


async def trusting(world: AsyncWorld) -> tuple[Principal, Device, str]:
    """Make Ann, whose session has both factors, and a device that she trusts."""
    app = await world.enrol(await world.person(ANN))
    step = await sign_in(world, app, trust=True)
    return (await world.arrived(step)).principal, app, token_of(step)


async def test_a_trusted_device_is_asked_for_the_password_alone(world: AsyncWorld) -> None:
    """It signs in with the right password, as a session of one factor, and is asked again after its time, to the second."""
    ann, app, device = await trusting(world)
    assert reason(await enter(world, WRONG_PASSWORD, device=device)) is Reason.INVALID_CREDENTIALS
    assert isinstance(await enter(world), MfaRequired)
    step = await enter(world, device=device)
    assert isinstance(step, SignedIn)
    assert (step.session.aal, set(step.session.factors), step.device) == (1, {"pwd", "trusted_device"}, None)
    events = [event.target_id for event in await world.events() if event.name in {"device.trusted", "user.second_step_skipped"}]
    assert events == [device.partition(".")[0]] * 2
    shown = {each.id: each.trusted_until for each in await ask(world, "devices.of", ann.id)}
    assert [until for until in shown.values() if until is not None] == [world.clock.now() + LIFE]
    world.clock.advance(LIFE - timedelta(seconds=1))
    assert isinstance(await enter(world, device=device), SignedIn)
    world.clock.advance(timedelta(seconds=1))
    assert isinstance(await enter(world, device=device), MfaRequired)
    assert isinstance(await sign_in(world, app, device=device), SignedIn)


async def test_what_takes_a_second_factor_takes_it_there_too(world: AsyncWorld) -> None:
    """A session that skipped the second step changes no factor and no password, and steps up with a code like any other."""
    _, app, device = await trusting(world)
    bare = (await world.arrived(await enter(world, device=device))).principal
    assert not bare.credential.second_factor_fresh(now=world.clock.now())
    for method, named in {
        "mfa.remove_totp": {},
        "mfa.regenerate_backup_codes": {},
        "passkeys.begin_registration": {},
        "accounts.change_password": {"current": PASSWORD, "new": OTHER_PASSWORD},
        "addresses.request_change": {"email": BOB, "password": PASSWORD},
    }.items():
        assert reason(await world.call(method, bare, **named)) is Reason.STEP_UP_REQUIRED, method
    world.clock.advance(timedelta(seconds=30))
    session, _ = await world.call("sign_in.step_up", bare, factor=Factor.TOTP, code=app.code())
    assert session.aal == 2


@pytest.mark.proves("NIST-5.1", "ASVS-6.3.3")
async def test_a_trusted_sign_in_is_marked_and_no_longer_than_one_with_a_code(world: AsyncWorld) -> None:
    """`amr` says that no code was asked for, and since when; the session lives as one at AAL2, and nothing proves trust as a factor."""
    _, _, device = await trusting(world)
    since = world.clock.now()
    world.clock.advance(timedelta(minutes=5))
    step = await enter(world, device=device)
    assert dict(step.session.factors) == {"pwd": world.clock.now(), "trusted_device": since}
    assert (step.session.expires_at - step.session.created_at, step.session.idle_seconds) == (timedelta(hours=24), 3600)
    bare = (await world.arrived(step)).principal
    assert not bare.credential.second_factor_fresh(now=world.clock.now())
    refused = await world.call("sign_in.step_up", bare, factor=Factor.TRUSTED_DEVICE, code=device)
    assert reason(refused) is Reason.INVALID_INPUT


@pytest.mark.proves("NIST-4.6", "ASVS-6.3.7")
async def test_the_person_is_offered_trust_and_told_of_it(world: AsyncWorld) -> None:
    """The first step says for how long a device may be trusted; that one is, is one mail, which says until when."""
    app = await world.enrol(await world.person(ANN))
    assert (await enter(world)).trust_life == LIFE
    await world.mail()
    before = len(world.mailer.to(ANN))
    await sign_in(world, app, trust=True)
    await world.mail()
    until = f"{world.clock.now() + LIFE:%d %B %Y}"
    told = [mail.subject for mail in world.mailer.to(ANN)[before:] if mail.kind == "notice"]
    assert told == [f"Acme: until {until} one of your devices is asked for your password only"]


async def test_a_backup_code_makes_no_device_trusted(world: AsyncWorld) -> None:
    """The wish is refused before the code is used up, and the same code completes the sign-in without it."""
    app = await world.enrol(await world.person(ANN))
    second = {"ticket": (await enter(world)).ticket.reveal(), "factor": Factor.BACKUP_CODE, "code": app.backup[0]}
    assert reason(await ask(world, "sign_in.second_factor", **second, trust=True)) is Reason.INVALID_INPUT
    assert isinstance(await ask(world, "sign_in.second_factor", **second), SignedIn)


@pytest.mark.proves("NIST-5.1", "NIST-3.1.1.2(1)", "ASVS-6.3.3")
@pytest.mark.parametrize("grace", [timedelta(0), timedelta(days=7)])
async def test_an_organization_that_requires_a_second_factor_asks_every_device(world: AsyncWorld, grace: timedelta) -> None:
    """Where one does, or will, trust is neither offered nor given, and what was given before counts for nothing until it requires none."""
    ann, app, device = await trusting(world)
    acme = await world.organization(ann)
    until = world.clock.now() + grace
    await world.call("requirements.require_mfa", ann, organization=acme.id, grace_until=until)
    step = await enter(world, device=device)
    assert isinstance(step, MfaRequired)
    assert step.trust_life is None
    world.clock.advance(timedelta(seconds=30))
    second = {"ticket": step.ticket.reveal(), "factor": Factor.TOTP, "code": app.code(), "device": device}
    assert reason(await ask(world, "sign_in.second_factor", **second, trust=True)) is Reason.INVALID_INPUT
    assert isinstance(await ask(world, "sign_in.second_factor", **second), SignedIn)
    await world.call("requirements.relax_mfa", ann, organization=acme.id)
    assert isinstance(await enter(world, device=device), SignedIn)


async def change_password(world: AsyncWorld, ann: Principal, device: str) -> None:
    await ask(world, "accounts.change_password", ann, current=PASSWORD, new=OTHER_PASSWORD, device=device)


async def reset(world: AsyncWorld, ann: Principal, device: str) -> None:
    await world.call("accounts.request_password_reset", email=ANN)
    await world.call("accounts.reset_password", token=await world.token(ANN, "password_reset"), password=OTHER_PASSWORD)


async def new_codes(world: AsyncWorld, ann: Principal, device: str) -> None:
    await world.call("mfa.regenerate_backup_codes", ann)


async def another_factor(world: AsyncWorld, ann: Principal, device: str) -> None:
    await world.add_passkey(ann, SoftwareAuthenticator())


async def everywhere(world: AsyncWorld, ann: Principal, device: str) -> None:
    await world.call("sessions.sign_out_everywhere", ann)


async def everywhere_else(world: AsyncWorld, ann: Principal, device: str) -> None:
    await ask(world, "sessions.sign_out_everywhere", ann, keep_this=True, device=device)


async def disabled(world: AsyncWorld, ann: Principal, device: str) -> None:
    await world.call("directory.disable_user", ann.id, reason="left")
    await world.call("directory.enable_user", ann.id, reason="back")


async def another_address(world: AsyncWorld, ann: Principal, device: str) -> None:
    await world.call("addresses.confirm_change", token=await world.change_of_address(ann, BOB))


async def distrusted(world: AsyncWorld, ann: Principal, device: str) -> None:
    assert await world.call("devices.distrust", ann, DeviceId(device.partition(".")[0])) is True
    assert await world.call("devices.distrust", ann, DeviceId(device.partition(".")[0])) is False


async def revoked(world: AsyncWorld, ann: Principal, device: str) -> None:
    assert await world.call("devices.revoke", ann, DeviceId(device.partition(".")[0])) is True


async def guessed_at(world: AsyncWorld, ann: Principal, device: str) -> None:
    for _ in range(10):
        world.clock.advance(timedelta(minutes=15))
        assert reason(await enter(world, WRONG_PASSWORD, device=device)) is Reason.INVALID_CREDENTIALS


async def signed_out(world: AsyncWorld, ann: Principal, device: str) -> None:
    await world.call("sessions.sign_out", ann)


ENDS: dict[Any, tuple[str, str]] = {
    change_password: (ANN, OTHER_PASSWORD),
    reset: (ANN, OTHER_PASSWORD),
    new_codes: (ANN, PASSWORD),
    another_factor: (ANN, PASSWORD),
    everywhere: (ANN, PASSWORD),
    everywhere_else: (ANN, PASSWORD),
    disabled: (ANN, PASSWORD),
    another_address: (BOB, PASSWORD),
    distrusted: (ANN, PASSWORD),
    revoked: (ANN, PASSWORD),
    guessed_at: (ANN, PASSWORD),
}


@pytest.mark.parametrize("what", ENDS, ids=[what.__name__ for what in ENDS])
async def test_trust_ends_with_what_it_stood_on(world: AsyncWorld, what: Any) -> None:
    """After each of these the device is asked for the second step again."""
    ann, _, device = await trusting(world)
    await what(world, ann, device)
    email, password = ENDS[what]
    assert isinstance(await enter(world, password, email=email, device=device), MfaRequired)


async def test_a_sign_out_ends_no_trust(world: AsyncWorld) -> None:
    """Signing out of one session leaves the device as trusted as it was."""
    ann, _, device = await trusting(world)
    await signed_out(world, ann, device)
    assert isinstance(await enter(world, device=device), SignedIn)


async def test_trust_is_for_a_new_token_of_this_person(world: AsyncWorld) -> None:
    """What the device held before it was trusted is no token any more, and another person's password finds no trust in it."""
    app = await world.enrol(await world.person(ANN))
    before = token_of(await sign_in(world, app))
    after = token_of(await sign_in(world, app, device=before, trust=True))
    await world.enrol(await world.person(BOB))
    assert isinstance(await enter(world, device=before), MfaRequired)
    assert isinstance(await enter(world, email=BOB, device=after), MfaRequired)
    assert isinstance(await enter(world, device=after), SignedIn)


async def test_a_device_is_distrusted_by_its_person_in_a_session(world: AsyncWorld) -> None:
    """Another person and an API key end no trust."""
    ann, _, device = await trusting(world)
    bob, acme = await world.person(BOB), await world.organization(ann)
    by_key: Any = await world.gate.api_key((await world.key(ann, acme.id)).token.reveal(), REQUEST)
    trusted = DeviceId(device.partition(".")[0])
    assert await world.call("devices.distrust", bob, trusted) is False
    assert reason(await world.call("devices.distrust", by_key, trusted)) is Reason.NOT_AUTHENTICATED
    assert isinstance(await enter(world, device=device), SignedIn)


@pytest.mark.parametrize(("allowed", "after", "wanted"), [(None, 0, MfaRequired), (2, 1, SignedIn), (2, 2, MfaRequired)])
async def test_the_deployment_decides_now(allowed: int | None, after: int, wanted: type) -> None:
    """Trust that was given under a longer setting counts for as long as today's allows, and not at all where there is none."""
    storage = AsyncMemoryStorage()
    async with AsyncWorld.over(storage, options=TRUSTING) as world:
        _, _, device = await trusting(world)
        life = timedelta(days=allowed) if allowed else None
        async with AsyncWorld.over(storage, options=EmbeddedOptions(trusted_devices=life), keys=world.keys) as other:
            other.clock.advance(world.clock.now() - other.clock.now() + timedelta(days=after))
            assert isinstance(await enter(other, device=device), wanted)


async def test_without_the_setting_nobody_asks_for_trust() -> None:
    """By default a wish for trust is refused before anything is charged or used up, and the same ticket completes without it."""
    async with AsyncWorld.open() as world:
        app = await world.enrol(await world.person(ANN))
        world.clock.advance(timedelta(seconds=30))
        step = await enter(world)
        assert step.trust_life is None
        second = {"ticket": step.ticket.reveal(), "factor": Factor.TOTP, "code": app.code()}
        assert reason(await ask(world, "sign_in.second_factor", **second, trust=True)) is Reason.INVALID_INPUT
        assert isinstance(await ask(world, "sign_in.second_factor", **second), SignedIn)


@pytest.mark.parametrize("life", [timedelta(0), timedelta(days=-1), timedelta(days=30, seconds=1)])
def test_trust_has_an_end(life: timedelta) -> None:
    """A device is trusted for more than nothing and at most 30 days."""
    with pytest.raises(ValueError, match="30 days"):
        Settings(issuer="Acme", trusted_devices=life)
