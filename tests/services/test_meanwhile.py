"""What is changed while a sign-in is on its way ends that sign-in, or the session that it gave: on servers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctsec.authn._sync_passwords import PasswordVault
from ctsec.authn._sync_sessions import Sessions
from ctsec.authn.argon2_pool import Argon2Hasher
from ctsec.authn.journey import MfaRequired, PasswordChangeRequired, SignedIn
from ctsec.mfa import _sync_prover
from ctsec.mfa._sync import Mfa
from ctsec.outcome import Reason
from ctsec.principal import Factor
from ctsec.storage.sql import SqlStorage
from ctsec.storage.sql._sync_guard import SqlProofs
from ctsec.testing import SoftwareAuthenticator
from tests.servers import available_databases
from tests.services._sync_world import REQUEST, World
from tests.services.probing import ORIGIN, OTHER_PASSWORD, PASSWORD, reason
from tests.storage.sql.support import place_of

ANN = "ann@acme.example"
# SQLite has one writer: there a sign-in and a reset are one after the other.
SERVERS = [kind for kind in available_databases() if kind != "sqlite"]


@pytest.fixture(params=SERVERS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    database = place_of(request.param, "READ COMMITTED", folder=tmp_path).database
    with closing(SqlStorage.from_url(database.sync_url, guard=database.guard_sync_url)) as storage, World.over(storage) as made:
        yield made


def short(*_: object) -> bool:
    """Say of every password that it is short."""
    return True


def between(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, act: Callable[[], Any]) -> None:
    """Have `act` done once, in a unit of its own, right after the next call of a function, before what comes of it."""
    call, waiting = getattr(owner, name), [act]

    def called(*args: Any, **more: Any) -> Any:
        made = call(*args, **more)
        while waiting:
            waiting.pop()()
        return made

    monkeypatch.setattr(owner, name, called)


def reset(world: World) -> Callable[[], Any]:
    """Return what resets Ann's password by a link that was mailed before, a moment after it was set."""
    world.call("accounts.request_password_reset", email=ANN)
    token = world.token(ANN, "password_reset")
    world.clock.advance(timedelta(seconds=1))
    return lambda: world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)


@pytest.mark.proves("ASVS-7.4.3")
def test_a_password_that_is_replaced_while_it_is_compared_signs_nobody_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who knows a password and signs in as it is reset has no session afterwards: the old password proves nothing any more."""
    ann = world.person(ANN)
    between(monkeypatch, Argon2Hasher, "verify", reset(world))
    assert reason(world.step(ANN)) is Reason.INVALID_CREDENTIALS
    assert world.call("sessions.of", ann.id) == ()
    assert isinstance(world.step(ANN, OTHER_PASSWORD), SignedIn)


@pytest.mark.proves("ASVS-7.4.3")
def test_a_reset_waits_for_a_session_that_begins_and_ends_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is not committed yet is not overlooked by the reset that ends all others."""
    world.person(ANN)
    resetting, hashed, ended = threading.Thread(target=reset(world)), threading.Event(), threading.Event()
    between(monkeypatch, Argon2Hasher, "hash", hashed.set)
    between(monkeypatch, Sessions, "revoke_others", ended.set)
    with world.security.begin(REQUEST) as unit:
        step = unit.sign_in.password(email=ANN, password=PASSWORD)
        resetting.start()
        assert hashed.wait(timeout=30)
        assert not ended.wait(timeout=0.5)
    resetting.join()
    assert ended.is_set()
    assert isinstance(step, SignedIn)
    assert reason(world.gate.session(step.token.reveal())) is Reason.NOT_AUTHENTICATED


def test_a_password_that_is_owed_replaces_no_newer_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who knows a short password, and is asked for a longer one at sign-in, does not set it over one that was set by a link meanwhile."""
    ann = world.person(ANN)
    monkeypatch.setattr(PasswordVault, "is_short", short)
    step = world.step(ANN)
    assert isinstance(step, PasswordChangeRequired)
    between(monkeypatch, SqlProofs, "consume", reset(world))
    answer = world.call("owing.set_password", step.ticket.reveal(), password="yet another quiet evening")
    assert reason(answer) is Reason.INVALID_TOKEN
    monkeypatch.undo()
    assert world.call("sessions.of", ann.id) == ()
    assert isinstance(world.step(ANN, OTHER_PASSWORD), SignedIn)


def test_a_second_factor_that_is_enrolled_meanwhile_is_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in that was judged before there was a second factor ends in the question for it, as enrolling has ended all sessions."""
    ann = world.person(ANN)
    codes: list[Any] = []
    between(monkeypatch, PasswordVault, "set_at", lambda: codes.append(world.enrol(ann)))
    step = world.step(ANN)
    assert isinstance(step, MfaRequired)
    world.clock.advance(timedelta(seconds=30))
    assert isinstance(world.second(step, codes[0].code()), SignedIn)


@pytest.mark.proves("ASVS-7.4.3")
def test_a_passkey_that_is_removed_while_it_signs_signs_nobody_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removing a passkey ends the sign-in that it is in, as it ends the sessions that it has begun."""
    key, ann = SoftwareAuthenticator(), world.person(ANN)
    added = world.add_passkey(ann, key)
    response = key.get(world.call("sign_in.begin_passkey"), origin=ORIGIN)
    between(monkeypatch, _sync_prover, "verify_assertion", lambda: world.call("passkeys.remove", world.sure(ann), added.passkey.id))
    assert reason(world.call("sign_in.passkey", response=response)) is Reason.INVALID_CODE
    assert [each.id for each in world.call("sessions.of", ann.id)] == [ann.credential.id]


def test_a_ticket_completes_one_sign_in_of_two_with_different_codes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests with one ticket, each with a right code of its own, at once: one is signed in, and the other's code is spent."""
    app = world.enrol(world.person(ANN))
    step = world.step(ANN)
    world.clock.advance(timedelta(seconds=30))
    won: list[Any] = []
    between(monkeypatch, Mfa, "prove", lambda: won.append(world.second(step, app.backup[0], Factor.BACKUP_CODE)))
    assert reason(world.second(step, app.code())) is Reason.INVALID_TOKEN
    assert isinstance(won[0], SignedIn)
