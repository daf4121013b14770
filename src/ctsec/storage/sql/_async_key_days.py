"""How often API keys were used, in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.ids import KeyId
from ctsec.keys.usage import KeyDay
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import key_days
from ctsec.storage.sql.statements.rows import all_made
from ctsec.storage.sql.tables import Tables


class AsyncSqlKeyDays:
    """See `ctsec.keys.ports.AsyncKeyDayRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, day: KeyDay) -> None:
        """Add the numbers of `day` to what is stored of that day, in one statement."""
        await self._run.change(key_days.count(self._tables, day, dialect=self._run.dialect))

    async def of(self, key_id: KeyId, *, limit: int) -> tuple[KeyDay, ...]:
        """Return the last days on which a key was used, newest first."""
        return all_made(KeyDay, await self._run.rows(key_days.of(self._tables, key_id, limit=limit)))

    async def trim(self, *, before: datetime) -> int:
        """Delete the days before this one."""
        return await self._run.change(key_days.trim(self._tables, before=before))
