"""Several authenticator apps of one person: each with its name, its steps and its end (async source of the twin)."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
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
from tests.services._async_world import AsyncWorld
from tests.services.probing import Device, base32, reason

ANN, BOB = "ann@acme.example", "bob@acme.example"
STEP = timedelta(seconds=30)
FEW = EmbeddedOptions(throttle=ThrottlePolicy(disable_at=6, device_limit=3))


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(options=FEW) as made:
        yield made


@pytest.fixture
async def phone(world: AsyncWorld) -> Device:
    return await world.enrol(await world.person(ANN))


async def sure(world: AsyncWorld, device: Device) -> Principal:
    """Sign in with both steps."""
    return (await world.login_with(device, ANN)).principal


async def another(world: AsyncWorld, principal: Principal, name: str = "Tablet") -> Device:
    """Add an authenticator beside what there is."""
    begun = await world.call("mfa.begin_totp", principal, name=name)
    made = Device(base32(begun.seed.reveal()), (), world.clock)
    added = await world.call("mfa.confirm_totp", principal, code=made.code())
    assert added.codes == ()
    await world.known(added.session_token.reveal())
    return made


async def apps(world: AsyncWorld, principal: Principal) -> tuple[Any, ...]:
    found: tuple[Any, ...] = await world.call("authenticators.of", principal.id)
    return found


def told(world: AsyncWorld, what: str) -> int:
    """Count the mails to Ann that say something."""
    return sum(what in message.text.reveal() for message in world.mailer.to(ANN))


@pytest.mark.proves("ASVS-6.5.1", "NIST-4.1")
async def test_each_app_signs_in_and_each_code_once(world: AsyncWorld, phone: Device) -> None:
    """Both apps open the account, a code of either is accepted once, and each app's own last use is kept."""
    ann = await sure(world, phone)
    tablet = await another(world, ann)
    world.clock.advance(STEP)
    for device in (tablet, phone):
        code = device.code()
        assert isinstance(await world.second(await world.step(ANN), code), SignedIn)
        assert reason(await world.second(await world.step(ANN), code)) is Reason.CODE_ALREADY_USED
        world.clock.advance(STEP)
    first, second = await apps(world, ann)
    assert (first.name, second.name) == ("authenticator app", "Tablet")
    assert first.last_used_at - second.last_used_at == STEP
    assert (await world.call("mfa.status", ann.id)).authenticators == 2


async def test_an_app_whose_clock_drifts_is_followed(world: AsyncWorld, phone: Device) -> None:
    """Each accepted code says how far off the clock is: a step more is followed, a jump is not, and a clock that was set is right."""
    ann = await sure(world, phone)

    async def at(steps: int) -> object:
        """Sign in with the code that an app shows whose clock is some steps ahead."""
        world.clock.advance(6 * STEP)
        return await world.second(await world.step(ANN), pyotp.TOTP(phone.seed).at(world.clock.now() + steps * STEP))

    outcomes = [isinstance(await at(ahead), SignedIn) for ahead in (2, 1, 2, 3, 3, 4, 0, 2, -1, -2, 1, 2)]
    assert outcomes == [False, True, True, True, True, False, True, False, True, True, True, True]
    async with world.security.begin() as unit:
        (stored,) = await unit._store.authenticators.of_user(UserId(ann.id))
    assert stored.drift == 2


async def test_without_a_window_nothing_drifts() -> None:
    """Where a code is good for its own 30 seconds only, no code of another step is ever taken."""
    async with AsyncWorld.open(options=replace(FEW, totp_window=0)) as world:
        phone = await world.enrol(await world.person(ANN))
        for ahead, taken in ((1, False), (0, True), (-1, False)):
            world.clock.advance(6 * STEP)
            code = pyotp.TOTP(phone.seed).at(world.clock.now() + ahead * STEP)
            assert isinstance(await world.second(await world.step(ANN), code), SignedIn) is taken


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


