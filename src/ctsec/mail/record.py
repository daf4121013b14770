"""The stored form of mail that waits to leave, and the rule of its retries.

Rules that this module keeps:

- a message leaves after its transaction has committed, at least once; a lease keeps two workers from sending the same one at once;
- a failed delivery is tried again with growing pauses, from half a minute to an hour, 12 times; then it stays, visible, as failed;
- a delivered message keeps its row for the record, but not its text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ctsec.ids import MessageId

MAX_ATTEMPTS: Final = 12
LEASE: Final = timedelta(minutes=2)
_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A sealed message in the outbox; `due_at` is when it may be tried next, or when its lease ends."""

    id: MessageId
    kind: str
    payload: bytes
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    last_error: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxOverview:
    """What has not left: how many messages wait, how many were given up, and since when the oldest of those that wait does."""

    waiting: int
    given_up: int
    oldest: datetime | None


def delivered(entry: OutboxEntry, *, now: datetime) -> OutboxEntry:
    """Return the entry after a delivery: done, and without its text."""
    return replace(entry, delivered_at=now, payload=b"", last_error="", version=entry.version + 1)


def leased(entry: OutboxEntry, *, now: datetime) -> OutboxEntry:
    """Return the entry as a worker takes it: one more attempt, and nobody else's until the lease ends."""
    return replace(entry, attempts=entry.attempts + 1, due_at=now + LEASE, version=entry.version + 1)


def renewed(entry: OutboxEntry, *, now: datetime) -> OutboxEntry:
    """Return a given-up entry as new: due at once, with all its attempts before it."""
    return replace(entry, attempts=0, failed_at=None, due_at=now, version=entry.version + 1)


def postponed(entry: OutboxEntry, *, now: datetime, error: str) -> OutboxEntry:
    """Return the entry after a failed attempt: due later, or given up after the last one."""
    pause = min(_FIRST_PAUSE * 2 ** (entry.attempts - 1), _LONGEST_PAUSE) if entry.attempts else _FIRST_PAUSE
    failed = now if entry.attempts >= MAX_ATTEMPTS else None
    return replace(entry, due_at=now + pause, failed_at=failed, last_error=error[:200], version=entry.version + 1)
