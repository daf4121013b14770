"""Who is held back when secrets are guessed: strangers by what strangers do, and nobody else (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.audit.event import EventName
from ctsec.authn.device import MOST_DEVICES, parse_device_token
from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.guard import ThrottlePolicy
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Factor, Principal
from ctsec.secret import SecretText
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory import AsyncMemoryStorage
from ctsec.testing import Written
from tests.services._async_world import REQUEST, AsyncWorld
from tests.services.probing import OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, Device, base32, reason

ANN, BOB, NOBODY = "ann@acme.example", "bob@acme.example", "nobody@acme.example"
WAIT = timedelta(minutes=15)
STRANGER = "203.0.113.9"
FEW = EmbeddedOptions(throttle=ThrottlePolicy(disable_at=6, device_limit=3))


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(options=FEW) as made:
        yield made


async def ask(world: AsyncWorld, method: str, *positional: Any, device: str | None = None, address: str = STRANGER, **named: Any) -> Any:
    """Call a method in a unit of its own, from an address and from a device."""
    token = SecretText(device) if device is not None else None
    service, _, verb = method.partition(".")
    async with world.security.begin(replace(REQUEST, address=address, device=token)) as unit:
        return await getattr(getattr(unit, service), verb)(*positional, **named)


async def enter(world: AsyncWorld, password: str = PASSWORD, *, email: str = ANN, **source: Any) -> Any:
    return await ask(world, "sign_in.password", email=email, password=password, **source)


async def second(world: AsyncWorld, step: Any, code: str, factor: Factor = Factor.TOTP, **source: Any) -> Any:
    assert isinstance(step, MfaRequired), step
    return await ask(world, "sign_in.second_factor", ticket=step.ticket.reveal(), factor=factor, code=code, **source)


async def close(world: AsyncWorld, *, email: str = ANN, times: int = 6) -> None:
    """Guess from elsewhere, as often as it takes."""
    for _ in range(times):
        world.clock.advance(WAIT)
        assert reason(await enter(world, WRONG_PASSWORD, email=email)) is Reason.INVALID_CREDENTIALS


async def known(world: AsyncWorld, email: str = ANN) -> str:
    """Make a person and return what the device holds that signed in."""
    await world.person(email)
    step = await enter(world, email=email)
    assert isinstance(step, SignedIn)
    assert step.device is not None
    return step.device.reveal()


async def enrolled(world: AsyncWorld) -> tuple[Principal, Device, str]:
    """Make Ann with an authenticator app, and return her device's token too."""
    ann = await world.person(ANN)
    device = await world.enrol(ann)
    world.clock.advance(timedelta(seconds=30))
    done = await second(world, await enter(world), device.code())
    assert isinstance(done, SignedIn)
    assert done.device is not None
    return ann, device, done.device.reveal()


@pytest.mark.proves("NIST-3.2.2", "ASVS-6.1.1", "ASVS-6.3.1")
async def test_strangers_close_the_way_for_strangers_only() -> None:
    """After 100 guesses from elsewhere the right password is refused there for ever, and the person's own device signs in as always."""
    async with AsyncWorld.open() as world:
        device = await known(world)
        await close(world, times=100)
        world.clock.advance(timedelta(days=90))
        assert reason(await enter(world)) is Reason.LOCKED
        own = await enter(world, device=device)
        assert isinstance(own, SignedIn)
        assert own.device is None
        assert reason(await enter(world)) is Reason.LOCKED


async def test_only_the_token_of_this_account_makes_a_device_known(world: AsyncWorld) -> None:
    """Another account's device, a forged secret, one that ended and what is no token are strangers."""
    device, other = await known(world), await known(world, BOB)
    await close(world)
    forged = device[:-1] + ("A" if device[-1] != "A" else "B")
    for token in (other, forged, "", "dvc_", "x" * 4096, "\ud800" * 74):
        assert reason(await enter(world, device=token)) is Reason.LOCKED
    assert isinstance(await enter(world, device=device), SignedIn)
    world.clock.advance(timedelta(days=180))
    assert reason(await enter(world, device=device)) is Reason.LOCKED


