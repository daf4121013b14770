"""An organization's own roles: the rules of the policy's, no more rights, and nobody locked out by what is stale."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.rbac import (
    Assignment,
    CustomRole,
    Policy,
    PolicyError,
    WorkspaceRole,
    custom_role_data,
    parse_custom_role,
    policy_document,
    with_custom_roles,
    with_stored_roles,
)
from ctsec.rbac.bounds import Actor
from ctsec.rbac.preset import POLICY, Permission
from ctsec.rbac.writes import may_set_workspace_role
from tests.unit.rbac.reference import HERE, NOW, PLACES, PRESETS, WORKSPACES, member, policies, reference

VIEW = frozenset({"dashboards:view"})
RUN = frozenset({"agents:run"})
WORDS = st.sampled_from(["auditor", "analyst", "viewer", "editor", "owner", "member", "admin", "x", "expired"])


@cache
def custom_roles(permissions: Any) -> Any:
    """Draw roles that make sense and roles that do not: unknown and repeated names, circles, both scopes."""
    held = st.frozensets(st.sampled_from([*permissions, "gone:view", "gone:act"]), max_size=4)
    return st.lists(st.builds(CustomRole, WORDS, held, st.none() | WORDS), max_size=6)


POLICIES = policies() | st.sampled_from(PRESETS)


@st.composite
def with_roles(draw: Any) -> Any:
    """Draw a policy and roles of somebody's own beside it."""
    policy = draw(POLICIES)
    return policy, draw(custom_roles(policy.permissions))


WITH_ROLES = with_roles()


@given(WITH_ROLES)
def test_a_custom_role_is_held_as_a_role_of_the_policy_with_its_mask(drawn: Any) -> None:
    """Law 7: whatever roles are stored, the answer is that of the same mask in a host's role, under the same ceiling, in every place."""
    policy, roles = drawn
    joined = with_stored_roles(policy, roles).policy
    plain = replace(joined, workspace_roles=tuple(replace(role, custom=False) for role in joined.workspace_roles))
    for role in joined.workspace_roles:
        for organization_role in policy.organization_roles:
            standing = member(organization_role.name, one=role.name)
            place: Any
            for place in PLACES:
                mask = joined.effective(standing, now=NOW, **place)
                assert mask == plain.effective(standing, now=NOW, **place)
                assert mask == policy.index.mask(p for p in policy.permissions if reference(joined, standing, p, now=NOW, **place))
                assert not place or not mask & ~organization_role.ceiling


@given(WITH_ROLES)
def test_stored_roles_never_fail_and_never_give_more(drawn: Any) -> None:
    """Loading never raises, index and organization roles stay, no role of the policy grows, and no custom one holds what no row says."""
    policy, roles = drawn
    stored = with_stored_roles(policy, roles)
    assert stored.policy.index is policy.index
    assert stored.policy.organization_roles is policy.organization_roles
    said = {role.name: role.mask for role in policy.workspace_roles}
    everything = policy.index.known(p for role in roles for p in role.permissions)
    for mask in said.values():
        everything |= mask
    for role in stored.policy.workspace_roles:
        assert not role.mask & ~said.get(role.name, everything)
        assert not role.mask & policy.index.organization_scope
        assert role.custom == (role.name not in said)
    assert all(each.place.startswith("custom_roles.") and str(each) == f"{each.place}: {each.problem}" for each in stored.problems)


@given(WITH_ROLES)
def test_what_is_new_is_judged_by_the_same_rules(drawn: Any) -> None:
    """Strict and lenient agree: the first problem of the one is the error of the other, and without one they give the same policy."""
    policy, roles = drawn
    stored = with_stored_roles(policy, roles)
    try:
        joined = with_custom_roles(policy, roles)
    except PolicyError as error:
        joined = None
        place, problem = error.place, error.problem
    else:
        place = problem = ""
    first = (stored.problems[0].place, stored.problems[0].problem) if stored.problems else ("", "")
    assert (place, problem) == first
    assert joined is None or joined == stored.policy


def test_a_custom_role_extends_a_role_of_the_policy_or_another() -> None:
    """A role holds its own permissions and everything along the chain."""
    roles = [CustomRole("analyst", RUN, "auditor"), CustomRole("auditor", frozenset({"reports:view"}), "viewer")]
    policy = with_custom_roles(POLICY, roles)
    viewer = POLICY.workspace_role("viewer")
    auditor, analyst = policy.workspace_role("auditor"), policy.workspace_role("analyst")
    assert viewer is not None
    assert auditor == WorkspaceRole(name="auditor", mask=viewer.mask | POLICY.index.bit("reports:view"), rank=viewer.rank, custom=True)
    assert analyst is not None
    assert analyst.mask == auditor.mask | POLICY.index.bit("agents:run")
    assert policy == with_custom_roles(POLICY, reversed(roles))


