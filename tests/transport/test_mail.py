"""Mail leaves over TLS 1.3, implicit or by STARTTLS, and over nothing less: mail servers on loopback, both colours."""

from __future__ import annotations

import asyncio
import email.policy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ctsec.errors import ConfigurationError, MailError
from ctsec.mail.message import Message
from ctsec.mail.smtp import AsyncSmtpMailer, SmtpMailer
from ctsec.secret import SecretText
from ctsec.transport import ConnectionReport, Transport, UnsafeTransport
from tests.certificates import Authority, Pair
from tests.transport.peers import listening, mail_server

MESSAGE = Message(kind="notice", recipient="ann@acme.example", subject="Hello", text=SecretText("a quiet word"))
SCHEMES = {"smtps": True, "smtp+starttls": False}
Send = Callable[[str, Transport], ConnectionReport]


def send_sync(url: str, transport: Transport) -> ConnectionReport:
    """Send with the sync mailer, and return what it says of its connection."""
    mailer = SmtpMailer(url, sender="no-reply@acme.example", transport=transport)
    mailer.send(MESSAGE)
    return mailer.connections()[0]


def send_async(url: str, transport: Transport) -> ConnectionReport:
    """Send with the async mailer, and return what it says of its connection."""

    async def send() -> ConnectionReport:
        mailer = AsyncSmtpMailer(url, sender="no-reply@acme.example", transport=transport)
        await mailer.send(MESSAGE)
        return (await mailer.connections())[0]

    return asyncio.run(send())


