# Generated from tests/services/test_async_passkeys.py by tools/twin.py; edit that file.
"""Passkeys: registered with a fresh proof, answered once each, as second factor, as step-up and alone (async source of the twin)."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator
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
from tests.services._sync_world import World
from tests.services.probing import ORIGIN, Device, base32, reason

ANN, BOB = "ann@acme.example", "bob@acme.example"
LIFE = timedelta(minutes=5)


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open() as made:
        yield made


@pytest.fixture
def ann(world: World) -> Principal:
    return world.person(ANN)


@pytest.fixture
def key() -> SoftwareAuthenticator:
    return SoftwareAuthenticator()


@pytest.fixture
def added(world: World, ann: Principal, key: SoftwareAuthenticator) -> Any:
    return world.add_passkey(ann, key)


def alone(world: World, key: SoftwareAuthenticator) -> str:
    """Return what a passkey answers to a challenge for anybody."""
    return key.get(world.call("sign_in.begin_passkey"), origin=ORIGIN)


def second(world: World, key: SoftwareAuthenticator, step: Any) -> str:
    """Return what a passkey answers to the challenge of a ticket."""
    assert isinstance(step, MfaRequired), step
    return key.get(world.call("sign_in.begin_passkey", ticket=step.ticket.reveal()), origin=ORIGIN)


@pytest.mark.proves("NIST-2.2.2")
def test_a_passkey_alone_signs_in(world: World, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """Without a name and a password, a passkey that verified the person opens a session of AAL2, whose second factor is fresh."""
    login = world.arrived(world.call("sign_in.passkey", response=alone(world, key)))
    credential = login.principal.credential
    assert (login.principal.id, credential.aal, set(credential.factors)) == (ann.id, 2, {"passkey"})
    assert credential.second_factor_fresh(now=world.clock.now())
    assert (world.call("passkeys.of", ann.id))[0].last_used_at == world.clock.now()


@pytest.mark.proves("CVE-2026-73278")
def test_a_passkey_that_is_the_only_second_factor_is_asked_for(world: World, key: SoftwareAuthenticator, added: Any) -> None:
    """A person without TOTP does not get in by password alone: the ticket names the passkey and the backup codes, and both complete it."""
    step = world.step(ANN)
    assert isinstance(step, MfaRequired)
    assert step.factors == (Factor.BACKUP_CODE, Factor.PASSKEY)
    login = world.arrived(world.second(step, second(world, key, step), Factor.PASSKEY))
    assert (login.principal.credential.aal, set(login.principal.credential.factors)) == (2, {"pwd", "passkey"})
    assert reason(world.second(step, second(world, key, world.step(ANN)), Factor.PASSKEY)) is Reason.INVALID_TOKEN
    code = added.codes.codes[0].reveal()
    assert isinstance(world.second(world.step(ANN), code, Factor.BACKUP_CODE), SignedIn)


@pytest.mark.proves("GHSA-f66q-9rf6-8795")
def test_a_step_up_is_by_the_sessions_own_person(world: World, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """A passkey makes the session fresh whose person it is of and whose challenge it answers; another person's does nothing for it."""
    bob = world.person(BOB)
    theirs = SoftwareAuthenticator()
    world.add_passkey(bob, theirs)
    world.clock.advance(timedelta(minutes=11))
    stale = world.again(ann)
    assert not stale.credential.second_factor_fresh(now=world.clock.now())
    foreign = theirs.get(world.call("sign_in.begin_step_up", bob), origin=ORIGIN)
    for response in (foreign, alone(world, key)):
        refused = world.call("sign_in.step_up", stale, factor=Factor.PASSKEY, code=response)
        assert reason(refused) is Reason.INVALID_CODE
    options = world.call("sign_in.begin_step_up", stale)
    given = theirs.get({**options, "allowCredentials": []}, origin=ORIGIN)
    assert reason(world.call("sign_in.step_up", stale, factor=Factor.PASSKEY, code=given)) is Reason.INVALID_CODE
    response = key.get(world.call("sign_in.begin_step_up", stale), origin=ORIGIN)
    _, token = world.call("sign_in.step_up", stale, factor=Factor.PASSKEY, code=response)
    fresh = (world.known(token.reveal())).principal
    assert fresh.credential.second_factor_fresh(now=world.clock.now())
    assert fresh.credential.aal == 2