async def test_a_device_skips_no_factor_and_is_known_after_the_last_one(world: AsyncWorld) -> None:
    """The first of two steps makes no device known; a known one is asked for both steps like everybody else."""
    _, app, device = await enrolled(world)
    step = await enter(world, device=device)
    assert isinstance(step, MfaRequired)
    assert not hasattr(step, "device")
    world.clock.advance(timedelta(seconds=30))
    done = await second(world, step, app.code(), device=device)
    assert isinstance(done, SignedIn)
    assert done.device is None
    world.clock.advance(timedelta(seconds=30))
    elsewhere = await second(world, await enter(world), app.code())
    assert isinstance(elsewhere, SignedIn)
    assert elsewhere.device is not None


async def test_only_a_digest_of_the_token_is_stored() -> None:
    """What the store holds of a device does not tell its token."""
    storage = AsyncMemoryStorage()
    async with AsyncWorld.over(storage) as world:
        device = await known(world)
        presented = parse_device_token(device)
        assert presented is not None
        rows = dict(storage.state.newest.tables["devices"])
        assert rows[presented.device_id].secret_digest == presented.digest
        assert device.partition(".")[2] not in repr(rows)


async def test_a_device_has_a_limit_of_its_own(world: AsyncWorld) -> None:
    """After its own failures a device is a stranger, others are not; once it signed in it is another device, and the old token is none."""
    first = await known(world)
    other = await enter(world)
    for _ in range(3):
        world.clock.advance(WAIT)
        assert reason(await enter(world, WRONG_PASSWORD, device=first)) is Reason.INVALID_CREDENTIALS
    again = await enter(world, device=first)
    assert isinstance(again, SignedIn)
    assert again.device is not None
    await close(world)
    assert reason(await enter(world, device=first)) is Reason.LOCKED
    assert isinstance(await enter(world, device=again.device.reveal()), SignedIn)
    assert isinstance(await enter(world, device=other.device.reveal()), SignedIn)


async def test_a_reset_makes_every_device_a_stranger_and_opens_the_way_again(world: AsyncWorld) -> None:
    """A new password that was set by a mailed link forgets devices and failures, is an event, and lets strangers in again."""
    device = await known(world)
    await close(world)
    await world.call("accounts.request_password_reset", email=ANN)
    token = await world.token(ANN, "password_reset")
    assert reason(await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)) is None
    fresh = await enter(world, OTHER_PASSWORD, device=device)
    assert isinstance(fresh, SignedIn)
    assert fresh.device is not None
    restored = await world.events(name=EventName.AUTHENTICATOR_RESTORED)
    assert [event.reason for event in restored] == [""]
    await close(world)
    assert reason(await enter(world, OTHER_PASSWORD, device=device)) is Reason.LOCKED


async def test_a_change_of_password_keeps_this_device_only(world: AsyncWorld) -> None:
    """Who changes the password stays known where it was changed; the other devices are strangers."""
    here = await known(world)
    step = await enter(world)
    there = step.device.reveal()
    login = await world.arrived(await enter(world, device=here))
    done = await ask(world, "accounts.change_password", login.principal, device=here, current=PASSWORD, new=OTHER_PASSWORD)
    assert reason(done) is None
    await close(world)
    assert isinstance(await enter(world, OTHER_PASSWORD, device=here), SignedIn)
    assert reason(await enter(world, OTHER_PASSWORD, device=there)) is Reason.LOCKED


async def test_a_person_has_so_many_devices(world: AsyncWorld) -> None:
    """One device more than the limit makes room for itself: the one that was used longest ago is a stranger then."""
    tokens = [await known(world)]
    for _ in range(MOST_DEVICES):
        world.clock.advance(timedelta(minutes=1))
        tokens.append((await enter(world)).device.reveal())
    await close(world)
    assert reason(await enter(world, device=tokens[0])) is Reason.LOCKED
    assert isinstance(await enter(world, device=tokens[1]), SignedIn)


