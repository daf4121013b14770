# Generated from src/ctsec/storage/memory/_async_audit.py by tools/twin.py; edit that file.
"""The audit inbox and the audit log in memory (async source)."""

from __future__ import annotations

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.storage.memory.state import Transaction, frozen
from ctsec.storage.memory.tables import INBOX, LOG, LOG_IDS, LOG_SIZES


class MemoryInbox:
    """See `ctsec.audit.ports.InboxRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        self._tx.insert(INBOX, event.id, event)

    def append_new(self, events: tuple[StoredEvent, ...]) -> None:
        """Insert those rows whose id is neither in the inbox nor in the log already."""
        for event in events:
            if self._tx.current(INBOX, event.id) is None and self._tx.current(LOG_IDS, event.id) is None:
                self._tx.put(INBOX, event.id, event)

    def pending(self, *, limit: int, log: LogId | None = None) -> tuple[StoredEvent, ...]:
        """Return rows in the order of their times, then ids, of one log if it is named."""
        found = [e for e in self._tx.scan(INBOX) if log in {None, e.log}]
        return tuple(sorted(found, key=lambda e: (e.time, e.id))[:limit])


class MemoryLog:
    """See `ctsec.audit.ports.LogRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def place(self, *, limit: int) -> int:
        """Give the next indexes to at most `limit` inbox rows and move them into the log; return how many moved."""
        waiting = sorted(self._tx.current_where(INBOX, lambda _: True), key=lambda e: (e.time, e.id))[:limit]
        for event in waiting:
            index = self._tx.current(LOG_SIZES, event.log) or 0
            self._tx.put(LOG, (event.log, index), SealedEvent(index, frozen(event)))
            self._tx.put(LOG_IDS, event.id, index)
            self._tx.put(LOG_SIZES, event.log, index + 1)
            self._tx.put(INBOX, event.id, None)
        return len(waiting)

    def search(self, query: AuditQuery, *, before: int | None, limit: int) -> tuple[SealedEvent, ...]:
        """Return matching events with an index below `before`, newest first."""
        found = [s for s in self._tx.scan(LOG) if query.matches(s.event) and (before is None or s.index < before)]
        return tuple(sorted(found, key=lambda s: s.index, reverse=True)[:limit])

    def size(self, log: LogId) -> int:
        """Return how many events the log has."""
        return self._tx.get(LOG_SIZES, log) or 0
