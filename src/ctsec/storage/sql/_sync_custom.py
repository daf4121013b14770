# Generated from src/ctsec/storage/sql/_async_custom.py by tools/twin.py; edit that file.
"""Organizations' own roles in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.ids import OrganizationId
from ctsec.rbac.custom_record import CustomRoleRecord
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import custom
from ctsec.storage.sql.statements.rows import all_made, put, values
from ctsec.storage.sql.tables import Tables


class SqlCustomRoles:
    """See `ctsec.rbac.ports.CustomRoleRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def of_organization(self, organization_id: OrganizationId) -> tuple[CustomRoleRecord, ...]:
        """Return an organization's own roles, in the order of their names."""
        return all_made(CustomRoleRecord, self._run.rows(custom.roles(self._tables, organization_id)))

    def put(self, record: CustomRoleRecord) -> None:
        """Insert a role, or replace the one of that name."""
        key = ("organization_id", "name")
        self._run.change(put(self._tables.custom_role, values(record), key=key, dialect=self._run.dialect))

    def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete a role; True if there was one."""
        return self._run.change(custom.remove(self._tables, organization_id, name)) == 1

    def in_use(self, organization_id: OrganizationId, name: str, *, now: datetime) -> bool:
        """Say whether somebody holds a workspace role of that name, asks for it, is invited to it or has a permit for it."""
        for query in custom.uses(self._tables, organization_id, name, now=now):
            if self._run.row(query) is not None:
                return True
        return False

    def customise(self, organization_id: OrganizationId, revision: int) -> None:
        """Write the number that the organization's own roles have from now on."""
        self._run.change(custom.customise(self._tables, organization_id, revision))
