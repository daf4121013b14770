"""A mailer that keeps what it is given (async source)."""

from __future__ import annotations

from ctsec.errors import MailError
from ctsec.mail.message import Message


class AsyncRecordingMailer:
    """A `ctsec.mail.ports.AsyncMailer` that delivers into `sent`; it fails as long as `down` is true."""

    __slots__ = ("down", "sent")

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.down = False

    async def send(self, message: Message) -> None:
        """Keep `message`; raise MailError while `down`."""
        if self.down:
            raise MailError("the mail server does not answer")
        self.sent.append(message)

    def to(self, recipient: str) -> tuple[Message, ...]:
        """Return what was sent to an address, oldest first."""
        return tuple(message for message in self.sent if message.recipient == recipient)
