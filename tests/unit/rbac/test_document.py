"""Policies from documents: what is written reads back equal, and TOML, JSON and matrices mean the same."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.rbac import OrganizationRole, PermissionIndex, Policy, PolicyError, WorkspaceRole, policy_document
from ctsec.rbac.preset import FURTHER, MATRIX, ORGANIZATION_SCOPE, VIEWER_CEILING, Permission, preset_policy
from tests.unit.rbac.reference import PRESETS, policies

NAMES = ("owner", "admin", "member", "viewer", "auditor", "a" * 31)
TOML = """
[permissions]
"dashboards:view" = "workspace"
"dashboards:edit" = "workspace"
"members:manage" = "organization"

[organization_roles.owner]
organization = "all"
base = "all"

[organization_roles.member]

[organization_roles.viewer]

[workspace_roles.admin]
permissions = "all"

[workspace_roles.editor]
extends = "viewer"
permissions = ["dashboards:edit"]

[workspace_roles.viewer]
permissions = ["dashboards:view"]
"""


@st.composite
def whole_policies(draw: Any) -> Any:
    """Draw a policy of any form: scopes, masks, ranks of any order, managing permissions and exclusive roles."""
    policy = draw(policies())
    index = policy.index
    organization = ["owner", *draw(st.lists(st.sampled_from(NAMES[1:]), unique=True))]
    workspace = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))

    def mask(scope: int) -> int:
        return int(draw(st.integers(0, index.everything))) & scope

    return Policy(
        index=index,
        organization_roles=tuple(
            OrganizationRole(
                name=name,
                organization_mask=mask(index.organization_scope),
                base=mask(index.workspace_scope),
                ceiling=mask(index.workspace_scope),
                rank=draw(st.integers(-9, 9)) if name != "owner" else 10,
            )
            for name in draw(st.permutations(organization))
        ),
        workspace_roles=tuple(WorkspaceRole(name=n, mask=mask(index.workspace_scope), rank=draw(st.integers(-9, 9))) for n in workspace),
        members_permission=draw(st.sampled_from([None, *index.names_of(index.organization_scope)])),
        workspace_members_permission=draw(st.sampled_from([None, *index.names_of(index.workspace_scope)])),
        exclusive_roles=tuple(
            draw(st.lists(st.frozensets(st.sampled_from(workspace), min_size=2), max_size=2)) if len(workspace) > 1 else ()
        ),
    )


@given(whole_policies())
def test_what_is_written_reads_back_equal(policy: Any) -> None:
    """Any policy comes back from its own document as it was, order of roles and ranks included."""
    read = Policy.from_json(policy_document(policy))
    assert read == policy
    assert policy_document(read) == policy_document(policy)


@pytest.mark.parametrize("policy", PRESETS)
def test_the_presets_read_back_equal(policy: Any) -> None:
    """The built-in policy and its switches survive writing and reading, and the host's enum is what they name."""
    assert Policy.from_json(policy_document(policy), permissions=Permission) == policy


def test_a_list_stands_on_one_line() -> None:
    """A document is made for people and for line-wise comparison: one line for each set of permissions."""
    policy = replace(preset_policy(), exclusive_roles=(frozenset({"editor", "operator"}),))
    lines = policy_document(policy).splitlines()
    assert '      "permissions": ["dashboards:view", "agents:run", "reports:view", "recommendations:view"],' in lines
    assert '    ["editor", "operator"]' in lines
    assert max(map(len, lines)) < 300


def test_a_policy_too_large_for_a_document_is_refused() -> None:
    """A document that could not be read is not written."""
    index = PermissionIndex.of([f"thing{number}:act" for number in range(256)])
    half = index.everything >> 1
    roles = tuple(WorkspaceRole(name=f"role{number}", mask=half, rank=number) for number in range(64))
    with pytest.raises(PolicyError, match="at most 65536 bytes"):
        policy_document(replace(Policy.from_json(policy_document(_owner_only(index))), workspace_roles=roles))


def _owner_only(index: Any) -> Policy:
    owner = OrganizationRole(name="owner", organization_mask=0, base=index.workspace_scope, ceiling=index.workspace_scope, rank=1)
    return Policy(index=index, organization_roles=(owner,), workspace_roles=())


def test_toml_and_json_mean_the_same() -> None:
    """The same tables in the two languages give the same policy."""
    import tomllib

    assert Policy.from_json(json.dumps(tomllib.loads(TOML))) == Policy.from_toml(TOML)


def test_roles_in_a_document() -> None:
    """A role holds its list and what it extends; order gives rank; a ceiling is everything, but viewer's is what viewers see."""
    policy = Policy.from_toml(TOML)
    index = policy.index
    held = {role.name: (index.names_of(role.mask), role.rank) for role in policy.workspace_roles}
    assert held == {
        "admin": (("dashboards:view", "dashboards:edit"), 3),
        "editor": (("dashboards:view", "dashboards:edit"), 2),
        "viewer": (("dashboards:view",), 1),
    }
    ceilings = {role.name: index.names_of(role.ceiling) for role in policy.organization_roles}
    assert ceilings == {
        "owner": ("dashboards:view", "dashboards:edit"),
        "member": ("dashboards:view", "dashboards:edit"),
        "viewer": ("dashboards:view",),
    }
    assert [(role.base, role.organization_mask) for role in policy.organization_roles] == [(0b011, 0b100), (0, 0), (0, 0)]
    assert (policy.members_permission, policy.workspace_members_permission) == ("members:manage", None)


