"""Who was a member and is none any more, in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import delete, select

from ctsec.directory.record import Departure
from ctsec.ids import OrganizationId, UserId
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements.rows import made, put, values
from ctsec.storage.sql.tables import Tables


class AsyncSqlDepartures:
    """See `ctsec.directory.ports.AsyncDepartureRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._table = tables.departure

    async def put(self, departure: Departure) -> None:
        """Insert a departure, or replace the one of the same person and organization."""
        key = ("organization_id", "user_id")
        await self._run.change(put(self._table, values(departure), key=key, dialect=self._run.dialect))

    async def get(self, organization_id: OrganizationId, user_id: UserId) -> Departure | None:
        """Return the departure of a person."""
        t = self._table
        return made(Departure, await self._run.row(select(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)))

    async def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete it; True if there was one."""
        t = self._table
        return await self._run.change(delete(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)) == 1
