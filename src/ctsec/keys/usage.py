"""How often a key was used, by day: what the store keeps, and what its owner is shown.

Rules that this module keeps:

- a day is one of UTC; a use counts for the day in which its minute began;
- days are kept for 400, so that a year can be compared with the one before it; then they are deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ctsec.clock import utc
from ctsec.ids import KeyId
from ctsec.keys.uses import KeyUse

DAYS_KEPT: Final = timedelta(days=400)
DAYS_SHOWN: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDay:
    """One day of a key: how often it was let in and how often it was refused; `day` is its midnight in UTC."""

    key_id: KeyId
    day: datetime
    used: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """The use of one key: when and from where it was last let in (None and "": never), and its days, newest first."""

    key_id: KeyId
    last_used_at: datetime | None
    last_used_address: str
    days: tuple[KeyDay, ...]


def day_of(moment: datetime) -> datetime:
    """Return the midnight in UTC that the day of `moment` began with."""
    return utc(moment).replace(hour=0, minute=0, second=0, microsecond=0)


def days_of(uses: tuple[KeyUse, ...]) -> tuple[KeyDay, ...]:
    """Return what `uses` add to each day of each key."""
    sums: dict[tuple[KeyId, datetime], tuple[int, int]] = {}
    for use in uses:
        at = (use.key.id, day_of(use.minute))
        used, refused = sums.get(at, (0, 0))
        sums[at] = (used + use.count, refused) if use.refused is None else (used, refused + use.count)
    return tuple(KeyDay(key_id=key_id, day=day, used=used, refused=refused) for (key_id, day), (used, refused) in sums.items())


def last_uses(uses: tuple[KeyUse, ...]) -> tuple[KeyUse, ...]:
    """Return the last use of each key that was let in."""
    last: dict[KeyId, KeyUse] = {}
    for use in uses:
        if use.refused is None and (use.key.id not in last or use.last_at >= last[use.key.id].last_at):
            last[use.key.id] = use
    return tuple(last.values())
