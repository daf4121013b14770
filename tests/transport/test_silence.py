"""Peers that accept a connection and say nothing: every client gives up by itself, within its documented waits and attempts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from ctsec.errors import MailError, StoreError
from ctsec.mail import smtp
from ctsec.mail.message import Message
from ctsec.mail.smtp import SmtpMailer
from ctsec.secret import SecretText
from ctsec.storage.redis import RedisFeed
from ctsec.storage.sql import AsyncSqlStorage, SqlStorage
from ctsec.storage.sql.engines import EngineSettings


class Silent:
    """A server that accepts and never answers."""

    def __init__(self) -> None:
        self._accepted: list[tuple[socket.socket, int]] = []
        self._changed = threading.Condition()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                made, (_, port) = self._listening.accept()
            except OSError:
                return
            with self._changed:
                self._accepted.append((made, port))
                self._changed.notify_all()

    def count(self) -> int:
        """Return how many connections were made, by making one more: they are accepted in their order."""
        with socket.create_connection(("127.0.0.1", self.port)) as last, self._changed:
            mine = last.getsockname()[1]
            assert self._changed.wait_for(lambda: self._accepted and self._accepted[-1][1] == mine, 60)
            return len(self._accepted) - 1

    def close(self) -> None:
        """Hang up."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)
        for each, _ in self._accepted:
            each.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    """One such server."""
    made = Silent()
    yield made
    made.close()


@pytest.mark.proves("ASVS-13.2.6")
def test_a_silent_mail_server_is_given_up(silent: Silent, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail is one attempt that ends in a MailError, which the outbox tries again later; the doctor is not kept either."""
    monkeypatch.setattr(smtp, "TIMEOUT", 0.05)
    mailer = SmtpMailer(f"smtp://127.0.0.1:{silent.port}", sender="a@b.example")
    with pytest.raises(MailError, match="could not be reached"):
        mailer.send(Message(kind="test", recipient="c@d.example", subject="s", text=SecretText("t")))
    assert [each.problem[:13] for each in mailer.connections()] == ["no connection"]
    assert silent.count() == 2


@pytest.mark.proves("ASVS-13.2.6")
def test_a_silent_redis_is_given_up_after_two_attempts(silent: Silent) -> None:
    """What changed is asked for twice, and then the store is read instead."""
    feed = RedisFeed.from_url(f"redis://127.0.0.1:{silent.port}/0")
    with pytest.raises(StoreError, match="the store is read instead"):
        feed.since(None)
    assert silent.count() == 2
    feed.close()


class _Seen(Exception):
    """Ends a connection before it is made."""


@pytest.mark.proves("ASVS-13.2.6")
@pytest.mark.parametrize("storage", [SqlStorage, AsyncSqlStorage])
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_connecting_to_a_database_has_an_end(kind: str, storage: Any) -> None:
    """Each driver is told how long to wait for a connection: what the settings say, unless the URL says something itself."""
    for query, settings, expected in (
        ("", EngineSettings(), 5),
        ("", EngineSettings(connect_timeout=0.2), 1),
        ("?connect_timeout=9", EngineSettings(), 9),
    ):
        made = storage.from_url(f"{kind}://127.0.0.1:1/x{query}", settings=settings)
        engine = made._engines[0]
        engine = getattr(engine, "sync_engine", engine)
        seen: list[int] = []

        def look(dialect: Any, record: Any, args: Any, parameters: dict[str, Any], seen: list[int] = seen) -> None:
            seen.append(int(parameters["connect_timeout"]))
            raise _Seen

        event.listen(engine, "do_connect", look)
        with pytest.raises(_Seen):
            engine.connect()
        assert seen == [expected]