@pytest.mark.proves("NIST-3.2.2")
async def test_the_person_is_told_once_of_what_guesses_have_closed(world: AsyncWorld) -> None:
    """The last guess at a password is an event, whose person gets one mail; a sign-in that succeeds at the last attempt tells nobody."""
    ann = await world.person(ANN)
    await close(world, times=5)
    world.clock.advance(WAIT)
    assert isinstance(await enter(world), SignedIn)
    assert await world.security.jobs.throttle.tell() == 0
    await close(world)
    assert [await world.security.jobs.throttle.tell() for _ in range(2)] == [1, 0]
    await world.mail()
    assert [message.subject for message in world.mailer.to(ANN) if message.kind == "disabled"] == ["Acme: your password was guessed at"]
    (event,) = await world.events(name=EventName.AUTHENTICATOR_DISABLED)
    assert (event.subject_id, event.target_kind, event.outcome) == (ann.id, "user", "success")


async def test_a_right_password_at_the_limit_completes_no_second_step(world: AsyncWorld) -> None:
    """Where a code is still to come, the last attempt at the password is the last for strangers, and the person is told."""
    _, app, device = await enrolled(world)
    await close(world, times=5)
    world.clock.advance(WAIT)
    step = await enter(world)
    assert reason(await second(world, step, app.code())) is Reason.LOCKED
    assert await world.security.jobs.throttle.tell() == 1
    assert isinstance(await second(world, await enter(world, device=device), app.code(), device=device), SignedIn)


async def test_a_device_of_somebody_else_guesses_no_codes_apart(world: AsyncWorld) -> None:
    """Codes that come with another person's device count as a stranger's."""
    ann, app, _ = await enrolled(world)
    other = await known(world, BOB)
    for _ in range(6):
        world.clock.advance(WAIT)
        guess = await ask(world, "sign_in.step_up", ann, device=other, factor=Factor.TOTP, code=app.wrong())
        assert reason(guess) is Reason.INVALID_CODE
    assert reason(await ask(world, "sign_in.step_up", ann, factor=Factor.TOTP, code=app.code())) is Reason.LOCKED


@pytest.mark.proves("NIST-3.2.2", "CVE-2024-32868", "CVE-2025-64102")
async def test_wrong_codes_end_the_password_too(world: AsyncWorld) -> None:
    """A stranger who knows the password and guesses codes closes both for strangers; the person's device passes, and both are mailed."""
    _, app, device = await enrolled(world)
    for _ in range(3):
        world.clock.advance(WAIT)
        assert reason(await second(world, await enter(world), app.wrong())) is Reason.INVALID_CODE
    assert reason(await enter(world)) is Reason.LOCKED
    world.clock.advance(WAIT)
    own = await second(world, await enter(world, device=device), app.code(), device=device)
    assert isinstance(own, SignedIn)
    disabled = await world.events(name=EventName.AUTHENTICATOR_DISABLED)
    assert [event.reason for event in disabled] == [""]
    await world.drain()
    (letter,) = [message for message in world.mailer.to(ANN) if message.kind == "disabled"]
    assert "your password" in letter.subject


@pytest.mark.proves("NIST-3.2.2")
async def test_backup_codes_are_guessed_on_one_counter_and_bound_anew(world: AsyncWorld) -> None:
    """Guesses at any code of the set count together and end the set for strangers; a new set, made with another factor, begins at none."""
    ann, app, _ = await enrolled(world)
    for n in range(6):
        world.clock.advance(WAIT)
        guess = await ask(world, "sign_in.step_up", ann, factor=Factor.BACKUP_CODE, code=f"{n:016d}")
        assert reason(guess) is Reason.INVALID_CODE
    world.clock.advance(timedelta(days=1))
    assert reason(await ask(world, "sign_in.step_up", ann, factor=Factor.BACKUP_CODE, code=app.backup[0])) is Reason.LOCKED
    login = await world.login_with(app, ANN)
    fresh = await world.call("mfa.regenerate_backup_codes", login.principal)
    assert isinstance(await second(world, await enter(world), fresh.codes[0].reveal(), Factor.BACKUP_CODE), SignedIn)
    await world.drain()
    assert [m.subject for m in world.mailer.to(ANN) if m.kind == "disabled"] == []


