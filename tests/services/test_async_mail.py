"""The outbox of a deployment: nothing is lost when the mail server is away, and an operator sees what waits (async source)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctsec.authn.argon2 import Argon2Parameters
from ctsec.errors import MailError
from ctsec.mail.record import MAX_ATTEMPTS, OutboxOverview
from ctsec.rbac.preset import POLICY
from ctsec.security._async import AsyncSecurity
from ctsec.security.parts import EmbeddedOptions
from tests.services._async_world import KINDS, AsyncWorld


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Any) -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(request.param, folder=tmp_path) as made:
        yield made


async def fail(world: AsyncWorld, monkeypatch: pytest.MonkeyPatch, *, rounds: int) -> None:
    """Have the mail server be away while the worker comes round so many times."""

    async def away(mailer: object, message: object) -> None:
        raise MailError("the mail server could not be reached or understood (TimeoutError)")

    with monkeypatch.context() as patched:
        patched.setattr(type(world.mailer), "send", away)
        for _ in range(rounds):
            await world.security.jobs.send_mail()
            world.clock.advance(timedelta(hours=1))


async def undone(world: AsyncWorld) -> None:
    """Sign somebody up in a unit that is rolled back."""
    async with world.security.begin() as unit:
        await unit.accounts.sign_up(email="eve@acme.example", password="correct horse battery", name="Eve")
        raise KeyError


async def test_what_waits_is_seen(world: AsyncWorld) -> None:
    """Mail of a committed change is counted until it has left; mail of one that was rolled back never was."""
    assert await world.security.jobs.mail.overview() == OutboxOverview(waiting=0, given_up=0, oldest=None)
    since = world.clock.now()
    await world.sign_up("ann@acme.example")
    world.clock.advance(timedelta(minutes=1))
    await world.sign_up("bob@acme.example")
    with pytest.raises(KeyError):
        await undone(world)
    assert await world.security.jobs.mail.overview() == OutboxOverview(waiting=2, given_up=0, oldest=since)
    await world.mail()
    assert await world.security.jobs.mail.overview() == OutboxOverview(waiting=0, given_up=0, oldest=None)
    assert [each.recipient for each in world.mailer.sent] == ["ann@acme.example", "bob@acme.example"]


@pytest.mark.proves("ASVS-16.5.2")
async def test_a_mail_server_that_comes_back_gets_everything(world: AsyncWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is tried again until the server takes it: nothing is lost or sent twice while it was away for less than all attempts."""
    await world.sign_up("ann@acme.example")
    await fail(world, monkeypatch, rounds=MAX_ATTEMPTS - 1)
    assert (await world.security.jobs.mail.overview()).waiting == 1
    await world.mail()
    assert [each.recipient for each in world.mailer.sent] == ["ann@acme.example"]
    assert (await world.security.jobs.mail.overview()).waiting == 0


async def test_what_was_given_up_stays_and_is_tried_again_by_hand(world: AsyncWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last attempt a message stays, with its kind and its error and no address; a retry sends it, text and all."""
    await world.sign_up("ann@acme.example")
    await fail(world, monkeypatch, rounds=MAX_ATTEMPTS + 3)
    jobs = world.security.jobs.mail
    assert await jobs.overview() == OutboxOverview(waiting=0, given_up=1, oldest=None)
    (entry,) = await jobs.given_up()
    assert (entry.kind, entry.attempts, "TimeoutError" in entry.last_error) == ("email_verification", MAX_ATTEMPTS, True)
    assert b"ann" not in entry.payload
    assert "ann" not in repr(entry)
    assert await jobs.given_up(after=entry.id) == ()
    await world.mail()
    assert world.mailer.sent == []
    assert (await jobs.retry(), await jobs.retry()) == (1, 0)
    await world.mail()
    assert [each.recipient for each in world.mailer.sent] == ["ann@acme.example"]


async def test_without_a_mailer_mail_waits(tmp_path: Path) -> None:
    """Where no mail server is configured, the worker has no job for mail, and mail waits in the outbox, counted."""
    options = EmbeddedOptions(worker=False, password_hash=Argon2Parameters.for_tests())
    security = AsyncSecurity.embedded(str(tmp_path / "app.db"), issuer="Acme", policy=POLICY, options=options)
    await security.prepare()
    async with security.begin() as unit:
        await unit.accounts.sign_up(email="ann@acme.example", password="correct horse battery", name="Ann")
    assert "mail" not in {job.name for job in security.jobs.all()}
    assert await security.jobs.mail.send() == 0
    assert (await security.jobs.mail.overview()).waiting == 1
    await security.aclose()
