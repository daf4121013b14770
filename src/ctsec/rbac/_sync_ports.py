# Generated from src/ctsec/rbac/_async_ports.py by tools/twin.py; edit that file.
"""What roles need of a store (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.standing import Standing


class StandingRecords(Protocol):
    """What a person is in an organization."""

    def standing(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Standing | None:
        """Return membership and workspace roles; `fresh` makes it a locking read. None if there is no membership."""
        ...

    def organization_of(self, workspace_id: WorkspaceId) -> OrganizationId | None:
        """Return the organization that a workspace belongs to."""
        ...

    def change_role(self, organization_id: OrganizationId, user_id: UserId, *, before: str, after: str) -> bool:
        """Change the organization role if it still is `before`; True if written."""
        ...


class AssignmentRecords(Protocol):
    """Workspace roles."""

    def put(self, assignment: RoleAssignment) -> None:
        """Insert the role of a person in a workspace, or replace it."""
        ...

    def remove(self, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        """Delete it; True if there was one."""
        ...

    def of_workspace(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, *, after: str, limit: int
    ) -> tuple[RoleAssignment, ...]:
        """Return the roles in a workspace with a user id above `after`, in the order of ids."""
        ...


class OwnerCount(Protocol):
    """The conditional count that guards the last owner."""

    def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the organization until the transaction ends; False if there is none."""
        ...

    def gain_owner(self, organization_id: OrganizationId) -> None:
        """Count one more permanent owner."""
        ...

    def lose_owner(self, organization_id: OrganizationId) -> bool:
        """Count one less; False if that would leave none."""
        ...


class EpochRecords(Protocol):
    """See the directory's port of the same name."""

    def bump(self, scope: str) -> None:
        """Change the epoch of `scope` in this transaction, and have caches forget it after commit."""
        ...
