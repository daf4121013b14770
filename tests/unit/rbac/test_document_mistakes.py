"""Mistakes in policy documents: each is a PolicyError that names its place, whatever the text holds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.rbac import MatrixError, OrganizationRole, PermissionIndex, Policy, PolicyError, WorkspaceRole
from ctsec.rbac.matrix import MAX_TEXT

PERMISSIONS = '[permissions]\n"a:view" = "workspace"\n"a:edit" = "workspace"\n"o:manage" = "organization"\n'
OWNER = "[organization_roles.owner]\n"
ROLES = PERMISSIONS + OWNER + "[workspace_roles.editor]\n"
MATRIX = 'matrix = """\npermission editor\na:view yes\na:edit -\no:manage -\n"""\n' + PERMISSIONS
MIB = "a" * (1 << 20)

TOML = [
    # the language
    ("", "permissions", "found nothing"),
    ("a = ", "line 1, column 5", "expected TOML: invalid value"),
    ("a = 1\n[a", "line 2, column 3", "expected TOML"),
    ('a = 1\na = "b"', "line 2, column 8", "cannot overwrite a value"),
    (PERMISSIONS + PERMISSIONS, "line 5, column 13", "cannot declare"),
    (PERMISSIONS + OWNER + OWNER, "line 6, column 26", "cannot declare"),
    ('a = "', "line 1, column 6", "illegal character"),
    ('x = "\x00"', "line 1, column 6", "illegal character"),
    ("a = " + "[" * 5000, "line 1", "not nested so deeply"),
    ("\na = " + "[" * 5000 + "]" * 5000, "line 2", "not nested so deeply"),
    ("a" + ".a" * 40 + " = 1", "line 1", "at most 32 dots"),
    ("\n\n[a" + ".a" * 40 + "]", "line 3", "at most 32 dots"),
    ("\na = " + "1" * 5000, "line 2", "a shorter number"),
    ("#" + MIB, "", "at most 65536 bytes"),
    ("#" + "é" * (MAX_TEXT // 2), "", "at most 65536 bytes"),
    ("#" + "\ud800" * MAX_TEXT, "", "at most 65536 bytes"),
    # keys
    ("role = 1\n" + PERMISSIONS, "role", "expected one of the keys permissions, matrix"),
    ("Permissions = 1\n" + PERMISSIONS, "'Permissions'", "one of the keys"),
    ("'" + "k" * 5000 + "' = 1\n" + PERMISSIONS, "'" + "k" * 40 + "…'", "one of the keys"),
    (ROLES + "permission = []", "workspace_roles.editor.permission", "one of the keys permissions, extends, rank"),
    (PERMISSIONS + OWNER + "mask = 1", "organization_roles.owner.mask", "one of the keys organization, base, ceiling, rank"),
    (PERMISSIONS + OWNER + "base.x = 1", "organization_roles.owner.base", 'a list of permissions or "all", found a table'),
    # kinds
    ("permissions = []", "permissions", "expected a table, found a list"),
    ("[permissions]", "permissions", "1 to 256 permissions, found 0"),
    ('[permissions]\n"a:view" = 1', "permissions.a:view", "expected a text, found a whole number"),
    ('[permissions]\n"a:view" = "Workspace"', "permissions.a:view", "organization or workspace, found 'Workspace'"),
    ('[permissions]\na.view = "workspace"', "permissions.a", "expected a text, found a table"),
    ("organization_roles = 1\n" + PERMISSIONS, "organization_roles", "expected a table, found a whole number"),
    ("organization_roles.owner = 2026-01-01\n" + PERMISSIONS, "organization_roles.owner", "expected a table, found a date"),
    ("workspace_roles = [{}]\n" + PERMISSIONS, "workspace_roles", "expected a table, found a list"),
    (PERMISSIONS + "[[workspace_roles.editor]]", "workspace_roles.editor", "expected a table, found a list"),
    (ROLES + "permissions = 1", "workspace_roles.editor.permissions", 'a list of permissions or "all", found a whole number'),
    (ROLES + 'permissions = "a:view"', "workspace_roles.editor.permissions", "found 'a:view'"),
    (ROLES + 'permissions = "ALL"', "workspace_roles.editor.permissions", "found 'ALL'"),
    (ROLES + 'permissions = ["a:view", 1]', "workspace_roles.editor.permissions[1]", "a permission, found a whole number"),
    (ROLES + 'permissions = [["a:view"]]', "workspace_roles.editor.permissions[0]", "a permission, found a list"),
    (ROLES + "rank = nan", "workspace_roles.editor.rank", "a whole number, found nan"),
    (ROLES + "rank = -inf", "workspace_roles.editor.rank", "a whole number, found -inf"),
    (ROLES + "rank = 1.0", "workspace_roles.editor.rank", "a whole number, found a number with a fraction"),
    (ROLES + "rank = true", "workspace_roles.editor.rank", "a whole number, found true"),
    (ROLES + "extends = []", "workspace_roles.editor.extends", "a text, found a list"),
    ("viewer_ceiling = 1\n" + PERMISSIONS, "viewer_ceiling", "found a whole number"),
    ('organization_wide_view = "yes"\n' + PERMISSIONS, "organization_wide_view", "true or false, found 'yes'"),
    ("members_permission = true\n" + PERMISSIONS, "members_permission", "a permission or false, found true"),
    ("exclusive_roles = 1\n" + ROLES, "exclusive_roles", "a list of lists, found a whole number"),
    ('exclusive_roles = ["editor"]\n' + ROLES, "exclusive_roles[0]", "a list of texts, found 'editor'"),
    ("exclusive_roles = [[1]]\n" + ROLES, "exclusive_roles[0][0]", "a text, found a whole number"),
    # names
    ('[permissions]\n"a" = "workspace"', "permissions.a", "resource:action"),
    ('[permissions]\n"a:VIEW" = "workspace"', "permissions.'a:VIEW'", "resource:action"),
    ('[permissions]\n"a:vi\\u0000ew" = "workspace"', "permissions.'a:vi\\x00ew'", "resource:action"),
    ('[permissions]\n"a:e\\u0301dit" = "workspace"', "permissions.'a:e\u0301dit'", "resource:action"),
    ('[permissions]\n"a:view " = "workspace"', "permissions.'a:view '", "resource:action"),
    ('[permissions]\n"a:view\u2028" = "workspace"', "permissions.'a:view\\u2028'", "resource:action"),
    ('[permissions]\n"a:vi\ud800ew" = "workspace"', "permissions.'a:vi\\ud800ew'", "resource:action"),
    ("[permissions]\n" + "\n".join(f'"a{n}:b" = "workspace"' for n in range(257)), "permissions", "1 to 256 permissions, found 257"),
    (PERMISSIONS + OWNER + '[workspace_roles."a.b"]', "workspace_roles.'a.b'", "one lower-case word"),
    (PERMISSIONS + OWNER + "[workspace_roles.Editor]", "workspace_roles.'Editor'", "one lower-case word"),
    (PERMISSIONS + OWNER + "[workspace_roles.'']", "workspace_roles.''", "one lower-case word"),
    (PERMISSIONS + OWNER + f"[workspace_roles.{'e' * 60000}]", "workspace_roles.'" + "e" * 40 + "…'", "one lower-case word"),
    (PERMISSIONS + OWNER + f"[workspace_roles.{'e' * 32}]", "workspace_roles." + "e" * 32, "at most 31 characters"),
    (
        PERMISSIONS + OWNER + "".join(f"[workspace_roles.r{n}]\n" for n in range(65)),
        "workspace_roles",
        "at most 64 roles on a level, found 65",
    ),
    (PERMISSIONS + "".join(f"[organization_roles.r{n}]\n" for n in range(65)), "organization_roles", "at most 64 roles on a level"),
    # masks and scopes
    (ROLES + 'permissions = ["a:gone"]', "workspace_roles.editor.permissions[0]", "a permission of the policy, found 'a:gone'"),
    (ROLES + 'permissions = ["a:view", "a:view"]', "workspace_roles.editor.permissions[1]", "each permission once, found 'a:view' again"),
    (
        ROLES + 'permissions = ["o:manage"]',
        "workspace_roles.editor.permissions[0]",
        "of the workspace scope, found 'o:manage'",
    ),
    (PERMISSIONS + OWNER + 'organization = ["a:view"]', "organization_roles.owner.organization[0]", "of the organization scope"),
    (PERMISSIONS + OWNER + 'base = ["o:manage"]', "organization_roles.owner.base[0]", "of the workspace scope"),
    (PERMISSIONS + OWNER + 'ceiling = ["o:manage"]', "organization_roles.owner.ceiling[0]", "of the workspace scope"),
    ('viewer_ceiling = ["o:manage"]\n' + PERMISSIONS, "viewer_ceiling[0]", "of the workspace scope"),
    ('members_permission = "a:view"\n' + PERMISSIONS, "members_permission", "of the organization scope, found 'a:view'"),
    ('workspace_members_permission = "o:manage"\n' + PERMISSIONS, "workspace_members_permission", "of the workspace scope"),
    ('members_permission = "o:gone"\n' + PERMISSIONS, "members_permission", "a permission of the policy, found 'o:gone'"),
    # roles
    (PERMISSIONS + "[organization_roles.admin]", "organization_roles", "an organization role named owner"),
    ("organization_roles = {}\n" + PERMISSIONS, "organization_roles", "an organization role named owner"),
    (PERMISSIONS + "[organization_roles.admin]\n" + OWNER, "organization_roles", "owner to have the highest rank"),
    (PERMISSIONS + OWNER + "rank = 1\n[organization_roles.admin]\nrank = 1", "organization_roles", "owner to have the highest rank"),
    (PERMISSIONS + OWNER + "rank = 1\n[organization_roles.admin]", "organization_roles.admin", "expected a rank"),
    (ROLES + 'extends = "editor"', "workspace_roles.editor.extends", "do not extend themselves, found 'editor > editor'"),
    (ROLES + 'extends = "a"\n[workspace_roles.a]\nextends = "editor"', "workspace_roles.a.extends", "'editor > a > editor'"),
    (ROLES + 'extends = "Viewer"', "workspace_roles.editor.extends", "the name of a workspace role, found 'Viewer'"),
    (ROLES + f'extends = "{"v" * 60000}"', "workspace_roles.editor.extends", "the name of a workspace role, found"),
    ('exclusive_roles = [["editor"]]\n' + ROLES, "exclusive_roles[0]", "at least two roles"),
    ('exclusive_roles = [["editor", "editor"]]\n' + ROLES, "exclusive_roles[0][1]", "each name once"),
    ('exclusive_roles = [["editor", "gone"]]\n' + ROLES, "exclusive_roles[0]", "a workspace role, found 'gone'"),
    # switches that reach nothing, or two answers to one question
    ("viewer_ceiling = true\n" + ROLES, "viewer_ceiling", "an organization role named viewer"),
    ("viewer_ceiling = true\n" + ROLES + "[organization_roles.viewer]\nceiling = []", "viewer_ceiling", "either this or a ceiling"),
    ("organization_wide_view = true\n" + ROLES, "organization_wide_view", "named member or viewer"),
    (MATRIX + OWNER, "organization_roles", "either a matrix or roles"),
    (MATRIX + "[workspace_roles.editor]", "workspace_roles", "either a matrix or roles"),
    # matrices in documents
    ("matrix = 1\n" + PERMISSIONS, "matrix", "a text or a list of texts, found a whole number"),
    ("matrix = [1]\n" + PERMISSIONS, "matrix[0]", "a text, found a whole number"),
    ("matrix = []\n" + PERMISSIONS, "matrix, row a:view", "a row for this permission"),
    ("matrix = ''\n" + PERMISSIONS, "matrix", "expected a header line"),
    (MATRIX.replace("a:edit -", "a:edit Yes"), "matrix, line 3, row a:edit, column editor", "yes, no or -, found 'Yes'"),
    (MATRIX.replace("a:edit -", "a:gone -"), "matrix, line 3", "found 'a:gone'"),
    (MATRIX.replace("a:edit -", "a:view -"), "matrix, line 3, row a:view", "each permission once"),
    (MATRIX.replace("a:edit -\n", ""), "matrix, row a:edit", "a row for this permission"),
    (MATRIX.replace("o:manage -", "o:manage yes"), "matrix, line 4, row o:manage, column editor", "expected no or -"),
    (MATRIX.replace("editor", "editor editor"), "matrix, line 1, column editor", "each column once"),
    ('matrix = ["permission x\\na:view yes", "permission y\\na:view yes"]\n' + PERMISSIONS, "matrix, line 2, row a:view", "one table only"),
    ('matrix = ["permission x\\na:view yes", "permission y\\na:b yes"]\n' + PERMISSIONS, "matrix[1], line 2", "found 'a:b'"),
    (
        f'matrix = """permission {" ".join(f"r{n}" for n in range(64))}\na:view {"yes " * 64}"""\n[permissions]\n"a:view" = "workspace"',
        "matrix, workspace_roles",
        "at most 64 roles on a level, found 65",
    ),
]

JSON = [
    ("", "line 1, column 1", "expected JSON: expecting value"),
    ("[", "line 1, column 2", "expected JSON"),
    ("{\n'a': 1}", "line 2, column 1", "expected JSON"),
    ("[]", "", "expected a table, found a list"),
    ("null", "", "expected a table, found nothing"),
    ("NaN", "", "expected a table, found nan"),
    ("1" * 5000, "line 1", "a shorter number"),
    ("[" * 60000, "line 1", "not nested so deeply"),
    ('{\n"matrix": ' + "[" * 60000, "line 2", "not nested so deeply"),
    ('{"matrix": 1, "matrix": 2}', "matrix", "each key once"),
    ('{"permissions": {"a:view": "workspace", "a:view": "organization"}}', "permissions.a:view", "each key once"),
    ('{"permissions": {"a:view": null}}', "permissions.a:view", "a text, found nothing"),
    ('{"permissions": {"a:view": "workspace"}, "workspace_roles": {"x": {}, "x": {}}}', "workspace_roles.x", "each key once"),
    (
        '{"permissions": {"a:view": "workspace"}, "workspace_roles": {"x": {"rank": 1, "rank": 2}}}',
        "workspace_roles.x.rank",
        "each key once",
    ),
    ('{"permissions": {"a:view": "workspace"}, "workspace_roles": {"x": {"rank": NaN}}}', "workspace_roles.x.rank", "found nan"),
    ('{"permissions": {"a:view": "workspace"}, "workspace_roles": {"x": {"rank": 1e999}}}', "workspace_roles.x.rank", "found inf"),
    ('{"permissions": {"a:view": "workspace"}, "viewer_ceiling": null}', "viewer_ceiling", "found nothing"),
    ('{"permissions": {"a:view": "workspace"}, "matrix": {"a": 1, "a": 2}}', "matrix", "a text or a list of texts, found a table"),
    ('{"permissions": {"a:v\\ud800": "workspace"}}', "permissions.'a:v\\ud800'", "resource:action"),
    ('{"' + MIB + '": 1}', "", "at most 65536 bytes"),
    ("\ufeff{}", "line 1, column 1", "expected JSON"),
]


def check(read: Any, text: Any, place: Any, problem: Any) -> None:
    """Assert that reading `text` is refused at `place`."""
    with pytest.raises(PolicyError) as caught:
        read(text)
    assert caught.value.place == place
    assert problem in caught.value.problem
    assert str(caught.value) == (f"{place}: {caught.value.problem}" if place else caught.value.problem)
    assert len(str(caught.value)) < 400
    str(caught.value).encode()


@pytest.mark.parametrize(("text", "place", "problem"), TOML, ids=[place for _, place, _ in TOML])
def test_every_mistake_in_toml_names_its_place(text: Any, place: Any, problem: Any) -> None:
    """A document in TOML that is wrong anywhere is refused, and the error says where and what was expected, in a few printable words."""
    check(Policy.from_toml, text, place, problem)


@pytest.mark.parametrize(("text", "place", "problem"), JSON, ids=[place for _, place, _ in JSON])
def test_every_mistake_in_json_names_its_place(text: Any, place: Any, problem: Any) -> None:
    """A document in JSON that is wrong anywhere is refused in the same manner, repeated keys included."""
    check(Policy.from_json, text, place, problem)


def test_the_documents_that_mistakes_are_put_in_are_right() -> None:
    """The tables above start from documents without a mistake, so what is refused is the mistake."""
    assert [len(Policy.from_toml(text).permissions) for text in (PERMISSIONS, PERMISSIONS + OWNER, ROLES, MATRIX)] == [3] * 4


@pytest.mark.parametrize("read", [Policy.from_toml, Policy.from_json])
@given(text=st.text(max_size=200) | st.binary(max_size=200).map(lambda each: each.decode("utf-8", "surrogateescape")))
def test_any_text_is_a_policy_error(read: Any, text: Any) -> None:
    """Arbitrary text never ends in another error, and never in a policy."""
    with pytest.raises(PolicyError):
        read(text)


WORDS = st.sampled_from(
    ["permissions", "matrix", "organization_roles", "workspace_roles", "owner", "rank", "all", "a:view", "extends", "x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["matrix", "organization_roles", "workspace_roles", "viewer_ceiling", "exclusive_roles"]), VALUES))
def test_any_tables_are_a_policy_or_a_policy_error(data: Any) -> None:
    """Whatever kinds of values stand in the tables, the answer is a policy or a PolicyError at one of their keys."""
    text = json.dumps({"permissions": {"a:view": "workspace"}, **data})
    place = next(iter(data), "")
    try:
        Policy.from_json(text)
    except PolicyError as error:
        place = error.place
    assert place.startswith(tuple(data)) or not data


INDEX = PermissionIndex.of(["a:view", "o:manage"], organization_scope=["o:manage"])
TOP = OrganizationRole(name="owner", organization_mask=0b10, base=1, ceiling=1, rank=1)
GIVEN = [
    ({"organization_roles": ()}, "organization_roles"),
    ({"organization_roles": (TOP, TOP)}, "organization_roles.owner"),
    ({"organization_roles": (OrganizationRole(name="owner", organization_mask=1, base=0, ceiling=0),)}, "organization_roles.owner"),
    ({"organization_roles": (OrganizationRole(name="owner", organization_mask=0, base=2, ceiling=0),)}, "organization_roles.owner"),
    ({"organization_roles": (OrganizationRole(name="owner", organization_mask=0, base=0, ceiling=4),)}, "organization_roles.owner"),
    ({"workspace_roles": (WorkspaceRole(name="x", mask=2),)}, "workspace_roles.x"),
    ({"workspace_roles": (WorkspaceRole(name="x", mask=-1),)}, "workspace_roles.x"),
    ({"workspace_roles": (WorkspaceRole(name="X", mask=0),)}, "workspace_roles.'X'"),
    ({"workspace_roles": (WorkspaceRole(name="x", mask=0), WorkspaceRole(name="x", mask=1))}, "workspace_roles.x"),
    ({"members_permission": "a:view"}, "members_permission"),
    ({"workspace_members_permission": "gone:view"}, "workspace_members_permission"),
    ({"exclusive_roles": (frozenset({"x"}),)}, "exclusive_roles[0]"),
]


@pytest.mark.parametrize(("change", "place"), GIVEN)
def test_roles_given_as_masks_are_judged_by_the_same_rules(change: Any, place: Any) -> None:
    """A policy that is built from masks is refused with the same error, at the place where a document would have the mistake."""
    with pytest.raises(PolicyError) as caught:
        Policy(**({"index": INDEX, "organization_roles": (TOP,), "workspace_roles": ()} | change))
    assert caught.value.place == place


def test_a_matrix_error_is_a_policy_error_with_a_place() -> None:
    """Who catches PolicyError catches what a matrix says, and reads its place as text too."""
    with pytest.raises(PolicyError) as caught:
        Policy.from_matrix(["a:view"], "permission x\na:view maybe")
    assert isinstance(caught.value, MatrixError)
    assert caught.value.place == "line 2, row a:view, column x"