async def test_strangers_keep_nobody_from_enrolling(world: AsyncWorld) -> None:
    """A block that has used up its allowance enrols no authenticator, except from a known device; begun anew, wrong codes are forgotten."""
    device = await known(world)
    login = await world.arrived(await enter(world, device=device))
    enrolment = await world.call("mfa.begin_totp", login.principal)
    app = Device(base32(enrolment.seed.reveal()), (), world.clock)
    for n in range(50):
        await enter(world, WRONG_PASSWORD, email=f"u{n}@acme.example")
    assert reason(await ask(world, "mfa.confirm_totp", login.principal, code=app.code())) is Reason.THROTTLED
    assert reason(await ask(world, "mfa.confirm_totp", login.principal, code=app.wrong(), device=device)) is Reason.INVALID_CODE
    for _ in range(6):
        world.clock.advance(WAIT)
        assert reason(await ask(world, "mfa.confirm_totp", login.principal, code=app.wrong())) is Reason.INVALID_CODE
    assert reason(await ask(world, "mfa.confirm_totp", login.principal, code=app.code())) is Reason.LOCKED
    login = await world.arrived(await enter(world, device=device))
    again = await world.call("mfa.begin_totp", login.principal)
    app = Device(base32(again.seed.reveal()), (), world.clock)
    assert reason(await ask(world, "mfa.confirm_totp", login.principal, code=app.code())) is None


@pytest.mark.proves("NIST-3.2.2", "CVE-2026-128332")
async def test_a_lower_success_forgives_no_higher_factor(world: AsyncWorld) -> None:
    """Failures at codes outlive steps with the right password, new tickets, and a sign-in by another factor."""
    _, app, _ = await enrolled(world)
    for _ in range(2):
        world.clock.advance(WAIT)
        assert reason(await second(world, await enter(world), app.wrong())) is Reason.INVALID_CODE
    world.clock.advance(WAIT)
    assert isinstance(await second(world, await enter(world), app.backup[0], Factor.BACKUP_CODE), SignedIn)
    storage: Any = world.storage
    counts = {key.partition(":")[0]: record.failures for key, record in storage.state.guard.attempts.items()}
    assert counts == {"otp": 2}


@pytest.mark.proves("CVE-2026-9798")
async def test_what_was_closed_meanwhile_is_closed_at_the_second_step(world: AsyncWorld) -> None:
    """A ticket from before the password was closed completes nothing for a stranger, with the right code either."""
    _, app, _ = await enrolled(world)
    ticket = await enter(world)
    for _ in range(5):
        assert reason(await enter(world, WRONG_PASSWORD)) in {Reason.INVALID_CREDENTIALS, Reason.THROTTLED}
        world.clock.advance(timedelta(minutes=1, seconds=10))
    assert reason(await enter(world)) is Reason.LOCKED
    assert reason(await second(world, ticket, app.code())) is Reason.LOCKED


@pytest.mark.proves("ASVS-6.3.8")
async def test_unknown_addresses_end_alike(world: AsyncWorld) -> None:
    """From the first failure to the last and beyond, an unknown address gets the answers of a known one after the same port calls."""
    await world.person(ANN)
    for _ in range(8):
        world.clock.advance(WAIT)
        await enter(world, WRONG_PASSWORD, email=BOB)  # so that the data key of the events is loaded
        with world.tap.to(Written()) as ours:
            wrong = await enter(world, WRONG_PASSWORD)
        with world.tap.to(Written()) as theirs:
            nobody = await enter(world, WRONG_PASSWORD, email=NOBODY)
        assert wrong == nobody
        assert ours.calls == theirs.calls
        assert ours.writes == theirs.writes
    assert reason(wrong) is Reason.LOCKED
    await world.drain()
    assert [message.kind for message in world.mailer.to(NOBODY)] == []


