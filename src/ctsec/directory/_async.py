"""Organizations, workspaces and the accounts behind them (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.change import Change, diff
from ctsec.audit.event import Detail, EventName, Target
from ctsec.directory._async_ports import (
    AsyncAuthority,
    AsyncEpochRecords,
    AsyncMembershipRecords,
    AsyncOrganizationRecords,
    AsyncRosterRecords,
    AsyncTrustRecords,
    AsyncUserRecords,
    AsyncWorkspaceRecords,
)
from ctsec.directory.record import (
    OWNER,
    Membership,
    MembershipStatus,
    Organization,
    OrganizationStatus,
    Workspace,
    WorkspaceStatus,
)
from ctsec.ids import OrganizationId, UserId, WorkspaceId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import PARTIAL, Principal, PrincipalKind, system
from ctsec.user import User, UserStatus, parse_name

ORGANIZATION_MANAGE: Final = "organization:manage"
WORKSPACES_MANAGE: Final = "workspaces:manage"
_CONFLICT: Final = Refusal(Reason.CONFLICT, "it was changed by somebody else meanwhile")
_NO_ORGANIZATION: Final = Refusal(Reason.NOT_FOUND, "there is no such organization")


class AsyncDirectory:
    """Creates organizations and workspaces, and disables or enables accounts."""

    __slots__ = (
        "_ambient", "_audit", "_authority", "_devices", "_epochs", "_memberships", "_organizations", "_regions", "_roster", "_users",
        "_workspaces",
    )  # fmt: skip

    def __init__(
        self,
        *,
        users: AsyncUserRecords,
        organizations: AsyncOrganizationRecords,
        workspaces: AsyncWorkspaceRecords,
        memberships: AsyncMembershipRecords,
        roster: AsyncRosterRecords,
        epochs: AsyncEpochRecords,
        devices: AsyncTrustRecords,
        authority: AsyncAuthority,
        audit: AsyncRecorder,
        ambient: Ambient,
        regions: tuple[str, ...] = (),
    ) -> None:
        """`regions` are the names of the configured regions, the default first; without any, every name is one."""
        self._regions = regions
        self._users = users
        self._organizations = organizations
        self._workspaces = workspaces
        self._memberships = memberships
        self._roster = roster
        self._epochs = epochs
        self._devices = devices
        self._authority = authority
        self._audit = audit
        self._ambient = ambient

    async def create_organization(self, actor: Principal, *, name: str) -> Outcome[Organization]:
        """Create an organization whose first owner is `actor`, a person who acts by themselves: no API key, which is narrower."""
        if actor.kind is not PrincipalKind.USER or actor.credential.kind in PARTIAL:
            return Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
        return await self._found(actor, owner=UserId(actor.id), name=name)

    async def bootstrap(self, *, owner_email_key: str, name: str) -> Outcome[Organization]:
        """Create an organization for an existing account, in the name of the system: how the first owner comes to be."""
        owner = await self._users.by_email(owner_email_key)
        if owner is None or owner.status is not UserStatus.ACTIVE:
            return Refusal(Reason.NOT_FOUND, "there is no active account with this address; sign up first")
        return await self._found(system("bootstrap"), owner=owner.id, name=name)

    async def organization(self, organization: OrganizationId) -> Organization | None:
        """Return an organization."""
        return await self._organizations.get(organization)

    async def rename_organization(self, actor: Principal, *, organization: OrganizationId, name: str) -> Outcome[Organization]:
        """Change the name; needs `organization:manage`."""
        refusal = await self._authority.may(actor, organization=organization, permission=ORGANIZATION_MANAGE)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, attempted="organization.rename")
        before = await self._organizations.get(organization)
        if before is None:
            return _NO_ORGANIZATION
        try:
            after = replace(before, name=parse_name(name), version=before.version + 1)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        if not await self._organizations.replace(after):
            return _CONFLICT
        changes = diff({"name": before.name}, {"name": after.name})
        await self._record(
            EventName.ORGANIZATION_CHANGED, actor, Target("organization", organization), organization, details={}, changes=changes
        )
        return after

    async def create_workspace(
        self, actor: Principal, *, organization: OrganizationId, name: str, region: str | None = None
    ) -> Outcome[Workspace]:
        """Create a workspace, pinned to `region` until it is moved (None: the default region); needs `workspaces:manage`."""
        refusal = await self._authority.may(actor, organization=organization, permission=WORKSPACES_MANAGE)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, attempted="workspace.create")
        chosen = region if region is not None else self._regions[0] if self._regions else "default"
        if self._regions and chosen not in self._regions:
            return Refusal(Reason.INVALID_INPUT, f"expected one of the regions {', '.join(self._regions)}")
        now = self._ambient.now()
        try:
            workspace = Workspace(
                id=new_id(WorkspaceId, now=now, random=self._ambient.random),
                organization_id=organization,
                name=parse_name(name),
                region=parse_name(chosen)[:32],
                status=WorkspaceStatus.ACTIVE,
                created_at=now,
            )
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        await self._workspaces.add(workspace)
        # Owners and admins hold their roles in it at once: who keeps the organization in memory has to hear of it.
        await self._organizations.advance_roles(organization)
        await self._epochs.bump(organization)
        await self._record(
            EventName.WORKSPACE_CREATED,
            actor,
            Target("workspace", workspace.id),
            organization,
            details={"region": workspace.region},
            workspace=workspace.id,
        )
        return workspace

    async def workspace(self, workspace: WorkspaceId) -> Workspace | None:
        """Return a workspace; the caller compares its organization."""
        return await self._workspaces.get(workspace)

    async def workspaces(self, organization: OrganizationId, *, after: str = "", limit: int = 100) -> tuple[Workspace, ...]:
        """Return the workspaces of an organization with an id above `after`."""
        return await self._workspaces.of_organization(organization, after=after, limit=limit)

    async def organizations_of(self, user: UserId) -> tuple[tuple[Organization, Membership], ...]:
        """Return the organizations that a person belongs to, suspended memberships too."""
        found = [(await self._organizations.get(each.organization_id), each) for each in await self._roster.of_user(user)]
        return tuple((organization, membership) for organization, membership in found if organization is not None)

    async def disable_user(self, user: UserId, *, reason: str) -> Outcome[User]:
        """Disable an account everywhere, in the name of the system: it signs in nowhere, and its sessions and keys stop."""
        return await self._set_status(user, UserStatus.DISABLED, EventName.USER_DISABLED, reason=reason)

    async def enable_user(self, user: UserId, *, reason: str) -> Outcome[User]:
        """Let a disabled account act again."""
        return await self._set_status(user, UserStatus.ACTIVE, EventName.USER_ENABLED, reason=reason)

    async def _set_status(self, user_id: UserId, status: UserStatus, name: EventName, *, reason: str) -> Outcome[User]:
        before = await self._users.get(user_id)
        if before is None or before.status is UserStatus.DELETED:
            return Refusal(Reason.NOT_FOUND, "there is no such account")
        if before.status is status:
            return before
        after = replace(before, status=status, version=before.version + 1)
        if not await self._users.replace(after):
            return _CONFLICT
        await self._devices.distrust(user_id, None)
        await self._epochs.bump(user_id)
        await self._audit.note(
            name,
            actor=system("directory"),
            targets=(Target("user", user_id),),
            subject=user_id,
            details={"why": reason[:200]},
        )
        return after

    async def _found(self, actor: Principal, *, owner: UserId, name: str) -> Outcome[Organization]:
        now = self._ambient.now()
        try:
            label = parse_name(name)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        organization = Organization(
            id=new_id(OrganizationId, now=now, random=self._ambient.random),
            name=label,
            status=OrganizationStatus.ACTIVE,
            permanent_owners=1,
            created_at=now,
        )
        await self._organizations.add(organization)
        await self._memberships.add(
            Membership(
                organization_id=organization.id,
                user_id=owner,
                role=OWNER,
                status=MembershipStatus.ACTIVE,
                starts_at=None,
                expires_at=None,
                created_at=now,
            )
        )
        await self._epochs.bump(owner)
        await self._record(
            EventName.ORGANIZATION_CREATED, actor, Target("organization", organization.id), organization.id, details={"owner": owner}
        )
        return organization

    async def _record(
        self,
        name: EventName,
        actor: Principal,
        target: Target,
        organization: OrganizationId,
        *,
        details: Mapping[str, Detail],
        workspace: WorkspaceId | None = None,
        changes: tuple[Change, ...] = (),
    ) -> None:
        await self._audit.note(
            name,
            actor=actor,
            targets=(target,),
            organization=organization,
            workspace=workspace,
            details=details,
            changes=changes,
        )

    async def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str) -> Refusal:
        await self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("organization", organization),),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": attempted},
        )
        return refusal
