"""Events of the logs of several stores, as pages.

Rules that this module keeps:

- a page is newest first; within a log the order is that of the indexes, between logs that of the times;
- the cursor has a position for each log of each store, so pages lose and repeat nothing while the logs grow;
- a store that does not answer is named and keeps its position: what it has comes on a later page, and no page is the last one before.
"""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditCounts
from ctsec.audit.record import SealedEvent, StoredEvent


@dataclass(frozen=True, slots=True)
class PlacedEvent(SealedEvent):
    """An event with its index in its log, in the `store` of a region (empty: the home store)."""

    store: str = ""


@dataclass(frozen=True, slots=True)
class PlacedPage:
    """Sealed events, newest first, and `next` to go on with (None at the end).

    On a first page `pending` are those that are not sealed yet, each with its store. `silent` are the stores that did not answer.
    """

    events: tuple[PlacedEvent, ...]
    next: str | None
    pending: tuple[tuple[str, StoredEvent], ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlacedLog:
    """A log in the `store` of a region (empty: the home store), and how many of its events match."""

    log: LogId
    events: int
    store: str = ""


@dataclass(frozen=True, slots=True)
class PlacedLogs:
    """Logs in all stores that answered; `silent` are those that did not."""

    logs: tuple[PlacedLog, ...]
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlacedCounts:
    """How many events match in all stores that answered; `silent` are those that did not, and are not counted."""

    counts: AuditCounts
    silent: tuple[str, ...] = ()
