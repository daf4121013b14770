"""Users, organizations, workspaces, memberships and invitations in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.directory.record import (
    OWNER,
    Departure,
    Invitation,
    Member,
    Membership,
    MembershipStatus,
    Organization,
    OrganizationStatus,
    Workspace,
)
from ctsec.errors import StoreReadOnly
from ctsec.ids import InvitationId, OrganizationId, UserId, WorkspaceId
from ctsec.mfa_policy import MfaPolicy
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import (
    ASSIGNMENTS,
    DEPARTURES,
    INVITATION_DIGESTS,
    INVITATIONS,
    MEMBERSHIPS,
    ORGANIZATIONS,
    USER_EMAILS,
    USERS,
    WORKSPACES,
)
from ctsec.user import User


class AsyncMemoryUsers:
    """See `ctsec.directory.ports.AsyncUserRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, user: User) -> bool:
        """Insert `user`; False if its e-mail key is taken."""
        if self._tx.current(USER_EMAILS, user.email_key) is not None:
            return False
        self._tx.insert(USERS, user.id, user)
        self._tx.put(USER_EMAILS, user.email_key, user.id)
        return True

    async def get(self, user_id: UserId) -> User | None:
        """Return the account."""
        return self._tx.get(USERS, user_id)

    async def by_email(self, email_key: str) -> User | None:
        """Return the account with this key."""
        user_id = self._tx.get(USER_EMAILS, email_key)
        return None if user_id is None else self._tx.get(USERS, user_id)

    async def replace(self, user: User) -> bool:
        """Write `user` if the stored version is one less and its e-mail key is not another's."""
        stored = self._tx.current(USERS, user.id)
        if stored is None or stored.version != user.version - 1:
            return False
        if self._tx.current(USER_EMAILS, user.email_key) not in {None, user.id}:
            return False
        self._tx.put(USER_EMAILS, stored.email_key, None)
        self._tx.put(USER_EMAILS, user.email_key, user.id)
        self._tx.put(USERS, user.id, user)
        return True


class AsyncMemoryOrganizations:
    """See `ctsec.directory.ports.AsyncOrganizationRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, organization: Organization) -> None:
        """Insert an organization."""
        self._tx.insert(ORGANIZATIONS, organization.id, organization)

    async def get(self, organization_id: OrganizationId) -> Organization | None:
        """Return an organization."""
        return self._tx.get(ORGANIZATIONS, organization_id)

    async def replace(self, organization: Organization) -> bool:
        """Write name and status if the stored version is one less."""
        stored = self._tx.current(ORGANIZATIONS, organization.id)
        if stored is None or stored.version != organization.version - 1:
            return False
        changed = replace(stored, name=organization.name, status=organization.status, version=organization.version)
        self._tx.put(ORGANIZATIONS, organization.id, changed)
        return True

    async def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the row: of two transactions that locked it, the first to commit goes through."""
        if not self._tx.writable:
            raise StoreReadOnly("a reading locks nothing")
        return self._tx.current(ORGANIZATIONS, organization_id) is not None

    async def gain_owner(self, organization_id: OrganizationId) -> None:
        """Count one more permanent owner."""
        stored = self._tx.current(ORGANIZATIONS, organization_id)
        if stored is not None:
            lost = stored.status is OrganizationStatus.OWNERLESS
            status, version = (OrganizationStatus.ACTIVE, stored.version + 1) if lost else (stored.status, stored.version)
            gained = replace(stored, permanent_owners=stored.permanent_owners + 1, status=status, version=version)
            self._tx.put(ORGANIZATIONS, organization_id, gained)

    async def disown(self, organization_id: OrganizationId) -> None:
        """Take the last permanent owner away."""
        stored = self._tx.current(ORGANIZATIONS, organization_id)
        if stored is not None:
            lost = replace(stored, permanent_owners=0, status=OrganizationStatus.OWNERLESS, version=stored.version + 1)
            self._tx.put(ORGANIZATIONS, organization_id, lost)

    async def lose_owner(self, organization_id: OrganizationId) -> bool:
        """Count one less; False if that would leave none."""
        stored = self._tx.current(ORGANIZATIONS, organization_id)
        if stored is None or stored.permanent_owners <= 1:
            return False
        self._tx.put(ORGANIZATIONS, organization_id, replace(stored, permanent_owners=stored.permanent_owners - 1))
        return True

    async def advance_roles(self, organization_id: OrganizationId) -> None:
        """Raise the version of the organization's roles by one."""
        stored = self._tx.current(ORGANIZATIONS, organization_id)
        if stored is not None:
            self._tx.put(ORGANIZATIONS, organization_id, replace(stored, roles_version=stored.roles_version + 1))

    async def mfa_policy(self, organization_id: OrganizationId) -> MfaPolicy | None:
        """Return of whom the organization requires a second factor; None: of nobody."""
        found = self._tx.get(ORGANIZATIONS, organization_id)
        return found.mfa_policy if found is not None else None

    async def put_mfa_policy(self, organization_id: OrganizationId, policy: MfaPolicy | None) -> None:
        """Write of whom the organization requires a second factor."""
        stored = self._tx.current(ORGANIZATIONS, organization_id)
        if stored is not None:
            self._tx.put(ORGANIZATIONS, organization_id, replace(stored, mfa_policy=policy))

    async def requiring_mfa(self, user_id: UserId) -> tuple[OrganizationId, ...]:
        """Return the organizations of a person that require a second factor of somebody, in the order of ids."""
        theirs = {m.organization_id for m in self._tx.scan(MEMBERSHIPS) if m.user_id == user_id}
        return tuple(sorted(o.id for o in self._tx.scan(ORGANIZATIONS) if o.id in theirs and o.mfa_policy is not None))


