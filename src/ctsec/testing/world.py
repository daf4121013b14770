"""A small world as one value: two organizations' people, workspaces and keys; and the steps that change it, judged by the write rules.

`play` is what the services do, without a store: it asks `ctsec.rbac.writes` and returns the world after the step, or the refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.rbac.bounds import Actor
from ctsec.rbac.elevation_writes import may_decide, may_elevate
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
    """Give `user` the role of `elevation` besides what they have."""

    by: Key
    user: UserId
    elevation: Elevation


@dataclass(frozen=True, slots=True, kw_only=True)
class EndElevations:
    """Take back what `user` was given for a time in `workspace`, or in the organization."""

    by: Key
    user: UserId
    workspace: WorkspaceId | None = None


# When something starts and ends; None as start means since ever, None as end for ever.
Span: TypeAlias = tuple[datetime | None, datetime | None]
Step: TypeAlias = SetOrganizationRole | EndMembership | SetWorkspaceRole | EndWorkspaceRole | Elevate | EndElevations
_Onto: TypeAlias = EndMembership | SetWorkspaceRole | EndWorkspaceRole | Elevate | EndElevations
_NOT_FOUND = Refusal(Reason.NOT_FOUND)


def play(policy: Policy, world: World, step: Step, *, now: datetime) -> Outcome[World]:
    """Return the world after `step`, or the refusal of the write rules; whoever acts does so through the key `step.by`."""
    standing = world.standing(step.by.organization, step.by.owner)
    if standing is None:
        return _NOT_FOUND
    actor = Actor(standing=standing, scopes=step.by.scopes, workspaces=step.by.workspaces)
    before = world.standing(step.by.organization, step.user)
    if isinstance(step, SetOrganizationRole):
        after = _with_role(step, before)
        refusal = may_set_organization_role(policy, actor=actor, before=before, after=after, now=now)
        return world.after(after) if refusal is None else refusal
    if before is None:
        return _NOT_FOUND
    refusal = _judged(policy, world, step, actor=actor, before=before, now=now)
    if refusal is not None:
        return refusal
    forgotten = isinstance(step, EndMembership) and step.forget
    return world.without(step.by.organization, step.user) if forgotten else world.after(_changed(step, before))


def _judged(policy: Policy, world: World, step: _Onto, *, actor: Actor, before: Standing, now: datetime) -> Refusal | None:
    match step:
        case EndMembership():
            return may_end_membership(policy, actor=actor, target=before, now=now)
        case SetWorkspaceRole(workspace=place, grant=grant):
            home = world.homes.get(place)
            return may_set_workspace_role(
                policy, actor=actor, target=before, workspace=place, workspace_organization=home, grant=grant, now=now
            )
        case EndWorkspaceRole(workspace=place):
            home = world.homes.get(place)
            return may_end_workspace_role(policy, actor=actor, target=before, workspace=place, workspace_organization=home, now=now)
        case Elevate(elevation=elevation):
            home = world.homes.get(elevation.workspace) if elevation.workspace is not None else None
            return may_elevate(policy, actor=actor, target=before, elevation=elevation, workspace_organization=home, now=now)
        case EndElevations(workspace=where):
            return may_decide(policy, actor=actor, target=before, workspace=where, now=now)


def _changed(step: _Onto, before: Standing) -> Standing:
    match step:
        case EndMembership(status=status):
            return replace(before, status=status)
        case SetWorkspaceRole(workspace=place, grant=grant):
            return replace(before, workspaces={**before.workspaces, place: grant})
        case EndWorkspaceRole(workspace=place):
            return replace(before, workspaces={where: each for where, each in before.workspaces.items() if where != place})
        case Elevate(elevation=elevation):
            return replace(before, elevations=(*before.elevations, elevation))
        case EndElevations(workspace=where):
            return replace(before, elevations=tuple(each for each in before.elevations if each.workspace != where))


def attempts(policy: Policy, *, by: Key, user: UserId, workspace: WorkspaceId, spans: Iterable[Span]) -> Iterator[Step]:
    """Yield everything that could be tried on `user`: each role of each level in each of `spans`, and everything that ends one."""
    for starts_at, expires_at in spans:
        for role in policy.organization_roles:
            yield SetOrganizationRole(by=by, user=user, role=role.name, starts_at=starts_at, expires_at=expires_at)
        for placed in policy.workspace_roles:
            grant = Assignment(placed.name, starts_at=starts_at, expires_at=expires_at)
            yield SetWorkspaceRole(by=by, user=user, workspace=workspace, grant=grant)
        if starts_at is not None and expires_at is not None:
            timed: list[tuple[str, WorkspaceId | None]] = [(role.name, None) for role in policy.organization_roles]
            timed += [(role.name, workspace) for role in policy.workspace_roles]
            for name, where in timed:
                elevation = Elevation(role=name, starts_at=starts_at, expires_at=expires_at, workspace=where)
                yield Elevate(by=by, user=user, elevation=elevation)
    for status in (MembershipStatus.SUSPENDED, MembershipStatus.REMOVED):
        yield EndMembership(by=by, user=user, status=status)
    yield EndMembership(by=by, user=user, status=MembershipStatus.REMOVED, forget=True)
    yield EndWorkspaceRole(by=by, user=user, workspace=workspace)
    yield from (EndElevations(by=by, user=user, workspace=where) for where in (None, workspace))


def _with_role(step: SetOrganizationRole, before: Standing | None) -> Standing:
    active, start, end = MembershipStatus.ACTIVE, step.starts_at, step.expires_at
    if before is None:
        return Standing(user=step.user, organization=step.by.organization, role=step.role, status=active, starts_at=start, expires_at=end)
    return replace(before, role=step.role, status=active, starts_at=start, expires_at=end)
