# Generated from src/ctsec/audit/_async_ports.py by tools/twin.py; edit that file.
"""What the audit log needs of a store, and what the other features need of the audit log (async source)."""

from __future__ import annotations

from typing import Protocol, Unpack

from ctsec.audit.event import LogId, Telling
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent, StoredEvent


class Recorder(Protocol):
    """Where a feature writes events: with the change, or aside. Time, id and request are the unit's."""

    def note(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event in the transaction of the change: neither can exist without the other."""
        ...

    def note_aside(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event through the guard store, committed before this returns: a host's rollback must not erase it."""
        ...


class InboxRecords(Protocol):
    """The inbox: rows of open transactions, then committed rows that wait for an index."""

    def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        ...

    def append_new(self, events: tuple[StoredEvent, ...]) -> None:
        """Insert those rows whose id is neither in the inbox nor in the log already: moving events twice adds them once."""
        ...

    def pending(self, *, limit: int, log: LogId | None = None) -> tuple[StoredEvent, ...]:
        """Return committed rows in the order of their times, then ids, of one log if it is named."""
        ...


class LogRecords(Protocol):
    """The log: events with gapless indexes, never updated."""

    def place(self, *, limit: int) -> int:
        """Give the next indexes to at most `limit` inbox rows and move them into the log; return how many moved."""
        ...

    def search(self, query: AuditQuery, *, before: int | None, limit: int) -> tuple[SealedEvent, ...]:
        """Return matching events with an index below `before`, newest first."""
        ...

    def size(self, log: LogId) -> int:
        """Return how many events the log has: its next index."""
        ...
