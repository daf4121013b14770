"""Which events are old enough to go, and which are never.

Rules that this module keeps:

- an event goes when it is older than the period of its class, no hold that binds covers it, and a checkpoint covers it;
- what a purge is judged by stays: changes of plans, holds and their releases, what a region's log was told of them, and the records of
  purges and prunes;
- nothing goes behind the first event that no period reaches by a day: so the events that are left show that what is gone was old.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ctsec.audit.event import EventName, LogId
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.audit.retention.ranges import Ranges

SLACK: Final = timedelta(days=1)
EVIDENCE: Final = frozenset({
    EventName.RETENTION_CHANGED.value,
    EventName.LEGAL_HOLD_PLACED.value,
    EventName.LEGAL_HOLD_RELEASE_REQUESTED.value,
    EventName.LEGAL_HOLD_RELEASED.value,
    EventName.RETENTION_RELAYED.value,
    EventName.AUDIT_PURGED.value,
    EventName.AUDIT_PRUNED.value,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The events of a log below the index `end` that are older than the cutoff of their class, evidence never.

    `cutoff` is for what is in no class of `classes`.
    """

    log: LogId
    end: int
    cutoff: datetime
    classes: Mapping[str, datetime] = field(default_factory=dict[str, datetime])

    @classmethod
    def of(cls, log: LogId, *, plan: RetentionPlan, now: datetime, end: int) -> Selection:
        """Return what a plan lets go now."""
        classes = {name: now - timedelta(days=days) for name, days in plan.classes.items()}
        return cls(log=log, end=end, cutoff=now - timedelta(days=plan.days), classes=classes)

    @property
    def newest(self) -> datetime:
        """The cutoff of the shortest period: nothing from here on goes."""
        return max((self.cutoff, *self.classes.values()))

    def matches(self, index: int, event: StoredEvent) -> bool:
        """Say whether an event may go: the definition that every store's statement must agree with."""
        cutoff = next((each for name, each in self.classes.items() if event.name.startswith(name)), self.cutoff)
        return event.log == self.log and index < self.end and event.time < cutoff and event.name not in EVIDENCE


@dataclass(frozen=True, slots=True)
class Held:
    """The holds that bind, with their extents read."""

    holds: tuple[tuple[LegalHold, Ranges], ...]

    @classmethod
    def of(cls, holds: tuple[LegalHold, ...], *, now: datetime) -> Held:
        """Return those of `holds` that bind now."""
        return cls(tuple((hold, Ranges.read(hold.extent)) for hold in holds if hold.binds(now)))

    @property
    def ids(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(hold.id for hold, _ in self.holds)

    def keep(self, sealed: SealedEvent) -> bool:
        """Say whether one of them covers an event."""
        return any(hold.covers(sealed.index, sealed.event, extent=extent) for hold, extent in self.holds)
