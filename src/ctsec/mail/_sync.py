# Generated from src/ctsec/mail/_async.py by tools/twin.py; edit that file.
"""The outbox: mail is put in with the change that it tells about, and leaves after commit (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.encryption._sync_ports import Sealer
from ctsec.encryption.context import Context
from ctsec.errors import CtsecError, MailError
from ctsec.ids import MessageId, new_id
from ctsec.mail._sync_ports import Mailer, OutboxRecords
from ctsec.mail.message import Message
from ctsec.mail.record import OutboxEntry, delivered, leased, postponed


def payload_context(message_id: str) -> Context:
    """Return the context that the sealed text of a message is bound to."""
    return Context(organization=None, table="outbox", row=message_id, field="payload", purpose="mail")


class Outbox:
    """Where features post mail, in the transaction of the change."""

    __slots__ = ("_ambient", "_records", "_sealer")

    def __init__(self, records: OutboxRecords, *, sealer: Sealer, ambient: Ambient) -> None:
        self._records = records
        self._sealer = sealer
        self._ambient = ambient

    def post(self, message: Message) -> None:
        """Put a message into the outbox; a rollback takes it away again."""
        now = self._ambient.now()
        message_id = new_id(MessageId, now=now, random=self._ambient.random)
        payload = self._sealer.seal(message.to_bytes(), context=payload_context(message_id))
        self._records.add(OutboxEntry(id=message_id, kind=message.kind, payload=payload, created_at=now, due_at=now))


class MailRound:
    """One round of the mail job: take what is due, in one transaction; send; note how it went, in another."""

    __slots__ = ("_ambient", "_mailer", "_sealer")

    def __init__(self, *, mailer: Mailer, sealer: Sealer, ambient: Ambient) -> None:
        self._mailer = mailer
        self._sealer = sealer
        self._ambient = ambient

    def take(self, records: OutboxRecords, *, limit: int = 20) -> tuple[OutboxEntry, ...]:
        """Lease what is due; commit before sending, so that nobody else sends it too."""
        now = self._ambient.now()
        taken = [leased(entry, now=now) for entry in records.due(now=now, limit=limit)]
        return tuple([entry for entry in taken if records.replace(entry)])

    def send(self, entry: OutboxEntry) -> OutboxEntry:
        """Send one leased message and return the entry to be stored: delivered, or postponed with the kind of its error."""
        try:
            message = Message.from_bytes(self._sealer.open(entry.payload, context=payload_context(entry.id)))
            self._mailer.send(message)
        except MailError as error:
            return postponed(entry, now=self._ambient.now(), error=str(error))
        except CtsecError as error:
            return postponed(entry, now=self._ambient.now(), error=error.code)
        return delivered(entry, now=self._ambient.now())
