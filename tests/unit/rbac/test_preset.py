"""The built-in policy against the product's table."""

import itertools
from typing import Any

import pytest

from ctsec.rbac import Policy
from ctsec.rbac.preset import POLICY, Permission, preset_policy
from tests.unit.rbac.reference import HERE, NOW, WORKSPACES, member, reference

ORGANIZATION_ROLES = ("owner", "admin", "member", "viewer")
WORKSPACE_ROLES = ("admin", "editor", "operator", "viewer", None)
PAGE = {
    Permission.DASHBOARDS_VIEW: "YYYYY",
    Permission.AGENTS_RUN: "YYYYN",
    Permission.RECOMMENDATIONS_CREATE: "YYYNN",
    Permission.OPERATIONS_APPROVE: "YYYNN",
    Permission.CONNECTIONS_MANAGE: "YYYNN",
    Permission.WORKSPACE_MEMBERS_MANAGE: "YYNNN",
    Permission.MEMBERS_MANAGE: "YYNNN",
    Permission.ORGANIZATION_MANAGE: "YYNNN",
    Permission.BILLING_MANAGE: "YNNNN",
}


def standing_of(role: Any, workspace_role: Any) -> Any:
    return member(role, one=workspace_role) if workspace_role else member(role)


def place_of(scope: Any) -> Any:
    return {"workspace": WORKSPACES[0], "workspace_organization": HERE} if scope == "workspace" else {}


def every_way(policy: Any, standing: Any, permission: Any, **place: Any) -> Any:
    """Return the answer of each path, which must be one."""
    return {
        bool(policy.effective(standing, now=NOW, **place) & policy.index.bit(permission)),
        bool(policy.check(standing, permission, now=NOW, **place)),
        policy.access(standing, now=NOW, **place).can(permission),
        policy.access(standing, now=NOW, **place).check(permission).allowed,
        policy.access(standing, now=NOW, scopes=frozenset(policy.permissions), **place).can(permission),
        reference(policy, standing, permission, now=NOW, **place),
    }


@pytest.mark.proves("SEED-R3")
@pytest.mark.parametrize("permission", PAGE)
def test_the_columns_of_the_page_come_out_cell_by_cell(permission: Any) -> None:
    """Owner and Admin answer through the organization role, Editor, Operator and Viewer through the workspace role of a Member."""
    people = [member("owner"), member("admin"), *(member("member", one=role) for role in ("editor", "operator", "viewer"))]
    place = place_of(POLICY.index.scope_of(permission))
    answers = [every_way(POLICY, person, permission, **place) for person in people]
    assert answers == [{cell == "Y"} for cell in PAGE[permission]]


@pytest.mark.proves("SEED-R1")
def test_the_organization_roles_mean_what_the_page_says() -> None:
    """Owner holds all, Admin all but billing, Member nothing but assigned workspaces, Viewer at most dashboards and reports."""
    index = POLICY.index
    assert [role.name for role in POLICY.organization_roles] == list(ORGANIZATION_ROLES)
    owner, admin, plain, viewer = POLICY.organization_roles
    assert owner.organization_mask | owner.base == index.everything
    assert index.names_of(owner.organization_mask & ~admin.organization_mask) == ("billing:manage",)
    assert (admin.base, admin.ceiling) == (index.workspace_scope, index.workspace_scope)
    assert (plain.base, plain.ceiling) == (0, index.workspace_scope)
    assert (viewer.base, index.names_of(viewer.ceiling)) == (0, ("dashboards:view", "reports:view"))
    assert index.names_of(plain.organization_mask) == index.names_of(viewer.organization_mask) == ("api_keys:manage",)


@pytest.mark.proves("SEED-R2")
def test_the_workspace_roles_mean_what_the_page_says() -> None:
    """Workspace Admin holds every workspace permission, and each role further down strictly less; settings end at Editor."""
    masks = [role.mask for role in POLICY.workspace_roles]
    assert [role.name for role in POLICY.workspace_roles] == ["admin", "editor", "operator", "viewer"]
    assert masks[0] == POLICY.index.workspace_scope
    assert all(lower != higher and not lower & ~higher for higher, lower in itertools.pairwise(masks))
    assert [bool(mask & POLICY.index.bit("workspace_settings:manage")) for mask in masks] == [True, True, False, False]
    assert POLICY.index.names_of(masks[3]) == ("dashboards:view", "reports:view", "recommendations:view")


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("reports:view", ["owner", "admin", "member/admin", "member/editor", "member/operator", "member/viewer", "viewer/viewer"]),
        ("recommendations:view", ["owner", "admin", "member/admin", "member/editor", "member/operator", "member/viewer"]),
        ("workspace_settings:manage", ["owner", "admin", "member/admin", "member/editor"]),
        ("workspaces:manage", ["owner", "admin"]),
        ("audit:view", ["owner", "admin"]),
        ("sso:manage", ["owner", "admin"]),
        ("member_mfa:reset", ["owner", "admin"]),
        ("service_accounts:manage", ["owner", "admin"]),
        ("api_keys:manage", ["owner", "admin", "member/admin", "member/editor", "member/operator", "member/viewer", "viewer/viewer"]),
    ],
)
def test_the_permissions_beside_the_table(permission: Any, allowed: Any) -> None:
    """What the page says in words only: an organization viewer sees no recommendations, an editor changes workspace settings."""
    people = ["owner", "admin", "member/admin", "member/editor", "member/operator", "member/viewer", "viewer/viewer"]
    place = place_of(POLICY.index.scope_of(permission))
    found = [who for who in people if every_way(POLICY, standing_of(*(*who.split("/"), None)[:2]), permission, **place) == {True}]
    assert found == allowed


def test_the_switches_change_viewers_and_members_only() -> None:
    """Without the ceiling a viewer holds the workspace role's mask; with the wide view members and viewers see every workspace."""
    place = place_of("workspace")
    union, wide = preset_policy(viewer_ceiling=False), preset_policy(organization_wide_view=True)
    assert every_way(union, member("viewer", one="editor"), "agents:run", **place) == {True}
    assert every_way(union, member("viewer"), "dashboards:view", **place) == {False}
    for role in ("member", "viewer"):
        assert wide.effective(member(role), now=NOW, **place) == wide.index.mask(["dashboards:view", "reports:view"])
    for policy in (union, wide):
        assert policy.organization_roles[:2] == POLICY.organization_roles[:2]
        assert policy.workspace_roles == POLICY.workspace_roles
    assert Policy.preset() is POLICY
