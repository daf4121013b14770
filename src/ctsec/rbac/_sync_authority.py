# Generated from src/ctsec/rbac/_async_authority.py by tools/twin.py; edit that file.
"""Who may change whom: the questions of the other features, answered with locking reads (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac._sync_ports import (
    AssignmentRecords,
    BreakGlassRecords,
    ElevationRecords,
    EpochRecords,
    OwnerCount,
    StandingRecords,
)
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.bounds import Actor, actor_of, by_manner, leads
from ctsec.rbac.methods import MethodTable
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Assignment, MembershipStatus, Standing
from ctsec.rbac.subject import subject
from ctsec.rbac.writes import may_end_membership, may_set_organization_role, may_set_workspace_role

API_KEYS_MANAGE: Final = "api_keys:manage"
_NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such organization or member")


class Authority:
    """Answers the other features' questions about who may change whom, with locking reads."""

    __slots__ = ("_ambient", "_assignments", "_break_glass", "_elevations", "_epochs", "_methods", "_owners", "_policy", "_standings")

    def __init__(
        self,
        *,
        policy: Policy,
        methods: MethodTable | None,
        standings: StandingRecords,
        assignments: AssignmentRecords,
        elevations: ElevationRecords,
        break_glass: BreakGlassRecords,
        owners: OwnerCount,
        epochs: EpochRecords,
        ambient: Ambient,
    ) -> None:
        self._policy = policy
        self._methods = methods
        self._standings = standings
        self._assignments = assignments
        self._elevations = elevations
        self._break_glass = break_glass
        self._owners = owners
        self._epochs = epochs
        self._ambient = ambient

    def may_admit(
        self, actor: Principal, *, organization: OrganizationId, role: str, workspace: WorkspaceId | None, workspace_role: str | None
    ) -> Refusal | None:
        """Return why `actor` may not bring a person into the organization with these roles, or None."""
        acting = self._actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        now = self._ambient.now()
        workspaces: dict[WorkspaceId, Assignment] = {}
        # The id of nobody: an invited person is judged before having an account.
        nobody = UserId("usr_00000000000000000000000000")
        newcomer = Standing(user=nobody, organization=organization, role=role)
        refusal = may_set_organization_role(self._policy, actor=acting, before=None, after=newcomer, now=now)
        if refusal is not None or workspace is None or workspace_role is None:
            return refusal
        workspaces[workspace] = Assignment(workspace_role)
        return may_set_workspace_role(
            self._policy,
            actor=acting,
            target=newcomer,
            workspace=workspace,
            workspace_organization=self._standings.organization_of(workspace),
            grant=workspaces[workspace],
            now=now,
        )

    def may_touch(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Refusal | None:
        """Return why `actor` may not suspend or remove this member, or None; everybody may leave."""
        acting = self._actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        target = self._standings.standing(organization, user, fresh=True)
        if target is None:
            return _NOT_FOUND
        return may_end_membership(self._policy, actor=acting, target=target, now=self._ambient.now())

    def may_restore(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Refusal | None:
        """Return why `actor` may not end the suspension of this member, or None: waking roles is granting them."""
        acting = self._actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        before = self._standings.standing(organization, user, fresh=True)
        if before is None:
            return _NOT_FOUND
        after = replace(before, status=MembershipStatus.ACTIVE)
        return may_set_organization_role(self._policy, actor=acting, before=before, after=after, now=self._ambient.now())

    def may(self, actor: Principal, *, organization: OrganizationId, permission: str) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None; owners and admins may what the policy does not name."""
        acting = self._actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        if permission not in self._policy.permissions:
            named = leads(acting, self._ambient.now())
            return None if named else Refusal(Reason.DENIED, f"{permission} is not among your permissions")
        access = self._policy.access(acting.standing, now=self._ambient.now(), scopes=acting.scopes, workspaces=acting.workspaces)
        if not access.can(permission):
            return Refusal(Reason.DENIED, f"{permission} is not among your permissions")
        return by_manner(acting, permission)

    def may_mint(self, actor: Principal, *, organization: OrganizationId, scopes: frozenset[str] | None) -> Refusal | None:
        """Return why `actor` may not hold an API key with these scopes in the organization, or None."""
        acting = self._actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        if not acting.standing.in_force(self._ambient.now()):
            return Refusal(Reason.DENIED, "your membership is not in force")
        unknown = sorted(scopes - set(self._policy.permissions)) if scopes is not None else []
        if unknown:
            return Refusal(Reason.INVALID_INPUT, f"unknown scope {unknown[0][:80]}")
        if API_KEYS_MANAGE in self._policy.permissions:
            access = self._policy.access(acting.standing, now=self._ambient.now(), scopes=acting.scopes, workspaces=acting.workspaces)
            if not access.can(API_KEYS_MANAGE):
                return Refusal(Reason.DENIED, f"{API_KEYS_MANAGE} is not among your permissions")
        inside = acting.scopes is None or (scopes is not None and scopes <= acting.scopes)
        if not inside:
            return Refusal(Reason.BEYOND_OWN_RIGHTS, "a key can not make a key with more scopes than its own")
        return by_manner(acting, API_KEYS_MANAGE if API_KEYS_MANAGE in self._policy.permissions else None)

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
                created_at=self._ambient.now(),
            )
        )
        self._epochs.bump(user)

    def expel(self, *, organization: OrganizationId, user: UserId) -> None:
        """End what a person who leaves holds or asked for beside the membership: it must not come back with another one."""
        self._elevations.end_of_user(organization, user, now=self._ambient.now())
        self._break_glass.remove_of_user(organization, user)

    def _actor(self, actor: Principal, organization: OrganizationId) -> Outcome[Actor]:
        if not self._owners.lock(organization):
            return _NOT_FOUND
        person = subject(actor, organization=organization)
        standing = self._standings.standing(organization, person, fresh=True) if person is not None else None
        if standing is None:
            return _NOT_FOUND
        return actor_of(standing, actor.credential, methods=self._methods, now=self._ambient.now())
