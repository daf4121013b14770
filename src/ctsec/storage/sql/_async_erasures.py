"""Erasures in SQL (async source)."""

from __future__ import annotations

from ctsec.audit.erasure.record import Erasure
from ctsec.ids import ErasureId, UserId
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import erasures
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class AsyncSqlErasures:
    """See `ctsec.audit.erasure.ports.AsyncErasureRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, erasure: Erasure) -> None:
        """Insert one."""
        await self._run.change(added(self._tables.log.erasure, erasure))

    async def get(self, erasure_id: ErasureId) -> Erasure | None:
        """Return one."""
        return made(Erasure, await self._run.row(erasures.one(self._tables, erasure_id)))

    async def replace(self, erasure: Erasure) -> bool:
        """Write if the stored version is one less."""
        return await self._run.change(replaced(self._tables.log.erasure, erasure)) == 1

    async def of_user(self, user_id: UserId) -> tuple[Erasure, ...]:
        """Return those of a person, in the order of ids."""
        return all_made(Erasure, await self._run.rows(erasures.of_user(self._tables, user_id)))

    async def unfinished(self, *, after: str, limit: int) -> tuple[Erasure, ...]:
        """Return those with an id above `after` that are not done, in the order of ids."""
        return all_made(Erasure, await self._run.rows(erasures.unfinished(self._tables, after=after, limit=limit)))

    async def page(self, *, after: str, limit: int) -> tuple[Erasure, ...]:
        """Return those with an id above `after`, in the order of ids."""
        return all_made(Erasure, await self._run.rows(erasures.page(self._tables, after=after, limit=limit)))