@pytest.mark.proves("CVE-2025-6004", "CVE-2025-24806")
@pytest.mark.parametrize("written", ["ANN@acme.example", "ann@ACME.example", "Ann@Acme.Example"])
async def test_an_account_has_one_counter_however_it_is_named(world: AsyncWorld, written: str) -> None:
    """Guesses under every way of writing an address end the one counter of its account."""
    await world.person(ANN)
    await close(world, email=written, times=3)
    await close(world, times=3)
    assert reason(await enter(world)) is Reason.LOCKED
    assert reason(await enter(world, email=written)) is Reason.LOCKED


@pytest.mark.proves("CVE-2025-24806", "NIST-3.2.2")
async def test_another_address_opens_nothing(world: AsyncWorld) -> None:
    """Counter and known devices belong to the account: strangers stay out under a new address too."""
    device = await known(world)
    login = await world.arrived(await enter(world, device=device))
    await close(world)
    change = {"email": "ann.smith@acme.example", "password": PASSWORD, "device": device}
    assert reason(await ask(world, "addresses.request_change", login.principal, **change)) is None
    token = await world.token("ann.smith@acme.example", "email_change")
    assert reason(await ask(world, "addresses.confirm_change", token=token)) is None
    assert reason(await enter(world, email="ann.smith@acme.example")) is Reason.LOCKED
    assert isinstance(await enter(world, email="ann.smith@acme.example", device=device), SignedIn)
    assert reason(await enter(world)) is Reason.INVALID_CREDENTIALS


@pytest.mark.proves("CVE-2026-123521")
async def test_a_change_of_address_guesses_no_password(world: AsyncWorld) -> None:
    """Wrong passwords there count on the account's counter and close it; links take from the block, mails from the mailbox."""
    ann = await world.person(ANN)
    for _ in range(6):
        world.clock.advance(WAIT)
        wrong = await ask(world, "addresses.request_change", ann, email="x@acme.example", password=WRONG_PASSWORD)
        assert reason(wrong) is Reason.INVALID_CREDENTIALS
    assert reason(await enter(world)) is Reason.LOCKED
    bob = await world.person(BOB)
    asked = [reason(await ask(world, "addresses.request_change", bob, email="x@acme.example", password=PASSWORD)) for _ in range(6)]
    assert asked == [None] * 5 + [Reason.THROTTLED]
    tried = {reason(await ask(world, "addresses.confirm_change", token="A" * 43)) for _ in range(51)}
    assert tried == {Reason.INVALID_TOKEN, Reason.THROTTLED}


@pytest.mark.proves("CVE-2025-55003")
async def test_a_code_has_one_counter_however_it_is_written(world: AsyncWorld) -> None:
    """Codes with spaces, in full-width digits, too short and too long count like any other wrong code."""
    ann, app, _ = await enrolled(world)
    wrong = app.wrong()
    for code in (wrong, f" {wrong}", f"{wrong[:3]} {wrong[3:]}", "".join(chr(ord(c) + 0xFEE0) for c in wrong), "", "0" * 4096):
        world.clock.advance(WAIT)
        assert reason(await ask(world, "sign_in.step_up", ann, factor=Factor.TOTP, code=code)) is Reason.INVALID_CODE
    assert reason(await ask(world, "sign_in.step_up", ann, factor=Factor.TOTP, code=app.code())) is Reason.LOCKED


@pytest.mark.proves("ASVS-6.3.1")
async def test_one_address_that_tries_many_accounts_is_held_back(world: AsyncWorld) -> None:
    """After its allowance a block is refused at every account, with the right password too, unless it comes from a known device."""
    device = await known(world)
    for n in range(50):
        assert reason(await enter(world, WRONG_PASSWORD, email=f"u{n}@acme.example")) is Reason.INVALID_CREDENTIALS
    refused = await enter(world)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.retry_after) == (Reason.THROTTLED, timedelta(seconds=30))
    assert isinstance(await enter(world, address="198.51.100.200"), SignedIn)
    assert isinstance(await enter(world, device=device), SignedIn)
    world.clock.advance(timedelta(seconds=30))
    assert isinstance(await enter(world), SignedIn)


