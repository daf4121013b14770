# Generated from tests/services/test_async_authenticators.py by tools/twin.py; edit that file.
"""Several authenticator apps of one person: each with its name, its steps and its end (async source of the twin)."""

from __future__ import annotations

import base64
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.guard.attempts import ThrottlePolicy
from ctsec.ids import AuthenticatorId, UserId
from ctsec.mfa.record import MAX_AUTHENTICATORS, seed_context
from ctsec.mfa.totp import NO_STEP, step_at
from ctsec.outcome import Reason
from ctsec.principal import Factor, Principal
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing.conformance.samples import ignore, number
from tests.services._sync_world import World
from tests.services.probing import Device, base32, reason

ANN, BOB = "ann@acme.example", "bob@acme.example"
STEP = timedelta(seconds=30)
FEW = EmbeddedOptions(throttle=ThrottlePolicy(disable_at=6, device_limit=3))


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open(options=FEW) as made:
        yield made


@pytest.fixture
def phone(world: World) -> Device:
    return world.enrol(world.person(ANN))


def sure(world: World, device: Device) -> Principal:
    """Sign in with both steps."""
    return (world.login_with(device, ANN)).principal


def another(world: World, principal: Principal, name: str = "Tablet") -> Device:
    """Add an authenticator beside what there is."""
    begun = world.call("mfa.begin_totp", principal, name=name)
    made = Device(base32(begun.seed.reveal()), (), world.clock)
    added = world.call("mfa.confirm_totp", principal, code=made.code())
    assert added.codes == ()
    world.known(added.session_token.reveal())
    return made


def apps(world: World, principal: Principal) -> tuple[Any, ...]:
    found: tuple[Any, ...] = world.call("authenticators.of", principal.id)
    return found


def told(world: World, what: str) -> int:
    """Count the mails to Ann that say something."""
    return sum(what in message.text.reveal() for message in world.mailer.to(ANN))


@pytest.mark.proves("ASVS-6.5.1", "NIST-4.1")
def test_each_app_signs_in_and_each_code_once(world: World, phone: Device) -> None:
    """Both apps open the account, a code of either is accepted once, and each app's own last use is kept."""
    ann = sure(world, phone)
    tablet = another(world, ann)
    world.clock.advance(STEP)
    for device in (tablet, phone):
        code = device.code()
        assert isinstance(world.second(world.step(ANN), code), SignedIn)
        assert reason(world.second(world.step(ANN), code)) is Reason.CODE_ALREADY_USED
        world.clock.advance(STEP)
    first, second = apps(world, ann)
    assert (first.name, second.name) == ("authenticator app", "Tablet")
    assert first.last_used_at - second.last_used_at == STEP
    assert (world.call("mfa.status", ann.id)).authenticators == 2


def test_an_app_whose_clock_drifts_is_followed(world: World, phone: Device) -> None:
    """Each accepted code says how far off the clock is: a step more is followed, a jump is not, and a clock that was set is right."""
    ann = sure(world, phone)

    def at(steps: int) -> object:
        """Sign in with the code that an app shows whose clock is some steps ahead."""
        world.clock.advance(6 * STEP)
        return world.second(world.step(ANN), pyotp.TOTP(phone.seed).at(world.clock.now() + steps * STEP))

    outcomes = [isinstance(at(ahead), SignedIn) for ahead in (2, 1, 2, 3, 3, 4, 0, 2, -1, -2, 1, 2)]
    assert outcomes == [False, True, True, True, True, False, True, False, True, True, True, True]
    with world.security.begin() as unit:
        (stored,) = unit._store.authenticators.of_user(UserId(ann.id))
    assert stored.drift == 2


def test_without_a_window_nothing_drifts() -> None:
    """Where a code is good for its own 30 seconds only, no code of another step is ever taken."""
    with World.open(options=replace(FEW, totp_window=0)) as world:
        phone = world.enrol(world.person(ANN))
        for ahead, taken in ((1, False), (0, True), (-1, False)):
            world.clock.advance(6 * STEP)
            code = pyotp.TOTP(phone.seed).at(world.clock.now() + ahead * STEP)
            assert isinstance(world.second(world.step(ANN), code), SignedIn) is taken