@pytest.fixture(params=[send_sync, send_async], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    """One of the two colours."""
    return request.param


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA of this module's own."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    """The mail server's certificate, for 127.0.0.1."""
    return authority.issue("mail")


@pytest.mark.proves("SEED-E1", "ASVS-12.1.1", "ASVS-12.3.1", "ASVS-12.3.2")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_mail_leaves_over_tls13(scheme: str, send: Send, authority: Authority, pair: Pair) -> None:
    """A mail server that speaks TLS 1.3 receives the mail over it, and the report says so."""
    with mail_server(listening(pair, "TLSv1.3"), implicit=SCHEMES[scheme]) as (port, received):
        seen = send(f"{scheme}://127.0.0.1:{port}", Transport(ca_file=authority.file))
    assert received.spoken == ["TLSv1.3"]
    assert (seen.protocol, seen.problem, seen.address) == ("TLSv1.3", "", f"{scheme}://127.0.0.1:{port}")


@pytest.mark.proves("SEED-E1", "ASVS-12.1.1", "ASVS-12.3.1")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_tls12_is_refused(scheme: str, send: Send, authority: Authority, pair: Pair) -> None:
    """A mail server that speaks at most TLS 1.2 receives nothing, but from an `UnsafeTransport`."""
    with mail_server(listening(pair, "TLSv1.2"), implicit=SCHEMES[scheme]) as (port, received):
        url = f"{scheme}://someone:s3cret-word@127.0.0.1:{port}"
        with pytest.raises(MailError):
            send(url, Transport(ca_file=authority.file))
        seen = SmtpMailer(url, sender="a@b.example", transport=Transport(ca_file=authority.file)).connections()[0]
        assert (seen.problem[:17], seen.sound) == ("no TLS connection", False)
        assert "s3cret" not in repr(seen)
        assert received.mails == []
        allowed = send(f"{scheme}://127.0.0.1:{port}", UnsafeTransport(reason="until March", ca_file=authority.file))
    assert (allowed.protocol, received.spoken) == ("TLSv1.2", ["TLSv1.2"])


@pytest.mark.proves("ASVS-12.3.2", "ASVS-12.3.4")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_certificates_are_checked(scheme: str, send: Send, authority: Authority, pair: Pair, tmp_path: Path) -> None:
    """A wrong name, an unknown CA, a CA that only the system would have to know, and an expired certificate are refused."""
    expired = authority.issue("expired", expired=True)
    for shown, host, transport in (
        (pair, "localhost", Transport(ca_file=authority.file)),
        (pair, "127.0.0.1", Transport(ca_file=Authority.make(tmp_path).file)),
        (pair, "127.0.0.1", Transport()),
        (expired, "127.0.0.1", Transport(ca_file=authority.file)),
    ):
        with mail_server(listening(shown, "TLSv1.3"), implicit=SCHEMES[scheme]) as (port, received):
            with pytest.raises(MailError):
                send(f"{scheme}://{host}:{port}", transport)
            seen = SmtpMailer(f"{scheme}://{host}:{port}", sender="a@b.example", transport=transport).connections()[0]
        assert "certificate is not accepted" in seen.problem
        assert received.mails == []


@pytest.mark.proves("ASVS-12.3.1")
def test_a_server_without_starttls_is_no_way_out(send: Send, authority: Authority) -> None:
    """Where STARTTLS was asked for and is not offered, nothing is sent."""
    with mail_server(None, implicit=False) as (port, received):
        with pytest.raises(MailError):
            send(f"smtp+starttls://127.0.0.1:{port}", Transport(ca_file=authority.file))
        assert send(f"smtp://127.0.0.1:{port}", Transport()).local
    assert received.spoken == [None]


@pytest.mark.parametrize("host", ["mail.example.test", "10.0.0.1", "localhost.example.test", "127.0.0.1.example.test"])
def test_plain_goes_to_loopback_only(host: str) -> None:
    """Plain smtp to another machine stops the start, unless an `UnsafeTransport` lets it; on_loopback takes loopback its exception."""
    with pytest.raises(ConfigurationError, match="plain smtp"):
        SmtpMailer(f"smtp://someone:s3cret-word@{host}", sender="a@b.example")
    SmtpMailer(f"smtp://{host}", sender="a@b.example", transport=UnsafeTransport(reason="a lab", plain=True))
    for near in ("localhost", "127.0.0.1", "[::1]"):
        SmtpMailer(f"smtp://{near}:1025", sender="a@b.example")
        with pytest.raises(ConfigurationError):
            SmtpMailer(f"smtp://{near}:1025", sender="a@b.example", transport=Transport(on_loopback=True))


def test_unreadable_files_stop_the_start(tmp_path: Path) -> None:
    """A CA file that is not there is found when the mailer is made, not at the first mail."""
    with pytest.raises(ConfigurationError, match="readable PEM files"):
        SmtpMailer("smtps://mail.example.test", sender="a@b.example", transport=Transport(ca_file=str(tmp_path / "none.pem")))


def test_text_and_html_arrive_as_alternatives(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message with HTML arrives as two alternatives, the plain text first (RFC 2046, 5.1.4); one without is a single part."""
    with mail_server(None, implicit=False) as (port, received):
        send(f"smtp://127.0.0.1:{port}", Transport())
        monkeypatch.setitem(globals(), "MESSAGE", replace(MESSAGE, html=SecretText("<p>a <b>quiet</b> word — ünïcode</p>")))
        send(f"smtp://127.0.0.1:{port}", Transport())
    plain, both = (email.message_from_bytes(mail, policy=email.policy.default) for mail in received.mails)
    assert [part.get_content_type() for part in plain.walk()] == ["text/plain"]
    assert [part.get_content_type() for part in both.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert [str(part.get_content()).strip() for part in both.iter_parts()] == ["a quiet word", "<p>a <b>quiet</b> word — ünïcode</p>"]


@pytest.mark.parametrize(
    "recipient", ["root,ann@acme.example", "(x)ann@acme.example", "ann>@acme.example", "=?utf-8?q?=2c?=,a@acme.example", ""]
)
def test_mail_leaves_for_one_mailbox(recipient: str) -> None:
    """What a reader of addresses takes for another mailbox, or for several, is refused before anything is connected to."""
    mailer = SmtpMailer("smtp://127.0.0.1:9", sender="no-reply@acme.example")
    with pytest.raises(MailError, match="one mailbox"):
        mailer.send(replace(MESSAGE, recipient=recipient))