async def test_links_are_tried_within_the_allowance(world: AsyncWorld) -> None:
    """Tokens of links that are none take from the block; a good one gives its share back, and is refused like any other beyond it."""
    await world.sign_up(ANN)
    good = await world.token(ANN, "email_verification")
    for _ in range(25):
        assert reason(await ask(world, "accounts.verify_email", token="A" * 43)) is Reason.INVALID_TOKEN
        assert reason(await ask(world, "accounts.reset_password", token="A" * 43, password=OTHER_PASSWORD)) is Reason.INVALID_TOKEN
    assert reason(await ask(world, "accounts.verify_email", token=good)) is Reason.THROTTLED
    assert reason(await ask(world, "accounts.reset_password", token="A" * 43, password=OTHER_PASSWORD)) is Reason.THROTTLED
    assert reason(await ask(world, "accounts.verify_email", token=good, address="198.51.100.200")) is None


@pytest.mark.proves("CHANGELOG-django-allauth-0-51-0", "ASVS-6.3.8")
async def test_mail_on_request_has_an_allowance_for_each_address(world: AsyncWorld) -> None:
    """Requests under every way of writing an address share its allowance, known or not, and it fills up: nobody stops a person's mail."""
    await world.person(ANN)
    world.clock.advance(timedelta(hours=1))
    for address in (ANN, NOBODY):
        written = [address, address.upper(), address.title(), address, address.upper(), address]
        answers = [reason(await ask(world, "accounts.request_password_reset", email=each)) for each in written]
        assert answers == [None] * 5 + [Reason.THROTTLED]
        assert reason(await ask(world, "accounts.request_verification", email=address)) is Reason.THROTTLED
        sign_up = {"email": address, "password": PASSWORD, "name": "N"}
        assert reason(await ask(world, "accounts.sign_up", **sign_up)) is Reason.THROTTLED
    world.clock.advance(timedelta(minutes=5))
    assert reason(await ask(world, "accounts.request_password_reset", email=ANN)) is None
    await world.mail()
    assert [message.kind for message in world.mailer.to(ANN)].count("password_reset") == 6


async def test_what_proves_no_api_key_takes_from_the_address(world: AsyncWorld) -> None:
    """Tokens that are no key are refused as throttled beyond the allowance; a right key works on from there, and so does a sign-in."""
    ann = await world.person(ANN)
    acme = await world.organization(ann)
    key, ended, unknown = [await world.key(ann, acme.id) for _ in range(3)]
    stranger = replace(REQUEST, address=STRANGER)
    await world.call("api_keys.revoke", ann, organization=acme.id, key_id=ended.key.id)
    assert {reason(await world.gate.api_key(ended.token.reveal(), stranger)) for _ in range(60)} == {Reason.REVOKED}
    storage: Any = world.storage
    del storage.state.newest.tables["api_keys"][unknown.key.id]
    gone = unknown.token.reveal()
    tried = [reason(await world.gate.api_key(gone, stranger)) for _ in range(60)]
    assert tried == [Reason.INVALID_TOKEN] * 50 + [Reason.THROTTLED] * 10
    assert reason(await world.gate.api_key("malformed", stranger)) is Reason.INVALID_TOKEN
    assert isinstance(await world.gate.api_key(key.token.reveal(), stranger), Principal)
    assert reason(await world.gate.api_key(gone, replace(REQUEST, address="198.51.100.200"))) is Reason.INVALID_TOKEN
    assert isinstance(await enter(world), SignedIn)


async def test_guesses_before_a_sign_up_do_not_count_against_the_account(world: AsyncWorld) -> None:
    """Whoever guesses at an address that has no account yet does not close the account that is made with it later."""
    await close(world)
    await world.sign_up(ANN)
    await world.call("accounts.verify_email", token=await world.token(ANN, "email_verification"))
    assert isinstance(await enter(world), SignedIn)


async def test_full_allowances_are_deleted(world: AsyncWorld) -> None:
    """The worker deletes what is full again; what is not stays."""
    await close(world, times=1)
    storage: Any = world.storage
    assert set(storage.state.guard.allowances) == {"net:203.0.113.9/32"}
    assert await world.security.jobs.throttle.trim() == 0
    world.clock.advance(timedelta(seconds=30))
    assert await world.security.jobs.throttle.trim() == 1
    assert not storage.state.guard.allowances
