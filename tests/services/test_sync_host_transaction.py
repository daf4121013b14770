# Generated from tests/services/test_async_host_transaction.py by tools/twin.py; edit that file.
"""Riding in the host's transaction: what its rollback takes, and what it must not (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine
from sqlalchemy.orm import Session

from ctsec.audit.event import EventName
from ctsec.authn.journey import SignedIn
from ctsec.ids import UserId
from ctsec.outcome import Reason
from ctsec.principal import Factor, Principal
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import SoftwareAuthenticator
from tests.services._sync_world import BOTH, World
from tests.services.probing import DATABASE, ORIGIN, OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, reason

ANN = "ann@acme.example"
DRIVER = "sqlite"


@pytest.fixture(params=BOTH)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[World, None, None]:
    with World.open(request.param, folder=tmp_path) as made:
        yield made


@pytest.fixture
def host(world: World, tmp_path: Path) -> Generator[Any, None, None]:
    if isinstance(world.storage, MemoryStorage):
        session = world.storage.session()
        yield session
        session.close()
    else:
        engine = create_engine(URL.create(DRIVER, database=str(tmp_path / DATABASE)))
        theirs = Session(engine)
        yield theirs
        theirs.close()
        engine.dispose()


@pytest.fixture
def ann(world: World) -> Principal:
    return world.person(ANN)


@pytest.mark.proves("ASVS-2.3.3")
def test_rollback_takes_writes_and_their_events(world: World, host: Any, ann: Principal) -> None:
    """After the host's rollback there is neither the organization nor its event; after its commit there are both."""
    made = world.security.join(host).directory.create_organization(ann, name="Acme")
    host.rollback()
    assert world.call("directory.organization", made.id) is None  # type: ignore[union-attr]
    assert world.events(made.id) == ()  # type: ignore[union-attr]
    made = world.security.join(host).directory.create_organization(ann, name="Acme")
    host.commit()
    assert world.call("directory.organization", made.id) == made  # type: ignore[union-attr]
    assert [event.name for event in world.events(made.id)] == [EventName.ORGANIZATION_CREATED]  # type: ignore[union-attr]


def test_mail_leaves_with_the_commit_only(world: World, host: Any, ann: Principal) -> None:
    """An invitation that was rolled back is never mailed."""
    acme = world.organization(ann)
    world.mail()
    before = len(world.mailer.sent)
    for end in (host.rollback, host.commit):
        world.security.join(host).members.invite(ann, organization=acme.id, email="bob@acme.example")
        end()
        world.mail()
    assert [message.kind for message in world.mailer.sent[before:]] == ["invitation"]


@pytest.mark.proves("ASVS-6.3.1", "NIST-3.2.2")
def test_rollback_forgets_no_failure(world: World, host: Any, ann: Principal) -> None:
    """Five failures inside of transactions that are rolled back block the sixth attempt, and each is in the log."""
    for _ in range(5):
        wrong = world.security.join(host).sign_in.password(email=ANN, password=WRONG_PASSWORD)
        assert reason(wrong) is Reason.INVALID_CREDENTIALS
        host.rollback()
    assert reason(world.step(ANN)) is Reason.THROTTLED
    refused = world.events(name=EventName.USER_SIGN_IN_REFUSED)
    assert sorted(event.reason for event in refused) == ["invalid_credentials"] * 5 + ["throttled"]


@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.4.2")
def test_rollback_revives_no_code(world: World, host: Any, ann: Principal) -> None:
    """A TOTP code, a backup code and a ticket that were used in a transaction that was rolled back stay used; no session is left."""
    device = world.enrol(ann)
    world.clock.advance(timedelta(seconds=30))
    for factor, code in ((Factor.TOTP, device.code()), (Factor.BACKUP_CODE, device.backup[0])):
        step: Any = world.step(ANN)
        ticket = step.ticket.reveal()
        done = world.security.join(host).sign_in.second_factor(ticket=ticket, factor=factor, code=code)
        assert isinstance(done, SignedIn)
        host.rollback()
        assert reason(world.gate.session(done.token.reveal())) is Reason.NOT_AUTHENTICATED
        assert reason(world.call("sign_in.second_factor", ticket=ticket, factor=factor, code=code)) is Reason.INVALID_TOKEN
        assert reason(world.second(world.step(ANN), code, factor)) is Reason.CODE_ALREADY_USED


