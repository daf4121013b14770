"""A small world as one value: two organizations' people, workspaces and keys; and the steps that change it, judged by the write rules.

`play` is what the services do, without a store: it asks `ctsec.rbac.writes` and returns the world after the step, or the refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.rbac.bounds import Actor
from ctsec.rbac.elevating import may_elevate
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Assignment, Elevation, MembershipStatus, Standing
from ctsec.rbac.writes import may_end_membership, may_end_workspace_role, may_set_organization_role, may_set_workspace_role


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key of `owner` in `organization`, narrowed to `scopes` and `workspaces` (None: not narrowed)."""

    owner: UserId
    organization: OrganizationId
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Who is what: `users`, the organization of each workspace (`homes`), the standing of each member, and `keys`."""

    users: tuple[UserId, ...]
    homes: Mapping[WorkspaceId, OrganizationId]
    standings: Mapping[tuple[OrganizationId, UserId], Standing]
    keys: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "homes", MappingProxyType(dict(self.homes)))
        object.__setattr__(self, "standings", MappingProxyType(dict(self.standings)))

    def standing(self, organization: OrganizationId, user: UserId) -> Standing | None:
        """Return what `user` is in `organization`, or None."""
        return self.standings.get((organization, user))

    def workspaces_of(self, organization: OrganizationId) -> tuple[WorkspaceId, ...]:
        """Return the workspaces of `organization`."""
        return tuple(workspace for workspace, home in self.homes.items() if home == organization)

    def after(self, standing: Standing) -> World:
        """Return the world in which `standing` stands in place of the one before."""
        return replace(self, standings={**self.standings, (standing.organization, standing.user): standing})

    def without(self, organization: OrganizationId, user: UserId) -> World:
        """Return the world in which `user` was never in `organization`."""
        return replace(self, standings={key: each for key, each in self.standings.items() if key != (organization, user)})


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOrganizationRole:
    """Admit `user`, or change role and period, or end a suspension."""

    by: Key
    user: UserId
    role: str
    starts_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndMembership:
    """Suspend or remove `user`; with `forget` the membership leaves no trace, as after a deletion."""

    by: Key
    user: UserId
    status: MembershipStatus
    forget: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWorkspaceRole:
    """Give `user` the workspace role of `grant` in place of the one held in `workspace`."""

    by: Key
    user: UserId
    workspace: WorkspaceId
    grant: Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWorkspaceRole:
    """Take the workspace role of `user` back."""

    by: Key
    user: UserId
    workspace: WorkspaceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Elevate:
    """Give `user` a role for a time."""

    by: Key
    user: UserId
    elevation: Elevation


Step: TypeAlias = SetOrganizationRole | EndMembership | SetWorkspaceRole | EndWorkspaceRole | Elevate
_NOT_FOUND = Refusal(Reason.NOT_FOUND)


def play(policy: Policy, world: World, step: Step, *, now: datetime) -> Outcome[World]:
    """Return the world after `step`, or the refusal of the write rules; whoever acts does so through the key `step.by`."""
    by = step.by
    standing = world.standing(by.organization, by.owner)
    if standing is None:
        return _NOT_FOUND
    actor = Actor(standing=standing, scopes=by.scopes, workspaces=by.workspaces)
    before = world.standing(by.organization, step.user)
    match step:
        case SetOrganizationRole():
            return _set_organization_role(policy, world, step, actor=actor, before=before, now=now)
        case EndMembership():
            if before is None:
                return _NOT_FOUND
            refusal = may_end_membership(policy, actor=actor, target=before, now=now)
            after = world.without(by.organization, step.user) if step.forget else world.after(replace(before, status=step.status))
        case SetWorkspaceRole(workspace=workspace, grant=grant):
            home = world.homes.get(workspace)
            refusal = may_set_workspace_role(
                policy, actor=actor, target=before, workspace=workspace, workspace_organization=home, grant=grant, now=now
            )
            after = world if before is None else world.after(replace(before, workspaces={**before.workspaces, workspace: grant}))
        case Elevate(elevation=elevation):
            home = world.homes.get(elevation.workspace) if elevation.workspace is not None else None
            refusal = may_elevate(policy, actor=actor, target=before, elevation=elevation, workspace_organization=home, now=now)
            after = world if before is None else world.after(replace(before, elevations=(*before.elevations, elevation)))
        case EndWorkspaceRole(workspace=workspace):
            if before is None:
                return _NOT_FOUND
            home = world.homes.get(workspace)
            refusal = may_end_workspace_role(policy, actor=actor, target=before, workspace=workspace, workspace_organization=home, now=now)
            kept = {place: each for place, each in before.workspaces.items() if place != workspace}
            after = world.after(replace(before, workspaces=kept))
    return after if refusal is None else refusal


def _set_organization_role(
    policy: Policy, world: World, step: SetOrganizationRole, *, actor: Actor, before: Standing | None, now: datetime
) -> Outcome[World]:
    fresh = Standing(user=step.user, organization=step.by.organization, role=step.role)
    after = replace(before or fresh, role=step.role, status=MembershipStatus.ACTIVE, starts_at=step.starts_at, expires_at=step.expires_at)
    refusal = may_set_organization_role(policy, actor=actor, before=before, after=after, now=now)
    return world.after(after) if refusal is None else refusal
