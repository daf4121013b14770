"""Tables in pages: what they say differently is found at its line, and a page without a table agrees with nothing."""

from dataclasses import replace
from typing import Any

import pytest

from ctsec.rbac import Drift, OrganizationRole, Policy, PolicyError, WorkspaceRole, drift
from ctsec.rbac.preset import FURTHER, MATRIX, POLICY, preset_policy

POLICY_OF_TWO = Policy.from_matrix(
    ["docs:view", "org:manage"],
    "permission owner admin editor viewer\ndocs:view yes yes yes yes\norg:manage yes - - -",
    organization_scope=["org:manage"],
)
PIPES = """# Rights

| name | value |
|---|---|
| permission | not this one |

Some words about `permission`.

| permission | owner | `admin` | editor | **viewer** |
|------------|:-----:|---------|-------:|------------|
| `docs:view`  | yes | yes | yes | yes |
| `org:manage` | yes | no | - | - |

```python
MATRIX = '''
permission owner
docs:view no
'''
| permission | owner |
|------------|-------|
| docs:view  | no    |
```
"""
FENCED = """
```text
permission  owner  admin  editor  viewer

docs:view   yes    yes    yes     yes
org:manage  yes    -      -       -
```
"""


@pytest.mark.parametrize("text", [PIPES, FENCED, FENCED.replace("```", "~~~"), "  " + FENCED.strip().replace("```text", "```")])
def test_a_table_that_agrees_has_no_drift(text: Any) -> None:
    """A pipe table and a fenced one are read the same, decoration and all, and other tables and blocks are left alone."""
    assert drift(POLICY_OF_TWO, text) == ()


@pytest.mark.proves("ASVS-8.1.1")
@pytest.mark.parametrize("policy", [POLICY, preset_policy(viewer_ceiling=False)])
def test_the_products_table_agrees_with_the_preset(policy: Any) -> None:
    """The tables that a policy was read from say what it does."""
    assert drift(policy, f"```\n{MATRIX}```\n\n```\n{FURTHER}```\n") == ()


STRANGE = PIPES.replace("editor", "writer").replace("no | - | -", "no | yes | -")
CASES = [
    (PIPES.replace("no | - | -", "no | - | yes"), 12, "the table says yes for org:manage and viewer, the policy says no"),
    (PIPES.replace("yes | yes | yes | yes", "yes | - | yes | yes"), 11, "the table says no for docs:view and admin, the policy says yes"),
    (FENCED.replace("org:manage  yes", "org:manage  no "), 6, "the table says no for org:manage and owner, the policy says yes"),
    (STRANGE, 9, "the table has a column writer, which is no role of the policy"),
    (PIPES.replace("org:manage", "org:gone"), 12, "expected a permission of the host's enum, found 'org:gone'"),
    (PIPES.replace("no | - | -", "no | - | not yet"), 12, "row org:manage, column viewer: expected yes, no or -, found 'not_yet'"),
    (PIPES.replace("no | - | -", "no | - | "), 12, "row org:manage, column viewer: expected yes, no or -, found \"''\""),
    (PIPES.replace("no | - | -", "no | -"), 12, "row org:manage, column viewer: expected 4 cells, found 3"),
    (FENCED.replace("org:manage  yes    -      -       -\n", ""), 0, "no table has a row for org:manage"),
    (FENCED.replace("org:manage  yes", "docs:view yes"), 6, "row docs:view: expected each permission once, first found on line 3"),
]


@pytest.mark.parametrize(("text", "line", "sentence"), CASES, ids=[sentence for *_, sentence in CASES])
def test_what_a_table_says_differently_is_named_at_its_line(text: Any, line: Any, sentence: Any) -> None:
    """A cell, a column or a row that the policy does not agree with is found once, at the line of the page."""
    found = drift(POLICY_OF_TWO, text)
    assert found == (Drift(line, sentence),)
    assert str(found[0]) == (f"line {line}: {sentence}" if line else sentence)


def test_a_part_is_enough_if_the_page_says_so() -> None:
    """With `partial`, permissions may be left out, but what is said must still be right."""
    part = FENCED.replace("org:manage  yes    -      -       -\n", "")
    assert drift(POLICY_OF_TWO, part, partial=True) == ()
    assert len(drift(POLICY_OF_TWO, part.replace("yes    yes    yes     yes", "yes    yes    -       yes"), partial=True)) == 1


def test_several_tables_complete_each_other_and_are_all_judged() -> None:
    """Rows may stand in several tables; a table that is wrong is told although another one is right."""
    one, two = "```\npermission owner\ndocs:view yes\n```\n", "| permission | owner |\n|--|--|\n| org:manage | yes |\n"
    assert drift(POLICY_OF_TWO, one + two) == ()
    assert [each.line for each in drift(POLICY_OF_TWO, one + two + one.replace("yes", "no"))] == [10]


@pytest.mark.parametrize("text", ["", "words", "```python\nMATRIX = 'permission'\n```", "| Permission | owner |\n|--|--|", "```\n```"])
def test_a_page_without_a_table_is_an_error(text: Any) -> None:
    """Where nothing is said, nothing agrees."""
    with pytest.raises(PolicyError, match="found none"):
        drift(POLICY_OF_TWO, text)


def test_a_name_of_two_levels_that_differ_can_not_be_written_in_one_column() -> None:
    """If the organization role and the workspace role of a name give different things, neither yes nor no is the truth."""
    roles = (*POLICY_OF_TWO.organization_roles, OrganizationRole(name="editor", organization_mask=0, base=0, ceiling=1))
    policy = replace(POLICY_OF_TWO, organization_roles=roles)
    assert [str(each) for each in drift(policy, FENCED)] == [
        "line 5: the table says yes for docs:view and editor, the policy says yes on one level and no on the other"
    ]


def test_a_base_above_its_ceiling_is_not_what_a_table_may_say() -> None:
    """A cell is about what somebody holds, so what a ceiling takes away is no."""
    owner, *others = POLICY_OF_TWO.organization_roles
    policy = replace(
        POLICY_OF_TWO,
        organization_roles=(replace(owner, ceiling=0), *others),
        workspace_roles=(*POLICY_OF_TWO.workspace_roles, WorkspaceRole(name="idle", mask=0)),
    )
    assert [str(each) for each in drift(policy, FENCED)] == ["line 5: the table says yes for docs:view and owner, the policy says no"]