class Rival:
    """Another process that takes the code of an authenticator just before the first of ours is asked for."""

    def __init__(self, steps: dict[str, int], authenticator: str, step: int) -> None:
        self.steps, self.authenticator, self.step = steps, authenticator, step

    def before(self, call: str) -> None:
        """Be first."""
        if call == "guard.steps.advance":
            self.steps[self.authenticator] = self.step

    def after(self, call: str, result: object) -> None:
        """Nothing more."""


def doubled(world: World, phone: Device) -> str:
    """Give Ann a second authenticator that shows the same codes, as chance may; return the id of the first."""
    user = UserId((world.login_with(phone, ANN)).principal.id)
    (first,) = world.call("authenticators.of", user)
    second = AuthenticatorId(number("aut", (1 << 100) - 1))
    with world.security.begin() as unit:
        (stored,) = unit._store.authenticators.of_user(user)
        sealed = unit._engines.secrets.seal(base64.b32decode(phone.seed), context=seed_context(user, second))
        unit._guard.steps.start(second, step=NO_STEP)
        unit._store.authenticators.add(replace(stored, id=second, sealed_seed=sealed))
    return str(first.id)


@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.4.2")
def test_a_code_that_two_apps_show_is_accepted_once(world: World, phone: Device) -> None:
    """What one of them took is refused though it is new to the other, and of two processes with such a code one is told yes."""
    first = doubled(world, phone)
    assert reason(world.second(world.step(ANN), phone.code())) is Reason.CODE_ALREADY_USED
    world.clock.advance(STEP)
    storage: Any = world.storage
    with world.tap.to(Rival(storage.guard.steps._state.steps, first, step_at(world.clock.now()))):
        assert reason(world.second(world.step(ANN), phone.code())) is Reason.CODE_ALREADY_USED
    world.clock.advance(timedelta(minutes=15))
    assert isinstance(world.second(world.step(ANN), phone.code()), SignedIn)


def test_another_app_touches_nothing_of_the_first(world: World, phone: Device) -> None:
    """Adding takes a fresh factor, keeps the backup codes, ends the other sessions, and is told with its name."""
    ann = sure(world, phone)
    other = (world.login_with(phone, ANN)).token
    world.clock.advance(timedelta(minutes=11))
    assert reason(world.call("mfa.begin_totp", world.again(ann), name="Tablet")) is Reason.STEP_UP_REQUIRED
    _, token = world.call("sign_in.step_up", ann, factor=Factor.TOTP, code=phone.code())
    another(world, (world.known(token.reveal())).principal)
    assert reason(world.gate.session(other)) is Reason.NOT_AUTHENTICATED
    assert isinstance(world.second(world.step(ANN), phone.backup[0], Factor.BACKUP_CODE), SignedIn)
    world.mail()
    assert told(world, "the authenticator app Tablet was added") == 1


@pytest.mark.proves("NIST-3.2.2")
def test_a_wrong_code_counts_against_every_app(world: World, phone: Device) -> None:
    """What is guessed is guessed at all of them, so all end together, and another one is bound in their place."""
    ann = sure(world, phone)
    tablet = another(world, ann)
    for _ in range(6):
        world.clock.advance(timedelta(minutes=15))
        wrong = next(
            code
            for code in map(str, range(100000, 100009))
            if code not in {phone.code(n) for n in (-1, 0, 1)} | {tablet.code(n) for n in (-1, 0, 1)}
        )
        assert reason(world.call("sign_in.step_up", ann, factor=Factor.TOTP, code=wrong)) is Reason.INVALID_CODE
    world.clock.advance(timedelta(minutes=15))
    for device in (phone, tablet):
        assert reason(world.second(world.step(ANN), device.code())) is Reason.LOCKED
    login = world.arrived(world.second(world.step(ANN), phone.backup[0], Factor.BACKUP_CODE))
    newest = another(world, login.principal, name="New phone")
    assert [app.name for app in apps(world, ann)] == ["New phone"]
    world.mail()
    assert told(world, "in place of what too many wrong codes had ended") == 1
    world.clock.advance(STEP)
    assert reason(world.second(world.step(ANN), phone.code())) is Reason.INVALID_CODE
    assert isinstance(world.second(world.step(ANN), newest.code()), SignedIn)


