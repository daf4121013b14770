"""Riding in the host's transaction: what its rollback takes, and what it must not (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from ctsec.audit.event import EventName
from ctsec.authn.journey import SignedIn
from ctsec.ids import UserId
from ctsec.outcome import Reason
from ctsec.principal import Factor, Principal
from ctsec.storage.memory import AsyncMemoryStorage
from ctsec.testing import SoftwareAuthenticator
from tests.services._async_world import BOTH, AsyncWorld
from tests.services.probing import DATABASE, ORIGIN, OTHER_PASSWORD, PASSWORD, WRONG_PASSWORD, reason

ANN = "ann@acme.example"
DRIVER = "sqlite+aiosqlite"  # sync: DRIVER = "sqlite"


@pytest.fixture(params=BOTH)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(request.param, folder=tmp_path) as made:
        yield made


@pytest.fixture
async def host(world: AsyncWorld, tmp_path: Path) -> AsyncGenerator[Any, None]:
    if isinstance(world.storage, AsyncMemoryStorage):
        session = world.storage.session()
        yield session
        await session.aclose()
    else:
        engine = create_async_engine(URL.create(DRIVER, database=str(tmp_path / DATABASE)))
        theirs = AsyncSession(engine)
        yield theirs
        await theirs.close()
        await engine.dispose()


@pytest.fixture
async def ann(world: AsyncWorld) -> Principal:
    return await world.person(ANN)


@pytest.mark.proves("ASVS-2.3.3")
async def test_rollback_takes_writes_and_their_events(world: AsyncWorld, host: Any, ann: Principal) -> None:
    """After the host's rollback there is neither the organization nor its event; after its commit there are both."""
    made = await world.security.join(host).directory.create_organization(ann, name="Acme")
    await host.rollback()
    assert await world.call("directory.organization", made.id) is None  # type: ignore[union-attr]
    assert await world.events(made.id) == ()  # type: ignore[union-attr]
    made = await world.security.join(host).directory.create_organization(ann, name="Acme")
    await host.commit()
    assert await world.call("directory.organization", made.id) == made  # type: ignore[union-attr]
    assert [event.name for event in await world.events(made.id)] == [EventName.ORGANIZATION_CREATED]  # type: ignore[union-attr]


async def test_mail_leaves_with_the_commit_only(world: AsyncWorld, host: Any, ann: Principal) -> None:
    """An invitation that was rolled back is never mailed."""
    acme = await world.organization(ann)
    await world.mail()
    before = len(world.mailer.sent)
    for end in (host.rollback, host.commit):
        await world.security.join(host).members.invite(ann, organization=acme.id, email="bob@acme.example")
        await end()
        await world.mail()
    assert [message.kind for message in world.mailer.sent[before:]] == ["invitation"]


@pytest.mark.proves("ASVS-6.3.1", "NIST-3.2.2")
async def test_rollback_forgets_no_failure(world: AsyncWorld, host: Any, ann: Principal) -> None:
    """Five failures inside of transactions that are rolled back block the sixth attempt, and each is in the log."""
    for _ in range(5):
        wrong = await world.security.join(host).sign_in.password(email=ANN, password=WRONG_PASSWORD)
        assert reason(wrong) is Reason.INVALID_CREDENTIALS
        await host.rollback()
    assert reason(await world.step(ANN)) is Reason.THROTTLED
    refused = await world.events(name=EventName.USER_SIGN_IN_REFUSED)
    assert sorted(event.reason for event in refused) == ["invalid_credentials"] * 5 + ["throttled"]


@pytest.mark.proves("ASVS-6.5.1", "NIST-3.1.4.2")
async def test_rollback_revives_no_code(world: AsyncWorld, host: Any, ann: Principal) -> None:
    """A TOTP code, a backup code and a ticket that were used in a transaction that was rolled back stay used; no session is left."""
    device = await world.enrol(ann)
    world.clock.advance(timedelta(seconds=30))
    for factor, code in ((Factor.TOTP, device.code()), (Factor.BACKUP_CODE, device.backup[0])):
        step: Any = await world.step(ANN)
        ticket = step.ticket.reveal()
        done = await world.security.join(host).sign_in.second_factor(ticket=ticket, factor=factor, code=code)
        assert isinstance(done, SignedIn)
        await host.rollback()
        assert reason(await world.gate.session(done.token.reveal())) is Reason.NOT_AUTHENTICATED
        assert reason(await world.call("sign_in.second_factor", ticket=ticket, factor=factor, code=code)) is Reason.INVALID_TOKEN
        assert reason(await world.second(await world.step(ANN), code, factor)) is Reason.CODE_ALREADY_USED