async def doubled(world: AsyncWorld, phone: Device) -> str:
    """Give Ann a second authenticator that shows the same codes, as chance may; return the id of the first."""
    user = UserId((await world.login_with(phone, ANN)).principal.id)
    (first,) = await world.call("authenticators.of", user)
    second = AuthenticatorId(number("aut", (1 << 100) - 1))
    async with world.security.begin() as unit:
        (stored,) = await unit._store.authenticators.of_user(user)
        sealed = await unit._engines.secrets.seal(base64.b32decode(phone.seed), context=seed_context(user, second))
        await unit._guard.steps.start(second, step=NO_STEP)
        await unit._store.authenticators.add(replace(stored, id=second, sealed_seed=sealed))
    return str(first.id)


@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.4.2")
async def test_a_code_that_two_apps_show_is_accepted_once(world: AsyncWorld, phone: Device) -> None:
    """What one of them took is refused though it is new to the other, and of two processes with such a code one is told yes."""
    first = await doubled(world, phone)
    assert reason(await world.second(await world.step(ANN), phone.code())) is Reason.CODE_ALREADY_USED
    world.clock.advance(STEP)
    storage: Any = world.storage
    with world.tap.to(Rival(storage.guard.steps._state.steps, first, step_at(world.clock.now()))):
        assert reason(await world.second(await world.step(ANN), phone.code())) is Reason.CODE_ALREADY_USED
    world.clock.advance(timedelta(minutes=15))
    assert isinstance(await world.second(await world.step(ANN), phone.code()), SignedIn)


async def test_another_app_touches_nothing_of_the_first(world: AsyncWorld, phone: Device) -> None:
    """Adding takes a fresh factor, keeps the backup codes, ends the other sessions, and is told with its name."""
    ann = await sure(world, phone)
    other = (await world.login_with(phone, ANN)).token
    world.clock.advance(timedelta(minutes=11))
    assert reason(await world.call("mfa.begin_totp", await world.again(ann), name="Tablet")) is Reason.STEP_UP_REQUIRED
    _, token = await world.call("sign_in.step_up", ann, factor=Factor.TOTP, code=phone.code())
    await another(world, (await world.known(token.reveal())).principal)
    assert reason(await world.gate.session(other)) is Reason.NOT_AUTHENTICATED
    assert isinstance(await world.second(await world.step(ANN), phone.backup[0], Factor.BACKUP_CODE), SignedIn)
    await world.mail()
    assert told(world, "the authenticator app Tablet was added") == 1


@pytest.mark.proves("NIST-3.2.2")
async def test_a_wrong_code_counts_against_every_app(world: AsyncWorld, phone: Device) -> None:
    """What is guessed is guessed at all of them, so all end together, and another one is bound in their place."""
    ann = await sure(world, phone)
    tablet = await another(world, ann)
    for _ in range(6):
        world.clock.advance(timedelta(minutes=15))
        wrong = next(
            code
            for code in map(str, range(100000, 100009))
            if code not in {phone.code(n) for n in (-1, 0, 1)} | {tablet.code(n) for n in (-1, 0, 1)}
        )
        assert reason(await world.call("sign_in.step_up", ann, factor=Factor.TOTP, code=wrong)) is Reason.INVALID_CODE
    world.clock.advance(timedelta(minutes=15))
    for device in (phone, tablet):
        assert reason(await world.second(await world.step(ANN), device.code())) is Reason.LOCKED
    login = await world.arrived(await world.second(await world.step(ANN), phone.backup[0], Factor.BACKUP_CODE))
    newest = await another(world, login.principal, name="New phone")
    assert [app.name for app in await apps(world, ann)] == ["New phone"]
    await world.mail()
    assert told(world, "in place of what too many wrong codes had ended") == 1
    world.clock.advance(STEP)
    assert reason(await world.second(await world.step(ANN), phone.code())) is Reason.INVALID_CODE
    assert isinstance(await world.second(await world.step(ANN), newest.code()), SignedIn)


