"""The bundle on the database of a URL: what it takes as it finds it, and what it refuses at the start."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import make_url

from ctsec import AsyncSecurity, Security
from ctsec.authn import Argon2Parameters
from ctsec.encryption.kms import LocalKms
from ctsec.errors import ConfigurationError, KeyNotFound, SchemaMismatch, StoreError
from ctsec.mail import Message
from ctsec.outcome import Refusal
from ctsec.rbac.preset import POLICY
from ctsec.secret import Secret
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.sql import EngineSettings
from ctsec.storage.sql.schema import create
from ctsec.testing import AsyncRecordingMailer, RecordingMailer
from tests.servers import Database

OPTIONS = EmbeddedOptions(password_hash=Argon2Parameters.for_tests(), worker=False)
SMALL = EngineSettings(pool_size=1, max_overflow=1)
GIVEN: dict[str, Any] = {"policy": POLICY, "issuer": "Acme"}


@pytest.fixture(scope="module")
def url(database: Database) -> str:
    """The URL of a database with tables, without a driver and its parameters: each colour chooses its own."""
    create(database.sync_url)
    made = make_url(database.sync_url)
    return made.set(drivername=made.get_backend_name(), query={}).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory, database: Database) -> str:
    """The key file that was made for that database."""
    path = tmp_path_factory.mktemp("key") / f"{database.kind}.key"
    LocalKms.create(path)
    return str(path)


def on_file(folder: Path) -> tuple[str, str]:
    """Return the URL of a database with tables in a folder, and the key file beside it."""
    url, key_file = f"sqlite:///{folder / 'app.db'}", str(folder / "app.key")
    create(url)
    LocalKms.create(key_file)
    return url, key_file


def sign_up(security: Security, email: str) -> object:
    """Sign a person up."""
    with security.begin() as unit:
        return unit.accounts.sign_up(email=email, password="correct horse battery", name="Ann")


async def sign_up_and_close(security: AsyncSecurity, email: str) -> object:
    """Sign a person up, in the other colour, and close the bundle."""
    async with security.begin() as unit:
        made = await unit.accounts.sign_up(email=email, password="correct horse battery", name="Ann")
    await security.aclose()
    return made


def test_both_colours_stand_on_the_database_and_the_hosts_mailer_gets_the_mail(url: str, key_file: str) -> None:
    """What the async bundle writes the sync one beside it delivers, through the mailer that the host gave, and both have the log's key."""
    mailer = RecordingMailer()
    bundle = AsyncSecurity.from_url(url, key_file=key_file, mail=mailer, options=OPTIONS, engine=SMALL, **GIVEN)
    assert bundle.blocking is not None
    with contextlib.closing(bundle.blocking) as beside:
        assert not isinstance(asyncio.run(sign_up_and_close(bundle, "ann@acme.example")), Refusal)
        beside.jobs.send_mail()
        beside.logs.flush()
        assert [sent.recipient for sent in mailer.sent] == ["ann@acme.example"]
        assert beside.logs.verify().assurance.label == "signed"
        assert beside.logs.identity.keys == bundle.logs.identity.keys


def test_the_tables_are_the_owners_to_make(tmp_path: Path) -> None:
    """A database without tables is refused with the command that makes them, and no key file is made beside it."""
    LocalKms.create(tmp_path / "app.key")
    with pytest.raises(SchemaMismatch, match="ctsec db upgrade"):
        Security.from_url(f"sqlite:///{tmp_path / 'empty.db'}", key_file=str(tmp_path / "app.key"), options=OPTIONS, **GIVEN)
    assert not (tmp_path / "empty.db-key").exists()


def test_another_key_file_is_refused_at_the_start(tmp_path: Path) -> None:
    """A missing key file, and one of another store, stop the start with both references; no request has to find it out."""
    url, key_file = on_file(tmp_path)
    Security.from_url(url, key_file=key_file, options=OPTIONS, **GIVEN).close()
    other = LocalKms.create(tmp_path / "other.key")
    for file, words in ((tmp_path / "other.key", f"the deployment's key is {other.ref}"), (tmp_path / "none.key", "none.key")):
        with pytest.raises(KeyNotFound, match=words):
            Security.from_url(url, key_file=str(file), options=OPTIONS, **GIVEN)
        with pytest.raises(KeyNotFound, match=words):
            AsyncSecurity.from_url(url, key_file=str(file), options=OPTIONS, **GIVEN)