MISTAKES = [
    ([CustomRole("editor", VIEW)], "custom_roles.editor", "a name that no role of the policy has"),
    ([CustomRole("member", VIEW)], "custom_roles.member", "a name that no role of the policy has"),
    ([CustomRole("x", VIEW), CustomRole("x", RUN)], "custom_roles.x", "each role once"),
    ([CustomRole("x", frozenset({"gone:view"}))], "custom_roles.x.permissions", "a permission of the policy, found 'gone:view'"),
    ([CustomRole("x", frozenset({"billing:manage"}))], "custom_roles.x.permissions", "of the workspace scope, found 'billing:manage'"),
    ([CustomRole("x", VIEW, "gone")], "custom_roles.x.extends", "the name of a workspace role, found 'gone'"),
    ([CustomRole("x", VIEW, "member")], "custom_roles.x.extends", "the name of a workspace role, found 'member'"),
    ([CustomRole("x", VIEW, "x")], "custom_roles.x.extends", "do not extend themselves"),
    ([CustomRole("x", VIEW, "y"), CustomRole("y", VIEW, "x")], "custom_roles.x.extends", "do not extend themselves"),
    ([CustomRole("a", VIEW, "x"), CustomRole("x", VIEW, "y"), CustomRole("y", VIEW, "x")], "custom_roles.x.extends", "extend themselves"),
    ([CustomRole(f"r{n}", VIEW) for n in range(61)], "custom_roles.r9", "at most 64 workspace roles together with the policy's"),
]


@pytest.mark.parametrize(("roles", "place", "problem"), MISTAKES)
def test_every_mistake_names_its_place(roles: Any, place: Any, problem: Any) -> None:
    """Roles that the policy does not let an organization have are refused, and the error says which and why."""
    with pytest.raises(PolicyError, match=problem) as caught:
        with_custom_roles(POLICY, roles)
    assert caught.value.place == place


def test_as_many_roles_as_fit_are_accepted() -> None:
    """Custom roles and the policy's are 64 together."""
    assert len(with_custom_roles(POLICY, [CustomRole(f"r{n}", VIEW) for n in range(60)]).workspace_roles) == 64


@pytest.mark.parametrize("name", ["owner", "admin", "member", "viewer"])
def test_names_that_mean_something_are_never_custom(name: Any) -> None:
    """A policy without a workspace role admin lends that name to nobody: who bears it manages people, whatever it holds."""
    owner = POLICY.organization_roles[0]
    bare = Policy(index=POLICY.index, organization_roles=(owner,), workspace_roles=())
    with pytest.raises(PolicyError, match=r"expected (another name|a name that no role)"):
        with_custom_roles(bare, [CustomRole(name, VIEW)])
    assert with_stored_roles(bare, [CustomRole("admin", VIEW)]).policy.workspace_role("admin") is None


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (("X", VIEW), "custom_roles.'X'"),
        (("x" * (1 << 20), VIEW), "custom_roles.'" + "x" * 40 + "…'"),
        (("x\x00", VIEW), "custom_roles.'x\\x00'"),
        (("x", frozenset({"A:b"})), "custom_roles.x.permissions"),
        (("x", frozenset(f"a{n}:b" for n in range(257))), "custom_roles.x.permissions"),
        (("x", VIEW, "Viewer"), "custom_roles.x.extends"),
    ],
)
def test_a_malformed_name_is_no_custom_role(arguments: Any, place: Any) -> None:
    """What could never be a name is refused before any policy is asked."""
    with pytest.raises(PolicyError) as caught:
        CustomRole(*arguments)
    assert caught.value.place == place
    assert len(str(caught.value)) < 300


