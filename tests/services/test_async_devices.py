"""The devices that people have used before: listed, revoked, and told of when they are new (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.authn.device import DEVICE_LIFE, parse_device_token
from ctsec.authn.journey import MfaRequired, SignedIn, SignInStep
from ctsec.authn.place import network_of
from ctsec.ids import DeviceId
from ctsec.outcome import Reason
from ctsec.principal import Factor, Principal
from ctsec.secret import SecretText
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import SoftwareAuthenticator
from tests.services._async_world import REQUEST, AsyncWorld
from tests.services.probing import ORIGIN, OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, reason

ANN, BOB = "ann@acme.example", "bob@acme.example"
PHONE = "Mozilla/5.0 (iPhone) Safari/605.1"


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open() as made:
        yield made


async def ask(world: AsyncWorld, method: str, *positional: Any, device: str = "", agent: str = PHONE, **named: Any) -> Any:
    """Call a method in a unit of its own, from a device that says what it is."""
    service, _, verb = method.partition(".")
    token = SecretText(device) if device else None
    async with world.security.begin(replace(REQUEST, user_agent=agent, device=token)) as unit:
        return await getattr(getattr(unit, service), verb)(*positional, **named)


async def enter(world: AsyncWorld, *, email: str = ANN, **source: Any) -> SignedIn:
    """Sign in with a password, a minute later."""
    world.clock.advance(timedelta(minutes=1))
    step = await ask(world, "sign_in.password", email=email, password=PASSWORD, **source)
    assert isinstance(step, SignedIn)
    return step


def id_of(step: SignedIn) -> DeviceId:
    """Return the id of the device that a sign-in made known."""
    presented = parse_device_token(token_of(step))
    assert presented is not None
    return presented.device_id


def token_of(step: SignInStep) -> str:
    """Return the token of the device that a sign-in made known."""
    assert isinstance(step, SignedIn)
    assert step.device is not None
    return step.device.reveal()


async def listed(world: AsyncWorld, ann: Principal, **source: Any) -> list[DeviceId]:
    """Return the ids of Ann's devices, as she sees them."""
    return [each.id for each in await ask(world, "devices.of", ann.id, **source)]


async def test_devices_are_listed_as_their_person_knows_them(world: AsyncWorld) -> None:
    """The last used comes first, this one is marked, times are those of its sign-ins, and what has ended is not there."""
    ann = await world.person(ANN)
    await world.person(BOB)
    first, second = await enter(world, agent="curl/8"), await enter(world)
    made = world.clock.now()
    await enter(world, device=token_of(second))
    here, there, start = await ask(world, "devices.of", ann.id, device=token_of(second))
    assert (here.id, here.name, here.user_agent, here.current) == (id_of(second), "Safari on iPhone", PHONE, True)
    assert (here.created_at, here.seen_at, here.expires_at) == (made, world.clock.now(), world.clock.now() + DEVICE_LIFE)
    assert (there.id, there.name, there.current, start.name, start.current) == (id_of(first), "curl/8", False, "a browser", False)
    world.clock.advance(DEVICE_LIFE - timedelta(minutes=1))
    assert await listed(world, ann) == [id_of(second)]


async def test_a_revoked_device_is_a_stranger(world: AsyncWorld) -> None:
    """It is known no more at its next sign-in, once; another person's device and an unknown one are not there to be revoked."""
    ann, bob = await world.person(ANN), await world.person(BOB)
    step = await enter(world)
    assert await world.call("devices.revoke", bob, id_of(step)) is False
    assert await world.call("devices.revoke", ann, DeviceId("dvc_" + "0" * 26)) is False
    assert [await world.call("devices.revoke", ann, id_of(step)) for _ in range(2)] == [True, False]
    assert id_of(step) not in await listed(world, ann)
    assert id_of(await enter(world, device=token_of(step))) != id_of(step)
    (event,) = await world.events(name="device.revoked")
    assert (event.actor_id, event.target_id) == (ann.id, id_of(step))


@pytest.mark.parametrize(("keep", "left", "revoked"), [(True, 1, 2), (False, 0, 3)])
async def test_all_are_revoked_at_once(world: AsyncWorld, keep: bool, left: int, revoked: int) -> None:
    """All of a person's devices, or all but this one, are strangers at once; other people's stay, and a second time is no event."""
    ann, bob = await world.person(ANN), await world.person(BOB)
    await enter(world)
    here = await enter(world)
    counts = [await ask(world, "devices.revoke_all", ann, device=token_of(here), keep_this=keep) for _ in range(2)]
    assert counts == [revoked, 0]
    assert await listed(world, ann) == [id_of(here)][:left]
    assert len(await listed(world, bob)) == 1
    (event,) = await world.events(name="device.revoked")
    assert event.target_id == "all"


async def test_somebody_elses_device_is_not_kept(world: AsyncWorld) -> None:
    """A request that comes from another person's device keeps none of one's own."""
    ann = await world.person(ANN)
    await world.person(BOB)
    theirs = await enter(world, email=BOB)
    assert await ask(world, "devices.revoke_all", ann, device=token_of(theirs), keep_this=True) == 1
    assert await listed(world, ann) == []


async def test_only_a_session_revokes(world: AsyncWorld) -> None:
    """An API key, which may be narrowed, makes no device a stranger."""
    ann = await world.person(ANN)
    acme = await world.organization(ann)
    minted = await world.key(ann, acme.id)
    by_key: Any = await world.gate.api_key(minted.token.reveal(), REQUEST)
    (device,) = await listed(world, ann)
    assert reason(await world.call("devices.revoke", by_key, device)) is Reason.NOT_AUTHENTICATED
    assert reason(await world.call("devices.revoke_all", by_key)) is Reason.NOT_AUTHENTICATED
    assert await listed(world, ann) == [device]


