"""What people are: workspace roles, roles for a time, standings, and the places that they ask in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Final, TypedDict

from hypothesis import strategies as st

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Assignment, Elevation, MembershipStatus, Standing
from ctsec.testing.strategies.policies import KEPT, ORGANIZATION_ROLES, WORKSPACE_ROLES
from ctsec.testing.strategies.times import Period, periods, spans

HERE: Final = OrganizationId("org_00000000000000000000000001")
THERE: Final = OrganizationId("org_00000000000000000000000002")
USERS: Final = tuple(UserId(f"usr_{number:026d}") for number in range(1, 6))
# The last one here has nobody assigned: it exists, and that is all.
WORKSPACES: Final = tuple(WorkspaceId(f"wsp_{number:026d}") for number in range(1, 4))
FOREIGN_WORKSPACES: Final = tuple(WorkspaceId(f"wsp_{number:026d}") for number in range(4, 6))
# No policy of ours has a role of this name: a role that was deleted while people still held it.
GONE: Final = "gone"
_ENDED: Final = (MembershipStatus.SUSPENDED, MembershipStatus.REMOVED)
_STATUS: Final = st.sampled_from((*(MembershipStatus.ACTIVE for _ in range(8)), *_ENDED))
_COMPLICATED: Final = st.booleans()


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
    return _assignments(workspace_role_names(policy))


def grants(roles: Sequence[str]) -> st.SearchStrategy[Assignment]:
    """Draw one of `roles`, and its period."""
    return _grants(tuple(roles))


def elevations(policy: Policy | None = None, *, workspaces: Sequence[WorkspaceId] = WORKSPACES[:2]) -> st.SearchStrategy[Elevation]:
    """Draw a role that is held for a few days, in a workspace or in the organization, or one that `policy` does not have (any more)."""
    return _elevations(organization_role_names(policy), workspace_role_names(policy), tuple(workspaces))


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
    every, held = organization_role_names(policy), workspace_role_names(policy)
    names = (*every, *every, GONE) if roles is None else tuple(roles)
    return _standings(names, every, held, organization, user, tuple(workspaces))


# Kept, for a strategy takes longer to build and to validate than to draw from, and policies with roles of the same names share these.
# Composed at the top of a module, since `composite` reads the source of what it is given; what `builds` made would be shown as its call.


@lru_cache(KEPT)
def _assignments(names: tuple[str, ...]) -> st.SearchStrategy[Assignment]:
    return _grants((*names, *names, GONE))


@lru_cache(KEPT)
def _grants(roles: tuple[str, ...]) -> st.SearchStrategy[Assignment]:
    return _grant(st.sampled_from(roles), periods())


@st.composite
def _grant(draw: st.DrawFn, names: st.SearchStrategy[str], period: st.SearchStrategy[Period]) -> Assignment:
    return Assignment(draw(names), **draw(period))


@lru_cache(KEPT)
def _elevations(every: tuple[str, ...], held: tuple[str, ...], workspaces: tuple[WorkspaceId, ...]) -> st.SearchStrategy[Elevation]:
    wide = [(role, None) for role in (*every, GONE)]
    narrow = [(role, workspace) for role in (*held, GONE) for workspace in workspaces]
    return _elevation(st.one_of(st.sampled_from(wide), st.sampled_from(narrow)), spans())


@st.composite
def _elevation(
    draw: st.DrawFn, held: st.SearchStrategy[tuple[str, WorkspaceId | None]], span: st.SearchStrategy[tuple[datetime, datetime]]
) -> Elevation:
    (role, workspace), (start, end) = draw(held), draw(span)
    return Elevation(role=role, starts_at=start, expires_at=end, workspace=workspace)


@lru_cache(KEPT)
def _standings(
    names: tuple[str, ...],
    every: tuple[str, ...],
    held: tuple[str, ...],
    organization: OrganizationId,
    user: UserId,
    workspaces: tuple[WorkspaceId, ...],
) -> st.SearchStrategy[Standing]:
    assigned = st.fixed_dictionaries({}, optional=dict.fromkeys(workspaces, _assignments(held)))
    raised = st.lists(_elevations(every, held, workspaces), max_size=3)
    return _standing((user, organization), st.sampled_from(names), assigned, raised)


@st.composite
def _standing(
    draw: st.DrawFn,
    who: tuple[UserId, OrganizationId],
    role: st.SearchStrategy[str],
    assigned: st.SearchStrategy[dict[WorkspaceId, Assignment]],
    raised: st.SearchStrategy[list[Elevation]],
) -> Standing:
    user, organization = who
    person = Standing(user=user, organization=organization, role=draw(role), workspaces=draw(assigned))
    # Half of all people are simple ones, for something must be allowed before a mistake can show.
    if not draw(_COMPLICATED):
        return person
    return replace(person, status=draw(_STATUS), elevations=tuple(draw(raised)), **draw(periods()))


# The organization, and each of its workspaces.
PLACES: Final = (Place(), *(Place(workspace=each, workspace_organization=HERE) for each in WORKSPACES))


def places() -> st.SearchStrategy[Place]:
    """Draw the organization, or one of its workspaces."""
    return _PLACES


def scopes(policy: Policy) -> st.SearchStrategy[frozenset[str] | None]:
    """Draw what a key is narrowed to: None, nothing, or some permissions, of which the policy may have lost one."""
    return _scopes(policy.permissions)


def pinned(workspaces: Sequence[WorkspaceId] = WORKSPACES) -> st.SearchStrategy[frozenset[WorkspaceId] | None]:
    """Draw the workspaces that a key is narrowed to: None, nothing, or some of `workspaces`."""
    return _pinned(tuple(workspaces))


_PLACES: Final = st.sampled_from(PLACES)


@lru_cache(KEPT)
def _scopes(permissions: tuple[str, ...]) -> st.SearchStrategy[frozenset[str] | None]:
    return st.one_of(st.none(), st.frozensets(st.sampled_from((*permissions, "gone:view"))))


@lru_cache(KEPT)
def _pinned(workspaces: tuple[WorkspaceId, ...]) -> st.SearchStrategy[frozenset[WorkspaceId] | None]:
    return st.one_of(st.none(), st.frozensets(st.sampled_from(workspaces), max_size=len(workspaces)))
