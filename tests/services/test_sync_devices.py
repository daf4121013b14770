# Generated from tests/services/test_async_devices.py by tools/twin.py; edit that file.
"""The devices that people have used before: listed and revoked (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.authn.device import DEVICE_LIFE, parse_device_token
from ctsec.authn.journey import SignedIn
from ctsec.ids import DeviceId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.secret import SecretText
from tests.services._sync_world import REQUEST, World
from tests.services.probing import PASSWORD, reason

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


def token_of(step: SignedIn) -> str:
    """Return the token of the device that a sign-in made known."""
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