@given(st.builds(CustomRole, WORDS, st.frozensets(st.sampled_from(list(Permission))), st.none() | WORDS))
def test_plain_data_is_read_back_equal(role: Any) -> None:
    """What `custom_role_data` writes, `parse_custom_role` reads as the same role."""
    assert parse_custom_role(custom_role_data(role)) == role


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ([], "custom_roles"),
        ({}, "custom_roles.name"),
        ({"name": 1}, "custom_roles.name"),
        ({"name": "x"}, "custom_roles.x.permissions"),
        ({"name": "x", "permissions": "all"}, "custom_roles.x.permissions"),
        ({"name": "x", "permissions": ["a:b", 1]}, "custom_roles.x.permissions[1]"),
        ({"name": "x", "permissions": ["a:b", "a:b"]}, "custom_roles.x.permissions[1]"),
        ({"name": "x", "permissions": ["A:b"]}, "custom_roles.x.permissions"),
        ({"name": "x", "permissions": [], "extends": 1}, "custom_roles.x.extends"),
        ({"name": "x", "permissions": [], "rank": 1}, "custom_roles.rank"),
        ({"name": "X", "permissions": []}, "custom_roles.'X'"),
    ],
)
def test_plain_data_with_a_mistake_names_its_place(data: Any, place: Any) -> None:
    """What comes from a request is refused at the place of its mistake."""
    with pytest.raises(PolicyError) as caught:
        parse_custom_role(data)
    assert caught.value.place == place


def test_what_the_host_removed_grants_nothing_and_is_reported() -> None:
    """A stored role keeps what is left of it, and what the host took away is named."""
    roles = [CustomRole("auditor", frozenset({"dashboards:view", "gone:view", "billing:manage"}), "vanished")]
    stored = with_stored_roles(POLICY, roles)
    auditor = stored.policy.workspace_role("auditor")
    assert auditor is not None
    assert POLICY.index.names_of(auditor.mask) == ("dashboards:view",)
    assert [each.place for each in stored.problems] == [
        "custom_roles.auditor.permissions",
        "custom_roles.auditor.permissions",
        "custom_roles.auditor.extends",
    ]


def test_a_name_that_the_policy_takes_later_gives_what_both_give() -> None:
    """Who held an organization's `operator` does not gain the rights of a role of that name that the host adds afterwards."""
    stored = with_stored_roles(POLICY, [CustomRole("operator", frozenset({"dashboards:view", "connections:manage"}))])
    operator = stored.policy.workspace_role("operator")
    assert operator is not None
    assert POLICY.index.names_of(operator.mask) == ("dashboards:view",)
    assert [each.place for each in stored.problems] == ["custom_roles.operator"]


def test_a_name_that_is_stored_twice_gives_what_both_give() -> None:
    """Two rows of one name, which no store should have, are reported and give what they agree on."""
    stored = with_stored_roles(POLICY, [CustomRole("x", VIEW | RUN), CustomRole("x", VIEW)])
    assert [POLICY.index.names_of(role.mask) for role in stored.policy.workspace_roles if role.custom] == [("dashboards:view",)]


RANKS = [
    (VIEW | {"recommendations:view"}, None, "viewer"),
    (RUN, None, "viewer"),
    (RUN, "viewer", "operator"),
    (RUN, "editor", "editor"),
    (frozenset(POLICY.index.names_of(POLICY.index.workspace_scope)), None, "editor"),
]


@pytest.mark.parametrize(("permissions", "extends", "beside"), RANKS)
def test_a_custom_role_stands_beside_the_highest_role_that_it_contains(permissions: Any, extends: Any, beside: Any) -> None:
    """For people, a custom role is ordered by what it holds, and below admin even if it holds everything."""
    policy = with_custom_roles(POLICY, [CustomRole("x", permissions, extends)])
    custom, other, admin = (policy.workspace_role(name) for name in ("x", beside, "admin"))
    assert custom is not None
    assert other is not None
    assert admin is not None
    assert custom.rank == other.rank < admin.rank


def grant(policy: Any, role: Any, *, to: Any) -> Any:
    """Return what the write rules say to an owner who gives `role` to a person."""
    return may_set_workspace_role(
        policy,
        actor=Actor(standing=member("owner", user="usr_owner")),
        target=member(to),
        workspace=WORKSPACES[0],
        workspace_organization=HERE,
        grant=Assignment(role),
        now=NOW,
    )


@given(st.frozensets(st.sampled_from(POLICY.index.names_of(POLICY.index.workspace_scope))), st.sampled_from([None, "viewer", "operator"]))
def test_custom_roles_do_not_widen_what_may_be_given_above_a_ceiling(permissions: Any, extends: Any) -> None:
    """Only the policy's lowest role may be given above a ceiling: a custom one never, whatever its rank, and viewer as before."""
    policy = with_custom_roles(POLICY, [CustomRole("x", permissions, extends)])
    custom, viewer = policy.workspace_role("x"), POLICY.organization_role("viewer")
    assert custom is not None
    assert viewer is not None
    refusal = grant(policy, "x", to="viewer")
    assert (refusal is not None and refusal.reason == "ceiling_exceeded") == bool(custom.mask & ~viewer.ceiling)
    assert grant(policy, "viewer", to="viewer") is None
    assert grant(policy, "operator", to="viewer").reason == "ceiling_exceeded"