NOTICES = ("new_device", "unfinished_sign_in")


async def told(world: AsyncWorld, email: str = ANN) -> list[str]:
    """Return the kinds of the notices about sign-ins that a person got."""
    await world.mail()
    return [message.kind for message in world.mailer.to(email) if message.kind in NOTICES]


@pytest.mark.proves("ASVS-6.3.5")
async def test_a_sign_in_from_a_new_device_is_told_once(world: AsyncWorld) -> None:
    """The first device of all is no news, each other one is one mail that says when, what and from where; a known one sends none."""
    await world.person(ANN)
    assert await told(world) == []
    step = await enter(world, agent="curl\r\nBcc: x/8")
    assert await told(world) == ["new_device"]
    text = world.mailer.to(ANN)[-1].text.reveal()
    for part in (
        f"When: {world.clock.now():%Y-%m-%d %H:%M} UTC",
        "account: curl Bcc: x/8",
        f"Place: {network_of(REQUEST.address)}\n",
        "change your password",
    ):
        assert part in text
    await enter(world, device=token_of(step))
    assert await told(world) == ["new_device"]
    assert [event.details()["details"]["new_device"] for event in await world.events(name="user.signed_in")] == [True, True, False]


@pytest.mark.parametrize("way", ["otp", "backup", "passkey_second", "passkey"])
async def test_every_way_in_tells(world: AsyncWorld, way: str) -> None:
    """Whichever factor completes a sign-in from a new device, the person is told."""
    ann = await world.person(ANN)
    app, key = await world.enrol(ann), SoftwareAuthenticator()
    await world.add_passkey(await world.again(ann), key)
    world.clock.advance(timedelta(seconds=30))
    if way == "passkey":
        response = key.get(await ask(world, "sign_in.begin_passkey"), origin=ORIGIN)
        step = await ask(world, "sign_in.passkey", response=response)
    else:
        begun = await ask(world, "sign_in.password", email=ANN, password=PASSWORD)
        ticket = begun.ticket.reveal()
        factor, code = Factor.TOTP, app.code()
        if way == "backup":
            factor, code = Factor.BACKUP_CODE, app.backup[0]
        if way == "passkey_second":
            factor, code = Factor.PASSKEY, key.get(await ask(world, "sign_in.begin_passkey", ticket=ticket), origin=ORIGIN)
        step = await ask(world, "sign_in.second_factor", ticket=ticket, factor=factor, code=code)
    assert isinstance(step, SignedIn)
    assert (await told(world)).count("new_device") == 1


@pytest.mark.proves("ASVS-6.3.5")
async def test_a_device_at_its_limit_is_told_of(world: AsyncWorld) -> None:
    """Who guesses right after a known device has used its own limit up signs in as a stranger, and the person is told."""
    await world.person(ANN)
    device = token_of(await enter(world))
    for _ in range(10):
        world.clock.advance(timedelta(minutes=15))
        wrong = await ask(world, "sign_in.password", email=ANN, password=WRONG_PASSWORD, device=device)
        assert reason(wrong) is Reason.INVALID_CREDENTIALS
    await enter(world, device=device)
    assert await told(world) == ["new_device"] * 2


@pytest.mark.proves("ASVS-6.3.5")
async def test_a_right_password_without_a_code_is_told_once_a_day(world: AsyncWorld) -> None:
    """Strangers who know the password send one mail a day, not one an attempt; the person's own device and a wrong password send none."""
    app = await world.enrol(await world.person(ANN))
    known = token_of(await world.second(await world.step(ANN), app.backup[0], Factor.BACKUP_CODE))
    before = await told(world)
    world.clock.advance(timedelta(days=1))
    wrong = await ask(world, "sign_in.password", email=ANN, password=WRONG_PASSWORD)
    own = await ask(world, "sign_in.password", email=ANN, password=PASSWORD, device=known)
    assert (reason(wrong), isinstance(own, MfaRequired), await told(world)) == (Reason.INVALID_CREDENTIALS, True, before)
    for hours in (0, 1, 22, 1):
        world.clock.advance(timedelta(hours=hours))
        await ask(world, "sign_in.password", email=ANN, password=PASSWORD)
    assert await told(world) == [*before, *["unfinished_sign_in"] * 2]


async def test_a_host_may_tell_by_itself() -> None:
    """With `sign_in_notices=False` no such mail is sent, and the event says what is new all the same."""
    async with AsyncWorld.open(options=EmbeddedOptions(sign_in_notices=False)) as world:
        app = await world.enrol(await world.person(ANN))
        await world.second(await world.step(ANN), app.backup[0], Factor.BACKUP_CODE)
        assert await told(world) == []
        assert (await world.events(name="user.signed_in"))[-1].details()["details"]["new_device"] is True


async def test_after_a_reset_the_first_device_is_no_news(world: AsyncWorld) -> None:
    """A reset forgets all devices and is told of by itself; the sign-in after it has nothing to be compared with."""
    await world.person(ANN)
    await world.call("accounts.request_password_reset", email=ANN)
    await world.call("accounts.reset_password", token=await world.token(ANN, "password_reset"), password=OTHER_PASSWORD)
    assert isinstance(await ask(world, "sign_in.password", email=ANN, password=OTHER_PASSWORD), SignedIn)
    assert await told(world) == []
