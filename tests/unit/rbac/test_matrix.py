"""The matrix text: every mistake is an error that names its place, and writing is the inverse of reading."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.rbac import Matrix, MatrixError, Policy, format_matrix, parse_matrix
from ctsec.rbac.matrix import MAX_TEXT, Row
from ctsec.rbac.preset import MATRIX, Permission

HOST = ("dashboards:view", "dashboards:edit")
GOOD = """
    permission        admin  editor  viewer

    dashboards:view   yes    yes     yes
    dashboards:edit   yes    no      -
"""


@pytest.mark.parametrize(
    ("text", "line", "row", "column", "problem"),
    [
        (GOOD.replace("no ", "maybe "), 5, "dashboards:edit", "editor", "expected yes, no or -, found 'maybe'"),
        (GOOD.replace("no ", "Yes "), 5, "dashboards:edit", "editor", "found 'Yes'"),
        (GOOD.replace("no ", "y" * 5000 + " "), 5, "dashboards:edit", "editor", "found 'y{40}…'"),
        (GOOD.replace("dashboards:edit", "dashboards:edti"), 5, None, None, "permission of the host's enum, found 'dashboards:edti'"),
        (GOOD.replace("dashboards:edit", "Dashboards:edit"), 5, None, None, "found 'Dashboards:edit'"),
        (GOOD.replace("dashboards:edit", "dashboards:view"), 5, "dashboards:view", None, "each permission once, first found on line 4"),
        (GOOD.replace("editor", "admin"), 2, None, "admin", "expected each column once"),
        (GOOD.replace("editor", "Editor"), 2, None, None, "found 'Editor'"),
        (GOOD.replace("  -", ""), 5, "dashboards:edit", "viewer", "expected 3 cells, found 2"),
        (GOOD.replace("  -", "  -  yes"), 5, "dashboards:edit", None, "expected 3 cells, found 4"),
        (GOOD.replace("permission", "action"), 2, None, None, "expected the header `permission`"),
        ("permission\ndashboards:view", 1, None, None, "names of roles"),
        ("permission admin\n", 1, None, None, "found the header only"),
        (" \n\n", None, None, None, "found nothing"),
        ("", None, None, None, "found nothing"),
        ("permission " + " ".join(f"r{n}" for n in range(65)), 1, None, None, "at most 64 columns, found 65"),
        (GOOD + " " * MAX_TEXT, None, None, None, "expected at most 65536 bytes"),
        (GOOD + "é" * (MAX_TEXT // 2), None, None, None, "expected at most 65536 bytes"),
        (GOOD.replace("    dashboards:edit   yes    no      -\n", ""), None, "dashboards:edit", None, "expected a row for this permission"),
    ],
)
def test_every_mistake_names_its_place(text: Any, line: Any, row: Any, column: Any, problem: Any) -> None:
    """A matrix that is wrong anywhere is refused, and the error says the line, the row and the column as far as there are any."""
    with pytest.raises(MatrixError, match=problem) as caught:
        Policy.from_matrix(HOST, text)
    assert (caught.value.line, caught.value.row, caught.value.column) == (line, row, column)
    named = [f"line {line}" if line else None, f"row {row}" if row else None, f"column {column}" if column else None]
    assert all(part in str(caught.value) for part in named if part)
    assert len(str(caught.value)) < 300


def test_no_text_at_all_is_a_missing_row() -> None:
    """A policy without any table is refused and names the first permission."""
    with pytest.raises(MatrixError, match="row dashboards:view: expected a row"):
        Policy.from_matrix(HOST)


def test_a_permission_in_two_tables_is_an_error() -> None:
    """Two tables may complete each other, but not speak of one permission twice."""
    first = "permission admin\ndashboards:view yes"
    assert Policy.from_matrix(HOST, first, "permission admin\ndashboards:edit yes").permissions == HOST
    with pytest.raises(MatrixError, match="one table only") as caught:
        Policy.from_matrix(HOST, GOOD, first)
    assert (caught.value.line, caught.value.row) == (2, "dashboards:view")


def test_a_workspace_role_can_not_give_an_organization_permission() -> None:
    """A cell on the wrong level is an error that names the cell."""
    with pytest.raises(MatrixError, match="line 4, row dashboards:view, column editor: expected no or -") as caught:
        Policy.from_matrix(HOST, GOOD, organization_scope=["dashboards:view"])
    assert caught.value.column == "editor"


@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_a_matrix_error(text: Any) -> None:
    """Arbitrary text never ends in another error, and never in a policy."""
    with pytest.raises(MatrixError):
        Policy.from_matrix(HOST, text)


@given(
    columns=st.lists(st.from_regex(re.compile(r"[a-z][a-z0-9_]{0,30}"), fullmatch=True), min_size=1, max_size=6, unique=True),
    grants=st.lists(st.integers(0, 63), min_size=2, max_size=2),
)
def test_writing_is_the_inverse_of_reading(columns: Any, grants: Any) -> None:
    """What `format_matrix` writes, `parse_matrix` reads as the same columns and the same cells."""
    rows = [Row(name, frozenset(c for i, c in enumerate(columns) if mask >> i & 1)) for name, mask in zip(HOST, grants, strict=True)]
    read = parse_matrix(format_matrix(Matrix(tuple(columns), tuple(rows))), permissions=HOST)
    assert read.columns == tuple(columns)
    assert [(row.permission, row.granted) for row in read.rows] == [(row.permission, row.granted) for row in rows]


def test_the_product_table_is_written_as_it_stands() -> None:
    """The preset's text is already in the form that `format_matrix` writes."""
    nine = tuple(Permission)[:9]
    assert format_matrix(parse_matrix(MATRIX, permissions=nine)) == MATRIX.lstrip()


def test_a_cell_is_yes_no_or_a_dash() -> None:
    """`yes` grants, `no` and `-` do not."""
    rows = parse_matrix(GOOD, permissions=HOST).rows
    assert [row.granted for row in rows] == [{"admin", "editor", "viewer"}, {"admin"}]
