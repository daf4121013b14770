"""Organizations' own roles in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.ids import OrganizationId
from ctsec.rbac.custom_record import CustomRoleRecord
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import custom
from ctsec.storage.sql.statements.rows import all_made, put, values
from ctsec.storage.sql.tables import Tables


class AsyncSqlCustomRoles:
    """See `ctsec.rbac.ports.AsyncCustomRoleRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def of_organization(self, organization_id: OrganizationId) -> tuple[CustomRoleRecord, ...]:
        """Return an organization's own roles, in the order of their names."""
        return all_made(CustomRoleRecord, await self._run.rows(custom.roles(self._tables, organization_id)))

    async def put(self, record: CustomRoleRecord) -> None:
        """Insert a role, or replace the one of that name."""
        key = ("organization_id", "name")
        await self._run.change(put(self._tables.custom_role, values(record), key=key, dialect=self._run.dialect))

    async def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete a role; True if there was one."""
        return await self._run.change(custom.remove(self._tables, organization_id, name)) == 1

    async def in_use(self, organization_id: OrganizationId, name: str, *, now: datetime) -> bool:
        """Say whether somebody holds a workspace role of that name, asks for it, is invited to it or has a permit for it."""
        for query in custom.uses(self._tables, organization_id, name, now=now):
            if await self._run.row(query) is not None:
                return True
        return False

    async def customise(self, organization_id: OrganizationId, revision: int) -> None:
        """Write the number that the organization's own roles have from now on."""
        await self._run.change(custom.customise(self._tables, organization_id, revision))
