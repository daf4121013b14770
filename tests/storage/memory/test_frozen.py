"""What the memory store makes of a record before it keeps it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

import pytest

from ctsec.storage.memory.state import frozen
from ctsec.testing.conformance.samples import NOW, user


@dataclass(frozen=True, slots=True)
class Noted:
    """A record with a mapping in it."""

    notes: dict[str, object]


def test_times_are_kept_in_utc() -> None:
    """A time of another zone is kept as the same instant in UTC, and a naive one is refused."""
    there = NOW.astimezone(timezone(timedelta(hours=7)))
    kept = frozen(replace(user(1), created_at=there))
    assert (kept.created_at, kept.created_at.tzinfo) == (NOW, UTC)
    assert frozen(user(1)) == user(1)
    with pytest.raises(ValueError, match="naive"):
        frozen(replace(user(1), created_at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_mappings_are_copied_and_closed() -> None:
    """A mapping that its giver changes afterwards is not changed in the store, cannot be changed there, and has its times in UTC."""
    given: dict[str, object] = {"at": NOW.astimezone(timezone(timedelta(hours=7)))}
    kept = frozen(Noted(given))
    given["more"] = 1
    assert isinstance(kept.notes, MappingProxyType)
    assert dict(kept.notes) == {"at": NOW}
    at = kept.notes["at"]
    assert isinstance(at, datetime)
    assert at.tzinfo is UTC
