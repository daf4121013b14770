"""People with short names, and what is drawn around them; the evaluator that everything is compared with is `ctsec.testing.reference`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac import Assignment, Elevation, MembershipStatus, OrganizationRole, PermissionIndex, Policy, Standing, WorkspaceRole
from ctsec.rbac.preset import preset_policy
from ctsec.testing.reference import allowed

HERE = OrganizationId("org_here")
THERE = OrganizationId("org_there")
ANN = UserId("usr_ann")
WORKSPACES = (WorkspaceId("wsp_one"), WorkspaceId("wsp_two"))
DAYS = tuple(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(7))
NOW = DAYS[3]
reference: Any = allowed
PRESETS = (preset_policy(), preset_policy(viewer_ceiling=False), preset_policy(organization_wide_view=True))


@st.composite
def policies(draw: Any) -> Any:
    """Draw a policy of any masks: chains and not, ceilings below the base, empty roles."""
    names = tuple(f"thing{number}:act" for number in range(draw(st.integers(1, 6))))
    organization_scope = draw(st.integers(0, (1 << len(names)) - 1))
    index = PermissionIndex(names, organization_scope)

    def masks(scope: Any) -> Any:
        return st.integers(0, index.everything).map(lambda mask: mask & scope)

    organization = [
        OrganizationRole(
            name=name,
            organization_mask=draw(masks(organization_scope)),
            base=draw(masks(index.workspace_scope)),
            ceiling=draw(masks(index.workspace_scope)),
            rank=rank,
        )
        for rank, name in enumerate(["viewer", "member", "custom", "admin", "owner"])
    ]
    workspace = [WorkspaceRole(name=name, mask=draw(masks(index.workspace_scope))) for name in ("viewer", "editor", "admin", "expired")]
    return Policy(index=index, organization_roles=tuple(organization), workspace_roles=tuple(workspace))


@st.composite
def periods(draw: Any) -> Any:
    """Draw a start and an end, each of which may be missing."""
    start = draw(st.one_of(st.none(), st.integers(0, 5)))
    end = draw(st.one_of(st.none(), st.integers(1 if start is None else start + 1, 6)))
    return {"starts_at": None if start is None else DAYS[start], "expires_at": None if end is None else DAYS[end]}


def assignments() -> Any:
    roles = st.sampled_from(["viewer", "operator", "editor", "admin", "expired", "gone"])
    return st.builds(lambda role, period: Assignment(role, **period), roles, periods())


def elevations() -> Any:
    """Draw what is held for a time: in a workspace or in the organization, unknown roles included."""
    roles = st.sampled_from(["viewer", "member", "editor", "admin", "gone"])
    days = st.integers(0, 5)
    return st.builds(
        lambda role, start, length, place: Elevation(
            role=role, starts_at=DAYS[start], expires_at=DAYS[start] + timedelta(days=length), workspace=place
        ),
        roles,
        days,
        st.integers(1, 3),
        st.sampled_from((None, *WORKSPACES)),
    )


def standings(roles: Any = ("viewer", "member", "custom", "admin", "owner", "gone"), organization: Any = HERE, user: Any = ANN) -> Any:
    """Draw what a person is, unknown roles and left-over workspace roles included."""
    return st.builds(
        lambda role, status, period, workspaces, raised: Standing(
            user=user, organization=organization, role=role, status=status, workspaces=workspaces, elevations=tuple(raised), **period
        ),
        st.sampled_from(roles),
        st.sampled_from([MembershipStatus.ACTIVE] * 4 + [MembershipStatus.SUSPENDED, MembershipStatus.REMOVED]),
        periods(),
        st.dictionaries(st.sampled_from(WORKSPACES), assignments(), max_size=2),
        st.one_of(st.just([]), st.lists(elevations(), max_size=3)),
    )


def member(role: Any, *, user: Any = ANN, organization: Any = HERE, **workspaces: Any) -> Any:
    """Return an active standing with workspace roles `one` and `two`."""
    held = {WorkspaceId(f"wsp_{name}"): Assignment(each) for name, each in workspaces.items()}
    return Standing(user=UserId(user), organization=organization, role=role, workspaces=held)


PLACES = ({}, *({"workspace": each, "workspace_organization": HERE} for each in (*WORKSPACES, WorkspaceId("wsp_other"))))
