"""Mail through an SMTP server: the edge that hands messages to the world.

Rules that this module keeps:

- `smtps://` speaks TLS from the first byte and `smtp+starttls://` before anything else is said; plain `smtp://` goes to loopback only;
- TLS is 1.3 unless an `UnsafeTransport` says otherwise;
- certificates are verified; a server that offers no STARTTLS where it was asked for is an error, never a fallback;
- a message goes to the one mailbox that its recipient is, and to none that a reader of addresses makes of it;
- an error message holds the server's answer code, never the message or the password.
"""

from __future__ import annotations

import asyncio
import smtplib
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses, make_msgid
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from ctsec.clock import SystemClock
from ctsec.errors import ConfigurationError, MailError
from ctsec.mail.message import Message
from ctsec.secret import SecretText
from ctsec.transport.address import is_loopback
from ctsec.transport.credentials import refuse_default
from ctsec.transport.report import ConnectionReport, place_of, reason_of, spoken
from ctsec.transport.tls import TRANSPORT, Transport, client_context

if TYPE_CHECKING:
    from collections.abc import Generator

TIMEOUT: Final = 20.0
_PORTS: Final = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class SmtpMailer:
    """Sends through the server of an URL such as `smtp+starttls://user:password@mail.example.org`; `sender` is the From address."""

    __slots__ = ("_host", "_password", "_port", "_scheme", "_sender", "_transport", "_user")

    def __init__(self, url: str, *, sender: str, transport: Transport = TRANSPORT) -> None:
        """Raise ConfigurationError for another kind of URL, for plain smtp to anything but loopback, and for unreadable PEM files."""
        address = urlsplit(url)
        if address.scheme not in _PORTS or not address.hostname:
            raise ConfigurationError("expected a mail address such as smtps://user:password@host or smtp://localhost:1025")
        plain_here = is_loopback(address.hostname) and not transport.on_loopback
        if address.scheme == "smtp" and not plain_here and not transport.may_be_plain:
            raise ConfigurationError("expected smtps or smtp+starttls: plain smtp is for localhost only")
        if not is_loopback(address.hostname) and not transport.may_be_plain:
            refuse_default(unquote(address.password or ""), user=unquote(address.username or ""))
        self._scheme = address.scheme
        self._host = address.hostname
        self._port = address.port or _PORTS[address.scheme]
        self._user = unquote(address.username or "")
        self._password = SecretText(unquote(address.password or ""))
        self._sender = sender
        self._transport = transport
        if address.scheme != "smtp":
            client_context(transport)

    def __repr__(self) -> str:
        return f"SmtpMailer({self._scheme}://{self._host}:{self._port})"

    def send(self, message: Message) -> None:
        """Deliver one message; raise MailError if the server can not be reached or does not take it, or the recipient is no one mailbox."""
        if getaddresses([message.recipient]) != [("", message.recipient)]:
            raise MailError("the recipient is not the address of one mailbox")
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = message.recipient
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(SystemClock().now())
        mail["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2] or "localhost")
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text.reveal())
        if message.html is not None:
            mail.add_alternative(message.html.reveal(), subtype="html")
        try:
            with self._server() as server:
                if self._user:
                    server.login(self._user, self._password.reveal())
                server.send_message(mail)
        except smtplib.SMTPResponseException as error:
            raise MailError(f"the mail server answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused:
            raise MailError("the mail server refused the recipient") from None
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise MailError(f"the mail server could not be reached or understood ({type(error).__name__})") from None

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the mail server, without signing in, and return what the connection speaks."""
        place = f"[{self._host}]" if ":" in self._host else self._host
        address, excuse = f"{self._scheme}://{place}:{self._port}", self._transport.excuse
        try:
            with self._server() as server:
                protocol, cipher = spoken(server.sock)
                local = place_of(server.sock.getpeername() if server.sock else None) != "elsewhere"
        except (OSError, smtplib.SMTPException) as error:
            return (ConnectionReport(what="mail", address=address, problem=reason_of(error), excuse=excuse),)
        return (ConnectionReport(what="mail", address=address, protocol=protocol, cipher=cipher, local=local, excuse=excuse),)

    @contextmanager
    def _server(self) -> Generator[smtplib.SMTP, None, None]:
        if self._scheme == "smtps":
            context = client_context(self._transport)
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        with server:
            if self._scheme == "smtp+starttls":
                server.starttls(context=client_context(self._transport))
            yield server


class AsyncSmtpMailer:
    """The same, in a thread: smtplib blocks."""

    __slots__ = ("_mailer",)

    def __init__(self, url: str, *, sender: str, transport: Transport = TRANSPORT) -> None:
        self._mailer = SmtpMailer(url, sender=sender, transport=transport)

    def __repr__(self) -> str:
        return f"Async{self._mailer!r}"

    async def send(self, message: Message) -> None:
        """Deliver one message; raise MailError if that failed."""
        await asyncio.to_thread(self._mailer.send, message)

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the mail server, without signing in, and return what the connection speaks."""
        return await asyncio.to_thread(self._mailer.connections)
