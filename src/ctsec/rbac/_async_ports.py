"""What roles need of a store (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.ids import BreakGlassId, ElevationId, OrganizationId, UserId, WorkspaceId
from ctsec.mfa_policy import MfaPolicy
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.custom_record import CustomRoleRecord
from ctsec.rbac.elevation import BreakGlassPermit, ElevationRequest, ElevationState
from ctsec.rbac.listing import Reach
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Standing
from ctsec.user import User


class AsyncAccountStates(Protocol):
    """The accounts of people."""

    async def get(self, user_id: UserId) -> User | None:
        """Return the account, or None."""
        ...


class AsyncStandingRecords(Protocol):
    """What a person is in an organization."""

    async def standing(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Standing | None:
        """Return membership and workspace roles; `fresh` makes it a locking read. None if there is no membership."""
        ...

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Standing, ...]:
        """Return the standings of the organization's members, whatever their status, with a user id above `after`, in the order of ids."""
        ...

    async def organization_of(self, workspace_id: WorkspaceId) -> OrganizationId | None:
        """Return the organization that a workspace belongs to."""
        ...

    async def version(self, organization_id: OrganizationId) -> int:
        """Return the version of the organization's roles; 0 for an organization that is not there."""
        ...

    async def revision(self, organization_id: OrganizationId) -> int:
        """Return the number that the organization's own roles have; 0 without any."""
        ...

    async def change_membership(self, *, before: Standing, after: Standing) -> bool:
        """Write the role and the period of `after` if the stored role still is that of `before`; True if written."""
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

    async def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[RoleAssignment, ...]:
        """Return the roles of a person in the workspaces of an organization, in the order of their ids, by a locking read."""
        ...


class AsyncListRecords(Protocol):
    """Which workspaces somebody has a permission in."""

    async def workspaces(self, reach: Reach, *, after: str, limit: int) -> tuple[WorkspaceId, ...]:
        """Return the workspaces within `reach` with an id above `after`, in the order of ids."""
        ...

    async def count(self, reach: Reach) -> int:
        """Return how many there are."""
        ...


class AsyncElevationRecords(Protocol):
    """Requests for a role for a time."""

    async def add(self, request: ElevationRequest) -> None:
        """Insert a request."""
        ...

    async def get(self, organization_id: OrganizationId, elevation_id: ElevationId, *, fresh: bool = False) -> ElevationRequest | None:
        """Return a request of the organization; `fresh` makes it a locking read."""
        ...

    async def change(self, after: ElevationRequest, *, before: ElevationState) -> bool:
        """Write a request whose stored state still is `before`; True if written."""
        ...

    async def of_organization(
        self, organization_id: OrganizationId, *, state: ElevationState, after: str, limit: int
    ) -> tuple[ElevationRequest, ...]:
        """Return the requests in a state with an id above `after`, in the order of ids."""
        ...

    async def open_of_user(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """Return how many requests of a person are open."""
        ...

    async def end_of_user(self, organization_id: OrganizationId, user_id: UserId, *, now: datetime) -> None:
        """End whatever is open or active of a person who leaves."""
        ...

    async def end_expired(self, *, before: datetime) -> int:
        """Mark as ended what was active and ended by itself before an instant; return how many."""
        ...


class AsyncBreakGlassRecords(Protocol):
    """Permits to break the glass."""

    async def add(self, permit: BreakGlassPermit) -> None:
        """Insert a permit."""
        ...

    async def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[BreakGlassPermit, ...]:
        """Return the permits of a person, in the order of ids."""
        ...

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[BreakGlassPermit, ...]:
        """Return permits with an id above `after`, in the order of ids."""
        ...

    async def get(self, organization_id: OrganizationId, permit_id: BreakGlassId) -> BreakGlassPermit | None:
        """Return a permit of the organization."""
        ...

    async def remove(self, organization_id: OrganizationId, permit_id: BreakGlassId) -> bool:
        """Delete a permit; True if there was one."""
        ...

    async def remove_of_user(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Delete the permits of a person who leaves."""
        ...


class AsyncCustomRoleRecords(Protocol):
    """The roles that organizations make for themselves."""

    async def of_organization(self, organization_id: OrganizationId) -> tuple[CustomRoleRecord, ...]:
        """Return an organization's own roles, in the order of their names."""
        ...

    async def put(self, record: CustomRoleRecord) -> None:
        """Insert a role, or replace the one of that name."""
        ...

    async def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete a role; True if there was one."""
        ...

    async def in_use(self, organization_id: OrganizationId, name: str, *, now: datetime) -> bool:
        """Say whether somebody holds a workspace role of that name, asks for it, is invited to it or has a permit for it."""
        ...

    async def customise(self, organization_id: OrganizationId, revision: int) -> None:
        """Write the number that the organization's own roles have from now on."""
        ...


class AsyncPolicySource(Protocol):
    """Where the policy of an organization comes from."""

    async def of(self, organization: OrganizationId, revision: int) -> Policy:
        """Return the policy of an organization whose own roles have the number `revision` (0: it has none)."""
        ...


class AsyncAlarm(Protocol):
    """Who is told when somebody breaks the glass."""

    async def glass_broken(
        self, organization: OrganizationId, *, user: UserId, role: str, workspace: WorkspaceId | None, minutes: int, reason: str
    ) -> None:
        """Tell every owner of the organization, in this transaction."""
        ...


class AsyncOwnerCount(Protocol):
    """The row that every change of an organization's people locks: the count that guards the last owner, and the version of its roles."""

    async def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the organization until the transaction ends; False if there is none."""
        ...

    async def gain_owner(self, organization_id: OrganizationId) -> None:
        """Count one more permanent owner."""
        ...

    async def lose_owner(self, organization_id: OrganizationId) -> bool:
        """Count one less; False if that would leave none."""
        ...

    async def advance_roles(self, organization_id: OrganizationId) -> None:
        """Raise the version of the organization's roles by one: every change of what its people are does."""
        ...


class AsyncEntranceDates(Protocol):
    """From when on organizations are entered through their provider only."""

    async def of_user(self, user_id: UserId) -> tuple[tuple[OrganizationId, datetime], ...]:
        """Return the organizations of a person that have a date, in the order of ids."""
        ...


class AsyncRequirementRecords(Protocol):
    """Of whom organizations require a second factor."""

    async def mfa_policy(self, organization_id: OrganizationId) -> MfaPolicy | None:
        """Return of whom the organization requires a second factor; None: of nobody."""
        ...

    async def put_mfa_policy(self, organization_id: OrganizationId, policy: MfaPolicy | None) -> None:
        """Write of whom the organization requires a second factor; no version changes."""
        ...

    async def requiring_mfa(self, user_id: UserId) -> tuple[OrganizationId, ...]:
        """Return the organizations of a person that require a second factor of somebody, in the order of ids."""
        ...


class AsyncEpochRecords(Protocol):
    """See the directory's port of the same name."""

    async def bump(self, scope: str) -> None:
        """Change the epoch of `scope` in this transaction, and have caches forget it after commit."""
        ...
