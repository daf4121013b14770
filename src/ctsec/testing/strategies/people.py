"""What people are: workspace roles, standings, and the places that they ask in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, TypedDict

from hypothesis import strategies as st

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Assignment, Elevation, MembershipStatus, Standing
from ctsec.testing.strategies.policies import ORGANIZATION_ROLES, WORKSPACE_ROLES
from ctsec.testing.strategies.times import DAYS, Period, periods

HERE: Final = OrganizationId("org_00000000000000000000000001")
THERE: Final = OrganizationId("org_00000000000000000000000002")
USERS: Final = tuple(UserId(f"usr_{number:026d}") for number in range(1, 6))
# The last one here has nobody assigned: it exists, and that is all.
WORKSPACES: Final = tuple(WorkspaceId(f"wsp_{number:026d}") for number in range(1, 4))
FOREIGN_WORKSPACES: Final = tuple(WorkspaceId(f"wsp_{number:026d}") for number in range(4, 6))
# No policy of ours has a role of this name: a role that was deleted while people still held it.
GONE: Final = "gone"


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
    names = (*workspace_role_names(policy), GONE)
    return st.builds(_assignment, st.sampled_from(names), periods())


def _assignment(role: str, period: Period) -> Assignment:
    return Assignment(role, **period)


def elevations(policy: Policy | None = None, *, workspaces: Sequence[WorkspaceId] = WORKSPACES[:2]) -> st.SearchStrategy[Elevation]:
    """Draw what is held for a time: in the organization or in one of `workspaces`, of a role that the policy may not have."""
    names = tuple(dict.fromkeys((*organization_role_names(policy), *workspace_role_names(policy), GONE)))
    return st.builds(
        _elevation, st.sampled_from(names), st.integers(0, len(DAYS) - 2), st.integers(1, 3), st.sampled_from((None, *workspaces))
    )


def _elevation(role: str, start: int, days: int, workspace: WorkspaceId | None) -> Elevation:
    return Elevation(role=role, starts_at=DAYS[start], expires_at=DAYS[start] + timedelta(days=days), workspace=workspace)


def standings(
    policy: Policy | None = None,
    *,
    roles: Sequence[str] | None = None,
    organization: OrganizationId = HERE,
    user: UserId = USERS[0],
    workspaces: Sequence[WorkspaceId] = WORKSPACES[:2],
) -> st.SearchStrategy[Standing]:
    """Draw what a person is in `organization`: unknown roles, ended memberships and left-over workspace roles included."""
    names = (*organization_role_names(policy), GONE) if roles is None else roles
    statuses = (MembershipStatus.ACTIVE,) * 4 + (MembershipStatus.SUSPENDED, MembershipStatus.REMOVED)

    def standing(
        role: str, status: MembershipStatus, period: Period, held: dict[WorkspaceId, Assignment], raised: list[Elevation]
    ) -> Standing:
        return Standing(user=user, organization=organization, role=role, status=status, workspaces=held, elevations=tuple(raised), **period)

    held = st.dictionaries(st.sampled_from(workspaces), assignments(policy), max_size=len(workspaces))
    none: list[Elevation] = []
    raised = st.one_of(st.just(none), st.just(none), st.lists(elevations(policy, workspaces=workspaces), min_size=1, max_size=2))
    return st.builds(standing, st.sampled_from(names), st.sampled_from(statuses), periods(), held, raised)


def places(*, organization: OrganizationId = HERE, workspaces: Iterable[WorkspaceId] = WORKSPACES) -> st.SearchStrategy[Place]:
    """Draw the organization, or one of its workspaces."""
    inside = [Place(workspace=each, workspace_organization=organization) for each in workspaces]
    return st.sampled_from([Place(), *inside])


def scopes(policy: Policy) -> st.SearchStrategy[frozenset[str] | None]:
    """Draw what a key is narrowed to: None, nothing, few permissions or most, of which the policy may have lost one."""
    names = st.frozensets(st.sampled_from((*policy.permissions, "gone:view")), max_size=3)

    def rest(names: frozenset[str]) -> frozenset[str]:
        return frozenset(policy.permissions) - names

    return st.one_of(st.none(), names, names.map(rest))


def pinned(workspaces: Sequence[WorkspaceId] = WORKSPACES) -> st.SearchStrategy[frozenset[WorkspaceId] | None]:
    """Draw the workspaces that a key is narrowed to: None, nothing, or some of `workspaces`."""
    return st.one_of(st.none(), st.frozensets(st.sampled_from(workspaces), max_size=len(workspaces)))
