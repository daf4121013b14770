# Generated from tests/services/test_async_devices.py by tools/twin.py; edit that file.
"""The devices that people have used before: listed, revoked, and told of when they are new (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
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
from tests.services._sync_world import REQUEST, World
from tests.services.probing import ORIGIN, OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, reason

ANN, BOB = "ann@acme.example", "bob@acme.example"
PHONE = "Mozilla/5.0 (iPhone) Safari/605.1"


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open() as made:
        yield made


def ask(world: World, method: str, *positional: Any, device: str = "", agent: str = PHONE, **named: Any) -> Any:
    """Call a method in a unit of its own, from a device that says what it is."""
    service, _, verb = method.partition(".")
    token = SecretText(device) if device else None
    with world.security.begin(replace(REQUEST, user_agent=agent, device=token)) as unit:
        return getattr(getattr(unit, service), verb)(*positional, **named)


def enter(world: World, *, email: str = ANN, **source: Any) -> SignedIn:
    """Sign in with a password, a minute later."""
    world.clock.advance(timedelta(minutes=1))
    step = ask(world, "sign_in.password", email=email, password=PASSWORD, **source)
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


def listed(world: World, ann: Principal, **source: Any) -> list[DeviceId]:
    """Return the ids of Ann's devices, as she sees them."""
    return [each.id for each in ask(world, "devices.of", ann.id, **source)]


def test_devices_are_listed_as_their_person_knows_them(world: World) -> None:
    """The last used comes first, this one is marked, times are those of its sign-ins, and what has ended is not there."""
    ann = world.person(ANN)
    world.person(BOB)
    first, second = enter(world, agent="curl/8"), enter(world)
    made = world.clock.now()
    enter(world, device=token_of(second))
    here, there, start = ask(world, "devices.of", ann.id, device=token_of(second))
    assert (here.id, here.name, here.user_agent, here.current) == (id_of(second), "Safari on iPhone", PHONE, True)
    assert (here.created_at, here.seen_at, here.expires_at) == (made, world.clock.now(), world.clock.now() + DEVICE_LIFE)
    assert (there.id, there.name, there.current, start.name, start.current) == (id_of(first), "curl/8", False, "a browser", False)
    world.clock.advance(DEVICE_LIFE - timedelta(minutes=1))
    assert listed(world, ann) == [id_of(second)]


def test_a_revoked_device_is_a_stranger(world: World) -> None:
    """It is known no more at its next sign-in, once; another person's device and an unknown one are not there to be revoked."""
    ann, bob = world.person(ANN), world.person(BOB)
    step = enter(world)
    assert world.call("devices.revoke", bob, id_of(step)) is False
    assert world.call("devices.revoke", ann, DeviceId("dvc_" + "0" * 26)) is False
    assert [world.call("devices.revoke", ann, id_of(step)) for _ in range(2)] == [True, False]
    assert id_of(step) not in listed(world, ann)
    assert id_of(enter(world, device=token_of(step))) != id_of(step)
    (event,) = world.events(name="device.revoked")
    assert (event.actor_id, event.target_id) == (ann.id, id_of(step))


@pytest.mark.parametrize(("keep", "left", "revoked"), [(True, 1, 2), (False, 0, 3)])
def test_all_are_revoked_at_once(world: World, keep: bool, left: int, revoked: int) -> None:
    """All of a person's devices, or all but this one, are strangers at once; other people's stay, and a second time is no event."""
    ann, bob = world.person(ANN), world.person(BOB)
    enter(world)
    here = enter(world)
    counts = [ask(world, "devices.revoke_all", ann, device=token_of(here), keep_this=keep) for _ in range(2)]
    assert counts == [revoked, 0]
    assert listed(world, ann) == [id_of(here)][:left]
    assert len(listed(world, bob)) == 1
    (event,) = world.events(name="device.revoked")
    assert event.target_id == "all"


def test_somebody_elses_device_is_not_kept(world: World) -> None:
    """A request that comes from another person's device keeps none of one's own."""
    ann = world.person(ANN)
    world.person(BOB)
    theirs = enter(world, email=BOB)
    assert ask(world, "devices.revoke_all", ann, device=token_of(theirs), keep_this=True) == 1
    assert listed(world, ann) == []


def test_only_a_session_revokes(world: World) -> None:
    """An API key, which may be narrowed, makes no device a stranger."""
    ann = world.person(ANN)
    acme = world.organization(ann)
    minted = world.key(ann, acme.id)
    by_key: Any = world.gate.api_key(minted.token.reveal(), REQUEST)
    (device,) = listed(world, ann)
    assert reason(world.call("devices.revoke", by_key, device)) is Reason.NOT_AUTHENTICATED
    assert reason(world.call("devices.revoke_all", by_key)) is Reason.NOT_AUTHENTICATED
    assert listed(world, ann) == [device]


NOTICES = ("new_device", "unfinished_sign_in")