@pytest.mark.proves("ASVS-6.5.1")
def test_rollback_revives_no_challenge(world: World, host: Any, ann: Principal) -> None:
    """What a passkey answered in a transaction that was rolled back does not sign in afterwards, nor does an older count."""
    key = SoftwareAuthenticator()
    world.add_passkey(ann, key)
    early, late = [key.get(world.call("sign_in.begin_passkey"), origin=ORIGIN) for _ in range(2)]
    assert isinstance(world.security.join(host).sign_in.passkey(response=late), SignedIn)
    host.rollback()
    assert reason(world.call("sign_in.passkey", response=late)) is Reason.CODE_ALREADY_USED
    assert reason(world.call("sign_in.passkey", response=early)) is Reason.INVALID_CODE
    assert len(world.events(name="passkey.clone_suspected")) == 1


def test_rollback_revives_no_link(world: World, host: Any, ann: Principal) -> None:
    """A reset link that was used in a transaction that was rolled back is used, and the old password still stands."""
    world.call("accounts.request_password_reset", email=ANN)
    token = world.token(ANN, "password_reset")
    assert reason(world.security.join(host).accounts.reset_password(token=token, password=OTHER_PASSWORD)) is None
    host.rollback()
    assert reason(world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)) is Reason.INVALID_TOKEN
    assert isinstance(world.step(ANN, PASSWORD), SignedIn)


def test_an_invitation_is_accepted_inside(world: World, host: Any, ann: Principal) -> None:
    """Acceptance belongs to the host's transaction: rolled back, the invitation is open again; committed, it is used."""
    acme = world.organization(ann)
    bob = world.person("bob@acme.example")
    token = world.invite(acme.id, "bob@acme.example")
    assert reason(world.security.join(host).members.accept(bob, token=token)) is None
    host.rollback()
    assert not world.call("members.is_member", bob.id, acme.id)
    assert reason(world.security.join(host).members.accept(bob, token=token)) is None
    host.commit()
    assert world.call("members.is_member", bob.id, acme.id)
    assert reason(world.call("members.accept", bob, token=token)) is Reason.INVALID_TOKEN


def test_rollback_forgets_no_refusal(world: World, host: Any, ann: Principal) -> None:
    """A denied attempt inside of a transaction that was rolled back is in the log."""
    acme = world.organization(ann)
    bob = world.member(acme.id, "bob@acme.example")
    world.mail()
    denied = world.security.join(host).directory.rename_organization(bob, organization=acme.id, name="Mine")
    assert reason(denied) is Reason.DENIED
    host.rollback()
    (event,) = world.events(acme.id, EventName.ACCESS_DENIED)
    assert (event.actor_id, event.reason) == (bob.id, "denied")


@pytest.mark.proves("ASVS-8.3.2")
def test_caches_forget_at_the_commit_only(world: World, host: Any, ann: Principal) -> None:
    """What the gate answers changes with the host's commit: not before it, and not by a rollback."""
    acme = world.organization(ann)
    bob = world.member(acme.id, "bob@acme.example", role="admin")
    kept = len(world.parts.memory.records)
    assert world.may(bob, "members:manage", acme.id)
    assert len(world.parts.memory.records) == kept + 1
    for end, after in ((host.rollback, True), (host.commit, False)):
        removed = world.security.join(host).members.remove(ann, organization=acme.id, user=UserId(bob.id))
        assert reason(removed) is None
        assert world.may(bob, "members:manage", acme.id)
        end()
        assert world.may(bob, "members:manage", acme.id) is after
