"""Standings and workspace roles in memory (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.standing import Standing
from ctsec.storage.memory.standing import standing_of
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import ASSIGNMENTS, MEMBERSHIPS, ORGANIZATIONS, WORKSPACES


class AsyncMemoryStandings:
    """See `ctsec.rbac.ports.AsyncStandingRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def standing(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Standing | None:
        """Return membership, workspace roles and elevations, by plain or locking reads."""
        return standing_of(self._tx, organization_id, user_id, fresh=fresh)

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Standing, ...]:
        """Return the standings of the organization's members with a user id above `after`, in the order of ids."""
        theirs = [m.user_id for m in self._tx.scan(MEMBERSHIPS) if m.organization_id == organization_id and m.user_id > after]
        found = [await self.standing(organization_id, user_id) for user_id in sorted(theirs)[:limit]]
        return tuple(each for each in found if each is not None)

    async def version(self, organization_id: OrganizationId) -> int:
        """Return the version of the organization's roles; 0 for an organization that is not there."""
        home = self._tx.get(ORGANIZATIONS, organization_id)
        return home.roles_version if home is not None else 0

    async def revision(self, organization_id: OrganizationId) -> int:
        """Return the number that the organization's own roles have; 0 without any."""
        home = self._tx.get(ORGANIZATIONS, organization_id)
        return home.custom_roles if home is not None else 0

    async def organization_of(self, workspace_id: WorkspaceId) -> OrganizationId | None:
        """Return the organization that a workspace belongs to."""
        workspace = self._tx.get(WORKSPACES, workspace_id)
        return None if workspace is None else workspace.organization_id

    async def change_membership(self, *, before: Standing, after: Standing) -> bool:
        """Write role and period if the stored role still is the one before; the membership's version goes up by one."""
        key = (before.organization, before.user)
        stored = self._tx.current(MEMBERSHIPS, key)
        if stored is None or stored.role != before.role:
            return False
        given_by = stored.role_given_by if after.role == before.role else None
        changed = replace(stored, role=after.role, role_given_by=given_by, starts_at=after.starts_at, expires_at=after.expires_at)
        changed = replace(changed, version=stored.version + 1)
        self._tx.put(MEMBERSHIPS, key, changed)
        return True


class AsyncMemoryAssignments:
    """See `ctsec.rbac.ports.AsyncAssignmentRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def put(self, assignment: RoleAssignment) -> None:
        """Insert the role of a person in a workspace, or replace it."""
        self._tx.put(ASSIGNMENTS, (assignment.organization_id, assignment.workspace_id, assignment.user_id), assignment)

    async def remove(self, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        """Delete it; True if there was one."""
        key = (organization_id, workspace_id, user_id)
        if self._tx.current(ASSIGNMENTS, key) is None:
            return False
        self._tx.put(ASSIGNMENTS, key, None)
        return True

    async def of_workspace(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, *, after: str, limit: int
    ) -> tuple[RoleAssignment, ...]:
        """Return the roles in a workspace with a user id above `after`, in the order of ids."""
        theirs = [a for a in self._tx.scan(ASSIGNMENTS) if a.organization_id == organization_id and a.workspace_id == workspace_id]
        return tuple(sorted((a for a in theirs if a.user_id > after), key=lambda a: a.user_id)[:limit])

    async def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[RoleAssignment, ...]:
        """Return the roles of a person in the workspaces of an organization, in the order of their ids."""
        theirs = self._tx.current_where(ASSIGNMENTS, lambda a: a.organization_id == organization_id and a.user_id == user_id)
        return tuple(sorted(theirs, key=lambda a: a.workspace_id))
