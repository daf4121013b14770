# Generated from tests/services/test_async_trusted_devices.py by tools/twin.py; edit that file.
"""Devices that their person trusts with skipping the second step (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
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
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import SoftwareAuthenticator
from tests.services._sync_world import REQUEST, World
from tests.services.probing import OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, Device, reason

ANN, BOB = "ann@acme.example", "bob@acme.example"
LIFE = timedelta(days=30)
TRUSTING = EmbeddedOptions(trusted_devices=LIFE)


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open(options=TRUSTING) as made:
        yield made


def ask(world: World, method: str, *positional: Any, device: str = "", **named: Any) -> Any:
    """Call a method in a unit of its own, from a device."""
    service, _, verb = method.partition(".")
    with world.security.begin(replace(REQUEST, device=SecretText(device) if device else None)) as unit:
        return getattr(getattr(unit, service), verb)(*positional, **named)


def enter(world: World, password: str = PASSWORD, *, email: str = ANN, device: str = "") -> Any:
    return ask(world, "sign_in.password", email=email, password=password, device=device)


def sign_in(world: World, app: Device, *, device: str = "", trust: bool = False) -> SignedIn:
    """Sign Ann in with both steps, in the next time step."""
    world.clock.advance(timedelta(seconds=30))
    ticket = (enter(world, device=device)).ticket.reveal()
    step = ask(world, "sign_in.second_factor", ticket=ticket, factor=Factor.TOTP, code=app.code(), device=device, trust=trust)
    assert isinstance(step, SignedIn)
    return step


def token_of(step: SignedIn) -> str:
    """Return the token of the device that a sign-in made known."""
    assert step.device is not None
    return step.device.reveal()


def trusting(world: World) -> tuple[Principal, Device, str]:
    """Make Ann, whose session has both factors, and a device that she trusts."""
    app = world.enrol(world.person(ANN))
    step = sign_in(world, app, trust=True)
    return (world.arrived(step)).principal, app, token_of(step)


def test_a_trusted_device_is_asked_for_the_password_alone(world: World) -> None:
    """It signs in with the right password, as a session of one factor, and is asked again after its time, to the second."""
    ann, app, device = trusting(world)
    assert reason(enter(world, WRONG_PASSWORD, device=device)) is Reason.INVALID_CREDENTIALS
    assert isinstance(enter(world), MfaRequired)
    step = enter(world, device=device)
    assert isinstance(step, SignedIn)
    assert (step.session.aal, set(step.session.factors), step.device) == (1, {"pwd", "trusted_device"}, None)
    events = [event.target_id for event in world.events() if event.name in {"device.trusted", "user.second_step_skipped"}]
    assert events == [device.partition(".")[0]] * 2
    shown = {each.id: each.trusted_until for each in ask(world, "devices.of", ann.id)}
    assert [until for until in shown.values() if until is not None] == [world.clock.now() + LIFE]
    world.clock.advance(LIFE - timedelta(seconds=1))
    assert isinstance(enter(world, device=device), SignedIn)
    world.clock.advance(timedelta(seconds=1))
    assert isinstance(enter(world, device=device), MfaRequired)
    assert isinstance(sign_in(world, app, device=device), SignedIn)


def test_what_takes_a_second_factor_takes_it_there_too(world: World) -> None:
    """A session that skipped the second step changes no factor and no password, and steps up with a code like any other."""
    _, app, device = trusting(world)
    bare = (world.arrived(enter(world, device=device))).principal
    assert not bare.credential.second_factor_fresh(now=world.clock.now())
    for method, named in {
        "mfa.remove_totp": {},
        "mfa.regenerate_backup_codes": {},
        "passkeys.begin_registration": {},
        "accounts.change_password": {"current": PASSWORD, "new": OTHER_PASSWORD},
        "addresses.request_change": {"email": BOB, "password": PASSWORD},
    }.items():
        assert reason(world.call(method, bare, **named)) is Reason.STEP_UP_REQUIRED, method
    world.clock.advance(timedelta(seconds=30))
    session, _ = world.call("sign_in.step_up", bare, factor=Factor.TOTP, code=app.code())
    assert session.aal == 2


@pytest.mark.proves("NIST-5.1", "ASVS-6.3.3")
def test_a_trusted_sign_in_is_marked_and_no_longer_than_one_with_a_code(world: World) -> None:
    """`amr` says that no code was asked for, and since when; the session lives as one at AAL2, and nothing proves trust as a factor."""
    _, _, device = trusting(world)
    since = world.clock.now()
    world.clock.advance(timedelta(minutes=5))
    step = enter(world, device=device)
    assert dict(step.session.factors) == {"pwd": world.clock.now(), "trusted_device": since}
    assert (step.session.expires_at - step.session.created_at, step.session.idle_seconds) == (timedelta(hours=24), 3600)
    bare = (world.arrived(step)).principal
    assert not bare.credential.second_factor_fresh(now=world.clock.now())
    refused = world.call("sign_in.step_up", bare, factor=Factor.TRUSTED_DEVICE, code=device)
    assert reason(refused) is Reason.INVALID_INPUT


@pytest.mark.proves("NIST-4.6", "ASVS-6.3.7")
def test_the_person_is_offered_trust_and_told_of_it(world: World) -> None:
    """The first step says for how long a device may be trusted; that one is, is one mail, which says until when."""
    app = world.enrol(world.person(ANN))
    assert (enter(world)).trust_life == LIFE
    world.mail()
    before = len(world.mailer.to(ANN))
    sign_in(world, app, trust=True)
    world.mail()
    until = f"{world.clock.now() + LIFE:%d %B %Y}"
    told = [mail.subject for mail in world.mailer.to(ANN)[before:] if mail.kind == "notice"]
    assert told == [f"Acme: until {until} one of your devices is asked for your password only"]


def test_a_backup_code_makes_no_device_trusted(world: World) -> None:
    """The wish is refused before the code is used up, and the same code completes the sign-in without it."""
    app = world.enrol(world.person(ANN))
    second = {"ticket": (enter(world)).ticket.reveal(), "factor": Factor.BACKUP_CODE, "code": app.backup[0]}
    assert reason(ask(world, "sign_in.second_factor", **second, trust=True)) is Reason.INVALID_INPUT
    assert isinstance(ask(world, "sign_in.second_factor", **second), SignedIn)


@pytest.mark.proves("NIST-5.1", "NIST-3.1.1.2(1)", "ASVS-6.3.3")
@pytest.mark.parametrize("grace", [timedelta(0), timedelta(days=7)])
def test_an_organization_that_requires_a_second_factor_asks_every_device(world: World, grace: timedelta) -> None:
    """Where one does, or will, trust is neither offered nor given, and what was given before counts for nothing until it requires none."""
    ann, app, device = trusting(world)
    acme = world.organization(ann)
    until = world.clock.now() + grace
    world.call("requirements.require_mfa", ann, organization=acme.id, grace_until=until)
    step = enter(world, device=device)
    assert isinstance(step, MfaRequired)
    assert step.trust_life is None
    world.clock.advance(timedelta(seconds=30))
    second = {"ticket": step.ticket.reveal(), "factor": Factor.TOTP, "code": app.code(), "device": device}
    assert reason(ask(world, "sign_in.second_factor", **second, trust=True)) is Reason.INVALID_INPUT
    assert isinstance(ask(world, "sign_in.second_factor", **second), SignedIn)
    world.call("requirements.relax_mfa", ann, organization=acme.id)
    assert isinstance(enter(world, device=device), SignedIn)


def change_password(world: World, ann: Principal, device: str) -> None:
    ask(world, "accounts.change_password", ann, current=PASSWORD, new=OTHER_PASSWORD, device=device)


def reset(world: World, ann: Principal, device: str) -> None:
    world.call("accounts.request_password_reset", email=ANN)
    world.call("accounts.reset_password", token=world.token(ANN, "password_reset"), password=OTHER_PASSWORD)


def new_codes(world: World, ann: Principal, device: str) -> None:
    world.call("mfa.regenerate_backup_codes", ann)


def another_factor(world: World, ann: Principal, device: str) -> None:
    world.add_passkey(ann, SoftwareAuthenticator())


def everywhere(world: World, ann: Principal, device: str) -> None:
    world.call("sessions.sign_out_everywhere", ann)


def everywhere_else(world: World, ann: Principal, device: str) -> None:
    ask(world, "sessions.sign_out_everywhere", ann, keep_this=True, device=device)


def disabled(world: World, ann: Principal, device: str) -> None:
    world.call("directory.disable_user", ann.id, reason="left")
    world.call("directory.enable_user", ann.id, reason="back")


def another_address(world: World, ann: Principal, device: str) -> None:
    world.call("addresses.confirm_change", token=world.change_of_address(ann, BOB))


def distrusted(world: World, ann: Principal, device: str) -> None:
    assert world.call("devices.distrust", ann, DeviceId(device.partition(".")[0])) is True
    assert world.call("devices.distrust", ann, DeviceId(device.partition(".")[0])) is False


def revoked(world: World, ann: Principal, device: str) -> None:
    assert world.call("devices.revoke", ann, DeviceId(device.partition(".")[0])) is True


def guessed_at(world: World, ann: Principal, device: str) -> None:
    for _ in range(10):
        world.clock.advance(timedelta(minutes=15))
        assert reason(enter(world, WRONG_PASSWORD, device=device)) is Reason.INVALID_CREDENTIALS


def signed_out(world: World, ann: Principal, device: str) -> None:
    world.call("sessions.sign_out", ann)


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
def test_trust_ends_with_what_it_stood_on(world: World, what: Any) -> None:
    """After each of these the device is asked for the second step again."""
    ann, _, device = trusting(world)
    what(world, ann, device)
    email, password = ENDS[what]
    assert isinstance(enter(world, password, email=email, device=device), MfaRequired)


def test_a_sign_out_ends_no_trust(world: World) -> None:
    """Signing out of one session leaves the device as trusted as it was."""
    ann, _, device = trusting(world)
    signed_out(world, ann, device)
    assert isinstance(enter(world, device=device), SignedIn)


def test_trust_is_for_a_new_token_of_this_person(world: World) -> None:
    """What the device held before it was trusted is no token any more, and another person's password finds no trust in it."""
    app = world.enrol(world.person(ANN))
    before = token_of(sign_in(world, app))
    after = token_of(sign_in(world, app, device=before, trust=True))
    world.enrol(world.person(BOB))
    assert isinstance(enter(world, device=before), MfaRequired)
    assert isinstance(enter(world, email=BOB, device=after), MfaRequired)
    assert isinstance(enter(world, device=after), SignedIn)


