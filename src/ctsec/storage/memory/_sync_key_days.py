# Generated from src/ctsec/storage/memory/_async_key_days.py by tools/twin.py; edit that file.
"""How often API keys were used, in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.ids import KeyId
from ctsec.keys.usage import KeyDay
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import KEY_DAYS


class MemoryKeyDays:
    """See `ctsec.keys.ports.KeyDayRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, day: KeyDay) -> None:
        """Add the numbers of `day` to what is stored of that day."""
        found = self._tx.current(KEY_DAYS, (day.key_id, day.day))
        summed = day if found is None else replace(found, used=found.used + day.used, refused=found.refused + day.refused)
        self._tx.put(KEY_DAYS, (day.key_id, day.day), summed)

    def of(self, key_id: KeyId, *, limit: int) -> tuple[KeyDay, ...]:
        """Return the last days on which a key was used, newest first."""
        found = [each for each in self._tx.scan(KEY_DAYS) if each.key_id == key_id]
        return tuple(sorted(found, key=lambda each: each.day, reverse=True)[:limit])

    def trim(self, *, before: datetime) -> int:
        """Delete the days before this one."""
        gone = [each for each in self._tx.scan(KEY_DAYS) if each.day < before]
        for each in gone:
            self._tx.put(KEY_DAYS, (each.key_id, each.day), None)
        return len(gone)
