"""Decisions over stored roles, and changing them under the write rules (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac._async_ports import AsyncAssignmentRecords, AsyncEpochRecords, AsyncOwnerCount, AsyncStandingRecords
from ctsec.rbac.access import Access
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.bounds import Actor
from ctsec.rbac.decision import Decision
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Assignment, Standing
from ctsec.rbac.subject import subject
from ctsec.rbac.writes import (
    loses_owner,
    may_end_workspace_role,
    may_set_organization_role,
    may_set_workspace_role,
    permanent_owner,
)

_NOT_FOUND = Refusal(Reason.NOT_FOUND, "there is no such workspace or member")


class AsyncRoles:
    """Roles of people in organizations and workspaces: asked, given and taken back.

    Every change locks the organization first and reads authority after waiting, so that two changes at once see each other.
    """

    __slots__ = ("_ambient", "_assignments", "_audit", "_epochs", "_owners", "_policy", "_standings")

    def __init__(
        self,
        *,
        policy: Policy,
        standings: AsyncStandingRecords,
        assignments: AsyncAssignmentRecords,
        owners: AsyncOwnerCount,
        epochs: AsyncEpochRecords,
        audit: AsyncRecorder,
        ambient: Ambient,
    ) -> None:
        self._policy = policy
        self._standings = standings
        self._assignments = assignments
        self._owners = owners
        self._epochs = epochs
        self._audit = audit
        self._ambient = ambient

    async def access(self, principal: Principal, organization: OrganizationId, *, workspace: WorkspaceId | None = None) -> Access:
        """Return what `principal` may do in the organization, or in one workspace of it, at this moment, within its key's scopes."""
        person = subject(principal, organization=organization)
        standing = await self._standings.standing(organization, person) if person is not None else None
        home = await self._standings.organization_of(workspace) if workspace else None
        return self._policy.access(
            standing,
            now=self._ambient.now(),
            workspace=workspace,
            workspace_organization=home,
            scopes=principal.credential.scopes,
            workspaces=principal.credential.workspaces,
        )

    async def check(
        self, principal: Principal, permission: str, *, organization: OrganizationId, workspace: WorkspaceId | None = None
    ) -> Decision:
        """Return the decision on one permission, with its reason; raise UnknownPermission for a name outside of the policy."""
        return (await self.access(principal, organization, workspace=workspace)).check(permission)

    async def assign(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        workspace: WorkspaceId,
        user: UserId,
        role: str,
        starts_at: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> Outcome[RoleAssignment]:
        """Give a member a workspace role, in place of the one held there; the write rules of `ctsec.rbac.writes` judge it."""
        now = self._ambient.now()
        acting = await self._actor(actor, organization)
        if isinstance(acting, Refusal):
            return await self._refuse(actor, organization, acting, user=user, workspace=workspace, details={"role": role})
        target = await self._standings.standing(organization, user, fresh=True)
        try:
            grant = Assignment(role, starts_at=starts_at, expires_at=expires_at)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        refusal = may_set_workspace_role(
            self._policy,
            actor=acting,
            target=target,
            workspace=workspace,
            workspace_organization=await self._standings.organization_of(workspace),
            grant=grant,
            now=now,
        )
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, user=user, workspace=workspace, details={"role": role})
        return await self._put(actor.id, organization, workspace, user, grant, now=now, actor=actor)

    async def revoke(
        self, actor: Principal, *, organization: OrganizationId, workspace: WorkspaceId, user: UserId
    ) -> Outcome[RoleAssignment | None]:
        """Take a member's workspace role back; None if there was none."""
        acting = await self._actor(actor, organization)
        if isinstance(acting, Refusal):
            return await self._refuse(actor, organization, acting, user=user, workspace=workspace, details={})
        target = await self._standings.standing(organization, user, fresh=True)
        if target is None:
            return _NOT_FOUND
        home = await self._standings.organization_of(workspace)
        refusal = may_end_workspace_role(
            self._policy, actor=acting, target=target, workspace=workspace, workspace_organization=home, now=self._ambient.now()
        )
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, user=user, workspace=workspace, details={})
        if await self._assignments.remove(organization, workspace, user):
            await self._changed(
                EventName.ROLE_REVOKED,
                actor,
                organization,
                user=user,
                workspace=workspace,
                details={"before": self._held(target, workspace)},
            )
        return None

    async def change_organization_role(
        self, actor: Principal, *, organization: OrganizationId, user: UserId, role: str
    ) -> Outcome[Standing]:
        """Change a member's organization role; the last owner is kept by one conditional statement."""
        acting = await self._actor(actor, organization)
        if isinstance(acting, Refusal):
            return await self._refuse(actor, organization, acting, user=user, workspace=None, details={"role": role})
        before = await self._standings.standing(organization, user, fresh=True)
        if before is None:
            return _NOT_FOUND
        after = replace(before, role=role)
        refusal = may_set_organization_role(self._policy, actor=acting, before=before, after=after, now=self._ambient.now())
        if refusal is None and loses_owner(before, after) and not await self._owners.lose_owner(organization):
            refusal = Refusal(Reason.LAST_OWNER, "an organization keeps at least one owner")
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, user=user, workspace=None, details={"role": role})
        if before.role == role:
            return before
        if permanent_owner(after):
            await self._owners.gain_owner(organization)
        if not await self._standings.change_role(organization, user, before=before.role, after=role):
            # Raised, not returned: the owner count is written already, so the transaction must not commit.
            raise StoreBusy("the role changed although its organization was locked; roll back and try again")
        await self._changed(
            EventName.ROLE_CHANGED, actor, organization, user=user, workspace=None, details={"before": before.role, "after": role}
        )
        return after

    async def version(self, organization: OrganizationId) -> int:
        """Return the version of the organization's roles: each change of what its people are raises it, in the change's transaction."""
        return await self._standings.version(organization)

    async def in_workspace(
        self, *, organization: OrganizationId, workspace: WorkspaceId, after: str = "", limit: int = 100
    ) -> tuple[RoleAssignment, ...]:
        """Return the workspace roles in a workspace of `organization`, in the order of user ids."""
        return await self._assignments.of_workspace(organization, workspace, after=after, limit=limit)

    async def _actor(self, actor: Principal, organization: OrganizationId) -> Outcome[Actor]:
        if not await self._owners.lock(organization):
            return _NOT_FOUND
        person = subject(actor, organization=organization)
        standing = await self._standings.standing(organization, person, fresh=True) if person is not None else None
        if standing is None:
            return _NOT_FOUND
        return Actor(standing=standing, scopes=actor.credential.scopes, workspaces=actor.credential.workspaces)

    async def _put(
        self,
        granted_by: str,
        organization: OrganizationId,
        workspace: WorkspaceId,
        user: UserId,
        grant: Assignment,
        *,
        now: datetime,
        actor: Principal,
    ) -> RoleAssignment:
        assignment = RoleAssignment(
            organization_id=organization,
            workspace_id=workspace,
            user_id=user,
            role=grant.role,
            starts_at=grant.starts_at,
            expires_at=grant.expires_at,
            granted_by=granted_by,
            created_at=now,
        )
        await self._assignments.put(assignment)
        await self._changed(EventName.ROLE_ASSIGNED, actor, organization, user=user, workspace=workspace, details={"role": grant.role})
        return assignment

    async def _changed(
        self,
        name: EventName,
        actor: Principal,
        organization: OrganizationId,
        *,
        user: UserId,
        workspace: WorkspaceId | None,
        details: Mapping[str, Detail],
    ) -> None:
        await self._owners.advance_roles(organization)
        await self._epochs.bump(user)
        await self._audit.note(
            name,
            actor=actor,
            targets=(Target("user", user),),
            subject=user,
            organization=organization,
            workspace=workspace,
            details=details,
        )

    async def _refuse(
        self,
        actor: Principal,
        organization: OrganizationId,
        refusal: Refusal,
        *,
        user: UserId,
        workspace: WorkspaceId | None,
        details: Mapping[str, Detail],
    ) -> Refusal:
        await self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("user", user),),
            subject=user,
            refused=refusal.reason,
            organization=organization,
            workspace=workspace,
            details=details,
        )
        return refusal

    @staticmethod
    def _held(standing: Standing, workspace: WorkspaceId) -> str | None:
        held = standing.workspaces.get(workspace)
        return held.role if held else None