async def test_adding_an_app_forgives_no_guess(world: AsyncWorld, phone: Device) -> None:
    """Failures before another app was added count on, so that adding is no way to guess without end."""
    ann = await sure(world, phone)
    for _ in range(5):
        world.clock.advance(timedelta(minutes=1))
        assert reason(await world.call("sign_in.step_up", ann, factor=Factor.TOTP, code=phone.wrong())) is Reason.INVALID_CODE
    tablet = await another(world, await world.again(ann))
    world.clock.advance(timedelta(minutes=15))
    assert reason(await world.call("sign_in.step_up", ann, factor=Factor.TOTP, code=phone.wrong())) is Reason.INVALID_CODE
    world.clock.advance(timedelta(minutes=15))
    assert reason(await world.second(await world.step(ANN), tablet.code())) is Reason.LOCKED


@pytest.mark.proves("ASVS-6.5.6", "ASVS-7.5.1")
async def test_one_app_is_removed(world: AsyncWorld, phone: Device) -> None:
    """Removing takes a fresh factor; the other app and the backup codes stay, and with the last app MFA is off."""
    ann = await sure(world, phone)
    tablet = await another(world, ann)
    first, second = await apps(world, ann)
    world.clock.advance(timedelta(minutes=11))
    assert reason(await world.call("authenticators.remove", await world.again(ann), first.id)) is Reason.STEP_UP_REQUIRED
    ann = await sure(world, tablet)
    assert (await world.call("authenticators.remove", ann, first.id)).id == first.id
    world.clock.advance(STEP)
    assert reason(await world.second(await world.step(ANN), phone.code())) is Reason.INVALID_CODE
    assert isinstance(await world.second(await world.step(ANN), phone.backup[0], Factor.BACKUP_CODE), SignedIn)
    assert reason(await world.call("authenticators.remove", ann, first.id)) is Reason.NOT_FOUND
    assert (await world.call("authenticators.remove", ann, second.id)).name == "Tablet"
    assert isinstance(await world.step(ANN), SignedIn)
    await world.mail()
    assert told(world, "was removed") == 2
    assert told(world, "Tablet was removed, and multi-factor authentication was turned off") == 1


async def test_people_name_their_own_apps_only(world: AsyncWorld, phone: Device) -> None:
    """A person renames an own app; another person, an API key and a bad name change nothing."""
    ann = await sure(world, phone)
    (app,) = await apps(world, ann)
    bob = await world.person(BOB)
    acme = await world.organization(ann)
    by_key = await world.gate.api_key((await world.key(ann, acme.id)).token.reveal(), world.request)
    assert reason(await world.call("authenticators.rename", bob, app.id, name="Mine")) is Reason.NOT_FOUND
    assert reason(await world.call("authenticators.remove", world.sure(bob), app.id)) is Reason.NOT_FOUND
    assert reason(await world.call("authenticators.rename", by_key, app.id, name="Mine")) is Reason.NOT_AUTHENTICATED
    for name in ("", " ", "x" * 65, "a\nb"):
        assert reason(await world.call("authenticators.rename", ann, app.id, name=name)) is Reason.INVALID_INPUT
        assert reason(await world.call("mfa.begin_totp", ann, name=name)) is Reason.INVALID_INPUT
    assert (await world.call("authenticators.rename", ann, app.id, name="Work phone")).name == "Work phone"
    assert [each.name for each in await apps(world, ann)] == ["Work phone"]


async def test_a_person_has_so_many_apps(world: AsyncWorld, phone: Device) -> None:
    """After the last one that there may be none is begun, nor confirmed if it was begun before."""
    ann = await sure(world, phone)
    for n in range(MAX_AUTHENTICATORS - 1):
        await another(world, await world.again(ann), name=f"App {n}")
    ann = await world.again(ann)
    assert reason(await world.call("mfa.begin_totp", ann)) is Reason.CEILING_EXCEEDED
    async with world.storage.begin(after_commit=ignore) as store:  # as if it had been begun at the same time as the last one
        late = replace((await apps(world, ann))[0], id=type((await apps(world, ann))[0].id)("aut_" + "0" * 26), confirmed_at=None)
        await store.authenticators.add(late)
    assert reason(await world.call("mfa.confirm_totp", ann, code="123456")) is Reason.CEILING_EXCEEDED
    world.clock.advance(STEP)
    assert isinstance(await world.step(ANN), MfaRequired)
