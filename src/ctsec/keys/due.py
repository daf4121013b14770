"""When an API key is due: to be replaced before it ends, or for another secret.

Rules that this module keeps:

- a key is due fourteen days before its end, and ninety days after its newest secret was made, whichever is sooner;
- a reminder is about one end: where the end moves, there is another one;
- a key that a rule of workload identity gave is never due: there is a fresh one for each run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ctsec.keys.record import ApiKey

NOTICE: Final = timedelta(days=14)
ROTATE_AFTER: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class DueKey:
    """A key that is due, since when, and when its newest secret was made."""

    key: ApiKey
    due_at: datetime
    secret_made_at: datetime


def due_at(key: ApiKey, *, secret_made_at: datetime) -> datetime:
    """Return from when on a key with this newest secret is due."""
    stale = secret_made_at + ROTATE_AFTER
    return stale if key.expires_at is None else min(stale, key.expires_at - NOTICE)


def to_remind(key: ApiKey, *, now: datetime) -> bool:
    """Say whether somebody is to be told now that the key ends."""
    return (
        key.revoked_at is None
        and key.rule_id is None
        and key.expires_at is not None
        and now < key.expires_at <= now + NOTICE
        and key.reminded_for != key.expires_at
    )