@pytest.mark.proves("NIST-3.1.6.2", "ASVS-6.7.2")
def test_a_challenge_is_answered_once_and_soon(world: World, key: SoftwareAuthenticator, added: Any) -> None:
    """The same answer does not sign in again, nor one that comes after five minutes; no two challenges are alike, and each has 256 bits."""
    response = alone(world, key)
    assert isinstance(world.call("sign_in.passkey", response=response), SignedIn)
    assert reason(world.call("sign_in.passkey", response=response)) is Reason.CODE_ALREADY_USED
    late, early = alone(world, key), alone(world, key)
    world.clock.advance(LIFE - timedelta(microseconds=1))
    assert isinstance(world.call("sign_in.passkey", response=early), SignedIn)
    world.clock.advance(timedelta(microseconds=1))
    assert reason(world.call("sign_in.passkey", response=late)) is Reason.EXPIRED
    challenges = {(world.call("sign_in.begin_passkey"))["challenge"] for _ in range(8)}
    assert {len(each) for each in challenges} == {43}
    assert len(challenges) == 8


def test_a_challenge_serves_its_purpose_and_person_only(world: World, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """The challenge of a second factor signs nobody in alone, one for anybody is no second factor, one of Bob's is none of Ann's."""
    bob = world.person(BOB)
    world.add_passkey(bob, SoftwareAuthenticator())
    step = world.step(ANN)
    assert reason(world.call("sign_in.passkey", response=second(world, key, step))) is Reason.INVALID_CODE
    assert reason(world.second(step, alone(world, key), Factor.PASSKEY)) is Reason.INVALID_CODE
    theirs = world.call("sign_in.begin_passkey", ticket=(world.step(BOB)).ticket.reveal())  # type: ignore[union-attr]
    response = key.get({**theirs, "allowCredentials": []}, origin=ORIGIN)
    assert reason(world.second(step, response, Factor.PASSKEY)) is Reason.INVALID_CODE
    device = SoftwareAuthenticator()
    made = device.create(world.call("passkeys.begin_registration", world.sure(bob)), origin=ORIGIN)
    refused = world.call("passkeys.finish_registration", world.sure(ann), response=made, name="Mine")
    assert reason(refused) is Reason.INVALID_CODE
    assert len(world.call("passkeys.of", ann.id)) == 1


def test_unknown_and_wrong_passkeys_are_answered_alike(world: World, ann: Principal, added: Any) -> None:
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
        given = [world.call("sign_in.passkey", response=alone(world, device)) for _ in range(6)]
        answers.append(given)
    assert [reason(each) for each in answers[0]] == [Reason.INVALID_CODE] * 5 + [Reason.THROTTLED]
    assert answers[0] == answers[1]
    subjects = [each.subject_id for each in world.events(name="mfa.code_refused")]
    assert sorted(subjects) == [""] * 6 + [ann.id] * 6


def test_success_forgives_what_a_passkey_failed(world: World, key: SoftwareAuthenticator, added: Any) -> None:
    """Failed attempts with a passkey are forgiven by a sign-in with it, those with the password are not."""
    for _ in range(2):
        for _ in range(4):
            assert reason(world.call("sign_in.passkey", response=self_made(world, key))) is Reason.INVALID_CODE
        assert isinstance(world.call("sign_in.passkey", response=alone(world, key)), SignedIn)
    for _ in range(5):
        assert reason(world.step(ANN, "not the password")) is Reason.INVALID_CREDENTIALS
    assert isinstance(world.call("sign_in.passkey", response=alone(world, key)), SignedIn)
    assert reason(world.step(ANN)) is Reason.THROTTLED


def self_made(world: World, key: SoftwareAuthenticator, *, flags: int = VERIFIED, count: int = 0, **more: Any) -> str:
    """Return an answer to a real challenge for anybody, with data of the test's own; by default of an absent person."""
    options = world.call("sign_in.begin_passkey")
    collected = client_data("webauthn.get", options["challenge"], origin=ORIGIN)
    return key.sign(key.held[0], collected, authenticator_data("localhost", flags=flags, count=count), **more)


@pytest.mark.proves("NIST-3.1.7.2")
def test_a_step_up_without_a_password_verifies_the_person(world: World, key: SoftwareAuthenticator, added: Any) -> None:
    """Where a passkey is all that a session rests on, a mere press does not make it fresh; beside a password it does."""
    for first in (False, True):
        step = world.step(ANN)
        code = alone(world, key) if first else second(world, key, step)
        arrived = world.call("sign_in.passkey", response=code) if first else world.second(step, code, Factor.PASSKEY)
        principal = (world.arrived(arrived)).principal
        options = world.call("sign_in.begin_step_up", principal)
        assert options["userVerification"] == ("required" if first else "preferred")
        key.flags = PRESENT
        pressed = key.get(options, origin=ORIGIN)
        key.flags = PRESENT | VERIFIED
        answer = world.call("sign_in.step_up", principal, factor=Factor.PASSKEY, code=pressed)
        assert reason(answer) is (Reason.INVALID_CODE if first else None)


@pytest.mark.proves("NIST-3.1.7.2")
def test_a_first_factor_verifies_the_person_and_names_it(world: World, key: SoftwareAuthenticator, added: Any) -> None:
    """Alone, a passkey that only saw somebody press it, or that does not say whose it is, signs nobody in."""
    pressed = self_made(world, key, flags=PRESENT, count=5)
    assert reason(world.call("sign_in.passkey", response=pressed)) is Reason.INVALID_CODE
    answer = json.loads(self_made(world, key, flags=PRESENT | VERIFIED, count=5))
    del answer["response"]["userHandle"]
    assert reason(world.call("sign_in.passkey", response=json.dumps(answer))) is Reason.INVALID_CODE
    whole = self_made(world, key, flags=PRESENT | VERIFIED, count=5)
    assert isinstance(world.call("sign_in.passkey", response=whole), SignedIn)


def test_a_count_that_goes_back_is_a_copy(world: World, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """A signature whose count is not above the last one is refused and said in the log; an unsigned claim accuses nobody."""
    sure = PRESENT | VERIFIED
    for count in (7, 9):
        good = self_made(world, key, flags=sure, count=count)
        assert isinstance(world.call("sign_in.passkey", response=good), SignedIn)
    forged = json.loads(self_made(world, key, flags=sure, count=8))
    forged["response"]["signature"] = "eA"
    assert reason(world.call("sign_in.passkey", response=json.dumps(forged))) is Reason.INVALID_CODE
    assert world.events(name="passkey.clone_suspected") == ()
    for count in (9, 8, 0):
        copied = self_made(world, key, flags=sure, count=count)
        assert reason(world.call("sign_in.passkey", response=copied)) is Reason.INVALID_CODE
    found = world.events(name="passkey.clone_suspected")
    assert [(each.subject_id, each.target_id) for each in found] == [(ann.id, added.passkey.id)] * 3


def test_a_passkey_that_never_counts_is_no_copy(world: World, ann: Principal) -> None:
    """Synced passkeys count nothing and say 0 each time; they sign in again and again."""
    key = SoftwareAuthenticator(counts=False)
    world.add_passkey(ann, key)
    for _ in range(3):
        assert isinstance(world.call("sign_in.passkey", response=alone(world, key)), SignedIn)


def test_a_disabled_person_does_not_get_in(world: World, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """A passkey of an account that was disabled is refused, also where the ticket is older."""
    step = world.step(ANN)
    first, response = alone(world, key), second(world, key, step)
    world.call("directory.disable_user", ann.id, reason="left")
    assert reason(world.call("sign_in.passkey", response=first)) is Reason.DISABLED
    assert reason(world.second(step, response, Factor.PASSKEY)) is Reason.DISABLED


@pytest.mark.proves("NIST-4.1.2.1")
def test_adding_takes_a_fresh_proof(world: World, ann: Principal, key: SoftwareAuthenticator) -> None:
    """The first passkey takes a fresh password, a further one or an authenticator app a fresh second factor; several are possible."""
    world.clock.advance(timedelta(minutes=11))
    assert reason(world.call("passkeys.begin_registration", world.again(ann))) is Reason.STEP_UP_REQUIRED
    early = (world.login(ANN)).principal
    made = key.create(world.call("passkeys.begin_registration", early), origin=ORIGIN)
    world.clock.advance(timedelta(minutes=4))
    assert (world.call("passkeys.finish_registration", early, response=made, name="First")).codes is not None
    for method in ("passkeys.begin_registration", "mfa.begin_totp"):
        assert reason(world.call(method, world.again(early))) is Reason.STEP_UP_REQUIRED
    sure = (world.arrived(world.call("sign_in.passkey", response=alone(world, key)))).principal
    again = world.add_passkey(sure, SoftwareAuthenticator(), name="Second")
    assert again.codes is None
    world.enrol(sure)
    assert (world.call("mfa.status", ann.id)).passkeys == 2
    assert {Factor.TOTP, Factor.PASSKEY, Factor.BACKUP_CODE} == world.call("mfa.enrolled", ann.id)


def test_a_pending_authenticator_is_not_confirmed_past_a_passkey(world: World, ann: Principal, added: Any) -> None:
    """An enrolment that began before there was a second factor is not confirmed without it afterwards."""
    bob = world.person(BOB)
    pending = world.call("mfa.begin_totp", bob)
    world.add_passkey(bob, SoftwareAuthenticator())
    code = Device(base32(pending.seed.reveal()), (), world.clock).code()
    assert reason(world.call("mfa.confirm_totp", world.again(bob), code=code)) is Reason.STEP_UP_REQUIRED


@pytest.mark.proves("ASVS-7.4.3", "ASVS-6.5.6", "NIST-4.1.2.1")
def test_a_change_ends_the_other_sessions_and_is_told(world: World, ann: Principal, key: SoftwareAuthenticator) -> None:
    """Adding and removing end every other session and are told by mail; adding raises no session, since nothing was signed."""
    other = world.login(ANN)
    added = world.add_passkey(ann, key, name="My phone")
    assert reason(world.gate.session(other.token)) is Reason.NOT_AUTHENTICATED
    assert (world.again(ann)).credential.aal == 1
    kept = world.arrived(world.call("sign_in.passkey", response=alone(world, key)))
    gone = world.arrived(world.call("sign_in.passkey", response=alone(world, key)))
    assert reason(world.call("passkeys.remove", kept.principal, added.passkey.id)) is None
    assert reason(world.gate.session(gone.token)) is Reason.NOT_AUTHENTICATED
    assert (world.again(kept.principal)).id == ann.id
    world.mail()
    told = [message.text.reveal() for message in world.mailer.to(ANN) if message.kind == "notice"]
    assert len(told) == 2
    for what in ("My phone was added", "My phone was removed, and multi-factor authentication was turned off"):
        assert [what in text for text in told].count(True) == 1


@pytest.mark.proves("ASVS-6.5.6", "NIST-3.2.1")
def test_removing_takes_a_fresh_factor_and_ones_own(world: World, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """Without a fresh second factor, and for another person, nothing is removed or renamed; a removed passkey signs in no more."""
    bob = world.person(BOB)
    for method, more in (("passkeys.remove", {}), ("passkeys.rename", {"name": "Mine"})):
        assert reason(world.call(method, world.sure(bob), added.passkey.id, **more)) is Reason.NOT_FOUND
    assert reason(world.call("passkeys.remove", ann, added.passkey.id)) is Reason.STEP_UP_REQUIRED
    assert (world.call("passkeys.rename", ann, added.passkey.id, name=" Work ")).name == "Work"
    assert reason(world.call("passkeys.rename", ann, added.passkey.id, name="")) is Reason.INVALID_INPUT
    response = alone(world, key)
    # Whoever has lost the device proves it with a backup code.
    _, token = world.call("sign_in.step_up", ann, factor=Factor.BACKUP_CODE, code=added.codes.codes[0].reveal())
    lost = (world.known(token.reveal())).principal
    assert (world.call("passkeys.remove", lost, added.passkey.id)).id == added.passkey.id
    assert reason(world.call("passkeys.remove", world.sure(ann), added.passkey.id)) is Reason.NOT_FOUND
    assert reason(world.call("sign_in.passkey", response=response)) is Reason.INVALID_CODE
    assert isinstance(world.step(ANN), SignedIn)
    assert world.call("mfa.enrolled", ann.id) == frozenset()


def test_backup_codes_go_with_the_last_factor(world: World, ann: Principal, added: Any) -> None:
    """Codes stay as long as a second factor does, with what was failed on them, whichever is removed first, and void with the last."""
    sure = world.sure(ann)
    world.enrol(sure)
    step = world.step(ANN)
    for _ in range(5):
        assert reason(world.second(step, "AAAA-AAAA-AAAA-AAAA", Factor.BACKUP_CODE)) is Reason.INVALID_CODE
    assert (world.call("mfa.remove_totp", sure)).backup_codes_left == 10
    assert world.call("mfa.enrolled", ann.id) == {Factor.PASSKEY, Factor.BACKUP_CODE}
    held = world.call("sign_in.step_up", sure, factor=Factor.BACKUP_CODE, code="AAAA-AAAA-AAAA-AAAA")
    assert reason(held) is Reason.THROTTLED
    world.enrol(sure)
    world.call("passkeys.remove", sure, added.passkey.id)
    assert world.call("mfa.enrolled", ann.id) == {Factor.TOTP, Factor.BACKUP_CODE}
    assert not (world.call("mfa.remove_totp", sure)).enrolled
    assert (world.call("mfa.status", ann.id)).backup_codes_left == 0


def test_a_passkey_belongs_to_one_person(world: World, ann: Principal, key: SoftwareAuthenticator, added: Any) -> None:
    """The credential id that Ann has is not Bob's to register; a person who has many passkeys gets no further one."""
    bob = world.person(BOB)
    options = world.call("passkeys.begin_registration", bob)
    twin = SoftwareAuthenticator()
    twin.create(options, origin=ORIGIN)
    (held,) = twin.held
    twin._keys[key.held[0]] = twin._keys.pop(held)
    inner = bytes(16) + (32).to_bytes(2, "big") + key.held[0] + twin.public_key(key.held[0])
    data = authenticator_data("localhost", flags=PRESENT | VERIFIED | ATTESTED, count=0) + inner
    made = registration(key.held[0], client_data("webauthn.create", options["challenge"], origin=ORIGIN), data)
    refused = world.call("passkeys.finish_registration", bob, response=made, name="Hers")
    assert reason(refused) is Reason.ALREADY_EXISTS
    for n in range(1, MAX_PASSKEYS):
        world.add_passkey(world.sure(ann), SoftwareAuthenticator(), name=f"Key {n}")
    assert reason(world.call("passkeys.begin_registration", world.sure(ann))) is Reason.CEILING_EXCEEDED


def test_only_a_session_has_to_do_with_passkeys(world: World, ann: Principal, added: Any) -> None:
    """An API key, though it acts for the person, registers, renames, removes and steps up nothing."""
    acme = world.organization(ann)
    minted = world.key(ann, acme.id)
    by_key = world.gate.api_key(minted.token.reveal(), world.request)
    wanted: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "passkeys.begin_registration": ((), {}),
        "passkeys.finish_registration": ((), {"response": "{}", "name": "x"}),
        "passkeys.rename": ((added.passkey.id,), {"name": "x"}),
        "passkeys.remove": ((added.passkey.id,), {}),
        "sign_in.begin_step_up": ((), {}),
    }
    for method, (positional, named) in wanted.items():
        assert reason(world.call(method, by_key, *positional, **named)) is Reason.NOT_AUTHENTICATED


def test_who_has_no_passkey_is_asked_for_none(world: World, ann: Principal, key: SoftwareAuthenticator) -> None:
    """A ticket of a person without passkeys, a stale one and a session without one get no challenge."""
    world.enrol(ann)
    step = world.step(ANN)
    assert isinstance(step, MfaRequired)
    assert step.factors == (Factor.BACKUP_CODE, Factor.TOTP)
    assert reason(world.call("sign_in.begin_passkey", ticket=step.ticket.reveal())) is Reason.MFA_NOT_ENROLLED
    assert reason(world.call("sign_in.begin_passkey", ticket="x" * 43)) is Reason.INVALID_TOKEN
    assert reason(world.call("sign_in.begin_step_up", ann)) is Reason.MFA_NOT_ENROLLED