@pytest.mark.parametrize(
    ("line", "ceiling", "base"),
    [
        ("", 0b01, 0),
        ("viewer_ceiling = true", 0b01, 0),
        ("viewer_ceiling = false", 0b11, 0),
        ('viewer_ceiling = "all"', 0b11, 0),
        ("viewer_ceiling = []", 0, 0),
        ('viewer_ceiling = ["dashboards:edit"]', 0b10, 0),
        ("organization_wide_view = true", 0b01, 0b01),
        ("organization_wide_view = false", 0b01, 0),
    ],
)
def test_the_switches_reach_viewer_and_member(line: Any, ceiling: Any, base: Any) -> None:
    """`viewer_ceiling` caps the organization role viewer and `organization_wide_view` gives it and member the view of every workspace."""
    policy = Policy.from_toml(line + TOML)
    viewer, member = policy.organization_role("viewer"), policy.organization_role("member")
    assert viewer is not None
    assert member is not None
    assert (viewer.ceiling, viewer.base, member.base, member.ceiling) == (ceiling, base, base, 0b11)


def test_a_matrix_in_a_document_is_the_policy_of_that_matrix() -> None:
    """The product's tables in a document, with scopes and switch, give the built-in policy, in TOML and in JSON."""
    scopes = "\n".join(f'"{name}" = "{"organization" if name in ORGANIZATION_SCOPE else "workspace"}"' for name in Permission)
    named = ", ".join(f'"{name}"' for name in VIEWER_CEILING)
    text = f'viewer_ceiling = [{named}]\nmatrix = ["""{MATRIX}""", """{FURTHER}"""]\n[permissions]\n{scopes}\n'
    assert Policy.from_toml(text) == preset_policy()
    one = 'matrix = """permission viewer\na:view yes"""\n[permissions]\n"a:view" = "workspace"'
    assert Policy.from_toml(one) == Policy.from_matrix(["a:view"], "permission viewer\na:view yes")


def test_levels_that_are_left_out_are_those_of_a_matrix_without_columns() -> None:
    """A document of permissions only is a policy: owner, admin, member and viewer over a workspace admin."""
    text = '[permissions]\n"a:view" = "workspace"\n"a:edit" = "workspace"\n"members:manage" = "organization"\n'
    policy = Policy.from_toml(text)
    assert [role.name for role in policy.organization_roles] == ["owner", "admin", "member", "viewer"]
    assert [(role.name, role.mask) for role in policy.workspace_roles] == [("admin", 0b011)]
    capped = Policy.from_toml(text + '[workspace_roles.viewer]\npermissions = ["a:edit"]').organization_role("viewer")
    assert capped is not None
    assert capped.ceiling == 0b010
    other = Policy.from_toml("members_permission = false\n" + text)
    assert other.members_permission is None


def test_the_host_names_its_permissions() -> None:
    """A document that lacks a permission of the host, or has one more, is refused before any request is; order does not matter."""
    host = ("members:manage", "dashboards:edit", "dashboards:view")
    assert Policy.from_toml(TOML, permissions=host).permissions == ("dashboards:view", "dashboards:edit", "members:manage")
    with pytest.raises(PolicyError, match=r"permissions\.dashboards:edit: expected a permission of the host"):
        Policy.from_toml(TOML, permissions=("dashboards:view", "members:manage"))
    with pytest.raises(PolicyError, match=r"permissions: expected each permission of the host, found no 'reports:view'"):
        Policy.from_toml(TOML, permissions=(*host, "reports:view"))


def test_exclusive_roles_are_sets_of_roles() -> None:
    """`exclusive_roles` reaches the policy as sets."""
    policy = Policy.from_toml('exclusive_roles = [["editor", "viewer"]]' + TOML)
    assert policy.exclusive_roles == (frozenset({"viewer", "editor"}),)


DOTTED = "".join(f"a{n:03}" + ".a" * 30 + " = 1\n" for n in range(940))


@pytest.mark.parametrize(
    ("text", "calls_a_byte"), [("a" + ".a" * 32700 + " = 1", 1), (DOTTED + "a000 = 1", 10), ("[" * 65000, 1), ("a = " + "[" * 65000, 1)]
)
def test_no_text_keeps_the_parser_busy(text: str, calls_a_byte: int) -> None:
    """Dotted keys and nesting, which cost a TOML parser quadratic time or its stack, are an error after a few calls a byte."""
    calls = 0

    def count(frame: object, kind: str, value: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        with pytest.raises(PolicyError, match=r"^(?!expected at most 65536 bytes)"):
            Policy.from_toml(text)
    finally:
        sys.setprofile(None)
    assert calls < calls_a_byte * len(text)


def test_documents_cost_nothing_until_they_are_read() -> None:
    """Importing the policy loads neither the documents' modules nor a parser of TOML or JSON."""
    program = "import sys; from ctsec.rbac import Policy; print([n for n in sys.modules if 'document' in n or n in ('tomllib', 'json')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
