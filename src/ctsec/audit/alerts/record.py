"""Alerts as they are stored, how far the rules have read, and what is muted.

Rules that this module keeps:

- an alert fires once for a log, a rule, a key and an occasion: the event that fired it, or the time or finding that a signal is about;
- it is open until somebody acknowledges it; one that fires while its rule is muted for its key is kept as muted, and told to nobody;
- keys are ids of ctsec's and digests: no address, no name; of an event in the store of a region, too, only ids are kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from ctsec.audit.event import LogId
from ctsec.ids import AlertId

FIRST_PAUSE: Final = timedelta(seconds=30)
LAST_PAUSE: Final = timedelta(hours=1)
MAX_ATTEMPTS: Final = 50
Occasion: TypeAlias = tuple[LogId, str, str, str]


class AlertStatus(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    MUTED = "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What fired: which rule, for which key, in the log that it is about, and the event (`source` log and `index`) that it was seen in.

    The source is `<store>/<log>` where the event is in the store of a region.
    `due_at` is when the receiver is told next, None for nobody or no more; `happened_at` is the time of the event.
    """

    id: AlertId
    log: LogId
    rule: str
    key: str
    occasion: str
    severity: str
    source: LogId
    index: int | None
    happened_at: datetime
    fired_at: datetime
    state: AlertStatus = AlertStatus.OPEN
    changed_by: str = ""
    changed_at: datetime | None = None
    due_at: datetime | None = None
    attempts: int = 0
    delivered_at: datetime | None = None
    version: int = 1

    @property
    def once(self) -> Occasion:
        """What no other alert has."""
        return (self.log, self.rule, self.key, self.occasion)

    def acknowledged(self, *, by: str, now: datetime) -> Alert:
        """Return it as acknowledged."""
        return replace(self, state=AlertStatus.ACKNOWLEDGED, changed_by=by, changed_at=now, version=self.version + 1)

    def told(self, *, now: datetime, taken: bool) -> Alert:
        """Return it after the receiver was told: done if it has `taken` it, else due again later, fifty times at most."""
        attempts = self.attempts + 1
        pause = min(FIRST_PAUSE * 2 ** min(self.attempts, 10), LAST_PAUSE)
        again = None if taken or attempts >= MAX_ATTEMPTS else now + pause
        return replace(self, attempts=attempts, due_at=again, delivered_at=now if taken else None, version=self.version + 1)

    def to_bytes(self, *, reason: str, deployment: str) -> bytes:
        """Return what a receiver gets: JSON with the alert's id, which is the same each time it is told."""
        told = {
            "id": self.id,
            "deployment": deployment,
            "log": self.log,
            "rule": self.rule,
            "reason": reason,
            "severity": self.severity,
            "key": self.key,
            "source": self.source,
            "index": self.index,
            "happened_at": self.happened_at.isoformat(),
            "fired_at": self.fired_at.isoformat(),
        }
        return json.dumps(told, sort_keys=True).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPosition:
    """How far the rules have read a log: the next index, and what they remember, sealed."""

    log: LogId
    position: int
    remembered: bytes
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStanding:
    """How many logs of a store have events that the rules have not seen (None: it does not answer), and the code of what keeps it so."""

    store: str
    behind: int | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """What of a log is told to nobody `until` a time: a rule, for one key or (an empty one) for all."""

    log: LogId
    rule: str
    key: str
    until: datetime
    muted_by: str
    muted_at: datetime

    def covers(self, *, rule: str, key: str, now: datetime) -> bool:
        """Say whether what fires now is muted."""
        return self.rule == rule and self.key in {"", key} and now < self.until