@pytest.mark.proves("ASVS-6.5.1")
async def test_rollback_revives_no_challenge(world: AsyncWorld, host: Any, ann: Principal) -> None:
    """What a passkey answered in a transaction that was rolled back does not sign in afterwards, nor does an older count."""
    key = SoftwareAuthenticator()
    await world.add_passkey(ann, key)
    early, late = [key.get(await world.call("sign_in.begin_passkey"), origin=ORIGIN) for _ in range(2)]
    assert isinstance(await world.security.join(host).sign_in.passkey(response=late), SignedIn)
    await host.rollback()
    assert reason(await world.call("sign_in.passkey", response=late)) is Reason.CODE_ALREADY_USED
    assert reason(await world.call("sign_in.passkey", response=early)) is Reason.INVALID_CODE
    assert len(await world.events(name="passkey.clone_suspected")) == 1


async def test_rollback_revives_no_link(world: AsyncWorld, host: Any, ann: Principal) -> None:
    """A reset link that was used in a transaction that was rolled back is used, and the old password still stands."""
    await world.call("accounts.request_password_reset", email=ANN)
    token = await world.token(ANN, "password_reset")
    assert reason(await world.security.join(host).accounts.reset_password(token=token, password=OTHER_PASSWORD)) is None
    await host.rollback()
    assert reason(await world.call("accounts.reset_password", token=token, password=OTHER_PASSWORD)) is Reason.INVALID_TOKEN
    assert isinstance(await world.step(ANN, PASSWORD), SignedIn)


async def test_an_invitation_is_accepted_inside(world: AsyncWorld, host: Any, ann: Principal) -> None:
    """Acceptance belongs to the host's transaction: rolled back, the invitation is open again; committed, it is used."""
    acme = await world.organization(ann)
    bob = await world.person("bob@acme.example")
    token = await world.invite(acme.id, "bob@acme.example")
    assert reason(await world.security.join(host).members.accept(bob, token=token)) is None
    await host.rollback()
    assert not await world.call("members.is_member", bob.id, acme.id)
    assert reason(await world.security.join(host).members.accept(bob, token=token)) is None
    await host.commit()
    assert await world.call("members.is_member", bob.id, acme.id)
    assert reason(await world.call("members.accept", bob, token=token)) is Reason.INVALID_TOKEN


async def test_rollback_forgets_no_refusal(world: AsyncWorld, host: Any, ann: Principal) -> None:
    """A denied attempt inside of a transaction that was rolled back is in the log."""
    acme = await world.organization(ann)
    bob = await world.member(acme.id, "bob@acme.example")
    await world.mail()
    denied = await world.security.join(host).directory.rename_organization(bob, organization=acme.id, name="Mine")
    assert reason(denied) is Reason.DENIED
    await host.rollback()
    (event,) = await world.events(acme.id, EventName.ACCESS_DENIED)
    assert (event.actor_id, event.reason) == (bob.id, "denied")


@pytest.mark.proves("ASVS-8.3.2")
async def test_caches_forget_at_the_commit_only(world: AsyncWorld, host: Any, ann: Principal) -> None:
    """What the gate answers changes with the host's commit: not before it, and not by a rollback."""
    acme = await world.organization(ann)
    bob = await world.member(acme.id, "bob@acme.example", role="admin")
    kept = len(world.parts.memory.records)
    assert await world.may(bob, "members:manage", acme.id)
    assert len(world.parts.memory.records) == kept + 1
    for end, after in ((host.rollback, True), (host.commit, False)):
        removed = await world.security.join(host).members.remove(ann, organization=acme.id, user=UserId(bob.id))
        assert reason(removed) is None
        assert await world.may(bob, "members:manage", acme.id)
        await end()
        assert await world.may(bob, "members:manage", acme.id) is after
