# Generated from tests/services/test_async_mail.py by tools/twin.py; edit that file.
"""The outbox of a deployment: nothing is lost when the mail server is away, and an operator sees what waits (async source)."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctsec.authn.argon2 import Argon2Parameters
from ctsec.errors import MailError
from ctsec.mail.record import MAX_ATTEMPTS, OutboxOverview
from ctsec.rbac.preset import POLICY
from ctsec.security._sync import Security
from ctsec.security.parts import EmbeddedOptions
from tests.services._sync_world import KINDS, World


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Any) -> Generator[World, None, None]:
    with World.open(request.param, folder=tmp_path) as made:
        yield made


def fail(world: World, monkeypatch: pytest.MonkeyPatch, *, rounds: int) -> None:
    """Have the mail server be away while the worker comes round so many times."""

    def away(mailer: object, message: object) -> None:
        raise MailError("the mail server could not be reached or understood (TimeoutError)")

    with monkeypatch.context() as patched:
        patched.setattr(type(world.mailer), "send", away)
        for _ in range(rounds):
            world.security.jobs.send_mail()
            world.clock.advance(timedelta(hours=1))


def undone(world: World) -> None:
    """Sign somebody up in a unit that is rolled back."""
    with world.security.begin() as unit:
        unit.accounts.sign_up(email="eve@acme.example", password="correct horse battery", name="Eve")
        raise KeyError


def test_what_waits_is_seen(world: World) -> None:
    """Mail of a committed change is counted until it has left; mail of one that was rolled back never was."""
    assert world.security.jobs.mail.overview() == OutboxOverview(waiting=0, given_up=0, oldest=None)
    since = world.clock.now()
    world.sign_up("ann@acme.example")
    world.clock.advance(timedelta(minutes=1))
    world.sign_up("bob@acme.example")
    with pytest.raises(KeyError):
        undone(world)
    assert world.security.jobs.mail.overview() == OutboxOverview(waiting=2, given_up=0, oldest=since)
    world.mail()
    assert world.security.jobs.mail.overview() == OutboxOverview(waiting=0, given_up=0, oldest=None)
    assert [each.recipient for each in world.mailer.sent] == ["ann@acme.example", "bob@acme.example"]


@pytest.mark.proves("ASVS-16.5.2")
def test_a_mail_server_that_comes_back_gets_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is tried again until the server takes it: nothing is lost or sent twice while it was away for less than all attempts."""
    world.sign_up("ann@acme.example")
    fail(world, monkeypatch, rounds=MAX_ATTEMPTS - 1)
    assert (world.security.jobs.mail.overview()).waiting == 1
    world.mail()
    assert [each.recipient for each in world.mailer.sent] == ["ann@acme.example"]
    assert (world.security.jobs.mail.overview()).waiting == 0


def test_what_was_given_up_stays_and_is_tried_again_by_hand(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last attempt a message stays, with its kind and its error and no address; a retry sends it, text and all."""
    world.sign_up("ann@acme.example")
    fail(world, monkeypatch, rounds=MAX_ATTEMPTS + 3)
    jobs = world.security.jobs.mail
    assert jobs.overview() == OutboxOverview(waiting=0, given_up=1, oldest=None)
    (entry,) = jobs.given_up()
    assert (entry.kind, entry.attempts, "TimeoutError" in entry.last_error) == ("email_verification", MAX_ATTEMPTS, True)
    assert b"ann" not in entry.payload
    assert "ann" not in repr(entry)
    assert jobs.given_up(after=entry.id) == ()
    world.mail()
    assert world.mailer.sent == []
    assert (jobs.retry(), jobs.retry()) == (1, 0)
    world.mail()
    assert [each.recipient for each in world.mailer.sent] == ["ann@acme.example"]


def test_without_a_mailer_mail_waits(tmp_path: Path) -> None:
    """Where no mail server is configured, the worker has no job for mail, and mail waits in the outbox, counted."""
    options = EmbeddedOptions(worker=False, password_hash=Argon2Parameters.for_tests())
    security = Security.embedded(str(tmp_path / "app.db"), issuer="Acme", policy=POLICY, options=options)
    security.prepare()
    with security.begin() as unit:
        unit.accounts.sign_up(email="ann@acme.example", password="correct horse battery", name="Ann")
    assert "mail" not in {job.name for job in security.jobs.all()}
    assert security.jobs.mail.send() == 0
    assert (security.jobs.mail.overview()).waiting == 1
    security.close()
