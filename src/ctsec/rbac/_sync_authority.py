# Generated from src/ctsec/rbac/_async_authority.py by tools/twin.py; edit that file.
"""Who may change whom: the questions of the other features, answered with locking reads (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from ctsec.ids import OrganizationId, ServiceAccountId, UserId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac._sync_acting import NOT_FOUND, Acting
from ctsec.rbac._sync_ports import (
    AssignmentRecords,
    BreakGlassRecords,
    ElevationRecords,
)
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.bounds import by_manner, leads, whole
from ctsec.rbac.minting import may_manage, may_mint_for
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy
from ctsec.rbac.reset_writes import may_reset_factors
from ctsec.rbac.role import OWNER
from ctsec.rbac.standing import Assignment, Elevation, MembershipStatus, Standing
from ctsec.rbac.writes import may_end_membership, may_set_organization_role, may_set_workspace_role

API_KEYS_MANAGE: Final = "api_keys:manage"


class Authority:
    """Answers the other features' questions about who may change whom, with locking reads."""

    __slots__ = ("_acting", "_assignments", "_break_glass", "_elevations", "_policy")

    def __init__(
        self,
        *,
        policy: Policy,
        acting: Acting,
        assignments: AssignmentRecords,
        elevations: ElevationRecords,
        break_glass: BreakGlassRecords,
    ) -> None:
        self._policy = policy
        self._acting = acting
        self._assignments = assignments
        self._elevations = elevations
        self._break_glass = break_glass

    def may_admit(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        role: str,
        workspace: WorkspaceId | None,
        workspace_role: str | None,
        permission: str | None = None,
    ) -> Refusal | None:
        """Return why `actor` may not bring a person into the organization with these roles, or None.

        `permission` is what the whole act takes by name, which was judged before.
        """
        acting = self._acting.actor(actor, organization, permission=permission)
        if isinstance(acting, Refusal):
            return acting
        now = self._acting.now
        workspaces: dict[WorkspaceId, Assignment] = {}
        # The id of nobody: an invited person is judged before having an account.
        nobody = UserId("usr_00000000000000000000000000")
        newcomer = Standing(user=nobody, organization=organization, role=role)
        policy = self._acting.policy(acting.standing)
        refusal = may_set_organization_role(policy, actor=acting, before=None, after=newcomer, now=now)
        if refusal is not None or workspace is None or workspace_role is None:
            return refusal
        workspaces[workspace] = Assignment(workspace_role)
        return may_set_workspace_role(
            policy,
            actor=acting,
            target=newcomer,
            workspace=workspace,
            workspace_organization=self._acting.home(workspace),
            grant=workspaces[workspace],
            now=now,
        )

    def may_touch(self, actor: Principal, *, organization: OrganizationId, user: UserId, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not suspend or remove this member, or None; everybody may leave. `lock` is as in `may`."""
        acting = self._acting.actor(actor, organization, lock=lock)
        if isinstance(acting, Refusal):
            return acting
        target = self._acting.target(organization, user, lock=lock)
        if target is None:
            return NOT_FOUND
        return may_end_membership(self._acting.policy(acting.standing), actor=acting, target=target, now=self._acting.now)

    def may_restore(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Refusal | None:
        """Return why `actor` may not end the suspension of this member, or None: waking roles is granting them."""
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        before = self._acting.target(organization, user)
        if before is None:
            return NOT_FOUND
        after = replace(before, status=MembershipStatus.ACTIVE)
        policy = self._acting.policy(acting.standing)
        return may_set_organization_role(policy, actor=acting, before=before, after=after, now=self._acting.now)

    def may_reset(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Refusal | None:
        """Return why `actor` may not reset the second factors of this member, or None."""
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        target, now = self._acting.target(organization, user), self._acting.now
        if target is None:
            return NOT_FOUND
        permits = [
            Elevation(role=each.role, starts_at=now, expires_at=now + timedelta(seconds=each.seconds), workspace=each.workspace_id)
            for each in self._break_glass.of_user(organization, user)
            if each.expires_at is None or now < each.expires_at
        ]
        policy = self._acting.policy(acting.standing)
        return may_reset_factors(policy, actor=acting, target=target, permits=permits, now=now)

    def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None; owners and admins may what the policy does not name.

        Without `lock` it is answered as this transaction sees it: for who must not wait yet, and asks again before writing.
        """
        acting = self._acting.actor(actor, organization, lock=lock, permission=permission)
        if isinstance(acting, Refusal):
            return acting
        if permission not in self._policy.permissions:
            named = leads(acting, self._acting.now)
            return None if named else Refusal(Reason.DENIED, f"{permission} is not among your permissions")
        access = self._policy.access(acting.standing, now=self._acting.now, scopes=acting.scopes, workspaces=acting.workspaces)
        if not access.can(permission):
            return Refusal(Reason.DENIED, f"{permission} is not among your permissions")
        return by_manner(acting, permission)

    def may_own(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not have something of their own in the organization, or None.

        It takes `permission` where the policy names it, else to be a member in force with a credential that is not narrowed to scopes.
        """
        if permission in self._policy.permissions:
            return self.may(actor, organization=organization, permission=permission, lock=lock)
        acting = self._acting.actor(actor, organization, lock=lock, permission=permission)
        if isinstance(acting, Refusal):
            return acting
        if not acting.standing.in_force(self._acting.now) or acting.scopes is not None:
            return Refusal(Reason.DENIED, "this takes a membership in force, and a credential without scopes")
        return by_manner(acting, None)

    def may_within(
        self, actor: Principal, *, organization: OrganizationId, workspace: WorkspaceId | None, permission: str, lock: bool = True
    ) -> Refusal | None:
        """Return why `actor` may not use a permission on something of a workspace, or of the whole organization (None), or None.

        A permission of the organization's scope is judged there, one of the workspaces' scope in the workspace. What the policy does not
        name, and a workspace's permission on what belongs to no workspace, is for owners and admins. `lock` is as in `may`.
        """
        acting = self._acting.actor(actor, organization, lock=lock, permission=permission)
        if isinstance(acting, Refusal):
            return acting
        if workspace is not None and self._acting.home(workspace) != organization:
            return NOT_FOUND
        denied = Refusal(Reason.DENIED, f"{permission} is not among your permissions")
        named = permission in self._policy.permissions
        in_workspaces = named and self._policy.index.scope_of(permission) is Scope.WORKSPACE
        if not named or (in_workspaces and workspace is None):
            return None if leads(acting, self._acting.now) else denied
        policy = self._acting.policy(acting.standing)
        access = policy.access(
            acting.standing,
            now=self._acting.now,
            workspace=workspace if in_workspaces else None,
            workspace_organization=organization,
            scopes=acting.scopes,
            workspaces=acting.workspaces,
        )
        return by_manner(acting, permission) if access.can(permission) else denied

    def may_destroy(self, actor: Principal, *, organization: OrganizationId) -> Refusal | None:
        """Return why `actor` may not destroy what the organization never gets back, or None: an owner may, with a whole credential."""
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        owns = acting.standing.role == OWNER and acting.standing.in_force(self._acting.now) and whole(acting)
        return None if owns else Refusal(Reason.DENIED, "only an owner destroys the organization's data")

    def may_mint(self, actor: Principal, *, organization: OrganizationId, scopes: frozenset[str] | None) -> Refusal | None:
        """Return why `actor` may not hold an API key with these scopes in the organization, or None."""
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        if not acting.standing.in_force(self._acting.now):
            return Refusal(Reason.DENIED, "your membership is not in force")
        unknown = sorted(scopes - set(self._policy.permissions)) if scopes is not None else []
        if unknown:
            return Refusal(Reason.INVALID_INPUT, f"unknown scope {unknown[0][:80]}")
        if API_KEYS_MANAGE in self._policy.permissions:
            access = self._policy.access(acting.standing, now=self._acting.now, scopes=acting.scopes, workspaces=acting.workspaces)
            if not access.can(API_KEYS_MANAGE):
                return Refusal(Reason.DENIED, f"{API_KEYS_MANAGE} is not among your permissions")
        inside = acting.scopes is None or (scopes is not None and scopes <= acting.scopes)
        if not inside:
            return Refusal(Reason.BEYOND_OWN_RIGHTS, "a key can not make a key with more scopes than its own")
        return by_manner(acting, API_KEYS_MANAGE if API_KEYS_MANAGE in self._policy.permissions else None)

    def may_mint_for(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        account: ServiceAccountId,
        scopes: frozenset[str] | None,
        workspaces: frozenset[WorkspaceId] | None,
    ) -> Refusal | None:
        """Return why `actor` may not be shown a key of the service account with this narrowing, or None."""
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        policy, target = self._acting.policy(acting.standing), self._acting.target(organization, UserId(account))
        if target is None:
            refusal = may_manage(policy, acting, self._acting.now)
            return NOT_FOUND if refusal is None else refusal
        return may_mint_for(policy, actor=acting, target=target, scopes=scopes, workspaces=workspaces, now=self._acting.now)

    def admit(self, *, organization: OrganizationId, user: UserId, workspace: WorkspaceId, role: str, granted_by: str) -> None:
        """Write the workspace role that an accepted invitation carries."""
        self._assignments.put(
            RoleAssignment(
                organization_id=organization,
                workspace_id=workspace,
                user_id=user,
                role=role,
                starts_at=None,
                expires_at=None,
                granted_by=granted_by,
                created_at=self._acting.now,
            )
        )
        self._acting.epochs.bump(user)
