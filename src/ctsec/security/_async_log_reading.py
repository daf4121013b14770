"""Reading the logs of the home store and of every region's store as one (async source). See `ctsec.audit.placed` for the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, cast

from ctsec.audit.activity import MAX_LOGS, merged, read_positions, write_positions
from ctsec.audit.assurance import named
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.placed import PlacedCounts, PlacedEvent, PlacedLog, PlacedLogs, PlacedPage
from ctsec.audit.query import MAX_COUNTED, MAX_PAGE, AuditCounts, AuditQuery, Tally
from ctsec.audit.record import StoredEvent
from ctsec.errors import ResidencyError, StoreError
from ctsec.ids import UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.security._async_logs import AsyncLogs
from ctsec.security._async_region_events import AsyncOpensParts
from ctsec.storage._async_sealed_ports import AsyncSealedStorage

_PENDING: Final = 500


class AsyncLogReading:
    """Reads what organizations have in all stores; `personal` opens the personal parts of the home store's events."""

    __slots__ = ("_logs", "_personal", "_stores")

    def __init__(self, home: AsyncSealedStorage, *, logs: AsyncLogs, personal: AsyncOpensParts) -> None:
        self._logs = logs
        self._personal = personal
        self._stores: Mapping[str, AsyncSealedStorage] = {"": home, **{name: each.storage for name, each in logs.regions.stores.items()}}

    async def search(self, query: AuditQuery, *, cursor: str | None = None, limit: int = 50) -> Outcome[PlacedPage]:
        """Return a page of an organization's events in all stores, newest first; the first page also holds what has no index yet.

        `limit` is 1 to 500. A cursor that this did not return is refused with INVALID_INPUT. The home store's failure is raised.
        """
        return await self._page([(store, query) for store in self._stores], cursor=cursor, limit=limit, pending=cursor is None)

    async def activity(self, *, person: str, logs: Sequence[LogId], cursor: str | None = None, limit: int = 50) -> Outcome[PlacedPage]:
        """Return a page of the events whose actor or subject is `person`, over a hundred logs: `logs` at home, then in regions."""
        asked = [
            (store, AuditQuery(log=log, person=person)) for store in self._stores for log in logs if not store or log != DEPLOYMENT_LOG
        ]
        return await self._page(asked[:MAX_LOGS], cursor=cursor, limit=limit, pending=False)

    async def counts(self, query: AuditQuery, *, by: Tally = Tally.NAME) -> PlacedCounts:
        """Return how many events of an organization match in all stores, by name or by day; what has no index yet is not counted."""
        counted: Counter[str] = Counter()
        silent: list[str] = []
        more = False
        for store, storage in self._stores.items():
            try:
                async with storage.reading() as opened:
                    found = await opened.log.tally(query, by=by, most=MAX_COUNTED)
            except (StoreError, ResidencyError):
                if not store:
                    raise
                silent.append(store)
                continue
            counted.update(dict(found))
            more = more or sum(count for _, count in found) >= MAX_COUNTED
        return PlacedCounts(
            AuditCounts(total=counted.total(), by=by, of=tuple(sorted(counted.items())), more=more),
            tuple(silent),
        )

    async def about(self, person: UserId, *, logs: Sequence[LogId] | None = None) -> PlacedLogs:
        """Return which of `logs` (None: all that there are), in which store, have events of a person under a checkpoint, and how many."""
        found: list[PlacedLog] = []
        silent: list[str] = []
        regions = {name: each.logs for name, each in self._logs.regions.stores.items()}
        for store in self._stores:
            exports = regions[store].exports if store else self._logs.exports
            try:
                found += [PlacedLog(log, events, store) for log, events in await exports.about(person, logs=logs)]
            except (ResidencyError, StoreError):
                if not store:
                    raise
                silent.append(store)
        return PlacedLogs(tuple(found), tuple(silent))

    async def personal(self, event: StoredEvent, *, store: str) -> Mapping[str, str]:
        """Return the personal part of an event of a store, empty if it has none; what was erased is not in it."""
        opens = self._logs.regions.stores[store].parts if store else self._personal
        return await opens.open(event)

    async def _page(self, asked: Sequence[tuple[str, AuditQuery]], *, cursor: str | None, limit: int, pending: bool) -> Outcome[PlacedPage]:
        if not 1 <= limit <= MAX_PAGE:
            return Refusal(Reason.INVALID_INPUT, f"expected a limit from 1 to {MAX_PAGE}")
        names = {LogId(named(query.log, store=store)): (store, query) for store, query in asked}
        try:
            positions = {} if cursor is None else read_positions(cursor, logs=tuple(names))
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        pages: dict[LogId, tuple[PlacedEvent, ...]] = {}
        waiting: list[tuple[str, StoredEvent]] = []
        silent: list[str] = []
        for name, (store, query) in names.items():
            if store in silent:
                continue
            try:
                async with self._stores[store].reading() as opened:
                    # What waits comes first: what gets its index meanwhile is then found in the log.
                    rows = await opened.inbox.pending(limit=_PENDING, log=query.log) if pending else ()
                    found = await opened.log.search(query, before=positions.get(name), limit=limit + 1)
            except (StoreError, ResidencyError):
                if not store:
                    raise
                silent.append(store)
                continue
            pages[name] = tuple([PlacedEvent(each.index, each.event, store) for each in found])
            placed = {each.event.id for each in found}
            waiting += [(store, each) for each in rows if query.matches(each) and each.id not in placed]
            # A log that gave nothing yet has its place too: what waited and gets its index later is on no further page.
            positions.setdefault(name, found[0].index + 1 if found else 0)
        page = merged(pages, limit=limit, positions=positions)
        events = cast(tuple[PlacedEvent, ...], page.events)
        return PlacedPage(events, page.next or _again(names, events, positions, silent), tuple(waiting), tuple(silent))


def _again(
    names: Mapping[LogId, tuple[str, AuditQuery]],
    events: Sequence[PlacedEvent],
    positions: Mapping[LogId, int],
    silent: Sequence[str],
) -> str | None:
    """Return a cursor behind everything that was read, where a store has yet to be; a log of which nothing was read begins anew."""
    if not silent:
        return None
    after = dict(positions)
    for name, (store, query) in names.items():
        mine = [each.index for each in events if each.store == store and each.event.log == query.log]
        after[name] = min([*mine, after.get(name, 1 << 61)])
    return write_positions(after)