def test_adding_an_app_forgives_no_guess(world: World, phone: Device) -> None:
    """Failures before another app was added count on, so that adding is no way to guess without end."""
    ann = sure(world, phone)
    for _ in range(5):
        world.clock.advance(timedelta(minutes=1))
        assert reason(world.call("sign_in.step_up", ann, factor=Factor.TOTP, code=phone.wrong())) is Reason.INVALID_CODE
    tablet = another(world, world.again(ann))
    world.clock.advance(timedelta(minutes=15))
    assert reason(world.call("sign_in.step_up", ann, factor=Factor.TOTP, code=phone.wrong())) is Reason.INVALID_CODE
    world.clock.advance(timedelta(minutes=15))
    assert reason(world.second(world.step(ANN), tablet.code())) is Reason.LOCKED


@pytest.mark.proves("ASVS-6.5.6", "ASVS-7.5.1")
def test_one_app_is_removed(world: World, phone: Device) -> None:
    """Removing takes a fresh factor; the other app and the backup codes stay, and with the last app MFA is off."""
    ann = sure(world, phone)
    tablet = another(world, ann)
    first, second = apps(world, ann)
    world.clock.advance(timedelta(minutes=11))
    assert reason(world.call("authenticators.remove", world.again(ann), first.id)) is Reason.STEP_UP_REQUIRED
    ann = sure(world, tablet)
    assert (world.call("authenticators.remove", ann, first.id)).id == first.id
    world.clock.advance(STEP)
    assert reason(world.second(world.step(ANN), phone.code())) is Reason.INVALID_CODE
    assert isinstance(world.second(world.step(ANN), phone.backup[0], Factor.BACKUP_CODE), SignedIn)
    assert reason(world.call("authenticators.remove", ann, first.id)) is Reason.NOT_FOUND
    assert (world.call("authenticators.remove", ann, second.id)).name == "Tablet"
    assert isinstance(world.step(ANN), SignedIn)
    world.mail()
    assert told(world, "was removed") == 2
    assert told(world, "Tablet was removed, and multi-factor authentication was turned off") == 1


def test_people_name_their_own_apps_only(world: World, phone: Device) -> None:
    """A person renames an own app; another person, an API key and a bad name change nothing."""
    ann = sure(world, phone)
    (app,) = apps(world, ann)
    bob = world.person(BOB)
    acme = world.organization(ann)
    by_key = world.gate.api_key((world.key(ann, acme.id)).token.reveal(), world.request)
    assert reason(world.call("authenticators.rename", bob, app.id, name="Mine")) is Reason.NOT_FOUND
    assert reason(world.call("authenticators.remove", world.sure(bob), app.id)) is Reason.NOT_FOUND
    assert reason(world.call("authenticators.rename", by_key, app.id, name="Mine")) is Reason.NOT_AUTHENTICATED
    for name in ("", " ", "x" * 65, "a\nb"):
        assert reason(world.call("authenticators.rename", ann, app.id, name=name)) is Reason.INVALID_INPUT
        assert reason(world.call("mfa.begin_totp", ann, name=name)) is Reason.INVALID_INPUT
    assert (world.call("authenticators.rename", ann, app.id, name="Work phone")).name == "Work phone"
    assert [each.name for each in apps(world, ann)] == ["Work phone"]


def test_a_person_has_so_many_apps(world: World, phone: Device) -> None:
    """After the last one that there may be none is begun, nor confirmed if it was begun before."""
    ann = sure(world, phone)
    for n in range(MAX_AUTHENTICATORS - 1):
        another(world, world.again(ann), name=f"App {n}")
    ann = world.again(ann)
    assert reason(world.call("mfa.begin_totp", ann)) is Reason.CEILING_EXCEEDED
    with world.storage.begin(after_commit=ignore) as store:  # as if it had been begun at the same time as the last one
        late = replace((apps(world, ann))[0], id=type((apps(world, ann))[0].id)("aut_" + "0" * 26), confirmed_at=None)
        store.authenticators.add(late)
    assert reason(world.call("mfa.confirm_totp", ann, code="123456")) is Reason.CEILING_EXCEEDED
    world.clock.advance(STEP)
    assert isinstance(world.step(ANN), MfaRequired)
