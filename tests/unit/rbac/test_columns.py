"""What the columns of a host's matrix mean."""

from typing import Any

import pytest

from ctsec.errors import UnknownPermission
from ctsec.rbac import Policy
from tests.unit.rbac.reference import HERE, NOW, WORKSPACES, member

HOST = ("dashboards:view", "dashboards:edit")
README = """
    permission        admin  editor  viewer
    dashboards:view   yes    yes     yes
    dashboards:edit   yes    yes     -
"""


def rights(policy: Any, standing: Any) -> Any:
    mask = policy.effective(standing, now=NOW, workspace=WORKSPACES[0], workspace_organization=HERE)
    return [name.split(":")[1] for name in policy.index.names_of(mask)]


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (member("owner"), ["view", "edit"]),
        (member("admin"), ["view", "edit"]),
        (member("member"), []),
        (member("member", one="admin"), ["view", "edit"]),
        (member("member", one="editor"), ["view", "edit"]),
        (member("member", one="viewer"), ["view"]),
        (member("viewer", one="admin"), ["view"]),
        (member("viewer"), []),
    ],
)
def test_three_columns_are_enough(standing: Any, expected: Any) -> None:
    """The README's table gives the four organization roles and three workspace roles, with viewer as a ceiling."""
    policy = Policy.from_matrix(HOST, README)
    assert rights(policy, standing) == expected
    assert [role.name for role in policy.workspace_roles] == ["admin", "editor", "viewer"]
    assert (policy.members_permission, policy.workspace_members_permission) == (None, None)


def test_a_missing_column_has_a_documented_meaning() -> None:
    """Without columns owner holds everything, admin everything in workspaces, and viewer is capped by the permissions named view."""
    policy = Policy.from_matrix((*HOST, "billing:view"), "permission editor\ndashboards:view yes\ndashboards:edit yes\nbilling:view -",
                                organization_scope=["billing:view"])  # fmt: skip
    owner, admin, _, viewer = policy.organization_roles
    assert (owner.organization_mask, owner.base) == (0b100, 0b011)
    assert (admin.organization_mask, admin.base) == (0, 0b011)
    assert (viewer.organization_mask, viewer.base, viewer.ceiling) == (0, 0, 0b001)
    assert [(role.name, role.mask) for role in policy.workspace_roles] == [("admin", 0b011), ("editor", 0b011)]


def test_the_workspace_admin_is_no_higher_than_the_column_admin() -> None:
    """What the column admin denies, the workspace role admin does not hold either; owner may hold it alone."""
    policy = Policy.from_matrix(HOST, "permission owner admin\ndashboards:view yes yes\ndashboards:edit yes -")
    assert rights(policy, member("member", one="admin")) == ["view"]
    assert rights(policy, member("admin", one="admin")) == ["view"]
    assert rights(policy, member("owner")) == ["view", "edit"]


def test_a_member_column_is_a_base_for_everybody() -> None:
    """A host may let every member hold something in every workspace; a viewer is not raised by it."""
    policy = Policy.from_matrix(HOST, "permission member viewer\ndashboards:view yes yes\ndashboards:edit - -")
    assert rights(policy, member("member")) == ["view"]
    assert rights(policy, member("viewer")) == []


def test_columns_need_not_be_a_chain() -> None:
    """Two workspace roles may be incomparable; both keep exactly their cells."""
    policy = Policy.from_matrix(HOST, "permission writer reader\ndashboards:view - yes\ndashboards:edit yes -")
    assert rights(policy, member("member", one="writer")) == ["edit"]
    assert rights(policy, member("member", one="reader")) == ["view"]


def test_the_ceiling_may_be_named() -> None:
    """A viewer ceiling of names caps by exactly these, and a name of the other scope or of none is refused."""
    policy = Policy.from_matrix(HOST, README, viewer_ceiling=["dashboards:edit"])
    assert rights(policy, member("viewer", one="admin")) == ["edit"]
    with pytest.raises(UnknownPermission):
        Policy.from_matrix(HOST, README, viewer_ceiling=["dashboards:burn"])
    only_view = "permission viewer\ndashboards:view yes\ndashboards:edit -"
    with pytest.raises(ValueError, match="workspace scope"):
        Policy.from_matrix(HOST, only_view, organization_scope=["dashboards:edit"], viewer_ceiling=["dashboards:edit"])


def test_the_managing_permissions_are_found_on_their_own_level() -> None:
    """`members:manage` manages people only as an organization permission, `workspace_members:manage` only as one of workspaces."""
    names = ("members:manage", "workspace_members:manage")
    text = "permission admin\nmembers:manage yes\nworkspace_members:manage yes"
    found = Policy.from_matrix(names, text, organization_scope=["members:manage"])
    assert (found.members_permission, found.workspace_members_permission) == names
    swapped = Policy.from_matrix(names, text, organization_scope=["workspace_members:manage"])
    assert (swapped.members_permission, swapped.workspace_members_permission) == (None, None)
