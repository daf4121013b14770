"""Passkeys: registered with a fresh proof, answered once each, as second factor, as step-up and alone (async source of the twin)."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.authn.journey import MfaRequired, SignedIn
from ctsec.mfa.passkey import MAX_PASSKEYS
from ctsec.outcome import Reason
from ctsec.principal import Factor, Principal
from ctsec.testing import SoftwareAuthenticator
from ctsec.testing.passkeys import ATTESTED, PRESENT, VERIFIED, authenticator_data, client_data, registration
from tests.services._async_world import AsyncWorld
from tests.services.probing import ORIGIN, Device, base32, reason

ANN, BOB = "ann@acme.example", "bob@acme.example"
LIFE = timedelta(minutes=5)


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open() as made:
        yield made


@pytest.fixture
async def ann(world: AsyncWorld) -> Principal:
    return await world.person(ANN)


@pytest.fixture
def key() -> SoftwareAuthenticator:
    return SoftwareAuthenticator()


@pytest.fixture
async def added(world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator) -> Any:
    return await world.add_passkey(ann, key)


async def alone(world: AsyncWorld, key: SoftwareAuthenticator) -> str:
    """Return what a passkey answers to a challenge for anybody."""
    return key.get(await world.call("sign_in.begin_passkey"), origin=ORIGIN)


async def second(world: AsyncWorld, key: SoftwareAuthenticator, step: Any) -> str:
    """Return what a passkey answers to the challenge of a ticket."""
    assert isinstance(step, MfaRequired), step
    return key.get(await world.call("sign_in.begin_passkey", ticket=step.ticket.reveal()), origin=ORIGIN)


@pytest.mark.proves("NIST-2.2.2")
async def test_a_passkey_alone_signs_in(world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """Without a name and a password, a passkey that verified the person opens a session of AAL2, whose second factor is fresh."""
    login = await world.arrived(await world.call("sign_in.passkey", response=await alone(world, key)))
    credential = login.principal.credential
    assert (login.principal.id, credential.aal, set(credential.factors)) == (ann.id, 2, {"passkey"})
    assert credential.second_factor_fresh(now=world.clock.now())
    assert (await world.call("passkeys.of", ann.id))[0].last_used_at == world.clock.now()


@pytest.mark.proves("CVE-2026-73278")
async def test_a_passkey_that_is_the_only_second_factor_is_asked_for(world: AsyncWorld, key: SoftwareAuthenticator, added: Any) -> None:
    """A person without TOTP does not get in by password alone: the ticket names the passkey and the backup codes, and both complete it."""
    step = await world.step(ANN)
    assert isinstance(step, MfaRequired)
    assert step.factors == (Factor.BACKUP_CODE, Factor.PASSKEY)
    login = await world.arrived(await world.second(step, await second(world, key, step), Factor.PASSKEY))
    assert (login.principal.credential.aal, set(login.principal.credential.factors)) == (2, {"pwd", "passkey"})
    assert reason(await world.second(step, await second(world, key, await world.step(ANN)), Factor.PASSKEY)) is Reason.INVALID_TOKEN
    code = added.codes.codes[0].reveal()
    assert isinstance(await world.second(await world.step(ANN), code, Factor.BACKUP_CODE), SignedIn)


@pytest.mark.proves("GHSA-f66q-9rf6-8795")
async def test_a_step_up_is_by_the_sessions_own_person(world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """A passkey makes the session fresh whose person it is of and whose challenge it answers; another person's does nothing for it."""
    bob = await world.person(BOB)
    theirs = SoftwareAuthenticator()
    await world.add_passkey(bob, theirs)
    world.clock.advance(timedelta(minutes=11))
    stale = await world.again(ann)
    assert not stale.credential.second_factor_fresh(now=world.clock.now())
    foreign = theirs.get(await world.call("sign_in.begin_step_up", bob), origin=ORIGIN)
    for response in (foreign, await alone(world, key)):
        refused = await world.call("sign_in.step_up", stale, factor=Factor.PASSKEY, code=response)
        assert reason(refused) is Reason.INVALID_CODE
    options = await world.call("sign_in.begin_step_up", stale)
    given = theirs.get({**options, "allowCredentials": []}, origin=ORIGIN)
    assert reason(await world.call("sign_in.step_up", stale, factor=Factor.PASSKEY, code=given)) is Reason.INVALID_CODE
    response = key.get(await world.call("sign_in.begin_step_up", stale), origin=ORIGIN)
    _, token = await world.call("sign_in.step_up", stale, factor=Factor.PASSKEY, code=response)
    fresh = (await world.known(token.reveal())).principal
    assert fresh.credential.second_factor_fresh(now=world.clock.now())
    assert fresh.credential.aal == 2


