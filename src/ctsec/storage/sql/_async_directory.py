"""Users, organizations, workspaces, memberships and invitations in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ctsec.directory.record import Departure, Invitation, Member, Membership, Organization, Workspace
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.mfa_policy import MfaPolicy
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import directory
from ctsec.storage.sql.statements.rows import added, all_made, made, put, replaced, values
from ctsec.storage.sql.tables import Tables
from ctsec.user import User


class AsyncSqlUsers:
    """See `ctsec.directory.ports.AsyncUserRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, user: User) -> bool:
        """Insert `user`; False if its e-mail key is taken."""
        return await self._run.change_unless_taken(added(self._tables.user, user)) is not None

    async def get(self, user_id: UserId) -> User | None:
        """Return the account."""
        return made(User, await self._run.row(directory.user(self._tables, user_id)))

    async def by_email(self, email_key: str) -> User | None:
        """Return the account with this key."""
        return made(User, await self._run.row(directory.user_by_email(self._tables, email_key)))

    async def replace(self, user: User) -> bool:
        """Write `user` if the stored version is one less and its e-mail key is not another's."""
        return await self._run.change_unless_taken(replaced(self._tables.user, user)) == 1


class AsyncSqlOrganizations:
    """See `ctsec.directory.ports.AsyncOrganizationRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, organization: Organization) -> None:
        """Insert an organization."""
        await self._run.change(added(self._tables.organization, organization))

    async def get(self, organization_id: OrganizationId) -> Organization | None:
        """Return an organization."""
        t = self._tables.organization
        return made(Organization, await self._run.row(select(t).where(t.c.id == organization_id)))

    async def replace(self, organization: Organization) -> bool:
        """Write name and status if the stored version is one less."""
        keep = frozenset({"permanent_owners", "created_at", "roles_version", "custom_roles", "mfa_policy", "sso_required_from"})
        return await self._run.change(replaced(self._tables.organization, organization, keep=keep)) == 1

    async def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the row until the transaction ends; False if there is none."""
        return await self._run.lock(directory.lock_organization(self._tables, organization_id)) == 1

    async def gain_owner(self, organization_id: OrganizationId) -> None:
        """Count one more permanent owner."""
        await self._run.change(directory.gain_owner(self._tables, organization_id))

    async def lose_owner(self, organization_id: OrganizationId) -> bool:
        """Count one less; False if that would leave none."""
        return await self._run.change(directory.lose_owner(self._tables, organization_id)) == 1

    async def disown(self, organization_id: OrganizationId) -> None:
        """Take the last permanent owner away."""
        await self._run.change(directory.disown(self._tables, organization_id))

    async def advance_roles(self, organization_id: OrganizationId) -> None:
        """Raise the version of the organization's roles by one."""
        await self._run.change(directory.advance_roles(self._tables, organization_id))

    async def mfa_policy(self, organization_id: OrganizationId) -> MfaPolicy | None:
        """Return of whom the organization requires a second factor; None: of nobody."""
        found = await self.get(organization_id)
        return found.mfa_policy if found is not None else None

    async def put_mfa_policy(self, organization_id: OrganizationId, policy: MfaPolicy | None) -> None:
        """Write of whom the organization requires a second factor."""
        await self._run.change(directory.put_mfa_policy(self._tables, organization_id, policy))

    async def requiring_mfa(self, user_id: UserId) -> tuple[OrganizationId, ...]:
        """Return the organizations of a person that require a second factor of somebody, in the order of ids."""
        rows = await self._run.rows(directory.requiring_mfa(self._tables, user_id))
        return tuple(OrganizationId(row["id"]) for row in rows)