def test_a_device_is_distrusted_by_its_person_in_a_session(world: World) -> None:
    """Another person and an API key end no trust."""
    ann, _, device = trusting(world)
    bob, acme = world.person(BOB), world.organization(ann)
    by_key: Any = world.gate.api_key((world.key(ann, acme.id)).token.reveal(), REQUEST)
    trusted = DeviceId(device.partition(".")[0])
    assert world.call("devices.distrust", bob, trusted) is False
    assert reason(world.call("devices.distrust", by_key, trusted)) is Reason.NOT_AUTHENTICATED
    assert isinstance(enter(world, device=device), SignedIn)


@pytest.mark.parametrize(("allowed", "after", "wanted"), [(None, 0, MfaRequired), (2, 1, SignedIn), (2, 2, MfaRequired)])
def test_the_deployment_decides_now(allowed: int | None, after: int, wanted: type) -> None:
    """Trust that was given under a longer setting counts for as long as today's allows, and not at all where there is none."""
    storage = MemoryStorage()
    with World.over(storage, options=TRUSTING) as world:
        _, _, device = trusting(world)
        life = timedelta(days=allowed) if allowed else None
        with World.over(storage, options=EmbeddedOptions(trusted_devices=life), keys=world.keys) as other:
            other.clock.advance(world.clock.now() - other.clock.now() + timedelta(days=after))
            assert isinstance(enter(other, device=device), wanted)


def test_without_the_setting_nobody_asks_for_trust() -> None:
    """By default a wish for trust is refused before anything is charged or used up, and the same ticket completes without it."""
    with World.open() as world:
        app = world.enrol(world.person(ANN))
        world.clock.advance(timedelta(seconds=30))
        step = enter(world)
        assert step.trust_life is None
        second = {"ticket": step.ticket.reveal(), "factor": Factor.TOTP, "code": app.code()}
        assert reason(ask(world, "sign_in.second_factor", **second, trust=True)) is Reason.INVALID_INPUT
        assert isinstance(ask(world, "sign_in.second_factor", **second), SignedIn)


@pytest.mark.parametrize("life", [timedelta(0), timedelta(days=-1), timedelta(days=30, seconds=1)])
def test_trust_has_an_end(life: timedelta) -> None:
    """A device is trusted for more than nothing and at most 30 days."""
    with pytest.raises(ValueError, match="30 days"):
        Settings(issuer="Acme", trusted_devices=life)