def test_data_keys_may_be_wrapped_by_a_key_service(tmp_path: Path) -> None:
    """With `kms` the data keys are wrapped there, and peppers and the log's key still come from the key file."""
    url, key_file = on_file(tmp_path)
    kms = LocalKms(os.urandom(16), key=Secret(os.urandom(32)))
    bundle = AsyncSecurity.from_url(url, key_file=key_file, kms=kms, options=OPTIONS, **GIVEN)
    assert bundle.blocking is not None
    with contextlib.closing(bundle.blocking) as beside:
        assert not isinstance(asyncio.run(sign_up_and_close(bundle, "eve@acme.example")), Refusal)
        assert beside.logs.identity.keys == bundle.logs.identity.keys
    with pytest.raises(KeyNotFound, match=kms.ref):
        Security.from_url(url, key_file=key_file, options=OPTIONS, **GIVEN)


def test_a_database_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    """The error at the start says which store does not answer, and neither it nor that of a URL that is none repeats a password."""
    LocalKms.create(tmp_path / "app.key")
    with pytest.raises(StoreError) as away:
        Security.from_url("postgresql://app:hidden@127.0.0.1:1/shop", key_file=str(tmp_path / "app.key"), options=OPTIONS, **GIVEN)
    assert away.value.__notes__ == ["the store is postgresql://127.0.0.1:1/shop; `ctsec db check` says more"]
    with pytest.raises(ConfigurationError, match="expected the URL of a database") as wrong:
        Security.from_url("app:hidden@host", key_file=str(tmp_path / "app.key"), options=OPTIONS, **GIVEN)
    assert "hidden" not in f"{away.value}{wrong.value}"


@pytest.mark.parametrize("password", ["hid:den@x", "x@hid:den", "x@hidden", "x@:hidden"])
def test_a_password_that_was_not_encoded_is_shown_nowhere(tmp_path: Path, password: str) -> None:
    """Where part of a password would be read as host or port, the URL is refused without any of it, by commands too."""
    url = f"postgresql://app:{password}@127.0.0.1:1/shop"
    LocalKms.create(tmp_path / "app.key")
    for make in (Security.from_url, AsyncSecurity.from_url):
        with pytest.raises(ConfigurationError, match="percent-encoded") as wrong:
            make(url, key_file=str(tmp_path / "app.key"), options=OPTIONS, **GIVEN)
        assert "hid" not in str(wrong.value)
        assert wrong.value.__context__ is None
    with pytest.raises(ConfigurationError, match="percent-encoded"):
        create(url)


def test_an_async_bundle_that_can_not_be_made_leaves_no_connection_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sync bundle beside it, which was made first and has asked the database, is closed."""
    url, key_file = on_file(tmp_path)
    closed: list[Security] = []

    def refuse(**_: object) -> None:
        raise ConfigurationError("of another colour")

    def close(security: Security) -> None:
        closed.append(security)
        security._storage.close()

    monkeypatch.setattr("ctsec.preset_deployment.AsyncSecurity", refuse)
    monkeypatch.setattr(Security, "close", close)
    with pytest.raises(ConfigurationError, match="another colour"):
        AsyncSecurity.from_url(url, key_file=key_file, options=OPTIONS, **GIVEN)
    assert len(closed) == 1


def test_what_is_said_twice_or_in_the_wrong_place_is_refused() -> None:
    """The key file is named once, a policy comes once, and a URL is no path of an embedded bundle."""
    url, key_file = "postgresql://127.0.0.1/app", "app.key"
    with pytest.raises(ConfigurationError, match="key file once"):
        Security.from_url(url, key_file=key_file, options=EmbeddedOptions(key_file=key_file), **GIVEN)
    with pytest.raises(ValueError, match="policy"):
        AsyncSecurity.from_url(url, key_file=key_file, issuer="Acme")
    with pytest.raises(ConfigurationError, match="from_url"):
        Security.embedded(url, options=OPTIONS, **GIVEN)


def test_a_mailer_that_nobody_awaits_is_refused(tmp_path: Path) -> None:
    """A mailer of an event loop is refused by both colours when the bundle is made: its mail would pass for sent."""
    for bundle in (Security, AsyncSecurity):
        with pytest.raises(ConfigurationError, match="send blocks"):
            bundle.embedded(str(tmp_path / "app.db"), mail=cast(Any, AsyncRecordingMailer()), options=OPTIONS, **GIVEN)


class Post:
    """A host's own way to send mail."""

    def __init__(self) -> None:
        self.arrived = threading.Event()

    def send(self, message: Message) -> None:
        """Tell that mail for Bob is there."""
        if message.recipient == "bob@acme.example":
            self.arrived.set()


def test_the_worker_thread_delivers(tmp_path: Path) -> None:
    """What a commit put into the outbox is delivered by the thread of the bundle, without anybody calling a job."""
    post, (url, key_file) = Post(), on_file(tmp_path)
    options = EmbeddedOptions(password_hash=Argon2Parameters.for_tests())
    with contextlib.closing(Security.from_url(url, key_file=key_file, mail=post, options=options, **GIVEN)) as bundle:
        sign_up(bundle, "bob@acme.example")
        assert post.arrived.wait(30)
