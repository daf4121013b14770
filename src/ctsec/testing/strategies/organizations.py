"""Two organizations in one small world, with people in either and in both, and histories of what those people do.

The worlds are neither empty nor full: `HERE` always has an owner, somebody with a role in the first workspace and none in the last,
and a workspace in which nobody has one, so that a list of workspaces comes out as some of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from hypothesis import strategies as st

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import OWNER
from ctsec.rbac.standing import Assignment, MembershipStatus, Standing
from ctsec.testing.strategies.people import (
    FOREIGN_WORKSPACES,
    GONE,
    HERE,
    THERE,
    USERS,
    WORKSPACES,
    assignments,
    elevations,
    grants,
    organization_role_names,
    pinned,
    scopes,
    standings,
    workspace_role_names,
)
from ctsec.testing.strategies.policies import KEPT
from ctsec.testing.strategies.times import Period, periods
from ctsec.testing.world import (
    Elevate,
    EndElevations,
    EndMembership,
    EndWorkspaceRole,
    Key,
    SetOrganizationRole,
    SetWorkspaceRole,
    Step,
    World,
)

OLGA, ASSIGNED = USERS[:2]
_OWNER: Final = Standing(user=OLGA, organization=HERE, role=OWNER)
_HOMES: Final = {**dict.fromkeys(WORKSPACES, HERE), **dict.fromkeys(FOREIGN_WORKSPACES, THERE)}
_CHANCE: Final = st.integers(0, 2)


def keys(policy: Policy, *, owners: Sequence[UserId] = USERS, organization: OrganizationId = HERE) -> st.SearchStrategy[Key]:
    """Draw a key of one of `owners`; two in three are not narrowed and act as their owner's session does."""
    return _keys(scopes(policy), tuple(owners), organization)


@lru_cache(KEPT)
def _keys(
    limits: st.SearchStrategy[frozenset[str] | None], owners: tuple[UserId, ...], organization: OrganizationId
) -> st.SearchStrategy[Key]:
    return _key(organization, st.sampled_from(owners), limits)


@st.composite
def _key(
    draw: st.DrawFn, organization: OrganizationId, owner: st.SearchStrategy[UserId], limits: st.SearchStrategy[frozenset[str] | None]
) -> Key:
    if draw(_CHANCE) < 2:
        return Key(owner=draw(owner), organization=organization)
    return Key(owner=draw(owner), organization=organization, scopes=draw(limits), workspaces=draw(pinned()))


def organizations(policy: Policy) -> st.SearchStrategy[World]:
    """Draw a world of five people, two organizations with workspaces of their own, and some keys."""
    return _world(_assigned(policy), st.tuples(*_others(policy)), st.lists(keys(policy), max_size=2))


@st.composite
def _world(
    draw: st.DrawFn,
    assigned: st.SearchStrategy[Standing],
    others: st.SearchStrategy[tuple[Standing | None, ...]],
    held: st.SearchStrategy[list[Key]],
) -> World:
    people = (_OWNER, draw(assigned), *(each for each in draw(others) if each is not None))
    standings = {(each.organization, each.user): each for each in people}
    return World(users=USERS, homes=_HOMES, standings=standings, keys=tuple(draw(held)))


def _assigned(policy: Policy) -> st.SearchStrategy[Standing]:
    """Draw an active member with a role in the first workspace."""
    roles, organization_roles = st.sampled_from(workspace_role_names(policy) or (GONE,)), st.sampled_from(organization_role_names(policy))
    return _assigned_standing(organization_roles, roles, st.fixed_dictionaries({}, optional={WORKSPACES[1]: assignments(policy)}))


@st.composite
def _assigned_standing(
    draw: st.DrawFn,
    organization_roles: st.SearchStrategy[str],
    roles: st.SearchStrategy[str],
    elsewhere: st.SearchStrategy[dict[WorkspaceId, Assignment]],
) -> Standing:
    held = {**draw(elsewhere), WORKSPACES[0]: Assignment(draw(roles))}
    return Standing(user=ASSIGNED, organization=HERE, role=draw(organization_roles), workspaces=held)


def _others(policy: Policy) -> Iterator[st.SearchStrategy[Standing | None]]:
    for user in USERS[2:]:
        here = standings(policy, user=user)
        yield st.one_of(st.none(), here, here)
    for user in USERS[1:]:
        yield st.one_of(st.none(), standings(policy, user=user, organization=THERE, workspaces=FOREIGN_WORKSPACES))


def steps(policy: Policy, *, actors: Sequence[UserId] = USERS, organization: OrganizationId = HERE) -> st.SearchStrategy[Step]:
    """Draw something that one of `actors` tries to do to somebody in `organization`; the write rules may refuse it.

    Half the time it is the first of `actors` who acts, and the member who always is there who is acted upon, or little would be allowed.
    """
    by = keys(policy, owners=(*actors, *(actors[0] for _ in actors)), organization=organization)
    user = st.sampled_from((*USERS, *(ASSIGNED,) * len(USERS)))
    workspace = st.sampled_from((*WORKSPACES, *WORKSPACES, FOREIGN_WORKSPACES[0]))
    roles = st.sampled_from(organization_role_names(policy))
    ends = st.sampled_from((MembershipStatus.SUSPENDED, MembershipStatus.REMOVED))

    def set_role(by: Key, user: UserId, role: str, period: Period) -> Step:
        return SetOrganizationRole(by=by, user=user, role=role, **period)

    drawn: list[st.SearchStrategy[Step]] = [
        st.builds(set_role, by, user, roles, periods()),
        st.builds(EndMembership, by=by, user=user, status=ends, forget=st.booleans()),
        st.builds(EndWorkspaceRole, by=by, user=user, workspace=workspace),
        st.builds(Elevate, by=by, user=user, elevation=elevations(policy, workspaces=(*WORKSPACES, FOREIGN_WORKSPACES[0]))),
        st.builds(EndElevations, by=by, user=user, workspace=st.one_of(st.none(), workspace)),
    ]
    if names := workspace_role_names(policy):
        drawn.append(st.builds(SetWorkspaceRole, by=by, user=user, workspace=workspace, grant=grants(names)))
    return st.one_of(drawn)


def histories(policy: Policy, *, actors: Sequence[UserId] = USERS, max_steps: int = 20) -> st.SearchStrategy[tuple[Step, ...]]:
    """Draw a sequence of steps in `HERE`, to be played one after the other with `ctsec.testing.world.play`."""
    return st.lists(steps(policy, actors=actors), min_size=1, max_size=max_steps).map(tuple)
