"""What the use of API keys needs of a store (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.ids import KeyId
from ctsec.keys.usage import KeyDay


class AsyncKeyDayRecords(Protocol):
    """How often keys were used, by day."""

    async def add(self, day: KeyDay) -> None:
        """Add the numbers of `day` to what is stored of that day, in one statement."""
        ...

    async def of(self, key_id: KeyId, *, limit: int) -> tuple[KeyDay, ...]:
        """Return the last days on which a key was used, newest first."""
        ...

    async def trim(self, *, before: datetime) -> int:
        """Delete the days before this one; return how many."""
        ...
