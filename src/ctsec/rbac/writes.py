"""The write rules: who may change what somebody is, judged on the standing before and after the change.

Rules that this module keeps:

- only an owner makes, changes or removes an owner, and a service account is never one;
- nobody raises their own role, adds to their own roles or extends their own time; laying something down is free;
- it takes the managing permission of the level, in force now and within the scopes of the key that acts;
- nobody gives what they do not hold: what a change adds, now or at any later instant, must be held by the actor at that instant, in the
  organization and in every workspace. So roles that sleep under a ceiling count when a raise wakes them, and nothing outlasts its giver;
- nobody changes somebody who holds more in the place of the change;
- a key that is narrowed to scopes or workspaces changes nothing of its owner's own standing, downwards neither;
- a workspace role goes to an active member, in a workspace of the organization, and never above the ceiling of the organization role;
  only the lowest workspace role can always be given, or a capped person could be let into no workspace at all;
- of roles that exclude each other nobody is given both, in whichever workspaces of the organization;
- the same functions judge an invitation when it is accepted, with what the inviter holds then.

The last owner is guarded by one conditional statement in the store; `loses_owner` says when that statement is due.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.rbac.bounds import (
    ELSEWHERE,
    Actor,
    above,
    beyond_here,
    bound,
    capped,
    effective,
    exclusive,
    foreign,
    held,
    may_change_members,
    may_change_workspace,
    whole,
)
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import OWNER, WorkspaceRole
from ctsec.rbac.standing import Assignment, MembershipStatus, Standing
from ctsec.rbac.subject import is_service_account

_NARROWED: Final = Refusal(Reason.DENIED, "an API key that is narrowed, or that may not do this, changes nothing of its owner's own roles")


def may_set_organization_role(policy: Policy, *, actor: Actor, before: Standing | None, after: Standing, now: datetime) -> Refusal | None:
    """Judge an invitation, its acceptance, a change of role or period, the end of a suspension; None if the change may be made.

    `before` is None for a person who was never in the organization; a removed or suspended one comes with that status. `after` holds the
    workspace roles that stay: new ones are judged one by one by `may_set_workspace_role`, with `after` as target. The role of a suspended
    member is judged as if it counted at once. Raises ValueError if `before` and `after` are not one person, `after` is removed or brings
    workspace roles of its own.
    """
    _validate_change(before, after)
    after = replace(after, status=MembershipStatus.ACTIVE)
    if foreign(actor, after):
        return Refusal(Reason.NOT_FOUND)
    role = policy.organization_role(after.role)
    if role is None:
        return Refusal(Reason.INVALID_INPUT, "no organization role has this name")
    if after.role == OWNER and is_service_account(after.user):
        return Refusal(Reason.INVALID_INPUT, "a service account is never an owner; give it the role admin, or less")
    if after.user == actor.standing.user:
        return _self_change(policy, before, after, now) if whole(actor) else _NARROWED
    if (refusal := may_change_members(policy, actor, (before, after), now)) is not None:
        return refusal
    gives = role.organization_mask & ~held(policy, actor, now, None) or role.base & role.ceiling & ~held(policy, actor, now, ELSEWHERE)
    if gives or above(policy, actor, before, now):
        return Refusal(Reason.BEYOND_OWN_RIGHTS, "this person or role has more rights than you have")
    return bound(policy, actor, before, after, now)


def may_end_membership(policy: Policy, *, actor: Actor, target: Standing, now: datetime) -> Refusal | None:
    """Judge a removal or suspension of `target`; None if it may be made. Everybody may leave."""
    if foreign(actor, target):
        return Refusal(Reason.NOT_FOUND)
    if target.user == actor.standing.user:
        return None if whole(actor) else _NARROWED
    refusal = may_change_members(policy, actor, (target,), now)
    if refusal is None and above(policy, actor, target, now):
        return Refusal(Reason.BEYOND_OWN_RIGHTS, "this person has more rights than you have")
    return refusal


def may_set_workspace_role(
    policy: Policy,
    *,
    actor: Actor,
    target: Standing | None,
    workspace: WorkspaceId,
    workspace_organization: OrganizationId | None,
    grant: Assignment,
    now: datetime,
) -> Refusal | None:
    """Judge giving `target` the workspace role of `grant` in place of the one held there, if any; None if it may be given."""
    if target is None:
        return Refusal(Reason.NOT_A_MEMBER, "only a member of the organization can be given a workspace role")
    if foreign(actor, target) or workspace_organization != actor.standing.organization:
        return Refusal(Reason.NOT_FOUND)
    role = policy.workspace_role(grant.role)
    organization_role = policy.organization_role(target.role)
    if role is None or organization_role is None:
        return Refusal(Reason.INVALID_INPUT, "no workspace role has this name")
    after = replace(target, workspaces={**target.workspaces, workspace: grant})
    if target.user == actor.standing.user:
        refusal = _self_change(policy, target, after, now) if whole(actor) else _NARROWED
        return refusal if refusal is not None else exclusive(policy, after)
    if (refusal := may_change_workspace(policy, actor, workspace, now)) is not None:
        return refusal
    if not target.in_force(now):
        return Refusal(Reason.NOT_A_MEMBER, "only an active member of the organization can be given a workspace role")
    if (over := role.mask & ~organization_role.ceiling) and not lowest(policy, role):
        return capped(policy, organization_role, over)
    if (refusal := beyond_here(policy, actor, target, role, workspace, now)) is not None:
        return refusal
    refusal = exclusive(policy, after)
    return refusal if refusal is not None else bound(policy, actor, target, after, now)


def lowest(policy: Policy, role: WorkspaceRole) -> bool:
    """Say whether this is the bottom of the workspace chain: everybody may hold it, and what a ceiling takes from it sleeps.

    A role of an organization's own is never the bottom, and never takes that from the policy's.
    """
    return not role.custom and role.rank == min(each.rank for each in policy.workspace_roles if not each.custom)


def may_end_workspace_role(
    policy: Policy,
    *,
    actor: Actor,
    target: Standing,
    workspace: WorkspaceId,
    workspace_organization: OrganizationId | None,
    now: datetime,
) -> Refusal | None:
    """Judge taking the workspace role of `target` back; everybody may lay down their own."""
    if foreign(actor, target) or workspace_organization != actor.standing.organization:
        return Refusal(Reason.NOT_FOUND)
    if target.user == actor.standing.user:
        return None if whole(actor) else _NARROWED
    if (refusal := may_change_workspace(policy, actor, workspace, now)) is not None:
        return refusal
    if effective(policy, target, now, workspace) & ~held(policy, actor, now, workspace):
        return Refusal(Reason.BEYOND_OWN_RIGHTS, "this person has more rights here than you have")
    return None


def may_lay_down(actor: Actor) -> Refusal | None:
    """Judge giving up what is one's own: a role for a time, a request for one, a permit; None if it may be done."""
    return None if whole(actor) else _NARROWED


