"""Roles for a time: what nobody can be given, and who may give the rest.

Rules that this module keeps:

- it is given by the rules of the role that it adds (`ctsec.rbac.writes`), by somebody else than who gets it;
- nobody is raised to owner for a time, above the ceiling of the organization role, or beyond what an owner holds.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

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
)
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import OWNER, WorkspaceRole
from ctsec.rbac.standing import Elevation, Standing


def may_elevate(
    policy: Policy,
    *,
    actor: Actor,
    target: Standing | None,
    elevation: Elevation,
    workspace_organization: OrganizationId | None,
    now: datetime,
) -> Refusal | None:
    """Judge approving `elevation` for `target`; None if it may be given. `workspace_organization` is that of its workspace, if it has one.

    It is given by the rules of the role that it adds, by somebody else, and to an owner's role nobody is raised for a time.
    """
    if target is None:
        return Refusal(Reason.NOT_A_MEMBER, "only a member of the organization can be given a role for a time")
    if foreign(actor, target) or (elevation.workspace is not None and workspace_organization != actor.standing.organization):
        return Refusal(Reason.NOT_FOUND)
    if target.user == actor.standing.user:
        return Refusal(Reason.SELF_CHANGE, "nobody approves what they asked for themselves")
    if (refusal := elevation_refusal(policy, target=target, elevation=elevation, now=now)) is not None:
        return refusal
    after = replace(target, elevations=(*target.elevations, elevation))
    workspace = elevation.workspace
    if workspace is None:
        if (refused := may_change_members(policy, actor, (target,), now)) is not None:
            return refused
        if above(policy, actor, target, now):
            return Refusal(Reason.BEYOND_OWN_RIGHTS, "this person has more rights than you have")
    else:
        if (refused := may_change_workspace(policy, actor, workspace, now)) is not None:
            return refused
        role = policy.workspace_role(elevation.role)
        if role is not None and (refused := beyond_here(policy, actor, target, role, workspace, now)) is not None:
            return refused
    return bound(policy, actor, target, after, now)


def may_decide(policy: Policy, *, actor: Actor, target: Standing | None, workspace: WorkspaceId | None, now: datetime) -> Refusal | None:
    """Judge turning down what `target` asked for, or ending it: who manages the people there may, unless `target` has more rights."""
    if workspace is None:
        refused = may_change_members(policy, actor, (target,), now)
        beyond = above(policy, actor, target, now)
    else:
        refused = may_change_workspace(policy, actor, workspace, now)
        beyond = bool(effective(policy, target, now, workspace) & ~held(policy, actor, now, workspace))
    if refused is None and beyond:
        return Refusal(Reason.BEYOND_OWN_RIGHTS, "this person has more rights here than you have")
    return refused


def elevation_refusal(policy: Policy, *, target: Standing, elevation: Elevation, now: datetime) -> Refusal | None:
    """Return why nobody could give `elevation` to `target`, or None: the rules that hold whoever decides, a break-glass too.

    The person is an active member, the role exists and is not the owner's, no ceiling caps it, it excludes none that is held, and it holds
    nothing that an owner does not.
    """
    if not target.in_force(now):
        return Refusal(Reason.NOT_A_MEMBER, "only an active member of the organization can be given a role for a time")
    owner, own = policy.organization_role(OWNER), policy.organization_role(target.role)
    role = policy.organization_role(elevation.role) if elevation.workspace is None else policy.workspace_role(elevation.role)
    if role is None or owner is None or own is None or elevation.role == OWNER:
        return Refusal(Reason.INVALID_INPUT, "no role that can be held for a time has this name")
    if isinstance(role, WorkspaceRole) and (over := role.mask & ~own.ceiling):
        return capped(policy, own, over)
    after = replace(target, elevations=(*target.elevations, elevation))
    if _beyond_an_owner(policy, target, after, elevation, now):
        return Refusal(Reason.BEYOND_OWN_RIGHTS, "this would give more than an owner holds")
    return exclusive(policy, after)


def _beyond_an_owner(policy: Policy, before: Standing, after: Standing, elevation: Elevation, now: datetime) -> bool:
    """Say whether, at any instant of its time, an elevation adds what an owner does not hold: roles that it wakes under its ceiling too."""
    owner = Standing(user=before.user, organization=before.organization, role=OWNER)
    places = {None, ELSEWHERE, elevation.workspace, *after.workspaces, *(each.workspace for each in after.elevations)}
    for moment in {now, *(each for each in after.boundaries() if each > now and elevation.in_force(each))}:
        for place in places:
            gained = effective(policy, after, moment, place) & ~effective(policy, before, moment, place)
            if gained & ~effective(policy, owner, moment, place):
                return True
    return False