class AsyncMemoryWorkspaces:
    """See `ctsec.directory.ports.AsyncWorkspaceRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, workspace: Workspace) -> None:
        """Insert a workspace."""
        self._tx.insert(WORKSPACES, workspace.id, workspace)

    async def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """Return a workspace."""
        return self._tx.get(WORKSPACES, workspace_id)

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Workspace, ...]:
        """Return workspaces of one organization with an id above `after`, in the order of ids."""
        found = [w for w in self._tx.scan(WORKSPACES) if w.organization_id == organization_id and w.id > after]
        return tuple(sorted(found, key=lambda w: w.id)[:limit])

    async def pinned(self, organization_id: OrganizationId, region: str) -> int:
        """Return how many workspaces of an organization are pinned to a region."""
        return sum((w.organization_id, w.region) == (organization_id, region) for w in self._tx.scan(WORKSPACES))

    async def repin(self, workspace_id: WorkspaceId, *, source: str, target: str) -> bool:
        """Pin a workspace to `target` if it is pinned to `source`."""
        stored = self._tx.current(WORKSPACES, workspace_id)
        if stored is None or stored.region != source:
            return False
        self._tx.put(WORKSPACES, workspace_id, replace(stored, region=target, version=stored.version + 1))
        return True


class AsyncMemoryMemberships:
    """See `ctsec.directory.ports.AsyncMembershipRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, membership: Membership) -> bool:
        """Insert; False if the person is a member already."""
        key = (membership.organization_id, membership.user_id)
        if self._tx.current(MEMBERSHIPS, key) is not None:
            return False
        self._tx.put(MEMBERSHIPS, key, membership)
        return True

    async def get(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Membership | None:
        """Return a membership, by a plain or a locking read."""
        read = self._tx.current if fresh else self._tx.get
        return read(MEMBERSHIPS, (organization_id, user_id))

    async def replace(self, membership: Membership) -> bool:
        """Write if the stored version is one less."""
        key = (membership.organization_id, membership.user_id)
        stored = self._tx.current(MEMBERSHIPS, key)
        if stored is None or stored.version != membership.version - 1:
            return False
        self._tx.put(MEMBERSHIPS, key, membership)
        return True

    async def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete the membership and every workspace role of the person in the organization."""
        if self._tx.current(MEMBERSHIPS, (organization_id, user_id)) is None:
            return False
        self._tx.put(MEMBERSHIPS, (organization_id, user_id), None)
        for a in self._tx.current_where(ASSIGNMENTS, lambda a: a.organization_id == organization_id and a.user_id == user_id):
            self._tx.put(ASSIGNMENTS, (organization_id, a.workspace_id, user_id), None)
        return True

    async def depart(self, departure: Departure) -> None:
        """Keep that somebody left."""
        self._tx.put(DEPARTURES, (departure.organization_id, departure.user_id), departure)

    async def departure(self, organization_id: OrganizationId, user_id: UserId) -> Departure | None:
        """Return when somebody left, who did not come back."""
        return self._tx.get(DEPARTURES, (organization_id, user_id))

    async def lift(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Forget that somebody left."""
        if self._tx.current(DEPARTURES, (organization_id, user_id)) is None:
            return False
        self._tx.put(DEPARTURES, (organization_id, user_id), None)
        return True


class AsyncMemoryRoster:
    """See `ctsec.directory.ports.AsyncRosterRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def of_user(self, user_id: UserId) -> tuple[Membership, ...]:
        """Return every membership of a person, in the order of organization ids."""
        return tuple(sorted((m for m in self._tx.scan(MEMBERSHIPS) if m.user_id == user_id), key=lambda m: m.organization_id))

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Member, ...]:
        """Return members with a user id above `after`, in the order of ids."""
        found = [m for m in self._tx.scan(MEMBERSHIPS) if m.organization_id == organization_id and m.user_id > after]
        found = [m for m in found if not m.user_id.startswith("svc_")]
        return tuple(self._member(m) for m in sorted(found, key=lambda m: m.user_id)[:limit])

    async def owners(self, organization_id: OrganizationId, *, limit: int) -> tuple[UserId, ...]:
        """Return the active owners, in the order of ids."""
        own = [m for m in self._tx.scan(MEMBERSHIPS) if m.organization_id == organization_id and m.role == OWNER]
        return tuple(sorted(m.user_id for m in own if m.status is MembershipStatus.ACTIVE)[:limit])

    def _member(self, membership: Membership) -> Member:
        user = self._tx.get(USERS, membership.user_id)
        return Member(membership, user.email if user else "", user.name if user else "")


