"""The findings of lint: each kind where it belongs, none where it does not, and reachability as the write rules have it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.rbac import (
    Assignment,
    CustomRole,
    Finding,
    FindingKind,
    OrganizationRole,
    PermissionIndex,
    Policy,
    WorkspaceRole,
    lint,
    with_custom_roles,
)
from ctsec.rbac.bounds import Actor
from ctsec.rbac.preset import POLICY, preset_policy
from ctsec.rbac.reachable import reachable_roles
from ctsec.rbac.writes import may_set_organization_role, may_set_workspace_role
from tests.unit.rbac.reference import HERE, NOW, WORKSPACES, member, policies


def found(policy: Any, kind: FindingKind) -> Any:
    """Return place and sentence of the findings of one kind."""
    return [(each.place, each.sentence) for each in lint(policy) if each.kind is kind]


def test_the_findings_of_the_preset_are_pinned() -> None:
    """The built-in policy has one oddity, which is meant: everybody has their own API keys."""
    universal = Finding(
        FindingKind.UNIVERSAL_PERMISSION,
        "permissions.api_keys:manage",
        "every member of an organization holds api_keys:manage, with any role",
    )
    assert lint(POLICY) == (universal,)
    assert str(universal) == f"permissions.api_keys:manage: {universal.sentence} [universal_permission]"
    places = {name: [(each.kind.value, each.place) for each in lint(preset_policy(**{name: on}))] for name, on in SWITCHES.items()}
    assert places == {
        "viewer_ceiling": [("equal_roles", "organization_roles.viewer"), ("universal_permission", "permissions.api_keys:manage")],
        "organization_wide_view": [
            ("universal_permission", "permissions.dashboards:view"),
            ("universal_permission", "permissions.reports:view"),
            ("universal_permission", "permissions.api_keys:manage"),
        ],
    }


SWITCHES = {"viewer_ceiling": False, "organization_wide_view": True}
HOST = ("docs:view", "docs:edit", "docs:share", "org:view", "org:edit")
INDEX = PermissionIndex.of(HOST, organization_scope=["org:view", "org:edit"])
VIEW, EDIT, SHARE, ORG_VIEW, ORG_EDIT = (INDEX.bit(name) for name in HOST)
ALL = INDEX.workspace_scope
OWNER = OrganizationRole(name="owner", organization_mask=ORG_VIEW | ORG_EDIT, base=ALL, ceiling=ALL, rank=9)
MEMBER = OrganizationRole(name="member", organization_mask=0, base=0, ceiling=ALL, rank=1)
EDITOR = WorkspaceRole(name="editor", mask=VIEW | EDIT, rank=2)
VIEWER = WorkspaceRole(name="viewer", mask=VIEW, rank=1)


def build(*roles: Any, **fields: Any) -> Policy:
    """Return a policy of owner, member, editor and viewer, in which a role of the same name replaces its own."""
    organization = {role.name: role for role in (OWNER, MEMBER, *roles) if isinstance(role, OrganizationRole)}
    workspace = {role.name: role for role in (EDITOR, VIEWER, *roles) if isinstance(role, WorkspaceRole)}
    return Policy(index=INDEX, organization_roles=tuple(organization.values()), workspace_roles=tuple(workspace.values()), **fields)


def test_a_policy_without_oddities_has_no_findings() -> None:
    """A small policy of two levels is clean."""
    assert lint(build()) == ()


def adds_nothing(role: Any) -> Any:
    """Return the finding of a role that nobody gains by."""
    return (f"workspace_roles.{role}", f"{role} adds nothing: it is above the ceiling of everybody who does not hold all of it anyway")


CASES = [
    (
        build(replace(MEMBER, name="capped", ceiling=VIEW), WorkspaceRole(name="idle", mask=0, rank=3)),
        FindingKind.UNREACHABLE_ROLE,
        [("workspace_roles.idle", "idle holds nothing")],
    ),
    (
        build(replace(OWNER, ceiling=VIEW, base=VIEW), replace(MEMBER, ceiling=VIEW), WorkspaceRole(name="sharer", mask=SHARE, rank=3)),
        FindingKind.UNREACHABLE_ROLE,
        [
            ("workspace_roles.editor", "nobody can be given editor: it gives more than those hold who manage people there"),
            ("workspace_roles.sharer", "sharer gives nothing: no organization role has a ceiling that lets any of it through"),
        ],
    ),
    (
        build(replace(OWNER, organization_mask=ORG_VIEW), OrganizationRole(name="boss", organization_mask=ORG_EDIT, base=0, ceiling=ALL)),
        FindingKind.UNREACHABLE_ROLE,
        [("organization_roles.boss", "nobody can be made boss: it gives more than those hold who manage members")],
    ),
    (
        build(replace(MEMBER, ceiling=VIEW | SHARE)),
        FindingKind.UNREACHABLE_ROLE,
        [adds_nothing("editor")],
    ),
    (build(replace(MEMBER, ceiling=VIEW), replace(EDITOR, rank=0)), FindingKind.UNREACHABLE_ROLE, []),
    (build(replace(MEMBER, ceiling=SHARE)), FindingKind.UNREACHABLE_ROLE, [adds_nothing("editor"), adds_nothing("viewer")]),
    (
        build(
            replace(OWNER, organization_mask=ORG_VIEW),
            replace(MEMBER, ceiling=VIEW),
            OrganizationRole(name="boss", organization_mask=ORG_EDIT, base=0, ceiling=ALL),
        ),
        FindingKind.UNREACHABLE_ROLE,
        [("organization_roles.boss", "nobody can be made boss: it gives more than those hold who manage members"), adds_nothing("editor")],
    ),
    (
        build(replace(MEMBER, base=VIEW)),
        FindingKind.UNREACHABLE_ROLE,
        [adds_nothing("viewer")],
    ),
    (
        build(replace(EDITOR, mask=EDIT | SHARE)),
        FindingKind.WRITE_WITHOUT_VIEW,
        [
            ("workspace_roles.editor.permissions", "editor holds docs:edit without docs:view"),
            ("workspace_roles.editor.permissions", "editor holds docs:share without docs:view"),
        ],
    ),
    (
        build(replace(MEMBER, organization_mask=ORG_EDIT, base=EDIT, ceiling=EDIT)),
        FindingKind.WRITE_WITHOUT_VIEW,
        [
            ("organization_roles.member.organization", "member holds org:edit without org:view"),
            ("organization_roles.member.base", "member holds docs:edit without docs:view"),
            ("organization_roles.member.ceiling", "member lets through docs:edit without docs:view"),
        ],
    ),
    (build(replace(VIEWER, name="reader")), FindingKind.EQUAL_ROLES, [("workspace_roles.reader", "reader is the same as viewer")]),
    (
        build(OrganizationRole(name="guest", organization_mask=0, base=0, ceiling=ALL)),
        FindingKind.EQUAL_ROLES,
        [("organization_roles.guest", "guest is the same as member")],
    ),
    (
        build(OrganizationRole(name="guest", organization_mask=0, base=EDIT, ceiling=VIEW), replace(MEMBER, ceiling=VIEW)),
        FindingKind.EQUAL_ROLES,
        [("organization_roles.guest", "guest is the same as member")],
    ),
    (
        build(replace(OWNER, base=VIEW, organization_mask=ORG_VIEW)),
        FindingKind.UNUSED_PERMISSION,
        [("permissions.docs:share", "nobody can hold docs:share"), ("permissions.org:edit", "nobody can hold org:edit")],
    ),
    (
        build(replace(OWNER, base=ALL, ceiling=VIEW | SHARE), replace(MEMBER, ceiling=VIEW)),
        FindingKind.UNUSED_PERMISSION,
        [("permissions.docs:edit", "nobody can hold docs:edit")],
    ),
    (build(replace(MEMBER, base=VIEW, ceiling=EDIT)), FindingKind.UNIVERSAL_PERMISSION, []),
    (
        build(replace(MEMBER, base=VIEW, organization_mask=ORG_VIEW)),
        FindingKind.UNIVERSAL_PERMISSION,
        [
            ("permissions.docs:view", "every member of an organization holds docs:view, with any role"),
            ("permissions.org:view", "every member of an organization holds org:view, with any role"),
        ],
    ),
    (
        build(replace(MEMBER, base=VIEW | EDIT | SHARE, ceiling=VIEW)),
        FindingKind.BASE_OUTSIDE_CEILING,
        [("organization_roles.member.base", "the ceiling of member takes away docs:edit, docs:share")],
    ),
]


@pytest.mark.parametrize(("policy", "kind", "expected"), CASES, ids=[str(kind) for _, kind, _ in CASES])
def test_each_kind_of_finding_names_place_and_reason(policy: Any, kind: Any, expected: Any) -> None:
    """What is odd is found once, at its place, with a sentence that says why."""
    assert found(policy, kind) == expected


def test_a_view_of_the_other_scope_is_no_view() -> None:
    """`members:manage` per workspace does not miss a `members:view` of the organization."""
    index = PermissionIndex.of(["members:view", "members:manage"], organization_scope=["members:view"])
    owner = OrganizationRole(name="owner", organization_mask=0, base=0b10, ceiling=0b10, rank=1)
    policy = Policy(index=index, organization_roles=(owner,), workspace_roles=())
    assert found(policy, FindingKind.WRITE_WITHOUT_VIEW) == []


def test_an_organizations_own_roles_are_linted_with_the_policy() -> None:
    """A custom role that repeats another, or that no manager could give, is found like a role of the policy."""
    policy = with_custom_roles(POLICY, [CustomRole("readers", frozenset(), "viewer")])
    assert found(policy, FindingKind.EQUAL_ROLES) == [("workspace_roles.readers", "readers is the same as viewer")]


def histories(policy: Any) -> Any:
    """Return the roles that somebody comes to hold, by asking the write rules about every actor and target until nothing is new."""
    organization, workspace = {"owner"}, set[str]()
    while True:
        before = (set(organization), set(workspace))
        actors = [
            Actor(standing=member(o, user="usr_actor", **({"one": w} if w else {}))) for o in organization for w in [None, *workspace]
        ]
        for actor in actors:
            for role in policy.organization_roles:
                if may_set_organization_role(policy, actor=actor, before=None, after=member(role.name), now=NOW) is None:
                    organization.add(role.name)
            for target in sorted(organization):
                for role in policy.workspace_roles:
                    refusal = may_set_workspace_role(
                        policy,
                        actor=actor,
                        target=member(target),
                        workspace=WORKSPACES[0],
                        workspace_organization=HERE,
                        grant=Assignment(role.name),
                        now=NOW,
                    )
                    if refusal is None:
                        workspace.add(role.name)
        if (organization, workspace) == before:
            return organization, workspace


@st.composite
def managed(draw: Any) -> Any:
    """Draw a policy with and without permissions that manage people, and with ranks."""
    policy = draw(policies())
    index = policy.index
    return replace(
        policy,
        members_permission=draw(st.sampled_from([None, *index.names_of(index.organization_scope)])),
        workspace_members_permission=draw(st.sampled_from([None, *index.names_of(index.workspace_scope)])),
        workspace_roles=tuple(replace(role, rank=draw(st.integers(0, 2))) for role in policy.workspace_roles),
    )


@settings(max_examples=60)
@given(managed())
def test_a_role_is_reachable_if_the_write_rules_ever_give_it(policy: Any) -> None:
    """What lint calls unreachable is exactly what no history of permitted changes gives to anybody."""
    assert reachable_roles(policy) == histories(policy)
