# Generated from src/ctsec/storage/sql/_async_key_days.py by tools/twin.py; edit that file.
"""How often API keys were used, in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.ids import KeyId
from ctsec.keys.usage import KeyDay
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import key_days
from ctsec.storage.sql.statements.rows import all_made
from ctsec.storage.sql.tables import Tables


class SqlKeyDays:
    """See `ctsec.keys.ports.KeyDayRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def add(self, day: KeyDay) -> None:
        """Add the numbers of `day` to what is stored of that day, in one statement."""
        self._run.change(key_days.count(self._tables, day, dialect=self._run.dialect))

    def of(self, key_id: KeyId, *, limit: int) -> tuple[KeyDay, ...]:
        """Return the last days on which a key was used, newest first."""
        return all_made(KeyDay, self._run.rows(key_days.of(self._tables, key_id, limit=limit)))

    def trim(self, *, before: datetime) -> int:
        """Delete the days before this one."""
        return self._run.change(key_days.trim(self._tables, before=before))
