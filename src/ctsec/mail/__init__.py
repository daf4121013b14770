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
    from ctsec.mail.letter import DefaultTemplate as DefaultTemplate
    from ctsec.mail.letter import Letter as Letter
    from ctsec.mail.letter import LetterTemplate as LetterTemplate
    from ctsec.mail.letter import Link as Link
    from ctsec.mail.letter import Rendered as Rendered
    from ctsec.mail.message import Letters as Letters
    from ctsec.mail.message import Message as Message
    from ctsec.mail.record import OutboxEntry as OutboxEntry
    from ctsec.mail.record import OutboxOverview as OutboxOverview

_HOME = {
    "AsyncMailRound": "ctsec.mail._async",
    "AsyncOutbox": "ctsec.mail._async",
    "DefaultTemplate": "ctsec.mail.letter",
    "Letter": "ctsec.mail.letter",
    "LetterTemplate": "ctsec.mail.letter",
    "Letters": "ctsec.mail.message",
    "Link": "ctsec.mail.letter",
    "MailRound": "ctsec.mail._sync",
    "Message": "ctsec.mail.message",
    "Outbox": "ctsec.mail._sync",
    "OutboxEntry": "ctsec.mail.record",
    "OutboxOverview": "ctsec.mail.record",
    "Rendered": "ctsec.mail.letter",
}
__all__ = [
    "AsyncMailRound",
    "AsyncOutbox",
    "DefaultTemplate",
    "Letter",
    "LetterTemplate",
    "Letters",
    "Link",
    "MailRound",
    "Message",
    "Outbox",
    "OutboxEntry",
    "OutboxOverview",
    "Rendered",
]

__getattr__ = face(__name__, _HOME)
