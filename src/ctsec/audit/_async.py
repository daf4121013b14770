"""Writing events with the change, moving them into the log, and reading them (async source)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar, Unpack

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncInboxRecords, AsyncLogRecords
from ctsec.audit._async_subjects import AsyncPersonalParts
from ctsec.audit.catalogue import OWN
from ctsec.audit.event import Event, LogId, Telling, build
from ctsec.audit.query import MAX_COUNTED, MAX_PAGE, AuditCounts, AuditPage, AuditQuery, Tally, read_cursor, write_cursor
from ctsec.audit.record import StoredEvent, store_form
from ctsec.audit.schema import EventCatalogue
from ctsec.encryption._async_ports import AsyncSealer, AsyncSubjectSealer
from ctsec.guard._async_ports import AsyncAsideEvents
from ctsec.outcome import Outcome, Reason, Refusal

_BATCH = 500
MAX_RECORDED: Final = 1000  # what the sequencer moves in one transaction
T = TypeVar("T")


class AsyncAsideLog:
    """Events that need no unit of work: each is committed through the guard store before the call returns."""

    __slots__ = ("_aside", "_catalogue", "_personal")

    def __init__(self, aside: AsyncAsideEvents, *, personal: AsyncPersonalParts, catalogue: EventCatalogue = OWN) -> None:
        self._aside = aside
        self._personal = personal
        self._catalogue = catalogue

    async def record_aside(self, event: Event) -> None:
        """Write `event` through the guard store, committed before this returns; raises ValueError for what its schema does not declare."""
        await self._aside.append(await sealed_form(event, personal=self._personal, catalogue=self._catalogue))


async def sealed_form(told: Event, *, personal: AsyncPersonalParts, catalogue: EventCatalogue) -> StoredEvent:
    """Return the row of an event, its personal part sealed; raise ValueError for what its schema does not declare, or is too long."""
    event = catalogue.applied(told)
    return store_form(event, personal=await personal.seal(event) if event.personal else b"")


def _counted(many: Iterable[T]) -> Iterator[T]:
    for at, each in enumerate(many):
        if at == MAX_RECORDED:
            raise ValueError(f"expected at most {MAX_RECORDED:,} events in one go; write the rest by another call in this transaction")
        yield each


class AsyncAuditLog:
    """The audit log of one unit of work: `record` with the change, `record_aside` for what must survive a rollback, and `search`.

    What each name may say is in `catalogue`.
    """

    __slots__ = ("_ambient", "_aside", "_catalogue", "_inbox", "_log", "_personal")

    def __init__(
        self,
        *,
        inbox: AsyncInboxRecords,
        log: AsyncLogRecords,
        aside: AsyncAsideEvents,
        sealer: AsyncSealer,
        ambient: Ambient,
        subjects: AsyncSubjectSealer | None = None,
        catalogue: EventCatalogue = OWN,
    ) -> None:
        """`subjects` are the keys of persons; without them only events that say nothing personal of anybody can be written."""
        self._ambient = ambient
        self._inbox = inbox
        self._log = log
        self._catalogue = catalogue
        self._personal = AsyncPersonalParts(sealer, subjects=subjects)
        self._aside = aside

    async def record(self, event: Event) -> None:
        """Write `event` in this transaction; raise ValueError for what its schema does not declare."""
        await self._inbox.append(await sealed_form(event, personal=self._personal, catalogue=self._catalogue))

    async def record_aside(self, event: Event) -> None:
        """Write `event` through the guard store, committed before this returns."""
        await AsyncAsideLog(self._aside, personal=self._personal, catalogue=self._catalogue).record_aside(event)

    async def note(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event of this request, the host's own too, in this transaction; its name is `<resource>.<past participle>`."""
        await self.record(build(name, ambient=self._ambient, **told))

    async def note_aside(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event of this request through the guard store, committed before this returns."""
        await self.record_aside(build(name, ambient=self._ambient, **told))

    async def record_many(self, events: Iterable[Event]) -> None:
        """Write at most `MAX_RECORDED` events in this transaction, in one go: each is judged as by `record`, and all are written or none.

        Raises ValueError for more of them, and for what a schema does not declare; a note of the error says which event it was.
        """
        await self._inbox.append_all([await self._sealed(event, at=at) for at, event in enumerate(tuple(_counted(events)))])

    async def note_many(self, told: Iterable[tuple[str, Telling]]) -> None:
        """Write many events of this request in this transaction: names with what `note` takes of each. See `record_many`."""
        await self.record_many([build(name, ambient=self._ambient, **each) for name, each in _counted(told)])

    async def _sealed(self, event: Event, *, at: int) -> StoredEvent:
        try:
            return await sealed_form(event, personal=self._personal, catalogue=self._catalogue)
        except ValueError as error:
            error.add_note(f"event {at} of the batch, counted from 0; none was written")
            raise

    async def search(self, query: AuditQuery, *, cursor: str | None = None, limit: int = 50) -> Outcome[AuditPage]:
        """Return a page of one log, newest first; the first page also holds what has no index yet.

        `limit` is 1 to 500. A cursor that this log did not return is refused with INVALID_INPUT.
        """
        if not 1 <= limit <= MAX_PAGE:
            return Refusal(Reason.INVALID_INPUT, f"expected a limit from 1 to {MAX_PAGE}")
        try:
            before = None if cursor is None else read_cursor(cursor, log=query.log)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        # What waits comes first: what gets its index meanwhile is then found in the log.
        waiting = await self._inbox.pending(limit=_BATCH, log=query.log) if cursor is None else ()
        found = await self._log.search(query, before=before, limit=limit + 1)
        page, placed = found[:limit], {each.event.id for each in found}
        following = write_cursor(log=query.log, before=page[-1].index) if len(found) > limit else None
        pending = tuple(event for event in waiting if query.matches(event) and event.id not in placed)
        return AuditPage(events=page, next=following, pending=pending)

    async def counts(self, query: AuditQuery, *, by: Tally = Tally.NAME) -> AuditCounts:
        """Return how many events of one log match, by name or by day; what has no index yet is not counted."""
        found = await self._log.tally(query, by=by, most=MAX_COUNTED)
        total = sum(count for _, count in found)
        return AuditCounts(total=total, by=by, of=found, more=total >= MAX_COUNTED)

    async def personal(self, event: StoredEvent) -> Mapping[str, str]:
        """Return the personal part of an event, empty if it has none; what was erased is not in it."""
        return await self._personal.open(event)


class AsyncSequencer:
    """Moves events: from the guard store into the inbox, and from the inbox into the log."""

    __slots__ = ("_aside", "_inbox", "_log")

    def __init__(self, *, inbox: AsyncInboxRecords, log: AsyncLogRecords, aside: AsyncAsideEvents) -> None:
        self._inbox = inbox
        self._log = log
        self._aside = aside

    async def collect(self, *, limit: int = _BATCH) -> tuple[str, ...]:
        """Copy events from the guard store into the inbox; return their ids, to be removed there after this transaction has committed."""
        waiting = await self._aside.pending(limit=limit)
        if waiting:
            await self._inbox.append_new(waiting)
        return tuple(event.id for event in waiting)

    async def place(self, *, limit: int = _BATCH) -> int:
        """Give the next indexes to committed events of the inbox; return how many."""
        return await self._log.place(limit=limit)

    async def size(self, log: LogId) -> int:
        """Return how many events a log has."""
        return await self._log.size(log)
