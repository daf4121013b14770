"""Legal holds: what they keep, and who ends them.

Rules that this module keeps:

- a hold is in force from the moment that one person places it, so that nothing is destroyed while a second one is looked for;
- it ends only when two different people say so: one asks for the release, another approves it; then it binds for a day more, so that the
  purge never runs before the release stands in the log;
- its scope is what an audit query asks for: everything, a person (actor or subject), a name or a prefix, a time range, or several of
  them together; it covers what comes later too;
- what it covers when it is placed is written into its event, as indexes (`extent`), perhaps some more: whether a purge kept to it can be
  seen although the events are gone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import StoredEvent
from ctsec.audit.retention.ranges import Ranges
from ctsec.ids import HoldId

GRACE: Final = timedelta(days=1)
MAX_HOLDS: Final = 100
MAX_EXTENT: Final = 1000
_MATTER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/#:-]{0,99}")
_NAME: Final = re.compile(r"[a-z0-9_]{1,40}(?:\.[a-z0-9_]{1,40}){0,3}(?:\.\*)?")
_PERSON: Final = re.compile(r"[!-~]{1,256}")


class HoldState(StrEnum):
    """Whether a hold is in force, somebody asked for its release, or it was released."""

    ACTIVE = "active"
    RELEASING = "releasing"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """A hold on a log for a matter (a case number, no person's name); None in the scope means any. `extent` is ranges as text."""

    id: HoldId
    log: LogId
    matter: str
    person: str | None = None
    name: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    extent: str
    size: int
    placed_by: str
    placed_at: datetime
    asked_by: str | None = None
    asked_at: datetime | None = None
    released_by: str | None = None
    released_at: datetime | None = None
    version: int = 1

    def __post_init__(self) -> None:
        if not _MATTER.fullmatch(self.matter):
            raise ValueError("expected the matter as 1 to 100 letters, digits, spaces and . _ / # : -, such as a case number")
        if self.person is not None and not _PERSON.fullmatch(self.person):
            raise ValueError("expected the id of a person")
        if self.name is not None and not _NAME.fullmatch(self.name):
            raise ValueError("expected the name of events, or a prefix of names that ends in .*")
        if any(each is not None and each.tzinfo is None for each in (self.since, self.until)):
            raise ValueError("expected times with a time zone")
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("expected a time range that ends after it begins")

    @property
    def query(self) -> AuditQuery:
        """The events that it covers."""
        return AuditQuery(log=self.log, person=self.person, name=self.name, since=self.since, until=self.until)

    @property
    def state(self) -> HoldState:
        """Where it stands."""
        if self.released_at is not None:
            return HoldState.RELEASED
        return HoldState.ACTIVE if self.asked_at is None else HoldState.RELEASING

    @property
    def whole(self) -> bool:
        """Whether it covers the whole log."""
        return self.query == AuditQuery(log=self.log)

    def binds(self, now: datetime) -> bool:
        """Say whether a purge keeps to it: in force, or released less than a day ago."""
        return self.released_at is None or now < self.released_at + GRACE

    def covers(self, index: int, event: StoredEvent, *, extent: Ranges) -> bool:
        """Say whether it covers an event; `extent` is its own, read."""
        return index in extent or self.query.matches(event)
