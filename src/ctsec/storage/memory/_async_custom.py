"""Organizations' own roles in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.directory.record import Invitation
from ctsec.ids import OrganizationId
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.custom_record import CustomRoleRecord
from ctsec.rbac.elevation import BreakGlassPermit, ElevationRequest, ElevationState
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import ASSIGNMENTS, BREAK_GLASS, CUSTOM_ROLES, ELEVATIONS, INVITATIONS, ORGANIZATIONS

_LIVE = {ElevationState.OPEN, ElevationState.ACTIVE}


class AsyncMemoryCustomRoles:
    """See `ctsec.rbac.ports.AsyncCustomRoleRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def of_organization(self, organization_id: OrganizationId) -> tuple[CustomRoleRecord, ...]:
        """Return an organization's own roles, in the order of their names."""
        return tuple(sorted((r for r in self._tx.scan(CUSTOM_ROLES) if r.organization_id == organization_id), key=lambda r: r.name))

    async def put(self, record: CustomRoleRecord) -> None:
        """Insert a role, or replace the one of that name."""
        self._tx.put(CUSTOM_ROLES, (record.organization_id, record.name), record)

    async def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete a role; True if there was one."""
        if self._tx.current(CUSTOM_ROLES, (organization_id, name)) is None:
            return False
        self._tx.put(CUSTOM_ROLES, (organization_id, name), None)
        return True

    async def in_use(self, organization_id: OrganizationId, name: str, *, now: datetime) -> bool:
        """Say whether somebody holds a workspace role of that name, asks for it, is invited to it or has a permit for it."""

        def held(record: RoleAssignment) -> bool:
            return record.organization_id == organization_id and record.role == name

        def asked(record: ElevationRequest) -> bool:
            there = record.workspace_id is not None and record.organization_id == organization_id
            return there and record.role == name and record.state in _LIVE

        def permitted(record: BreakGlassPermit) -> bool:
            return record.workspace_id is not None and record.organization_id == organization_id and record.role == name

        def invited(record: Invitation) -> bool:
            waits = record.accepted_at is None and record.revoked_at is None and now < record.expires_at
            return waits and record.organization_id == organization_id and record.workspace_role == name

        return bool(
            self._tx.current_where(ASSIGNMENTS, held)
            or self._tx.current_where(ELEVATIONS, asked)
            or self._tx.current_where(BREAK_GLASS, permitted)
            or self._tx.current_where(INVITATIONS, invited)
        )

    async def customise(self, organization_id: OrganizationId, revision: int) -> None:
        """Write the number that the organization's own roles have from now on."""
        stored = self._tx.current(ORGANIZATIONS, organization_id)
        if stored is not None:
            self._tx.put(ORGANIZATIONS, organization_id, replace(stored, custom_roles=revision))
