# Generated from src/ctsec/mail/_async_ports.py by tools/twin.py; edit that file.
"""The outbox as a store keeps it, and the mailer that empties it (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.mail.message import Message
from ctsec.mail.record import OutboxEntry, OutboxOverview


class OutboxRecords(Protocol):
    """Mail that waits."""

    def add(self, entry: OutboxEntry) -> None:
        """Insert an entry, in the transaction of what it tells about."""
        ...

    def due(self, *, now: datetime, limit: int) -> tuple[OutboxEntry, ...]:
        """Return entries that may be tried now, oldest first."""
        ...

    def overview(self) -> OutboxOverview:
        """Count what has not left."""
        ...

    def given_up(self, *, after: str, limit: int) -> tuple[OutboxEntry, ...]:
        """Return entries that are not tried any more, in the order of their ids, behind the id `after`."""
        ...

    def replace(self, entry: OutboxEntry) -> bool:
        """Write if the stored version is one less; True if written: that is how a worker takes an entry."""
        ...

    def drop(self, entry: OutboxEntry) -> bool:
        """Delete an entry of which nothing is to be kept, if the stored version is this one; True if it was there."""
        ...


class Mailer(Protocol):
    """What hands a message to the world."""

    def send(self, message: Message) -> None:
        """Deliver `message`; raise MailError if that failed and may be tried again."""
        ...