@pytest.mark.proves("NIST-3.1.6.2", "ASVS-6.7.2")
async def test_a_challenge_is_answered_once_and_soon(world: AsyncWorld, key: SoftwareAuthenticator, added: Any) -> None:
    """The same answer does not sign in again, nor one that comes after five minutes; no two challenges are alike, and each has 256 bits."""
    response = await alone(world, key)
    assert isinstance(await world.call("sign_in.passkey", response=response), SignedIn)
    assert reason(await world.call("sign_in.passkey", response=response)) is Reason.CODE_ALREADY_USED
    late, early = await alone(world, key), await alone(world, key)
    world.clock.advance(LIFE - timedelta(microseconds=1))
    assert isinstance(await world.call("sign_in.passkey", response=early), SignedIn)
    world.clock.advance(timedelta(microseconds=1))
    assert reason(await world.call("sign_in.passkey", response=late)) is Reason.EXPIRED
    challenges = {(await world.call("sign_in.begin_passkey"))["challenge"] for _ in range(8)}
    assert {len(each) for each in challenges} == {43}
    assert len(challenges) == 8


async def test_a_challenge_serves_its_purpose_and_person_only(
    world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator, added: Any
) -> None:
    """The challenge of a second factor signs nobody in alone, one for anybody is no second factor, one of Bob's is none of Ann's."""
    bob = await world.person(BOB)
    await world.add_passkey(bob, SoftwareAuthenticator())
    step = await world.step(ANN)
    assert reason(await world.call("sign_in.passkey", response=await second(world, key, step))) is Reason.INVALID_CODE
    assert reason(await world.second(step, await alone(world, key), Factor.PASSKEY)) is Reason.INVALID_CODE
    theirs = await world.call("sign_in.begin_passkey", ticket=(await world.step(BOB)).ticket.reveal())  # type: ignore[union-attr]
    response = key.get({**theirs, "allowCredentials": []}, origin=ORIGIN)
    assert reason(await world.second(step, response, Factor.PASSKEY)) is Reason.INVALID_CODE
    device = SoftwareAuthenticator()
    made = device.create(await world.call("passkeys.begin_registration", world.sure(bob)), origin=ORIGIN)
    refused = await world.call("passkeys.finish_registration", world.sure(ann), response=made, name="Mine")
    assert reason(refused) is Reason.INVALID_CODE
    assert len(await world.call("passkeys.of", ann.id)) == 1


async def test_unknown_and_wrong_passkeys_are_answered_alike(world: AsyncWorld, ann: Principal, added: Any) -> None:
    """A passkey that nobody has and one that signs wrongly get the same refusal, and are throttled alike; Ann is in the log of hers."""
    stranger, forger = SoftwareAuthenticator(), SoftwareAuthenticator()
    options: Any = {"rp": {"id": "localhost"}, "user": {"id": "eA"}, "challenge": "x", "excludeCredentials": []}
    stranger.create(options, origin=ORIGIN)
    forger.create(options, origin=ORIGIN)
    hers = added.passkey.credential_id
    handle = base64.urlsafe_b64encode(ann.id.encode()).decode().rstrip("=")
    forger._keys = {hers: replace(forger._keys[forger.held[0]], user_handle=handle)}
    answers = []
    for device in (stranger, forger):
        given = [await world.call("sign_in.passkey", response=await alone(world, device)) for _ in range(6)]
        answers.append(given)
    assert [reason(each) for each in answers[0]] == [Reason.INVALID_CODE] * 5 + [Reason.THROTTLED]
    assert answers[0] == answers[1]
    subjects = [each.subject_id for each in await world.events(name="mfa.code_refused")]
    assert sorted(subjects) == [""] * 6 + [ann.id] * 6


async def test_success_forgives_what_a_passkey_failed(world: AsyncWorld, key: SoftwareAuthenticator, added: Any) -> None:
    """Failed attempts with a passkey are forgiven by a sign-in with it, those with the password are not."""
    for _ in range(2):
        for _ in range(4):
            assert reason(await world.call("sign_in.passkey", response=await self_made(world, key))) is Reason.INVALID_CODE
        assert isinstance(await world.call("sign_in.passkey", response=await alone(world, key)), SignedIn)
    for _ in range(5):
        assert reason(await world.step(ANN, "not the password")) is Reason.INVALID_CREDENTIALS
    assert isinstance(await world.call("sign_in.passkey", response=await alone(world, key)), SignedIn)
    assert reason(await world.step(ANN)) is Reason.THROTTLED