class AsyncMemoryInvitations:
    """See `ctsec.directory.ports.AsyncInvitationRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, invitation: Invitation) -> None:
        """Insert an invitation."""
        self._tx.insert(INVITATION_DIGESTS, invitation.token_digest, invitation.id)
        self._tx.insert(INVITATIONS, invitation.id, invitation)

    async def by_digest(self, token_digest: bytes) -> Invitation | None:
        """Return the invitation whose token has this digest."""
        found = self._tx.get(INVITATION_DIGESTS, token_digest)
        return None if found is None else self._tx.get(INVITATIONS, found)

    async def accept(self, invitation: Invitation, *, by: UserId, now: datetime) -> bool:
        """Mark it accepted if it is still open at `now`."""
        stored = self._tx.current(INVITATIONS, invitation.id)
        if stored is None or not _is_open(stored, now=now):
            return False
        self._tx.put(INVITATIONS, stored.id, replace(stored, accepted_at=now, accepted_by=by))
        return True

    async def revoke(self, organization_id: OrganizationId, invitation_id: str, *, now: datetime) -> bool:
        """Mark it revoked if it is still open."""
        stored = self._tx.current(INVITATIONS, InvitationId(invitation_id))
        if stored is None or stored.organization_id != organization_id or not _is_open(stored, now=now):
            return False
        self._tx.put(INVITATIONS, stored.id, replace(stored, revoked_at=now))
        return True

    async def open(self, organization_id: OrganizationId, *, now: datetime) -> tuple[Invitation, ...]:
        """Return the open invitations of an organization, in the order of ids."""
        found = [i for i in self._tx.scan(INVITATIONS) if i.organization_id == organization_id and _is_open(i, now=now)]
        return tuple(sorted(found, key=lambda i: i.id))


def _is_open(invitation: Invitation, *, now: datetime) -> bool:
    return invitation.accepted_at is None and invitation.revoked_at is None and now < invitation.expires_at