class AsyncSqlWorkspaces:
    """See `ctsec.directory.ports.AsyncWorkspaceRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, workspace: Workspace) -> None:
        """Insert a workspace."""
        await self._run.change(added(self._tables.workspace, workspace))

    async def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """Return a workspace."""
        t = self._tables.workspace
        return made(Workspace, await self._run.row(select(t).where(t.c.id == workspace_id)))

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Workspace, ...]:
        """Return workspaces of one organization with an id above `after`, in the order of ids."""
        query = directory.workspaces(self._tables, organization_id, after=after, limit=limit)
        return all_made(Workspace, await self._run.rows(query))

    async def pinned(self, organization_id: OrganizationId, region: str) -> int:
        """Return how many workspaces of an organization are pinned to a region."""
        row = await self._run.row(directory.pinned(self._tables, organization_id, region))
        return 0 if row is None else int(row["pinned"])

    async def repin(self, workspace_id: WorkspaceId, *, source: str, target: str) -> bool:
        """Pin a workspace to `target` if it is pinned to `source`."""
        return await self._run.change(directory.repin(self._tables, workspace_id, source=source, target=target)) == 1


class AsyncSqlMemberships:
    """See `ctsec.directory.ports.AsyncMembershipRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, membership: Membership) -> bool:
        """Insert; False if the person is a member already."""
        return await self._run.change_unless_taken(added(self._tables.membership, membership)) is not None

    async def get(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Membership | None:
        """Return a membership, by a plain or a locking read."""
        return made(Membership, await self._run.row(directory.membership(self._tables, organization_id, user_id, fresh=fresh)))

    async def replace(self, membership: Membership) -> bool:
        """Write if the stored version is one less."""
        key = ("organization_id", "user_id")
        return await self._run.change(replaced(self._tables.membership, membership, key=key)) == 1

    async def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete the membership and every workspace role of the person in the organization."""
        found = await self._run.change(directory.remove_membership(self._tables, organization_id, user_id)) == 1
        await self._run.change(directory.remove_roles(self._tables, organization_id, user_id))
        return found

    async def depart(self, departure: Departure) -> None:
        """Keep that somebody left."""
        key = ("organization_id", "user_id")
        await self._run.change(put(self._tables.departure, values(departure), key=key, dialect=self._run.dialect))

    async def departure(self, organization_id: OrganizationId, user_id: UserId) -> Departure | None:
        """Return when somebody left, who did not come back."""
        return made(Departure, await self._run.row(directory.departure(self._tables, organization_id, user_id)))

    async def lift(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Forget that somebody left."""
        return await self._run.change(directory.lift(self._tables, organization_id, user_id)) == 1


class AsyncSqlRoster:
    """See `ctsec.directory.ports.AsyncRosterRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def of_user(self, user_id: UserId) -> tuple[Membership, ...]:
        """Return every membership of a person, in the order of organization ids."""
        return all_made(Membership, await self._run.rows(directory.memberships(self._tables, user_id)))

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Member, ...]:
        """Return members with a user id above `after`, in the order of ids."""
        query = directory.members(self._tables, organization_id, after=after, limit=limit)
        return tuple(directory.member(row) for row in await self._run.rows(query))

    async def owners(self, organization_id: OrganizationId, *, limit: int) -> tuple[UserId, ...]:
        """Return the active owners, in the order of ids."""
        rows = await self._run.rows(directory.owners(self._tables, organization_id, limit=limit))
        return tuple(UserId(row["user_id"]) for row in rows)


class AsyncSqlInvitations:
    """See `ctsec.directory.ports.AsyncInvitationRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, invitation: Invitation) -> None:
        """Insert an invitation."""
        await self._run.change(added(self._tables.invitation, invitation))

    async def by_digest(self, token_digest: bytes) -> Invitation | None:
        """Return the invitation whose token has this digest."""
        return made(Invitation, await self._run.row(directory.invitation_by_digest(self._tables, token_digest)))

    async def accept(self, invitation: Invitation, *, by: UserId, now: datetime) -> bool:
        """Mark it accepted if it is still open at `now`."""
        return await self._run.change(directory.accept(self._tables, invitation, by=by, now=now)) == 1

    async def revoke(self, organization_id: OrganizationId, invitation_id: str, *, now: datetime) -> bool:
        """Mark it revoked if it is still open."""
        return await self._run.change(directory.revoke_invitation(self._tables, organization_id, invitation_id, now=now)) == 1

    async def open(self, organization_id: OrganizationId, *, now: datetime) -> tuple[Invitation, ...]:
        """Return the open invitations of an organization, in the order of ids."""
        return all_made(Invitation, await self._run.rows(directory.open_invitations(self._tables, organization_id, now=now)))
