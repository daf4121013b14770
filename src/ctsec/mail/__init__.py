"""Letters, the outbox that they wait in, and the mailer that sends them.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.mail._async import AsyncMailRound as AsyncMailRound
    from ctsec.mail._async import AsyncOutbox as AsyncOutbox
    from ctsec.mail._sync import MailRound as MailRound
    from ctsec.mail._sync import Outbox as Outbox
    from ctsec.mail.message import Letters as Letters
    from ctsec.mail.message import Message as Message
    from ctsec.mail.record import OutboxEntry as OutboxEntry

_HOME = {
    "AsyncMailRound": "ctsec.mail._async",
    "AsyncOutbox": "ctsec.mail._async",
    "Letters": "ctsec.mail.message",
    "MailRound": "ctsec.mail._sync",
    "Message": "ctsec.mail.message",
    "Outbox": "ctsec.mail._sync",
    "OutboxEntry": "ctsec.mail.record",
}
__all__ = [
    "AsyncMailRound",
    "AsyncOutbox",
    "Letters",
    "MailRound",
    "Message",
    "Outbox",
    "OutboxEntry",
]

__getattr__ = face(__name__, _HOME)
