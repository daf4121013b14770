# Generated from src/ctsec/directory/_async_ports.py by tools/twin.py; edit that file.
"""What the directory needs of a store and of the other features (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.directory.record import Departure, Invitation, Member, Membership, Organization, VerifiedDomain, Workspace
from ctsec.ids import DeviceId, OrganizationId, UserId, WorkspaceId
from ctsec.mail.message import Message
from ctsec.mfa_policy import MfaPolicy
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.user import User


class UserRecords(Protocol):
    """Accounts; a host with a user table of its own implements these four methods over it."""

    def add(self, user: User) -> bool:
        """Insert `user`; False if its e-mail key is taken (nothing is written)."""
        ...

    def get(self, user_id: UserId) -> User | None:
        """Return the account."""
        ...

    def by_email(self, email_key: str) -> User | None:
        """Return the account with this key, compared byte by byte."""
        ...

    def replace(self, user: User) -> bool:
        """Write `user` if the stored version is one less than its version; True if written."""
        ...


class OrganizationRecords(Protocol):
    """Organizations and the count of their permanent owners."""

    def add(self, organization: Organization) -> None:
        """Insert an organization."""
        ...

    def get(self, organization_id: OrganizationId) -> Organization | None:
        """Return an organization."""
        ...

    def replace(self, organization: Organization) -> bool:
        """Write name and status if the stored version is one less; the owner count is not touched."""
        ...

    def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the row until the transaction ends, so that authority is read after waiting; False if there is none."""
        ...

    def gain_owner(self, organization_id: OrganizationId) -> None:
        """Count one more permanent owner; an organization that lost its last one is active again."""
        ...

    def disown(self, organization_id: OrganizationId) -> None:
        """Take the last permanent owner away: the organization is ownerless."""
        ...

    def lose_owner(self, organization_id: OrganizationId) -> bool:
        """Count one less in one conditional statement; False if that would leave none."""
        ...

    def advance_roles(self, organization_id: OrganizationId) -> None:
        """Raise the version of the organization's roles by one: every change of what its people are does."""
        ...

    def mfa_policy(self, organization_id: OrganizationId) -> MfaPolicy | None:
        """Return of whom the organization requires a second factor; None: of nobody."""
        ...

    def put_mfa_policy(self, organization_id: OrganizationId, policy: MfaPolicy | None) -> None:
        """Write of whom the organization requires a second factor; no version changes."""
        ...

    def requiring_mfa(self, user_id: UserId) -> tuple[OrganizationId, ...]:
        """Return the organizations of a person that require a second factor of somebody, in the order of ids."""
        ...


class WorkspaceRecords(Protocol):
    """Workspaces."""

    def add(self, workspace: Workspace) -> None:
        """Insert a workspace."""
        ...

    def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """Return a workspace; the caller compares its organization."""
        ...

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Workspace, ...]:
        """Return workspaces of one organization with an id above `after`, in the order of ids."""
        ...

    def pinned(self, organization_id: OrganizationId, region: str) -> int:
        """Return how many workspaces of an organization are pinned to a region."""
        ...

    def repin(self, workspace_id: WorkspaceId, *, source: str, target: str) -> bool:
        """Pin a workspace to `target` if it is pinned to `source`, by one compare-and-set; True if it was written."""
        ...


class MembershipRecords(Protocol):
    """Memberships, one by one."""

    def add(self, membership: Membership) -> bool:
        """Insert; False if the person is a member already (nothing is written)."""
        ...

    def get(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Membership | None:
        """Return a membership; `fresh` makes it a locking read that sees what others committed."""
        ...

    def replace(self, membership: Membership) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete the membership and every workspace role of the person in the organization; True if there was one."""
        ...

    def depart(self, departure: Departure) -> None:
        """Keep that somebody left, in place of what was kept of the same person and organization before."""
        ...

    def departure(self, organization_id: OrganizationId, user_id: UserId) -> Departure | None:
        """Return when somebody left, who did not come back."""
        ...

    def lift(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Forget that somebody left; True if it was known."""
        ...


class RosterRecords(Protocol):
    """Lists of memberships."""

    def of_user(self, user_id: UserId) -> tuple[Membership, ...]:
        """Return every membership of a person."""
        ...

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Member, ...]:
        """Return members with a user id above `after`, in the order of ids."""
        ...

    def owners(self, organization_id: OrganizationId, *, limit: int) -> tuple[UserId, ...]:
        """Return the active owners, in the order of ids."""
        ...


class InvitationRecords(Protocol):
    """Invitations."""

    def add(self, invitation: Invitation) -> None:
        """Insert an invitation."""
        ...

    def by_digest(self, token_digest: bytes) -> Invitation | None:
        """Return the invitation whose token has this digest."""
        ...

    def accept(self, invitation: Invitation, *, by: UserId, now: datetime) -> bool:
        """Mark it accepted if it is still open at `now`, by one compare-and-set."""
        ...

    def revoke(self, organization_id: OrganizationId, invitation_id: str, *, now: datetime) -> bool:
        """Mark it revoked if it is still open."""
        ...

    def open(self, organization_id: OrganizationId, *, now: datetime) -> tuple[Invitation, ...]:
        """Return the open invitations of an organization."""
        ...


class DomainRecords(Protocol):
    """Domains that organizations have verified."""

    def add(self, domain: VerifiedDomain) -> bool:
        """Insert a domain; False if an organization has it already (nothing is written)."""
        ...

    def get(self, name: str) -> VerifiedDomain | None:
        """Return a verified domain, compared byte by byte."""
        ...

    def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete a domain of an organization; True if there was one."""
        ...

    def of_organization(self, organization_id: OrganizationId) -> tuple[VerifiedDomain, ...]:
        """Return the domains of an organization, in the order of names."""
        ...


class EpochRecords(Protocol):
    """Counters that change with what caches hold; see architecture, "Many processes, one truth"."""

    def bump(self, scope: str) -> None:
        """Change the epoch of `scope` (an id) in this transaction, and have caches forget it after commit."""
        ...


class TrustRecords(Protocol):
    """Devices that are asked for no second step."""

    def distrust(self, user_id: UserId, device_id: DeviceId | None) -> int:
        """Have one device of a person, or all (None), asked again; return how many were not."""
        ...


class Authority(Protocol):
    """Who may change whom; answered by the roles feature with locking reads."""

    def may_admit(
        self, actor: Principal, *, organization: OrganizationId, role: str, workspace: WorkspaceId | None, workspace_role: str | None
    ) -> Refusal | None:
        """Return why `actor` may not bring a person into the organization with these roles, or None."""
        ...

    def may_touch(self, actor: Principal, *, organization: OrganizationId, user: UserId, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not suspend or remove this member, or None."""
        ...

    def may_restore(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Refusal | None:
        """Return why `actor` may not end the suspension of this member, or None."""
        ...

    def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None."""
        ...

    def admit(self, *, organization: OrganizationId, user: UserId, workspace: WorkspaceId, role: str, granted_by: str) -> None:
        """Write the workspace role that an accepted invitation carries."""
        ...


class Post(Protocol):
    """Where mail is put; it leaves after commit."""

    def post(self, message: Message) -> None:
        """Put a message into the outbox, in this transaction."""
        ...
