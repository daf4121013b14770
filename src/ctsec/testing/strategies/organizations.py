"""Two organizations in one small world, with people in either and in both, and histories of what those people do.

The worlds are neither empty nor full: `HERE` always has an owner, somebody with a role in the first workspace and none in the last,
and a workspace in which nobody has one, so that a list of workspaces comes out as some of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from ctsec.ids import OrganizationId, UserId
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import OWNER
from ctsec.rbac.standing import Assignment, MembershipStatus, Standing
from ctsec.testing.strategies.people import (
    FOREIGN_WORKSPACES,
    HERE,
    THERE,
    USERS,
    WORKSPACES,
    elevations,
    organization_role_names,
    pinned,
    scopes,
    standings,
    workspace_role_names,
)
from ctsec.testing.strategies.times import Period, periods
from ctsec.testing.world import Elevate, EndMembership, EndWorkspaceRole, Key, SetOrganizationRole, SetWorkspaceRole, Step, World

OLGA, ASSIGNED = USERS[:2]


def keys(policy: Policy, *, owners: Sequence[UserId] = USERS, organization: OrganizationId = HERE) -> st.SearchStrategy[Key]:
    """Draw a key of one of `owners`, narrowed or not."""
    return st.builds(Key, owner=st.sampled_from(owners), organization=st.just(organization), scopes=scopes(policy), workspaces=pinned())


@st.composite
def organizations(draw: st.DrawFn, policy: Policy) -> World:
    """Draw a world of five people, two organizations with workspaces of their own, and some keys."""
    owner = Standing(user=OLGA, organization=HERE, role=OWNER)
    assigned = draw(standings(policy, user=ASSIGNED, workspaces=WORKSPACES[1:2]))
    role = draw(st.sampled_from(workspace_role_names(policy) or ("gone",)))
    assigned = Standing(
        user=ASSIGNED,
        organization=HERE,
        role=draw(st.sampled_from(organization_role_names(policy))),
        workspaces={**assigned.workspaces, WORKSPACES[0]: Assignment(role)},
    )
    held = [owner, assigned]
    for user in USERS[2:]:
        held += draw(st.lists(standings(policy, user=user), max_size=1))
    for user in USERS[1:]:
        held += draw(st.lists(standings(policy, user=user, organization=THERE, workspaces=FOREIGN_WORKSPACES), max_size=1))
    return World(
        users=USERS,
        homes={**dict.fromkeys(WORKSPACES, HERE), **dict.fromkeys(FOREIGN_WORKSPACES, THERE)},
        standings={(standing.organization, standing.user): standing for standing in held},
        keys=tuple(draw(st.lists(keys(policy), max_size=2))),
    )


def steps(policy: Policy, *, actors: Sequence[UserId] = USERS, organization: OrganizationId = HERE) -> st.SearchStrategy[Step]:
    """Draw something that one of `actors` tries to do to somebody in `organization`; the write rules may refuse it."""
    by, user = keys(policy, owners=actors, organization=organization), st.sampled_from(USERS)
    workspace = st.sampled_from((*WORKSPACES, FOREIGN_WORKSPACES[0]))
    roles = st.sampled_from(organization_role_names(policy))
    ends = st.sampled_from((MembershipStatus.SUSPENDED, MembershipStatus.REMOVED))
    drawn: list[st.SearchStrategy[Step]] = [
        st.builds(_set_role, by, user, roles, periods()),
        st.builds(Elevate, by=by, user=user, elevation=elevations(policy)),
        st.builds(EndMembership, by=by, user=user, status=ends, forget=st.booleans()),
        st.builds(EndWorkspaceRole, by=by, user=user, workspace=workspace),
    ]
    if names := workspace_role_names(policy):
        grants = st.builds(_grant, st.sampled_from(names), periods())
        drawn.append(st.builds(SetWorkspaceRole, by=by, user=user, workspace=workspace, grant=grants))
    return st.one_of(drawn)


def _set_role(by: Key, user: UserId, role: str, period: Period) -> SetOrganizationRole:
    return SetOrganizationRole(by=by, user=user, role=role, **period)


def _grant(role: str, period: Period) -> Assignment:
    return Assignment(role, **period)


def histories(policy: Policy, *, actors: Sequence[UserId] = USERS, max_steps: int = 20) -> st.SearchStrategy[tuple[Step, ...]]:
    """Draw a sequence of steps in `HERE`, to be played one after the other with `ctsec.testing.world.play`."""
    return st.lists(steps(policy, actors=actors), min_size=1, max_size=max_steps).map(tuple)
