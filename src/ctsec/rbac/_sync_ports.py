# Generated from src/ctsec/rbac/_async_ports.py by tools/twin.py; edit that file.
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


class AccountStates(Protocol):
    """The accounts of people."""

    def get(self, user_id: UserId) -> User | None:
        """Return the account, or None."""
        ...


class StandingRecords(Protocol):
    """What a person is in an organization."""

    def standing(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Standing | None:
        """Return membership and workspace roles; `fresh` makes it a locking read. None if there is no membership."""
        ...

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Standing, ...]:
        """Return the standings of the organization's members, whatever their status, with a user id above `after`, in the order of ids."""
        ...

    def organization_of(self, workspace_id: WorkspaceId) -> OrganizationId | None:
        """Return the organization that a workspace belongs to."""
        ...

    def version(self, organization_id: OrganizationId) -> int:
        """Return the version of the organization's roles; 0 for an organization that is not there."""
        ...

    def revision(self, organization_id: OrganizationId) -> int:
        """Return the number that the organization's own roles have; 0 without any."""
        ...

    def change_membership(self, *, before: Standing, after: Standing) -> bool:
        """Write the role and the period of `after` if the stored role still is that of `before`; True if written."""
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

    def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[RoleAssignment, ...]:
        """Return the roles of a person in the workspaces of an organization, in the order of their ids, by a locking read."""
        ...


class ListRecords(Protocol):
    """Which workspaces somebody has a permission in."""

    def workspaces(self, reach: Reach, *, after: str, limit: int) -> tuple[WorkspaceId, ...]:
        """Return the workspaces within `reach` with an id above `after`, in the order of ids."""
        ...

    def count(self, reach: Reach) -> int:
        """Return how many there are."""
        ...


class ElevationRecords(Protocol):
    """Requests for a role for a time."""

    def add(self, request: ElevationRequest) -> None:
        """Insert a request."""
        ...

    def get(self, organization_id: OrganizationId, elevation_id: ElevationId, *, fresh: bool = False) -> ElevationRequest | None:
        """Return a request of the organization; `fresh` makes it a locking read."""
        ...

    def change(self, after: ElevationRequest, *, before: ElevationState) -> bool:
        """Write a request whose stored state still is `before`; True if written."""
        ...

    def of_organization(
        self, organization_id: OrganizationId, *, state: ElevationState, after: str, limit: int
    ) -> tuple[ElevationRequest, ...]:
        """Return the requests in a state with an id above `after`, in the order of ids."""
        ...

    def open_of_user(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """Return how many requests of a person are open."""
        ...

    def end_of_user(self, organization_id: OrganizationId, user_id: UserId, *, now: datetime) -> None:
        """End whatever is open or active of a person who leaves."""
        ...

    def end_expired(self, *, before: datetime) -> int:
        """Mark as ended what was active and ended by itself before an instant; return how many."""
        ...


class BreakGlassRecords(Protocol):
    """Permits to break the glass."""

    def add(self, permit: BreakGlassPermit) -> None:
        """Insert a permit."""
        ...

    def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[BreakGlassPermit, ...]:
        """Return the permits of a person, in the order of ids."""
        ...

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[BreakGlassPermit, ...]:
        """Return permits with an id above `after`, in the order of ids."""
        ...

    def get(self, organization_id: OrganizationId, permit_id: BreakGlassId) -> BreakGlassPermit | None:
        """Return a permit of the organization."""
        ...

    def remove(self, organization_id: OrganizationId, permit_id: BreakGlassId) -> bool:
        """Delete a permit; True if there was one."""
        ...

    def remove_of_user(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Delete the permits of a person who leaves."""
        ...


class CustomRoleRecords(Protocol):
    """The roles that organizations make for themselves."""

    def of_organization(self, organization_id: OrganizationId) -> tuple[CustomRoleRecord, ...]:
        """Return an organization's own roles, in the order of their names."""
        ...

    def put(self, record: CustomRoleRecord) -> None:
        """Insert a role, or replace the one of that name."""
        ...

    def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete a role; True if there was one."""
        ...

    def in_use(self, organization_id: OrganizationId, name: str, *, now: datetime) -> bool:
        """Say whether somebody holds a workspace role of that name, asks for it, is invited to it or has a permit for it."""
        ...

    def customise(self, organization_id: OrganizationId, revision: int) -> None:
        """Write the number that the organization's own roles have from now on."""
        ...


class PolicySource(Protocol):
    """Where the policy of an organization comes from."""

    def of(self, organization: OrganizationId, revision: int) -> Policy:
        """Return the policy of an organization whose own roles have the number `revision` (0: it has none)."""
        ...


class Alarm(Protocol):
    """Who is told when somebody breaks the glass."""

    def glass_broken(
        self, organization: OrganizationId, *, user: UserId, role: str, workspace: WorkspaceId | None, minutes: int, reason: str
    ) -> None:
        """Tell every owner of the organization, in this transaction."""
        ...


class OwnerCount(Protocol):
    """The row that every change of an organization's people locks: the count that guards the last owner, and the version of its roles."""

    def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the organization until the transaction ends; False if there is none."""
        ...

    def gain_owner(self, organization_id: OrganizationId) -> None:
        """Count one more permanent owner."""
        ...

    def lose_owner(self, organization_id: OrganizationId) -> bool:
        """Count one less; False if that would leave none."""
        ...

    def advance_roles(self, organization_id: OrganizationId) -> None:
        """Raise the version of the organization's roles by one: every change of what its people are does."""
        ...


class EntranceDates(Protocol):
    """From when on organizations are entered through their provider only."""

    def of_user(self, user_id: UserId) -> tuple[tuple[OrganizationId, datetime], ...]:
        """Return the organizations of a person that have a date, in the order of ids."""
        ...


class RequirementRecords(Protocol):
    """Of whom organizations require a second factor."""

    def mfa_policy(self, organization_id: OrganizationId) -> MfaPolicy | None:
        """Return of whom the organization requires a second factor; None: of nobody."""
        ...

    def put_mfa_policy(self, organization_id: OrganizationId, policy: MfaPolicy | None) -> None:
        """Write of whom the organization requires a second factor; no version changes."""
        ...

    def requiring_mfa(self, user_id: UserId) -> tuple[OrganizationId, ...]:
        """Return the organizations of a person that require a second factor of somebody, in the order of ids."""
        ...


class EpochRecords(Protocol):
    """See the directory's port of the same name."""

    def bump(self, scope: str) -> None:
        """Change the epoch of `scope` in this transaction, and have caches forget it after commit."""
        ...
