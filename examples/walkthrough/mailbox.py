"""A real SMTP server on loopback that keeps what it receives."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from urllib.parse import unquote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from examples.walkthrough.transcript import eventually


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it came over the wire."""

    recipient: str
    subject: str
    text: str

    @property
    def token(self) -> str:
        """The token of the link in the mail, or an empty text."""
        found = re.search(r"#token=(\S+)", self.text)
        return unquote(found[1]) if found else ""


class _Receiver:
    """What aiosmtpd calls for each mail."""

    def __init__(self, mails: list[Mail], seen: Callable[[Mail], None]) -> None:
        self._mails = mails
        self._seen = seen

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Keep a mail; the name and the answer are aiosmtpd's."""
        parsed = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        body = parsed.get_body(("plain",))
        mail = Mail(envelope.rcpt_tos[0], str(parsed["Subject"]), body.get_content() if body else "")
        self._mails.append(mail)
        self._seen(mail)
        return "250 kept"


class Mailbox:
    """The server and what it received; `seen` is told each mail as it arrives."""

    def __init__(self, *, seen: Callable[[Mail], None] = lambda _: None) -> None:
        self._mails: list[Mail] = []
        self.port = free_port()
        self._controller = Controller(_Receiver(self._mails, seen), hostname="127.0.0.1", port=self.port)

    @property
    def url(self) -> str:
        """The address that the application sends its mail to."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen."""
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop()

    def take(self, recipient: str, *, about: str, seconds: float = 15) -> Mail:
        """Return the first mail to `recipient` whose subject holds `about`, and keep it no longer; wait for it if it is not there yet."""

        def look() -> Mail | None:
            return next((mail for mail in self._mails if mail.recipient == recipient and about in mail.subject), None)

        mail: Mail = eventually(look, what=f"a mail about {about!r} to {recipient}", seconds=seconds)
        self._mails.remove(mail)
        return mail