async def self_made(world: AsyncWorld, key: SoftwareAuthenticator, *, flags: int = VERIFIED, count: int = 0, **more: Any) -> str:
    """Return an answer to a real challenge for anybody, with data of the test's own; by default of an absent person."""
    options = await world.call("sign_in.begin_passkey")
    collected = client_data("webauthn.get", options["challenge"], origin=ORIGIN)
    return key.sign(key.held[0], collected, authenticator_data("localhost", flags=flags, count=count), **more)


@pytest.mark.proves("NIST-3.1.7.2")
async def test_a_step_up_without_a_password_verifies_the_person(world: AsyncWorld, key: SoftwareAuthenticator, added: Any) -> None:
    """Where a passkey is all that a session rests on, a mere press does not make it fresh; beside a password it does."""
    for first in (False, True):
        step = await world.step(ANN)
        code = await alone(world, key) if first else await second(world, key, step)
        arrived = await world.call("sign_in.passkey", response=code) if first else await world.second(step, code, Factor.PASSKEY)
        principal = (await world.arrived(arrived)).principal
        options = await world.call("sign_in.begin_step_up", principal)
        assert options["userVerification"] == ("required" if first else "preferred")
        key.flags = PRESENT
        pressed = key.get(options, origin=ORIGIN)
        key.flags = PRESENT | VERIFIED
        answer = await world.call("sign_in.step_up", principal, factor=Factor.PASSKEY, code=pressed)
        assert reason(answer) is (Reason.INVALID_CODE if first else None)


@pytest.mark.proves("NIST-3.1.7.2")
async def test_a_first_factor_verifies_the_person_and_names_it(world: AsyncWorld, key: SoftwareAuthenticator, added: Any) -> None:
    """Alone, a passkey that only saw somebody press it, or that does not say whose it is, signs nobody in."""
    pressed = await self_made(world, key, flags=PRESENT, count=5)
    assert reason(await world.call("sign_in.passkey", response=pressed)) is Reason.INVALID_CODE
    answer = json.loads(await self_made(world, key, flags=PRESENT | VERIFIED, count=5))
    del answer["response"]["userHandle"]
    assert reason(await world.call("sign_in.passkey", response=json.dumps(answer))) is Reason.INVALID_CODE
    whole = await self_made(world, key, flags=PRESENT | VERIFIED, count=5)
    assert isinstance(await world.call("sign_in.passkey", response=whole), SignedIn)


