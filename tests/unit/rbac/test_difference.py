"""The difference of two policies is exact: nothing that differs is left out, nothing else is in it, and it can be applied."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.rbac import Policy, PolicyChange, PolicyPlace, RoleChange, RuleChange, Scope, diff
from ctsec.rbac.difference import Named, tables
from ctsec.rbac.preset import POLICY, preset_policy
from tests.unit.rbac.reference import HERE, NOW, WORKSPACES, member, reference
from tests.unit.rbac.test_document import whole_policies


@st.composite
def pairs(draw: Any) -> Any:
    """Draw two policies: any two, one twice, or one and the same with a few bits, roles or scopes changed."""
    before = draw(whole_policies())
    kind = draw(st.sampled_from(["same", "other", "masks", "roles"]))
    if kind == "same":
        return before, replace(before)
    if kind == "other":
        return before, draw(whole_policies())
    flip = draw(st.integers(0, before.index.workspace_scope)) & before.index.workspace_scope
    roles = list(before.organization_roles)
    at = draw(st.integers(0, len(roles) - 1))
    roles[at] = replace(roles[at], ceiling=roles[at].ceiling ^ flip)
    after = replace(before, organization_roles=tuple(roles))
    if kind == "roles":
        after = replace(after, workspace_roles=after.workspace_roles[1:], exclusive_roles=())
    return before, after


def answers(policy: Any, place: Any) -> Any:
    """Return what the reference evaluator allows to somebody in that place."""
    standing = member(place.organization_role, **({"one": place.workspace_role} if place.workspace_role else {}))
    where: Any = {} if place.scope is Scope.ORGANIZATION else {"workspace": WORKSPACES[0], "workspace_organization": HERE}
    return {name for name in policy.permissions if reference(policy, standing, name, now=NOW, **where)}


@given(pairs())
def test_a_difference_is_exactly_what_is_answered_differently(pair: Any) -> None:
    """Law 24: the gains and losses in each place are those of the naive evaluator, and places that are not named answer the same."""
    before, after = pair
    named = {change.place: (set(change.gains), set(change.losses)) for change in diff(before, after).changes}
    organization = {role.name for policy in pair for role in policy.organization_roles}
    workspace = {None, *(role.name for policy in pair for role in policy.workspace_roles)}
    places = [PolicyPlace(role, Scope.ORGANIZATION, None) for role in organization]
    places += [PolicyPlace(role, Scope.WORKSPACE, other) for role in organization for other in workspace]
    for place in places:
        old, new = answers(before, place), answers(after, place)
        assert named.pop(place, (set(), set())) == (new - old, old - new)
    assert named == {}


@given(pairs())
def test_applied_to_the_one_table_it_gives_the_other(pair: Any) -> None:
    """Law 24: the difference applied to the table before is the table after, the reverse leads back, and there is none iff tables agree."""
    before, after = pair
    old, new = tables(before, after)
    there, back = diff(before, after), diff(after, before)
    assert there.apply(old) == new
    assert back.apply(new) == old
    assert (there.changes == ()) == (old == new)
    if there.changes:
        with pytest.raises(ValueError, match="expected the table that this difference was taken from"):
            there.apply(new)


@given(whole_policies())
def test_a_policy_does_not_differ_from_itself(policy: Any) -> None:
    """Between equal policies there is nothing at all."""
    assert not diff(policy, replace(policy))


@given(pairs())
def test_the_grouping_tells_the_same_changes(pair: Any) -> None:
    """By role, each change is told once: the groups unfold to exactly the changes."""
    found = diff(*pair)
    unfolded = [
        PolicyChange(PolicyPlace(group.organization_role, group.scope, role), group.gains, group.losses)
        for group in found.by_role()
        for role in group.workspace_roles
    ]
    assert sorted(unfolded, key=repr) == sorted(found.changes, key=repr)
    assert len(set(unfolded)) == len(unfolded)


def test_the_switches_of_the_preset_as_differences() -> None:
    """What `viewer_ceiling=False` means is told once for the roles that it wakes, and nothing of others is in it."""
    groups = diff(POLICY, preset_policy(viewer_ceiling=False)).by_role()
    assert [(group.organization_role, group.scope, group.workspace_roles, group.losses) for group in groups] == [
        ("viewer", Scope.WORKSPACE, ("admin",), ()),
        ("viewer", Scope.WORKSPACE, ("editor",), ()),
        ("viewer", Scope.WORKSPACE, ("operator",), ()),
        ("viewer", Scope.WORKSPACE, ("viewer",), ()),
    ]
    assert groups[2].gains == ("agents:run", "recommendations:view")
    wide = diff(POLICY, preset_policy(organization_wide_view=True))
    assert wide
    assert wide.by_role() == (
        RoleChange("member", Scope.WORKSPACE, (None,), ("dashboards:view", "reports:view"), ()),
        RoleChange("viewer", Scope.WORKSPACE, (None,), ("dashboards:view", "reports:view"), ()),
    )


def test_names_of_one_side_only() -> None:
    """A role or permission that one side does not have is named, and what people lose or gain by it is in the cells."""
    after = replace(POLICY, workspace_roles=POLICY.workspace_roles[:3], organization_roles=POLICY.organization_roles[:3])
    found = diff(POLICY, after)
    assert found.vanished == ((Named.ORGANIZATION_ROLE, "viewer"), (Named.WORKSPACE_ROLE, "viewer"))
    assert diff(after, POLICY).appeared == found.vanished
    assert found.appeared == ()
    lost = {change.place: change.losses for change in found.changes}
    assert lost[PolicyPlace("viewer", Scope.ORGANIZATION, None)] == ("api_keys:manage",)
    assert lost[PolicyPlace("member", Scope.WORKSPACE, "viewer")] == ("dashboards:view", "reports:view", "recommendations:view")
    assert PolicyPlace("owner", Scope.WORKSPACE, "viewer") not in lost


def test_a_permission_that_moves_to_the_other_scope_is_a_loss_and_a_gain() -> None:
    """The same name in the other scope is another right."""
    workspace = Policy.from_matrix(["a:view"], "permission owner\na:view yes")
    organization = Policy.from_matrix(["a:view"], "permission owner\na:view yes", organization_scope=["a:view"])
    changes = {change.place: (change.gains, change.losses) for change in diff(workspace, organization).changes}
    assert changes[PolicyPlace("owner", Scope.ORGANIZATION, None)] == (("a:view",), ())
    assert changes[PolicyPlace("owner", Scope.WORKSPACE, None)] == ((), ("a:view",))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"members_permission": None}, RuleChange("members_permission", "members:manage", "-")),
        (
            {"workspace_members_permission": "agents:run"},
            RuleChange("workspace_members_permission", "workspace_members:manage", "agents:run"),
        ),
        ({"exclusive_roles": (frozenset({"operator", "editor"}),)}, RuleChange("exclusive_roles", "-", "editor, operator")),
        (
            {"workspace_roles": tuple(replace(role, rank=5 - role.rank) for role in POLICY.workspace_roles)},
            RuleChange("lowest_workspace_role", "viewer", "admin"),
        ),
    ],
)
def test_rules_about_changing_roles_are_told(change: Any, rule: Any) -> None:
    """A policy that answers every request the same may still let others manage people: that is no empty difference."""
    found = diff(POLICY, replace(POLICY, **change))
    assert (found.changes, found.rules) == ((), (rule,))
    assert found
