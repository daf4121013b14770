"""What people are: workspace roles, roles for a time, standings, and the places that they ask in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypedDict

from hypothesis import strategies as st

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Assignment, Elevation, MembershipStatus, Standing
from ctsec.testing.strategies.policies import ORGANIZATION_ROLES, WORKSPACE_ROLES
from ctsec.testing.strategies.times import periods, spans

HERE: Final = OrganizationId("org_00000000000000000000000001")
THERE: Final = OrganizationId("org_00000000000000000000000002")
USERS: Final = tuple(UserId(f"usr_{number:026d}") for number in range(1, 6))
# The last one here has nobody assigned: it exists, and that is all.
WORKSPACES: Final = tuple(WorkspaceId(f"wsp_{number:026d}") for number in range(1, 4))
FOREIGN_WORKSPACES: Final = tuple(WorkspaceId(f"wsp_{number:026d}") for number in range(4, 6))
# No policy of ours has a role of this name: a role that was deleted while people still held it.
GONE: Final = "gone"
_ENDED: Final = (MembershipStatus.SUSPENDED, MembershipStatus.REMOVED)


class Place(TypedDict, total=False):
    """Where something is asked, as `Policy.check` takes it: empty for the organization."""

    workspace: WorkspaceId | None
    workspace_organization: OrganizationId | None


def organization_role_names(policy: Policy | None = None) -> tuple[str, ...]:
    """Return the names of the organization roles of `policy`, or of every drawn policy."""
    return ORGANIZATION_ROLES if policy is None else tuple(role.name for role in policy.organization_roles)


def workspace_role_names(policy: Policy | None = None) -> tuple[str, ...]:
    """Return the names of the workspace roles of `policy`, or of every drawn policy."""
    return WORKSPACE_ROLES if policy is None else tuple(role.name for role in policy.workspace_roles)


def assignments(policy: Policy | None = None) -> st.SearchStrategy[Assignment]:
    """Draw a workspace role of `policy`, or one that it does not have (any more), and its period."""
    names = workspace_role_names(policy)
    return grants((*names, *names, GONE))


def grants(roles: Sequence[str]) -> st.SearchStrategy[Assignment]:
    """Draw one of `roles`, and its period."""
    names, period = st.sampled_from(roles), periods()

    # Composed, here and below: what `builds` made would be shown as the call that made it.
    @st.composite
    def grant(draw: st.DrawFn) -> Assignment:
        return Assignment(draw(names), **draw(period))

    return grant()


def elevations(policy: Policy | None = None, *, workspaces: Sequence[WorkspaceId] = WORKSPACES[:2]) -> st.SearchStrategy[Elevation]:
    """Draw a role that is held for a few days, in a workspace or in the organization, or one that `policy` does not have (any more)."""
    wide = [(role, None) for role in (*organization_role_names(policy), GONE)]
    narrow = [(role, workspace) for role in (*workspace_role_names(policy), GONE) for workspace in workspaces]
    held, span = st.one_of(st.sampled_from(wide), st.sampled_from(narrow)), spans()

    @st.composite
    def elevation(draw: st.DrawFn) -> Elevation:
        (role, workspace), (start, end) = draw(held), draw(span)
        return Elevation(role=role, starts_at=start, expires_at=end, workspace=workspace)

    return elevation()


def standings(
    policy: Policy | None = None,
    *,
    roles: Sequence[str] | None = None,
    organization: OrganizationId = HERE,
    user: UserId = USERS[0],
    workspaces: Sequence[WorkspaceId] = WORKSPACES[:2],
) -> st.SearchStrategy[Standing]:
    """Draw what a person is in `organization`: unknown roles, ended memberships and left-over workspace roles included.

    `roles` are the organization roles to draw from; without them all of `policy`, and one that it does not have.
    """
    every = organization_role_names(policy)
    names = (*every, *every, GONE) if roles is None else roles
    role, status = st.sampled_from(names), st.sampled_from((*(MembershipStatus.ACTIVE for _ in range(8)), *_ENDED))
    held = st.fixed_dictionaries({}, optional=dict.fromkeys(workspaces, assignments(policy)))
    raised, period, complicated = st.lists(elevations(policy, workspaces=workspaces), max_size=3), periods(), st.booleans()

    @st.composite
    def standing(draw: st.DrawFn) -> Standing:
        person = Standing(user=user, organization=organization, role=draw(role), workspaces=draw(held))
        # Half of all people are simple ones, for something must be allowed before a mistake can show.
        if not draw(complicated):
            return person
        return replace(person, status=draw(status), elevations=tuple(draw(raised)), **draw(period))

    return standing()


# The organization, and each of its workspaces.
PLACES: Final = (Place(), *(Place(workspace=each, workspace_organization=HERE) for each in WORKSPACES))


def places() -> st.SearchStrategy[Place]:
    """Draw the organization, or one of its workspaces."""
    return st.sampled_from(PLACES)


def scopes(policy: Policy) -> st.SearchStrategy[frozenset[str] | None]:
    """Draw what a key is narrowed to: None, nothing, or some permissions, of which the policy may have lost one."""
    return st.one_of(st.none(), st.frozensets(st.sampled_from((*policy.permissions, "gone:view"))))


def pinned(workspaces: Sequence[WorkspaceId] = WORKSPACES) -> st.SearchStrategy[frozenset[WorkspaceId] | None]:
    """Draw the workspaces that a key is narrowed to: None, nothing, or some of `workspaces`."""
    return st.one_of(st.none(), st.frozensets(st.sampled_from(workspaces), max_size=len(workspaces)))