def test_the_only_role_of_a_policy_stays_its_lowest() -> None:
    """Where admin is the only role, a custom role orders below it and admin still is the one that may be given above a ceiling."""
    bare = Policy.from_matrix(["a:view", "a:edit"], "permission viewer\na:view yes\na:edit -")
    bare = replace(bare, workspace_roles=(replace(bare.workspace_roles[0], rank=0),))
    policy = with_custom_roles(bare, [CustomRole("x", frozenset({"a:edit"}))])
    assert policy.workspace_roles[1].rank < policy.workspace_roles[0].rank
    assert grant(policy, "admin", to="viewer") is None
    assert grant(policy, "x", to="viewer").reason == "ceiling_exceeded"


def apart() -> Policy:
    """Return a policy in which who asks and who approves are two people."""
    approver = WorkspaceRole(name="approver", mask=POLICY.index.bit("operations:approve"), rank=2)
    return replace(POLICY, workspace_roles=(*POLICY.workspace_roles, approver), exclusive_roles=(frozenset({"operator", "approver"}),))


def both(policy: Any, one: Any, two: Any) -> Any:
    """Return what the write rules say to a person with `one` in a workspace being given `two` in another."""
    return may_set_workspace_role(
        policy,
        actor=Actor(standing=member("owner", user="usr_owner")),
        target=member("member", two=one),
        workspace=WORKSPACES[0],
        workspace_organization=HERE,
        grant=Assignment(two),
        now=NOW,
    )


def test_a_custom_role_is_excluded_as_what_it_stands_for() -> None:
    """Law 25: another name for an exclusive role is as exclusive, against the policy's roles and against other custom ones."""
    roles = [CustomRole("asker", VIEW, "operator"), CustomRole("judge", frozenset({"operations:approve"})), CustomRole("reader", VIEW)]
    policy = with_custom_roles(apart(), roles)
    pairs = [("asker", "approver"), ("operator", "judge"), ("asker", "judge"), ("judge", "asker"), ("operator", "approver")]
    assert [both(policy, *pair).reason for pair in pairs] == ["exclusive_roles"] * len(pairs)
    assert [both(policy, *pair) for pair in [("asker", "operator"), ("reader", "judge"), ("asker", "reader")]] == [None] * 3


def test_no_custom_role_joins_what_the_policy_keeps_apart() -> None:
    """Law 25: a role that holds all of two exclusive roles is refused, and grants nothing if it is stored."""
    joined = CustomRole("x", frozenset({"operations:approve"}), "operator")
    with pytest.raises(PolicyError, match="does not join approver and operator") as caught:
        with_custom_roles(apart(), [joined])
    assert caught.value.place == "custom_roles.x"
    stored = with_stored_roles(apart(), [joined, CustomRole("y", VIEW, "x"), CustomRole("z", VIEW, "operator")]).policy
    assert stored.exclusive_roles == (*apart().exclusive_roles, frozenset({"approver", "z"}))
    assert [role.mask for role in stored.workspace_roles if role.name in {"x", "y"}] == [0, 0]


def test_exclusive_roles_of_one_chain_are_about_the_greater_one() -> None:
    """Where one exclusive role contains the other, a custom role that holds the greater one is not both."""
    policy = replace(POLICY, exclusive_roles=(frozenset({"editor", "operator"}),))
    joined = with_custom_roles(policy, [CustomRole("x", VIEW, "editor")])
    assert both(joined, "x", "operator").reason == "exclusive_roles"
    assert both(joined, "x", "editor") is None


def test_a_role_that_holds_nothing_is_stood_for_by_nobody() -> None:
    """An exclusive role without permissions is not held by everybody else."""
    empty = replace(apart(), exclusive_roles=(frozenset({"operator", "idle"}),), workspace_roles=(*apart().workspace_roles, IDLE))
    assert both(with_custom_roles(empty, [CustomRole("x", VIEW)]), "x", "operator") is None


IDLE = WorkspaceRole(name="idle", mask=0)


def test_a_document_holds_the_hosts_policy_only() -> None:
    """A policy that was joined with an organization's roles is not written as the host's."""
    with pytest.raises(PolicyError, match="one of an organization's own") as caught:
        policy_document(with_custom_roles(POLICY, [CustomRole("x", VIEW)]))
    assert caught.value.place == "workspace_roles.x"
