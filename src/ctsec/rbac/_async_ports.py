"""What roles need of a store (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.standing import Standing


class AsyncStandingRecords(Protocol):
    """What a person is in an organization."""

    async def standing(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Standing | None:
        """Return membership and workspace roles; `fresh` makes it a locking read. None if there is no membership."""
        ...

    async def organization_of(self, workspace_id: WorkspaceId) -> OrganizationId | None:
        """Return the organization that a workspace belongs to."""
        ...

    async def change_role(self, organization_id: OrganizationId, user_id: UserId, *, before: str, after: str) -> bool:
        """Change the organization role if it still is `before`; True if written."""
        ...


class AsyncAssignmentRecords(Protocol):
    """Workspace roles."""

    async def put(self, assignment: RoleAssignment) -> None:
        """Insert the role of a person in a workspace, or replace it."""
        ...

    async def remove(self, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        """Delete it; True if there was one."""
        ...

    async def of_workspace(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, *, after: str, limit: int
    ) -> tuple[RoleAssignment, ...]:
        """Return the roles in a workspace with a user id above `after`, in the order of ids."""
        ...


class AsyncOwnerCount(Protocol):
    """The conditional count that guards the last owner."""

    async def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the organization until the transaction ends; False if there is none."""
        ...

    async def gain_owner(self, organization_id: OrganizationId) -> None:
        """Count one more permanent owner."""
        ...

    async def lose_owner(self, organization_id: OrganizationId) -> bool:
        """Count one less; False if that would leave none."""
        ...


class AsyncEpochRecords(Protocol):
    """See the directory's port of the same name."""

    async def bump(self, scope: str) -> None:
        """Change the epoch of `scope` in this transaction, and have caches forget it after commit."""
        ...