def told(world: World, email: str = ANN) -> list[str]:
    """Return the kinds of the notices about sign-ins that a person got."""
    world.mail()
    return [message.kind for message in world.mailer.to(email) if message.kind in NOTICES]


@pytest.mark.proves("ASVS-6.3.5")
def test_a_sign_in_from_a_new_device_is_told_once(world: World) -> None:
    """The first device of all is no news, each other one is one mail that says when, what and from where; a known one sends none."""
    world.person(ANN)
    assert told(world) == []
    step = enter(world, agent="curl\r\nBcc: x/8")
    assert told(world) == ["new_device"]
    text = world.mailer.to(ANN)[-1].text.reveal()
    for part in (
        f"When: {world.clock.now():%Y-%m-%d %H:%M} UTC",
        "account: curl Bcc: x/8",
        f"Place: {network_of(REQUEST.address)}\n",
        "change your password",
    ):
        assert part in text
    enter(world, device=token_of(step))
    assert told(world) == ["new_device"]
    assert [event.details()["details"]["new_device"] for event in world.events(name="user.signed_in")] == [True, True, False]


@pytest.mark.parametrize("way", ["otp", "backup", "passkey_second", "passkey"])
def test_every_way_in_tells(world: World, way: str) -> None:
    """Whichever factor completes a sign-in from a new device, the person is told."""
    ann = world.person(ANN)
    app, key = world.enrol(ann), SoftwareAuthenticator()
    world.add_passkey(world.again(ann), key)
    world.clock.advance(timedelta(seconds=30))
    if way == "passkey":
        response = key.get(ask(world, "sign_in.begin_passkey"), origin=ORIGIN)
        step = ask(world, "sign_in.passkey", response=response)
    else:
        begun = ask(world, "sign_in.password", email=ANN, password=PASSWORD)
        ticket = begun.ticket.reveal()
        factor, code = Factor.TOTP, app.code()
        if way == "backup":
            factor, code = Factor.BACKUP_CODE, app.backup[0]
        if way == "passkey_second":
            factor, code = Factor.PASSKEY, key.get(ask(world, "sign_in.begin_passkey", ticket=ticket), origin=ORIGIN)
        step = ask(world, "sign_in.second_factor", ticket=ticket, factor=factor, code=code)
    assert isinstance(step, SignedIn)
    assert (told(world)).count("new_device") == 1


@pytest.mark.proves("ASVS-6.3.5")
def test_a_device_at_its_limit_is_told_of(world: World) -> None:
    """Who guesses right after a known device has used its own limit up signs in as a stranger, and the person is told."""
    world.person(ANN)
    device = token_of(enter(world))
    for _ in range(10):
        world.clock.advance(timedelta(minutes=15))
        wrong = ask(world, "sign_in.password", email=ANN, password=WRONG_PASSWORD, device=device)
        assert reason(wrong) is Reason.INVALID_CREDENTIALS
    enter(world, device=device)
    assert told(world) == ["new_device"] * 2


@pytest.mark.proves("ASVS-6.3.5")
def test_a_right_password_without_a_code_is_told_once_a_day(world: World) -> None:
    """Strangers who know the password send one mail a day, not one an attempt; the person's own device and a wrong password send none."""
    app = world.enrol(world.person(ANN))
    known = token_of(world.second(world.step(ANN), app.backup[0], Factor.BACKUP_CODE))
    before = told(world)
    world.clock.advance(timedelta(days=1))
    wrong = ask(world, "sign_in.password", email=ANN, password=WRONG_PASSWORD)
    own = ask(world, "sign_in.password", email=ANN, password=PASSWORD, device=known)
    assert (reason(wrong), isinstance(own, MfaRequired), told(world)) == (Reason.INVALID_CREDENTIALS, True, before)
    for hours in (0, 1, 22, 1):
        world.clock.advance(timedelta(hours=hours))
        ask(world, "sign_in.password", email=ANN, password=PASSWORD)
    assert told(world) == [*before, *["unfinished_sign_in"] * 2]


def test_a_host_may_tell_by_itself() -> None:
    """With `sign_in_notices=False` no such mail is sent, and the event says what is new all the same."""
    with World.open(options=EmbeddedOptions(sign_in_notices=False)) as world:
        app = world.enrol(world.person(ANN))
        world.second(world.step(ANN), app.backup[0], Factor.BACKUP_CODE)
        assert told(world) == []
        assert (world.events(name="user.signed_in"))[-1].details()["details"]["new_device"] is True


def test_after_a_reset_the_first_device_is_no_news(world: World) -> None:
    """A reset forgets all devices and is told of by itself; the sign-in after it has nothing to be compared with."""
    world.person(ANN)
    world.call("accounts.request_password_reset", email=ANN)
    world.call("accounts.reset_password", token=world.token(ANN, "password_reset"), password=OTHER_PASSWORD)
    assert isinstance(ask(world, "sign_in.password", email=ANN, password=OTHER_PASSWORD), SignedIn)
    assert told(world) == []