def permanent_owner(standing: Standing | None) -> bool:
    """Say whether this is an owner that an organization can rely on: active, without start and without end.

    Time does not enter, so the store's count of permanent owners changes by writes only.
    """
    lasting = standing is not None and standing.starts_at is None and standing.expires_at is None
    return standing is not None and lasting and standing.role == OWNER and standing.status is MembershipStatus.ACTIVE


def loses_owner(before: Standing | None, after: Standing | None) -> bool:
    """Say whether the change takes a permanent owner away, so that the store must refuse it for the last one (`last_owner`)."""
    return permanent_owner(before) and not permanent_owner(after)


def _self_change(policy: Policy, before: Standing | None, after: Standing, now: datetime) -> Refusal | None:
    if before is not None and before.in_force(now) and _reduces(policy, before, after):
        return None
    return Refusal(Reason.SELF_CHANGE, "nobody raises or extends their own role")


def _reduces(policy: Policy, before: Standing, after: Standing) -> bool:
    old, new = policy.organization_role(before.role), policy.organization_role(after.role)
    if old is None or new is None or not _within(before, after):
        return False
    if new.organization_mask & ~old.organization_mask or new.base & ~old.base or new.ceiling & ~old.ceiling:
        return False
    return all(_assignment_reduces(policy, before.workspaces.get(place), kept) for place, kept in after.workspaces.items())


def _assignment_reduces(policy: Policy, before: Assignment | None, after: Assignment) -> bool:
    if before is None or before == after:
        return before is not None
    old, new = policy.workspace_role(before.role), policy.workspace_role(after.role)
    return old is not None and new is not None and not new.mask & ~old.mask and _within(before, after)


def _within(outer: Assignment | Standing, inner: Assignment | Standing) -> bool:
    starts = outer.starts_at is None or (inner.starts_at is not None and inner.starts_at >= outer.starts_at)
    return starts and (outer.expires_at is None or (inner.expires_at is not None and inner.expires_at <= outer.expires_at))


def _validate_change(before: Standing | None, after: Standing) -> None:
    if before is not None and (before.user, before.organization) != (after.user, after.organization):
        raise ValueError("expected before and after to be one person in one organization")
    if after.status is MembershipStatus.REMOVED:
        raise ValueError("expected a membership after the change; its end is judged by may_end_membership")
    kept = frozenset(before.workspaces.items()) if before is not None else frozenset[tuple[WorkspaceId, Assignment]]()
    if not kept.issuperset(after.workspaces.items()):
        raise ValueError("expected the workspace roles to stay; new ones are judged by may_set_workspace_role")
    if not set(before.elevations if before is not None else ()).issuperset(after.elevations):
        raise ValueError("expected no elevation to be added; those are judged by may_elevate")
