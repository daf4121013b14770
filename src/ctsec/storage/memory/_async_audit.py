"""The audit inbox and the audit log in memory (async source)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ctsec.audit.event import LogId
from ctsec.audit.export.raw import RawEvent
from ctsec.audit.query import AuditQuery, Tally, day_of
from ctsec.audit.record import SealedEvent, StoredEvent, microseconds
from ctsec.audit.rows import LogRow, row_of
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.errors import StoreError
from ctsec.storage.memory._async_tree import AsyncMemoryTree
from ctsec.storage.memory.state import Transaction, frozen
from ctsec.storage.memory.tables import HEADS, INBOX, LOG, LOG_IDS


class AsyncMemoryInbox:
    """See `ctsec.audit.ports.AsyncInboxRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        self._tx.insert(INBOX, event.id, event)

    async def append_all(self, events: Sequence[StoredEvent]) -> None:
        """Insert rows, all or none."""
        ids = {event.id for event in events}
        if len(ids) < len(events) or any(self._tx.current(INBOX, each) is not None for each in ids):
            raise StoreError(f"a row of {INBOX.name} with this key exists already")
        for event in events:
            self._tx.put(INBOX, event.id, event)

    async def append_new(self, events: tuple[StoredEvent, ...]) -> None:
        """Insert those rows whose id is neither in the inbox nor in the log already."""
        for event in events:
            if self._tx.current(INBOX, event.id) is None and self._tx.current(LOG_IDS, event.id) is None:
                self._tx.put(INBOX, event.id, event)

    async def pending(self, *, limit: int, log: LogId | None = None) -> tuple[StoredEvent, ...]:
        """Return rows in the order of their times, then ids, of one log if it is named."""
        found = [e for e in self._tx.scan(INBOX) if log in {None, e.log}]
        return tuple(sorted(found, key=lambda e: (e.time, e.id))[:limit])

    async def count(self) -> int:
        """Return how many rows wait."""
        return len(self._tx.scan(INBOX))


class AsyncMemoryLog:
    """See `ctsec.audit.ports.AsyncLogRecords`."""

    __slots__ = ("_tree", "_tx")

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._tree = AsyncMemoryTree(tx)

    async def place(self, *, limit: int) -> int:
        """Give the next indexes to at most `limit` inbox rows, move them into the log and grow its tree; return how many moved."""
        self._tree.lead()
        found = self._tx.current_where(INBOX, lambda event: event.log != LOG_OF_LOGS)
        waiting = sorted(found, key=lambda e: (e.time, e.id))[:limit]
        leaves: dict[LogId, list[bytes]] = {}
        for event in waiting:
            fresh = leaves.setdefault(event.log, [])
            index = self._tree.led(event.log).size + len(fresh)
            fresh.append(event.leaf)
            self._tx.put(LOG, (event.log, index), SealedEvent(index, frozen(event)))
            self._tx.put(LOG_IDS, event.id, index)
            self._tx.put(INBOX, event.id, None)
        for log, fresh in leaves.items():
            self._tree.grow(log, fresh)
        return len(waiting)

    async def search(self, query: AuditQuery, *, before: int | None, limit: int) -> tuple[SealedEvent, ...]:
        """Return matching events with an index below `before`, newest first."""
        found = [s for s in self._tx.scan(LOG) if query.matches(s.event) and (before is None or s.index < before)]
        return tuple(sorted(found, key=lambda s: s.index, reverse=True)[:limit])

    async def size(self, log: LogId) -> int:
        """Return how many events the log has."""
        head = self._tx.get(HEADS, log)
        return 0 if head is None else head.size

    async def page(self, log: LogId, *, first: int, limit: int) -> tuple[SealedEvent, ...]:
        """Return the events with an index from `first` on, in the order of indexes."""
        found = [each for each in self._tx.scan(LOG) if each.event.log == log and each.index >= first]
        return tuple(sorted(found, key=lambda each: each.index)[:limit])

    async def rows(self, log: LogId, *, first: int, limit: int) -> tuple[LogRow, ...]:
        """Return those events as rows, in the order of indexes."""
        return tuple(row_of(each) for each in await self.page(log, first=first, limit=limit))

    async def raw(self, query: AuditQuery, *, first: int, end: int, limit: int, personal: bool = False) -> tuple[RawEvent, ...]:
        """Return what an export writes of matching events with an index in [`first`, `end`), in the order of indexes."""
        found = [each for each in self._matching(query) if first <= each.index < end][:limit]
        return tuple((each.index, each.event.leaf, each.event.body, each.event.personal if personal else None) for each in found)

    async def matching(self, query: AuditQuery, *, first: int, end: int) -> int:
        """Return how many events with an index in [`first`, `end`) match."""
        return len([each for each in self._matching(query) if first <= each.index < end])

    async def tally(self, query: AuditQuery, *, by: Tally, most: int) -> tuple[tuple[str, int], ...]:
        """Return how many of the newest `most` matching events have which name, or are of which day (UTC), in that order."""
        newest = self._matching(query)[-most:]
        of = [each.event.name if by is Tally.NAME else day_of(microseconds(each.event.time)) for each in newest]
        return tuple(sorted(Counter(of).items()))

    def _matching(self, query: AuditQuery) -> list[SealedEvent]:
        return sorted((each for each in self._tx.scan(LOG) if query.matches(each.event)), key=lambda each: each.index)
