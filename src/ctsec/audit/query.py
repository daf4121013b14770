"""Which events are asked for, and where a page ends.

Rules that this module keeps:

- every query names exactly one log, so one organization's page can never hold another's event;
- a cursor is `(log, index)`: the index is given after commit, gapless and never changed, so pages neither lose nor repeat an event while
  others are being written; a cursor of another log is refused;
- a page has 1 to 500 events; counts look at the newest 100,000 that match, and say so where there are more.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from ctsec.audit.event import LogId
from ctsec.audit.record import SealedEvent, StoredEvent

MAX_PAGE: Final = 500
MAX_CURSOR: Final = 200
MAX_COUNTED: Final = 100_000
DAY: Final = 86_400_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Tally(StrEnum):
    """By what events are counted."""

    NAME = "name"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Filters of one log; None means any. `name` may end in `.*` for a prefix; the time range is [`since`, `until`).

    `actor` and `target` are ids, `kind` is the target's; `person` finds events whose actor or subject is that person.
    """

    log: LogId
    actor: str | None = None
    person: str | None = None
    name: str | None = None
    target: str | None = None
    kind: str | None = None
    workspace: str | None = None
    outcome: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, event: StoredEvent) -> bool:
        """Say whether `event` is asked for: the definition that every store's statement must agree with."""
        return (
            event.log == self.log
            and self.actor in {None, event.actor_id}
            and (self.person is None or self.person in {event.actor_id, event.subject_id})
            and self._name_matches(event.name)
            and self.target in {None, event.target_id}
            and self.kind in {None, event.target_kind}
            and self.workspace in {None, event.workspace_id}
            and self.outcome in {None, event.outcome}
            and self.reason in {None, event.reason}
            and (self.since is None or event.time >= self.since)
            and (self.until is None or event.time < self.until)
        )

    def _name_matches(self, name: str) -> bool:
        prefix = self.name_prefix
        return self.name in {None, name} if prefix is None else name.startswith(prefix)

    @property
    def name_prefix(self) -> str | None:
        """The prefix that `name` asks for, with its dot, or None if it asks for one name or any."""
        return self.name[:-1] if self.name is not None and self.name.endswith(".*") else None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Sealed events, newest first, `next` to go on with (None at the end), and on a first page the `pending` ones, not sealed yet."""

    events: tuple[SealedEvent, ...]
    next: str | None
    pending: tuple[StoredEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCounts:
    """How many events match: in `total`, and of each name or day. `more` says that only the newest 100,000 were looked at."""

    total: int
    by: Tally
    of: tuple[tuple[str, int], ...]
    more: bool


def day_of(micros: int) -> str:
    """Return the day (UTC) of a time in microseconds since 1970, as `2026-01-31`."""
    return (_EPOCH + timedelta(microseconds=micros)).date().isoformat()


def write_cursor(*, log: LogId, before: int) -> str:
    """Return the cursor for the events of `log` with an index below `before`."""
    return base64.urlsafe_b64encode(f"1.{before}.{log}".encode()).decode("ascii").rstrip("=")


def read_cursor(text: str, *, log: LogId) -> int:
    """Return the index below which the next page lies; raise ValueError if `text` is no cursor of `log`."""
    wrong = ValueError("expected a cursor that the same log returned")
    if len(text) > MAX_CURSOR:
        raise wrong
    try:
        version, before, named = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").split(".", 2)
    except (ValueError, binascii.Error):
        raise wrong from None
    if version != "1" or named != log or not before.isdecimal() or len(before) > 18:
        raise wrong
    return int(before)
