"""The embedded bundle: what it makes, what it refuses, and what it says when something is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ctsec import AsyncSecurity, Security
from ctsec.audit import DEPLOYMENT_LOG, AuditPage, AuditQuery
from ctsec.authn import Argon2Parameters
from ctsec.errors import ConfigurationError, KeyNotFound, SchemaMismatch
from ctsec.outcome import Refusal
from ctsec.rbac.preset import POLICY
from ctsec.security.parts import EmbeddedOptions

OPTIONS = EmbeddedOptions(password_hash=Argon2Parameters.for_tests(), worker=False)
WORKING = EmbeddedOptions(password_hash=Argon2Parameters.for_tests())


def opened(path: Path, options: EmbeddedOptions = OPTIONS) -> Security:
    """Return the bundle at a path."""
    return Security.embedded(str(path), policy=POLICY, issuer="Acme", options=options)


def sign_up(security: Security, email: str) -> object:
    """Sign a person up."""
    with security.begin() as unit:
        return unit.accounts.sign_up(email=email, password="correct horse battery", name="Ann")


def test_a_new_store_gets_a_private_key_file(tmp_path: Path) -> None:
    """The key file beside a new database can be read by its owner only."""
    opened(tmp_path / "app.db").close()
    assert (tmp_path / "app.db-key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "app.db-guard").exists()


def test_the_database_files_are_private(tmp_path: Path) -> None:
    """The database and the guard store can be read by their owner only, whatever the umask."""
    before = os.umask(0)
    try:
        opened(tmp_path / "app.db").close()
    finally:
        os.umask(before)
    made = [path for path in tmp_path.iterdir() if path.name.startswith("app.db")]
    assert {path.stat().st_mode & 0o077 for path in made} == {0}


@pytest.mark.proves("ASVS-6.3.2")
def test_a_new_store_holds_nobody(tmp_path: Path) -> None:
    """No account, key or role comes with a new store, and the first owner has to have signed up before somebody can be made one."""
    with contextlib.closing(opened(tmp_path / "app.db")) as security, contextlib.closing(sqlite3.connect(tmp_path / "app.db")) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        filled = {name for name in tables if store.execute(f'SELECT count(*) FROM "{name}"').fetchone() != (0,)}
        with security.begin() as unit:
            refused = unit.directory.bootstrap(owner_email_key="admin@example.com", name="Acme")
    assert "ctsec_user" in tables
    assert filled <= {"ctsec_meta", "ctsec_alembic_version", "ctsec_epoch", "ctsec_dek"}
    assert isinstance(refused, Refusal)


@pytest.mark.parametrize("given", [{}, {"policy": POLICY, "permissions": ("a:b",), "matrix": "permission viewer\na:b yes"}])
def test_a_bundle_takes_a_matrix_or_a_policy(given: dict[str, Any], tmp_path: Path) -> None:
    """Neither or both is a mistake that is found when the bundle is built, before any file is made."""
    with pytest.raises(ValueError, match="policy"):
        Security.embedded(str(tmp_path / "app.db"), issuer="Acme", **given)
    assert list(tmp_path.iterdir()) == []


def test_opening_again_finds_what_was_written(tmp_path: Path) -> None:
    """A second process with the same files proves the password that the first one stored."""
    first = opened(tmp_path / "app.db")
    sign_up(first, "ann@acme.example")
    first.close()
    second = opened(tmp_path / "app.db")
    with second.begin() as unit:
        step = unit.sign_in.password(email="ann@acme.example", password="correct horse battery")
    second.close()
    assert isinstance(step, Refusal)
    assert step.reason == "email_not_verified"


def test_a_lost_key_file_is_noticed_before_anything_is_written(tmp_path: Path) -> None:
    """Where there is data, a missing key file is an error that says what is lost, and no new key is made."""
    opened(tmp_path / "app.db").close()
    (tmp_path / "app.db-key").unlink()
    with pytest.raises(KeyNotFound, match="password"):
        opened(tmp_path / "app.db")
    assert not (tmp_path / "app.db-key").exists()


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """A world-readable key file is no secret any more; the error says what to set right."""
    opened(tmp_path / "app.db").close()
    (tmp_path / "app.db-key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="600"):
        opened(tmp_path / "app.db")


def test_the_key_file_of_another_store_does_not_open_this_one(tmp_path: Path) -> None:
    """A key file that belongs to another database is refused at the start, by its reference, and nothing is written under it."""
    opened(tmp_path / "one.db").close()
    opened(tmp_path / "two.db").close()
    os.replace(tmp_path / "two.db-key", tmp_path / "one.db-key")
    with pytest.raises(KeyNotFound, match=r"local:.* the deployment's key is local:"):
        opened(tmp_path / "one.db")


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """Tables of a newer package are not touched; the error says what to install."""
    opened(tmp_path / "app.db").close()
    with sqlite3.connect(tmp_path / "app.db") as connection:
        connection.execute("UPDATE ctsec_alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match="newer"):
        opened(tmp_path / "app.db")


def test_plain_mail_leaves_for_localhost_only(tmp_path: Path) -> None:
    """A mail server elsewhere must be spoken to in TLS; the mistake is found when the bundle is built."""
    with pytest.raises(ConfigurationError, match="smtps"):
        Security.embedded(
            str(tmp_path / "app.db"),
            permissions=("dashboards:view",),
            matrix="permission viewer\ndashboards:view yes",
            issuer="Acme",
            mail="smtp://mail.example.org",
        )


def test_the_worker_thread_places_events_by_itself(tmp_path: Path) -> None:
    """With its worker on, an embedded bundle moves events into the log without anybody asking; its other jobs may write some beside."""
    security = opened(tmp_path / "app.db", WORKING)
    sign_up(security, "ann@acme.example")
    page: object = None
    for _ in range(100):
        with security.reading() as unit:
            page = unit.audit.search(AuditQuery(log=DEPLOYMENT_LOG, name="user.signed_up"))
        if isinstance(page, AuditPage) and page.events:
            break
        time.sleep(0.1)
    security.close()
    assert isinstance(page, AuditPage)
    assert [each.event.name for each in page.events] == ["user.signed_up"]


def workers() -> int:
    """Return how many worker threads this process runs."""
    return sum(each.name == "ctsec-worker" for each in threading.enumerate())


def test_a_closed_bundle_leaves_no_worker_behind(tmp_path: Path) -> None:
    """The worker thread that a commit started ends with its bundle, before the store closes."""
    before = workers()
    security = opened(tmp_path / "app.db", WORKING)
    sign_up(security, "ann@acme.example")
    during = workers()
    security.close()
    assert (during, workers()) == (before + 1, before)


async def test_a_closed_async_bundle_leaves_no_worker_behind(tmp_path: Path) -> None:
    """The worker thread beside an event loop ends by itself after its present run, and no later commit starts it again."""
    before = workers()
    security = AsyncSecurity.embedded(str(tmp_path / "app.db"), policy=POLICY, issuer="Acme", options=WORKING)
    async with security.begin() as unit:
        await unit.accounts.sign_up(email="ann@acme.example", password="correct horse battery", name="Ann")
    during = workers()
    await security.aclose()
    for _ in range(100):
        if workers() == before:
            break
        await asyncio.sleep(0.1)
    assert (during, workers()) == (before + 1, before)


async def test_both_colours_share_one_file(tmp_path: Path) -> None:
    """What the sync colour wrote, the async colour reads, and the other way round."""
    first = opened(tmp_path / "app.db")
    sign_up(first, "ann@acme.example")
    first.close()
    second = AsyncSecurity.embedded(str(tmp_path / "app.db"), policy=POLICY, issuer="Acme", options=OPTIONS)
    async with second.begin() as unit:
        step = await unit.sign_in.password(email="ann@acme.example", password="correct horse battery")
    await second.aclose()
    assert isinstance(step, Refusal)
    assert step.reason == "email_not_verified"
