# Generated from src/ctsec/security/_async_alert_reading.py by tools/twin.py; edit that file.
"""What the rules of alerts have not seen yet, in every store, and what they remember (async source).

Rules that this module keeps:

- how far a log was read, and what is remembered of it, stands in the home store, for a log of a region under `<store>/<log>`;
- what is remembered of a region's log by itself is sealed under the deployment's data key of that region;
- a store that does not answer, or whose key does not, is left alone for half a minute; its position stays where it is;
- the tables of a region may hold anything: what no log has is told as tampered with, and keeps nothing else from being read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_subjects import PersonalParts
from ctsec.audit.alerts import signals
from ctsec.audit.alerts.defaults import TAMPERED
from ctsec.audit.alerts.engine import EngineState
from ctsec.audit.alerts.policy import AlertPolicy
from ctsec.audit.alerts.record import AlertPosition
from ctsec.audit.alerts.seen import Seen, seen_of
from ctsec.audit.assurance import named
from ctsec.audit.event import LogId
from ctsec.audit.record import SealedEvent
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.encryption._sync import KeyRing
from ctsec.encryption.context import Context
from ctsec.errors import CorruptRecord, CtsecError, DecryptionFailed
from ctsec.ids import EventId, OrganizationId, is_id
from ctsec.security._sync_region_events import OpensParts, RegionEvents
from ctsec.security._sync_region_logs import RegionLogs
from ctsec.storage._sync_ports import Storage, Store
from ctsec.storage._sync_sealed_ports import SealedStorage

PAUSE: Final = timedelta(seconds=30)
PAGE: Final = 500
_LOGS: Final = 1000


@dataclass(frozen=True, slots=True)
class LogMemory:
    """How far a log of a store was read, and what the rules remember of it."""

    position: AlertPosition
    state: EngineState


@dataclass(frozen=True, slots=True)
class Lane:
    """What is new of a log in one store: its events as rules see them, and what was `broken`; with all of them it is read up to `end`.

    `more` says whether there may be events behind them.
    """

    store: str
    memory: LogMemory
    history: tuple[Seen, ...]
    broken: tuple[signals.Told, ...]
    end: int
    more: bool

    def reached(self, taken: int) -> int:
        """Return how far the log is read after so many of its events."""
        return self.end if taken == len(self.history) else self.history[taken].index


@dataclass(frozen=True, slots=True)
class Unread:
    """What the rules have not seen of a region's store: `logs` with new events, and those that became `shorter`, with their size.

    `strange` says that there are logs which no region has; they are not read.
    """

    logs: tuple[LogId, ...]
    shorter: Mapping[LogId, int]
    strange: bool


class AlertReading:
    """Reads logs on for the rules of alerts; `silent` has the stores that did not answer, with why."""

    __slots__ = ("_ambient", "_down", "_events", "_personal", "_policy", "_regions", "_ring", "_storage")

    def __init__(
        self,
        storage: Storage,
        *,
        personal: PersonalParts,
        events: RegionEvents,
        ring: KeyRing,
        regions: RegionLogs,
        policy: AlertPolicy,
        ambient: Ambient,
    ) -> None:
        self._storage = storage
        self._personal = personal
        self._events = events
        self._ring = ring
        self._regions = regions
        self._policy = policy
        self._ambient = ambient
        self._down: dict[str, tuple[datetime, CtsecError]] = {}

    @property
    def stores(self) -> tuple[str, ...]:
        """The home store and those of regions, in the order in which they are read."""
        return ("", *self._regions.stores)

    def silent(self) -> Mapping[str, CtsecError]:
        """Return the stores that are left alone now, and what kept each from answering."""
        now = self._ambient.now()
        self._down = {name: each for name, each in self._down.items() if now < each[0]}
        return {name: why for name, (_, why) in self._down.items()}

    def leave(self, store: str, error: CtsecError) -> None:
        """Leave a store alone for a while; raise the error if it is the home store's."""
        if not store:
            raise error
        self._down[store] = (self._ambient.now() + PAUSE, error)

    def unread(self, store: str) -> Unread:
        """Return what the rules have not seen of the store of a region."""
        read, sizes = dict[LogId, int](), dict[LogId, int]()
        after: str = ""
        with self._storage.reading() as home:
            while found := home.alerts.positions(store, after=after, limit=_LOGS):
                read |= dict(found)
                after = found[-1][0]
        after, strange = "", False
        with self._regions.stores[store].storage.reading() as opened:
            while heads := opened.tree.heads(after=after, limit=_LOGS):
                found_there = {each.log: each.size for each in heads if is_id(OrganizationId, each.log)}
                strange = strange or any(each.log not in {LOG_OF_LOGS, *found_there} for each in heads)
                sizes |= found_there
                after = heads[-1].log
        if any(type(size) is not int for size in sizes.values()):
            raise CorruptRecord("the size of a log is no number")
        grown = tuple(log for log, size in sizes.items() if size > read.get(log, 0))
        return Unread(grown, {log: sizes.get(log, 0) for log, at in read.items() if at > sizes.get(log, 0)}, strange)

    def lane(self, log: LogId, store: str) -> Lane:
        """Return what is new of a log in a store, a page at most."""
        with self._storage.reading() as home:
            memory = self.opened(home, LogId(named(log, store=store)))
        sealed, _ = self._of(store)
        with sealed.reading() as opened:
            # First where it ends: what gets its index between the two reads is on the page, or waits.
            head = opened.tree.head(log)
            page = _numbered(opened.log.page(log, first=memory.position.position, limit=PAGE))
        history, broken = self.history(page, store=store, salt=memory.state.salt)
        end = page[-1].index + 1 if page else 0 if head is None else head.size
        return Lane(store, memory, history, broken, end, len(page) == PAGE)

    def page(self, log: LogId, store: str, *, first: int) -> tuple[SealedEvent, ...]:
        """Return events of a log in a store, from an index on."""
        sealed, _ = self._of(store)
        with sealed.reading() as opened:
            return _numbered(opened.log.page(log, first=first, limit=PAGE))

    def history(self, page: tuple[SealedEvent, ...], *, store: str, salt: bytes) -> tuple[tuple[Seen, ...], tuple[signals.Told, ...]]:
        """Return what the rules see, and what was changed in the database: that must not keep the rules from the rest."""
        found, broken = list[Seen](), list[signals.Told]()
        _, parts = self._of(store)
        for sealed in page:
            which = sealed.event.id if is_id(EventId, sealed.event.id) else f"event-{sealed.index}"
            changed = signals.Told(TAMPERED, named(sealed.event.log, store=store), which)
            try:
                address = (parts.open(sealed.event)).get("address", "")
            except (CorruptRecord, DecryptionFailed):
                address = ""
                broken.append(changed)
            try:
                found.append(seen_of(sealed, address=address, salt=salt, locate=self._policy.locate, store=store))
            except CorruptRecord:
                broken.append(changed)
        return tuple(found), tuple(broken)

    def opened(self, home: Store, place: LogId) -> LogMemory:
        """Return how far a log was read, and what is remembered of it."""
        found = home.alerts.position(place)
        if found is None:
            return LogMemory(AlertPosition(log=place, position=0, remembered=b"", version=0), EngineState(salt=self._ambient.random(32)))
        return LogMemory(found, EngineState.from_bytes(self._ring.open(found.remembered, context=_context(place))))

    def moved(self, memory: LogMemory, state: EngineState, *, position: int, store: str = "") -> AlertPosition:
        """Return the position after a read, with what is remembered now: of a region's log under the key of that region."""
        known = {rule.name for rule in self._policy.rules}
        kept = replace(state, rules={name: entries for name, entries in state.rules.items() if name in known}).to_bytes()
        context = _context(memory.position.log)
        if store:
            sealed = self._events.sealed(kept, context=context, region=self._regions.stores[store].region)
        else:
            sealed = self._ring.seal(kept, context=context)
        return replace(memory.position, position=position, remembered=sealed, version=memory.position.version + 1)

    def _of(self, store: str) -> tuple[SealedStorage, OpensParts]:
        if not store:
            return self._storage, self._personal
        return self._regions.stores[store].storage, self._regions.stores[store].parts


def _numbered(page: tuple[SealedEvent, ...]) -> tuple[SealedEvent, ...]:
    """Return a page whose indexes are numbers: SQLite keeps in a column whatever it was given."""
    if any(type(each.index) is not int for each in page):
        raise CorruptRecord("the index of an event is no number")
    return page


def _context(place: LogId) -> Context:
    return Context(organization=None, table="alert_position", row=place, field="remembered", purpose="alerts")