async def test_a_count_that_goes_back_is_a_copy(world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """A signature whose count is not above the last one is refused and said in the log; an unsigned claim accuses nobody."""
    sure = PRESENT | VERIFIED
    for count in (7, 9):
        good = await self_made(world, key, flags=sure, count=count)
        assert isinstance(await world.call("sign_in.passkey", response=good), SignedIn)
    forged = json.loads(await self_made(world, key, flags=sure, count=8))
    forged["response"]["signature"] = "eA"
    assert reason(await world.call("sign_in.passkey", response=json.dumps(forged))) is Reason.INVALID_CODE
    assert await world.events(name="passkey.clone_suspected") == ()
    for count in (9, 8, 0):
        copied = await self_made(world, key, flags=sure, count=count)
        assert reason(await world.call("sign_in.passkey", response=copied)) is Reason.INVALID_CODE
    found = await world.events(name="passkey.clone_suspected")
    assert [(each.subject_id, each.target_id) for each in found] == [(ann.id, added.passkey.id)] * 3


async def test_a_passkey_that_never_counts_is_no_copy(world: AsyncWorld, ann: Principal) -> None:
    """Synced passkeys count nothing and say 0 each time; they sign in again and again."""
    key = SoftwareAuthenticator(counts=False)
    await world.add_passkey(ann, key)
    for _ in range(3):
        assert isinstance(await world.call("sign_in.passkey", response=await alone(world, key)), SignedIn)


async def test_a_disabled_person_does_not_get_in(world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """A passkey of an account that was disabled is refused, also where the ticket is older."""
    step = await world.step(ANN)
    first, response = await alone(world, key), await second(world, key, step)
    await world.call("directory.disable_user", ann.id, reason="left")
    assert reason(await world.call("sign_in.passkey", response=first)) is Reason.DISABLED
    assert reason(await world.second(step, response, Factor.PASSKEY)) is Reason.DISABLED


@pytest.mark.proves("NIST-4.1.2.1")
async def test_adding_takes_a_fresh_proof(world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator) -> None:
    """The first passkey takes a fresh password, a further one or an authenticator app a fresh second factor; several are possible."""
    world.clock.advance(timedelta(minutes=11))
    assert reason(await world.call("passkeys.begin_registration", await world.again(ann))) is Reason.STEP_UP_REQUIRED
    early = (await world.login(ANN)).principal
    made = key.create(await world.call("passkeys.begin_registration", early), origin=ORIGIN)
    world.clock.advance(timedelta(minutes=4))
    assert (await world.call("passkeys.finish_registration", early, response=made, name="First")).codes is not None
    for method in ("passkeys.begin_registration", "mfa.begin_totp"):
        assert reason(await world.call(method, await world.again(early))) is Reason.STEP_UP_REQUIRED
    sure = (await world.arrived(await world.call("sign_in.passkey", response=await alone(world, key)))).principal
    again = await world.add_passkey(sure, SoftwareAuthenticator(), name="Second")
    assert again.codes is None
    await world.enrol(sure)
    assert (await world.call("mfa.status", ann.id)).passkeys == 2
    assert {Factor.TOTP, Factor.PASSKEY, Factor.BACKUP_CODE} == await world.call("mfa.enrolled", ann.id)


async def test_a_pending_authenticator_is_not_confirmed_past_a_passkey(world: AsyncWorld, ann: Principal, added: Any) -> None:
    """An enrolment that began before there was a second factor is not confirmed without it afterwards."""
    bob = await world.person(BOB)
    pending = await world.call("mfa.begin_totp", bob)
    await world.add_passkey(bob, SoftwareAuthenticator())
    code = Device(base32(pending.seed.reveal()), (), world.clock).code()
    assert reason(await world.call("mfa.confirm_totp", await world.again(bob), code=code)) is Reason.STEP_UP_REQUIRED


@pytest.mark.proves("ASVS-7.4.3", "ASVS-6.5.6", "NIST-4.1.2.1")
async def test_a_change_ends_the_other_sessions_and_is_told(world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator) -> None:
    """Adding and removing end every other session and are told by mail; adding raises no session, since nothing was signed."""
    other = await world.login(ANN)
    added = await world.add_passkey(ann, key, name="My phone")
    assert reason(await world.gate.session(other.token)) is Reason.NOT_AUTHENTICATED
    assert (await world.again(ann)).credential.aal == 1
    kept = await world.arrived(await world.call("sign_in.passkey", response=await alone(world, key)))
    gone = await world.arrived(await world.call("sign_in.passkey", response=await alone(world, key)))
    assert reason(await world.call("passkeys.remove", kept.principal, added.passkey.id)) is None
    assert reason(await world.gate.session(gone.token)) is Reason.NOT_AUTHENTICATED
    assert (await world.again(kept.principal)).id == ann.id
    await world.mail()
    told = [message.text.reveal() for message in world.mailer.to(ANN) if message.kind == "notice"]
    assert len(told) == 2
    for what in ("My phone was added", "My phone was removed, and multi-factor authentication was turned off"):
        assert [what in text for text in told].count(True) == 1


@pytest.mark.proves("ASVS-6.5.6", "NIST-3.2.1")
async def test_removing_takes_a_fresh_factor_and_ones_own(
    world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator, added: Any
) -> None:
    """Without a fresh second factor, and for another person, nothing is removed or renamed; a removed passkey signs in no more."""
    bob = await world.person(BOB)
    for method, more in (("passkeys.remove", {}), ("passkeys.rename", {"name": "Mine"})):
        assert reason(await world.call(method, world.sure(bob), added.passkey.id, **more)) is Reason.NOT_FOUND
    assert reason(await world.call("passkeys.remove", ann, added.passkey.id)) is Reason.STEP_UP_REQUIRED
    assert (await world.call("passkeys.rename", ann, added.passkey.id, name=" Work ")).name == "Work"
    assert reason(await world.call("passkeys.rename", ann, added.passkey.id, name="")) is Reason.INVALID_INPUT
    response = await alone(world, key)
    # Whoever has lost the device proves it with a backup code.
    _, token = await world.call("sign_in.step_up", ann, factor=Factor.BACKUP_CODE, code=added.codes.codes[0].reveal())
    lost = (await world.known(token.reveal())).principal
    assert (await world.call("passkeys.remove", lost, added.passkey.id)).id == added.passkey.id
    assert reason(await world.call("passkeys.remove", world.sure(ann), added.passkey.id)) is Reason.NOT_FOUND
    assert reason(await world.call("sign_in.passkey", response=response)) is Reason.INVALID_CODE
    assert isinstance(await world.step(ANN), SignedIn)
    assert await world.call("mfa.enrolled", ann.id) == frozenset()


async def test_backup_codes_go_with_the_last_factor(world: AsyncWorld, ann: Principal, added: Any) -> None:
    """Codes stay as long as a second factor does, with what was failed on them, whichever is removed first, and void with the last."""
    sure = world.sure(ann)
    await world.enrol(sure)
    step = await world.step(ANN)
    for _ in range(5):
        assert reason(await world.second(step, "AAAA-AAAA-AAAA-AAAA", Factor.BACKUP_CODE)) is Reason.INVALID_CODE
    assert (await world.call("mfa.remove_totp", sure)).backup_codes_left == 10
    assert await world.call("mfa.enrolled", ann.id) == {Factor.PASSKEY, Factor.BACKUP_CODE}
    held = await world.call("sign_in.step_up", sure, factor=Factor.BACKUP_CODE, code="AAAA-AAAA-AAAA-AAAA")
    assert reason(held) is Reason.THROTTLED
    await world.enrol(sure)
    await world.call("passkeys.remove", sure, added.passkey.id)
    assert await world.call("mfa.enrolled", ann.id) == {Factor.TOTP, Factor.BACKUP_CODE}
    assert not (await world.call("mfa.remove_totp", sure)).enrolled
    assert (await world.call("mfa.status", ann.id)).backup_codes_left == 0


async def test_a_passkey_belongs_to_one_person(world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """The credential id that Ann has is not Bob's to register; a person who has many passkeys gets no further one."""
    bob = await world.person(BOB)
    options = await world.call("passkeys.begin_registration", bob)
    twin = SoftwareAuthenticator()
    twin.create(options, origin=ORIGIN)
    (held,) = twin.held
    twin._keys[key.held[0]] = twin._keys.pop(held)
    inner = bytes(16) + (32).to_bytes(2, "big") + key.held[0] + twin.public_key(key.held[0])
    data = authenticator_data("localhost", flags=PRESENT | VERIFIED | ATTESTED, count=0) + inner
    made = registration(key.held[0], client_data("webauthn.create", options["challenge"], origin=ORIGIN), data)
    refused = await world.call("passkeys.finish_registration", bob, response=made, name="Hers")
    assert reason(refused) is Reason.ALREADY_EXISTS
    for n in range(1, MAX_PASSKEYS):
        await world.add_passkey(world.sure(ann), SoftwareAuthenticator(), name=f"Key {n}")
    assert reason(await world.call("passkeys.begin_registration", world.sure(ann))) is Reason.CEILING_EXCEEDED


async def test_only_a_session_has_to_do_with_passkeys(world: AsyncWorld, ann: Principal, added: Any) -> None:
    """An API key, though it acts for the person, registers, renames, removes and steps up nothing."""
    acme = await world.organization(ann)
    minted = await world.key(ann, acme.id)
    by_key = await world.gate.api_key(minted.token.reveal(), world.request)
    wanted: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "passkeys.begin_registration": ((), {}),
        "passkeys.finish_registration": ((), {"response": "{}", "name": "x"}),
        "passkeys.rename": ((added.passkey.id,), {"name": "x"}),
        "passkeys.remove": ((added.passkey.id,), {}),
        "sign_in.begin_step_up": ((), {}),
    }
    for method, (positional, named) in wanted.items():
        assert reason(await world.call(method, by_key, *positional, **named)) is Reason.NOT_AUTHENTICATED


async def test_who_has_no_passkey_is_asked_for_none(world: AsyncWorld, ann: Principal, key: SoftwareAuthenticator) -> None:
    """A ticket of a person without passkeys, a stale one and a session without one get no challenge."""
    await world.enrol(ann)
    step = await world.step(ANN)
    assert isinstance(step, MfaRequired)
    assert step.factors == (Factor.BACKUP_CODE, Factor.TOTP)
    assert reason(await world.call("sign_in.begin_passkey", ticket=step.ticket.reveal())) is Reason.MFA_NOT_ENROLLED
    assert reason(await world.call("sign_in.begin_passkey", ticket="x" * 43)) is Reason.INVALID_TOKEN
    assert reason(await world.call("sign_in.begin_step_up", ann)) is Reason.MFA_NOT_ENROLLED
