# Generated from src/ctsec/rbac/_async.py by tools/twin.py; edit that file.
"""Decisions over stored roles, and changing them under the write rules (async source)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from ctsec.audit.change import Change, diff
from ctsec.audit.event import NOTHING, Detail, EventName, Target
from ctsec.errors import StaleRead, StoreBusy
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac._sync_acting import NOT_FOUND, Acting
from ctsec.rbac._sync_ports import AssignmentRecords
from ctsec.rbac.access import Access
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.decision import Decision
from ctsec.rbac.elevation_writes import may_decide
from ctsec.rbac.entrance import SSO_REQUIRED, lacks_sso
from ctsec.rbac.explanation import Explanation, explain
from ctsec.rbac.policy import Policy
from ctsec.rbac.question import Ask
from ctsec.rbac.requirement import MFA_REQUIRED, lacks_mfa
from ctsec.rbac.resolution import resolve_access
from ctsec.rbac.standing import Assignment, Standing
from ctsec.rbac.subject import is_service_account, subject
from ctsec.rbac.writes import loses_owner, may_end_workspace_role, may_set_organization_role, may_set_workspace_role, permanent_owner

MAX_BATCH: Final = 10_000


class Roles:
    """Roles of people in organizations and workspaces: asked, given and taken back.

    Every change locks the organization first and reads authority after waiting, so that two changes at once see each other.
    """

    __slots__ = ("_acting", "_assignments")

    def __init__(self, *, acting: Acting, assignments: AssignmentRecords) -> None:
        self._acting = acting
        self._assignments = assignments

    def access(
        self, principal: Principal, organization: OrganizationId, *, workspace: WorkspaceId | None = None, at_least: int | None = None
    ) -> Access:
        """Return what `principal` may do in the organization, or in one workspace of it, at this moment, within its key's scopes.

        With `at_least`, a version that `version` gave after a change, the answer is as new as that; raises StaleRead where the transaction
        sees an older state: a host's snapshot that began before, or a replica that lags.
        """
        # The version first: roles read after it are at least as new, whatever commits in between.
        if at_least is not None and self.version(organization) < at_least:
            raise StaleRead("this transaction sees older roles than asked for; begin another one, or read the primary database")
        standing = self._standing(principal, organization)
        home, policy = self._acting.home(workspace), self._acting.policy(standing)
        return self._access(policy, principal, standing, organization, workspace, home)

    def check(
        self,
        principal: Principal,
        permission: str,
        *,
        organization: OrganizationId,
        workspace: WorkspaceId | None = None,
        at_least: int | None = None,
    ) -> Decision:
        """Return the decision on one permission, with its reason; raise UnknownPermission for a name outside of the policy."""
        return (self.access(principal, organization, workspace=workspace, at_least=at_least)).check(permission)

    def check_many(self, principal: Principal, asked: Iterable[Ask]) -> tuple[Decision, ...]:
        """Return the decisions on at most 10,000 questions, in their order; each organization and workspace is read once.

        Raises UnknownPermission for a name outside of the policy, ValueError for more questions.
        """
        asks = tuple(asked)
        if len(asks) > MAX_BATCH:
            raise ValueError(f"expected at most {MAX_BATCH} questions")
        standings = {each: self._standing(principal, each) for each in dict.fromkeys(ask.organization for ask in asks)}
        homes = {each: self._acting.home(each) for each in dict.fromkeys(ask.workspace for ask in asks)}
        places: dict[tuple[OrganizationId, WorkspaceId | None], Access] = {}
        for ask in asks:
            place = (ask.organization, ask.workspace)
            if place not in places:
                standing = standings[ask.organization]
                policy = self._acting.policy(standing)
                places[place] = self._access(policy, principal, standing, *place, homes[ask.workspace])
        return tuple(places[ask.organization, ask.workspace].check(ask.permission) for ask in asks)

    def explain(
        self,
        principal: Principal,
        permission: str,
        *,
        organization: OrganizationId,
        workspace: WorkspaceId | None = None,
        user: UserId | None = None,
    ) -> Outcome[Explanation]:
        """Return why the caller, or with `user` another member, may or may not use a permission, and what would change that.

        About somebody else it is told to whoever manages the people of the place, and about roles only, not about credentials.
        """
        home, now = self._acting.home(workspace), self._acting.now
        own, credential = self._standing(principal, organization), principal.credential
        policy = self._acting.policy(own)
        if user is None or (own is not None and user == own.user):
            return explain(
                policy,
                own,
                permission,
                now=now,
                workspace=workspace,
                workspace_organization=home,
                scopes=credential.scopes,
                workspaces=credential.workspaces,
                table=self._acting.methods,
                credential=credential,
            )
        if own is None or (workspace is not None and home != organization):
            return NOT_FOUND
        if lacks_sso(own, credential, now=now):
            return SSO_REQUIRED
        if lacks_mfa(own, credential, now=now):
            return MFA_REQUIRED
        refusal = may_decide(policy, actor=self._acting.acting(own, principal), target=None, workspace=workspace, now=now)
        if refusal is not None:
            return self._refuse(principal, organization, refusal, user=user, workspace=workspace, details={"attempted": "explain"})
        target = self._acting.standings.standing(organization, user)
        return explain(policy, target, permission, now=now, workspace=workspace, workspace_organization=home)

    def version(self, organization: OrganizationId) -> int:
        """Return the version of the organization's roles: each change of what its people are raises it, in the change's transaction."""
        return self._acting.standings.version(organization)

    def assign(
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
        now, details = self._acting.now, {"role": role[:64]}
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return self._refuse(actor, organization, acting, user=user, workspace=workspace, details=details)
        target = self._acting.target(organization, user)
        try:
            grant = Assignment(role, starts_at=starts_at, expires_at=expires_at)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        refusal = may_set_workspace_role(
            self._acting.policy(acting.standing),
            actor=acting,
            target=target,
            workspace=workspace,
            workspace_organization=self._acting.home(workspace),
            grant=grant,
            now=now,
        )
        if refusal is not None:
            return self._refuse(actor, organization, refusal, user=user, workspace=workspace, details=details)
        assignment = RoleAssignment(
            organization_id=organization,
            workspace_id=workspace,
            user_id=user,
            role=grant.role,
            starts_at=grant.starts_at,
            expires_at=grant.expires_at,
            granted_by=actor.id,
            created_at=now,
        )
        self._assignments.put(assignment)
        changes = diff(_told(target.workspaces.get(workspace) if target is not None else None), _told(grant))
        details = {"role": grant.role}
        self._changed(EventName.ROLE_ASSIGNED, actor, organization, user=user, workspace=workspace, changes=changes, details=details)
        return assignment

    def revoke(
        self, actor: Principal, *, organization: OrganizationId, workspace: WorkspaceId, user: UserId
    ) -> Outcome[RoleAssignment | None]:
        """Take a member's workspace role back; None if there was none."""
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return self._refuse(actor, organization, acting, user=user, workspace=workspace, details={})
        target = self._acting.target(organization, user)
        if target is None:
            return NOT_FOUND
        home = self._acting.home(workspace)
        refusal = may_end_workspace_role(
            self._acting.policy(acting.standing),
            actor=acting,
            target=target,
            workspace=workspace,
            workspace_organization=home,
            now=self._acting.now,
        )
        if refusal is not None:
            return self._refuse(actor, organization, refusal, user=user, workspace=workspace, details={})
        if self._assignments.remove(organization, workspace, user):
            held = target.workspaces.get(workspace)
            self._changed(EventName.ROLE_REVOKED, actor, organization, user=user, workspace=workspace, changes=diff(_told(held), {}))
        return None

    def change_organization_role(self, actor: Principal, *, organization: OrganizationId, user: UserId, role: str) -> Outcome[Standing]:
        """Change a member's organization role; the last owner is kept by one conditional statement."""
        details: Mapping[str, Detail] = {"role": role[:64]}
        return self._change_membership(actor, organization, user, lambda before: replace(before, role=role), details)

    def change_period(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        user: UserId,
        starts_at: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> Outcome[Standing]:
        """Set from when until when a membership counts (None: since ever, for ever); the last owner takes no end and no start."""
        for moment in (starts_at, expires_at):
            if moment is not None and moment.tzinfo is None:
                return Refusal(Reason.INVALID_INPUT, "expected times with a zone")
        if starts_at is not None and expires_at is not None and expires_at <= starts_at:
            return Refusal(Reason.INVALID_INPUT, "expected a membership to end after it starts")
        details = {
            "starts_at": starts_at.isoformat() if starts_at is not None else None,
            "expires_at": expires_at.isoformat() if expires_at is not None else None,
        }
        return self._change_membership(
            actor, organization, user, lambda before: replace(before, starts_at=starts_at, expires_at=expires_at), details
        )

    def in_workspace(
        self, *, organization: OrganizationId, workspace: WorkspaceId, after: str = "", limit: int = 100
    ) -> tuple[RoleAssignment, ...]:
        """Return the workspace roles in a workspace of `organization`, in the order of user ids."""
        return self._assignments.of_workspace(organization, workspace, after=after, limit=limit)

    def _standing(self, principal: Principal, organization: OrganizationId) -> Standing | None:
        person = subject(principal, organization=organization)
        return self._acting.standings.standing(organization, person) if person is not None else None

    def _access(
        self,
        policy: Policy,
        principal: Principal,
        standing: Standing | None,
        organization: OrganizationId,
        workspace: WorkspaceId | None,
        home: OrganizationId | None,
    ) -> Access:
        return resolve_access(
            policy,
            principal,
            standing,
            organization=organization,
            workspace=workspace,
            home=home,
            now=self._acting.now,
            methods=self._acting.methods,
        )

    def _change_membership(
        self,
        actor: Principal,
        organization: OrganizationId,
        user: UserId,
        change: Callable[[Standing], Standing],
        details: Mapping[str, Detail],
    ) -> Outcome[Standing]:
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return self._refuse(actor, organization, acting, user=user, workspace=None, details=details)
        before = self._acting.target(organization, user)
        if before is None:
            return NOT_FOUND
        after = change(before)
        policy = self._acting.policy(acting.standing)
        refusal = may_set_organization_role(policy, actor=acting, before=before, after=after, now=self._acting.now)
        if refusal is None and loses_owner(before, after) and not self._acting.owners.lose_owner(organization):
            refusal = Refusal(Reason.LAST_OWNER, "an organization keeps at least one owner without start and end")
        if refusal is not None:
            return self._refuse(actor, organization, refusal, user=user, workspace=None, details=details)
        if before == after:
            return before
        if permanent_owner(after) and not permanent_owner(before):
            self._acting.owners.gain_owner(organization)
        if not self._acting.standings.change_membership(before=before, after=after):
            # Raised, not returned: the owner count is written already, so the transaction must not commit.
            raise StoreBusy("the membership changed although its organization was locked; roll back and try again")
        name = EventName.ROLE_CHANGED if before.role != after.role else EventName.MEMBERSHIP_CHANGED
        self._changed(name, actor, organization, user=user, workspace=None, changes=diff(_told(before), _told(after)))
        return after

    def _changed(
        self,
        name: EventName,
        actor: Principal,
        organization: OrganizationId,
        *,
        user: UserId,
        workspace: WorkspaceId | None,
        changes: tuple[Change, ...],
        details: Mapping[str, Detail] = NOTHING,
    ) -> None:
        self._acting.changed(
            name, actor, organization, target=_target(user), user=user, workspace=workspace, changes=changes, details=details
        )

    def _refuse(
        self,
        actor: Principal,
        organization: OrganizationId,
        refusal: Refusal,
        *,
        user: UserId,
        workspace: WorkspaceId | None,
        details: Mapping[str, Detail],
    ) -> Refusal:
        target = _target(user)
        return self._acting.refuse(actor, organization, refusal, target=target, subject=user, workspace=workspace, details=details)


def _told(held: Standing | Assignment | None) -> dict[str, object]:
    """Return what an event says of a role that somebody holds."""
    if held is None:
        return {}
    starts, ends = (moment.isoformat() if moment is not None else None for moment in (held.starts_at, held.expires_at))
    return {"role": held.role, "starts_at": starts, "expires_at": ends}


def _target(holder: UserId) -> Target:
    return Target("service_account" if is_service_account(holder) else "user", holder)
