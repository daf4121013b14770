# Generated from src/ctsec/keys/_async_usage_ports.py by tools/twin.py; edit that file.
"""What the use of API keys needs of a store (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.ids import KeyId
from ctsec.keys.usage import KeyDay


class KeyDayRecords(Protocol):
    """How often keys were used, by day."""

    def add(self, day: KeyDay) -> None:
        """Add the numbers of `day` to what is stored of that day, in one statement."""
        ...

    def of(self, key_id: KeyId, *, limit: int) -> tuple[KeyDay, ...]:
        """Return the last days on which a key was used, newest first."""
        ...

    def trim(self, *, before: datetime) -> int:
        """Delete the days before this one; return how many."""
        ...
