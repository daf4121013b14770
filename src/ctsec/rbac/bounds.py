"""The bound on every write rule: what the actor holds, where and how long, measured against what a change would give.

Rules that this module keeps:

- rights change at boundaries only, so `now` and every later start or end are all the instants there are to look at;
- where the policy names no permission for managing people, owners and admins do, with a credential that is not narrowed;
- who manages people by their roles must also have authenticated in a way that the table of methods accepts for it, if there is a table;
- of roles that exclude each other nobody is given both, in whichever workspaces of the organization, held for a time or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.ids import WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Credential
from ctsec.rbac.manner import Manner, manner_of
from ctsec.rbac.methods import MethodTable
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import ADMIN, OWNER, OrganizationRole, WorkspaceRole
from ctsec.rbac.standing import Standing

# No workspace has this id: it stands for every workspace that somebody has no role in.
ELSEWHERE: Final = WorkspaceId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who makes the change: a standing, narrowed to the `scopes` and `workspaces` of the key that acts (None: not narrowed).

    `manner` is how the actor authenticated, where a table of methods judges that.
    """

    standing: Standing
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None
    manner: Manner | None = None


def actor_of(standing: Standing, credential: Credential, *, methods: MethodTable | None, now: datetime) -> Actor:
    """Return who acts: the person of `standing` through `credential`."""
    manner = manner_of(methods, credential, now=now)
    return Actor(standing=standing, scopes=credential.scopes, workspaces=credential.workspaces, manner=manner)


def by_manner(actor: Actor, permission: str | None) -> Refusal | None:
    """Return why the actor may not use `permission` in the way it authenticated, or None."""
    return actor.manner.refuse(permission) if actor.manner is not None else None


def foreign(actor: Actor, *standings: Standing | None) -> bool:
    """Say whether one of these belongs to another organization than the actor."""
    return any(each is not None and each.organization != actor.standing.organization for each in standings)


def effective(policy: Policy, standing: Standing | None, now: datetime, workspace: WorkspaceId | None) -> int:
    """Return what somebody may do in that place as a mask."""
    home = standing.organization if standing is not None else None
    return policy.effective(standing, now=now, workspace=workspace, workspace_organization=home)


def held(policy: Policy, actor: Actor, now: datetime, workspace: WorkspaceId | None) -> int:
    """Return what the actor may do in that place, within its key's scopes and workspaces, as a mask."""
    return policy.access(
        actor.standing,
        now=now,
        workspace=workspace,
        workspace_organization=actor.standing.organization,
        scopes=actor.scopes,
        workspaces=actor.workspaces,
    ).mask


def may_change_members(policy: Policy, actor: Actor, standings: Iterable[Standing | None], now: datetime) -> Refusal | None:
    """Refuse if the actor does not manage the people of the organization, or somebody is an owner and the actor is none."""
    if policy.members_permission is not None:
        allowed = bool(held(policy, actor, now, None) & policy.index.bit(policy.members_permission))
    else:
        allowed = leads(actor, now)
    if not allowed:
        return Refusal(Reason.DENIED, "managing the members of this organization is not among your permissions")
    touches_owner = any(each is not None and each.role == OWNER for each in standings)
    if touches_owner and not (actor.standing.role == OWNER and actor.standing.in_force(now)):
        return Refusal(Reason.BEYOND_OWN_RIGHTS, "only an owner makes, changes or removes an owner")
    return by_manner(actor, policy.members_permission)


def may_change_workspace(policy: Policy, actor: Actor, workspace: WorkspaceId, now: datetime) -> Refusal | None:
    """Refuse if the actor does not manage the people of the workspace."""
    if policy.workspace_members_permission is not None:
        allowed = bool(held(policy, actor, now, workspace) & policy.index.bit(policy.workspace_members_permission))
    else:
        own = actor.standing.workspaces.get(workspace)
        heads = own is not None and own.role == ADMIN and own.in_force(now) and actor.standing.in_force(now) and whole(actor)
        allowed = heads or leads(actor, now)
    if not allowed:
        return Refusal(Reason.DENIED, "managing the members of this workspace is not among your permissions")
    return by_manner(actor, policy.workspace_members_permission)


def leads(actor: Actor, now: datetime) -> bool:
    """Say whether the actor is an owner or admin, with a credential that is not narrowed."""
    return actor.standing.role in {OWNER, ADMIN} and actor.standing.in_force(now) and whole(actor)


def whole(actor: Actor) -> bool:
    """Say whether the actor acts with a credential that is not narrowed, and may do by its manner what takes no permission by name."""
    # Without a permission to look for, a narrowed key can not be shown to cover the act.
    return actor.scopes is None and actor.workspaces is None and by_manner(actor, None) is None


def above(policy: Policy, actor: Actor, target: Standing | None, now: datetime) -> bool:
    """Say whether somebody has rights, in the organization or everywhere, that the actor has not."""
    places = (None, ELSEWHERE)
    return any(effective(policy, target, now, place) & ~held(policy, actor, now, place) for place in places)


def bound(policy: Policy, actor: Actor, before: Standing | None, after: Standing, now: datetime) -> Refusal | None:
    """Refuse if, now or at any later instant, the change adds a permission somewhere that the actor does not hold there then.

    Rights change at boundaries only, so those and `now` are all the instants there are to look at.
    """
    boundaries = set[datetime]().union(*(each.boundaries() for each in (actor.standing, before, after) if each is not None))
    raised = (each.workspace for standing in (before, after) if standing is not None for each in standing.elevations)
    places = {None, ELSEWHERE, *after.workspaces, *raised}
    for moment in sorted({now, *(boundary for boundary in boundaries if boundary > now)}):
        for place in places:
            gained = effective(policy, after, moment, place) & ~effective(policy, before, moment, place)
            if gained & ~held(policy, actor, moment, place):
                when = "" if moment == now else " for as long"
                return Refusal(Reason.BEYOND_OWN_RIGHTS, f"this change would give rights that you do not hold{when}")
    return None


def exclusive(policy: Policy, after: Standing) -> Refusal | None:
    """Refuse if a person would hold, now or later, in any workspaces of the organization, two roles that exclude each other."""
    names = {each.role for each in after.workspaces.values()} | {each.role for each in after.elevations if each.workspace is not None}
    for roles in policy.exclusive_roles:
        if len(both := sorted(roles & names)) > 1:
            return Refusal(Reason.EXCLUSIVE_ROLES, f"nobody holds both {both[0]} and {both[1]}")
    return None


def beyond_here(
    policy: Policy, actor: Actor, target: Standing, role: WorkspaceRole, workspace: WorkspaceId, now: datetime
) -> Refusal | None:
    """Refuse if the role, or what somebody has in the workspace already, holds more than the actor has there."""
    if (role.mask | effective(policy, target, now, workspace)) & ~held(policy, actor, now, workspace):
        return Refusal(Reason.BEYOND_OWN_RIGHTS, "this person or role has more rights here than you have")
    return None


def capped(policy: Policy, organization_role: OrganizationRole, over: int) -> Refusal:
    """Return the refusal that names the ceiling."""
    names = ", ".join(policy.index.names_of(over))
    return Refusal(Reason.CEILING_EXCEEDED, f"the organization role {organization_role.name} caps this role, which would give {names}")
