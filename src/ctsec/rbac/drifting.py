"""Whether a table in a page, such as the README, still says what the policy does.

Rules that this module keeps:

- a table is a pipe table of Markdown whose header starts with `permission`, or a fenced block that starts with such a line; its cells are
  those of a matrix: yes, no or -. Backquotes and stars around a word are decoration. Nothing else on the page is looked at;
- a cell says what `ctsec.rbac.columns` would read into it: a column of a name that both levels have is about both, but for viewer, whose
  column is the workspace role's;
- every permission of the policy has a row, unless the page says only a part (`partial`); a page without a table is an error, not an
  agreement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ctsec.rbac.errors import PolicyError
from ctsec.rbac.matrix import Matrix, MatrixError, parse_matrix
from ctsec.rbac.permission import Scope, shown
from ctsec.rbac.policy import Policy
from ctsec.rbac.reachable import everywhere
from ctsec.rbac.role import VIEWER

_HEADER: Final = "permission"
_FENCES: Final = ("```", "~~~")


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that a page says differently: the line of its file (0 where there is none), and a sentence."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence}" if self.line else self.sentence


def drift(policy: Policy, text: str, *, partial: bool = False) -> tuple[Drift, ...]:
    """Return what the tables in the Markdown `text` say differently from `policy`, line by line; nothing if they agree.

    Raises PolicyError if there is no table.
    """
    found: list[Drift] = []
    told: set[str] = set()
    whole = not partial
    tables = list(_tables(text.splitlines()))
    if not tables:
        raise PolicyError("expected a table whose header starts with `permission`, found none")
    for first, lines in tables:
        try:
            matrix = parse_matrix("\n".join(lines), permissions=policy.permissions)
        except MatrixError as error:
            where = ", ".join(f"{kind} {name}" for kind, name in (("row", error.row), ("column", error.column)) if name)
            found.append(Drift(first + (error.line or 1) - 1, f"{where}: {error.problem}" if where else error.problem))
            whole = False  # its rows are not known, so none is said to be missing
            continue
        told.update(row.permission for row in matrix.rows)
        found += _differences(policy, matrix, first)
    if whole:
        found += [Drift(0, f"no table has a row for {name}") for name in policy.permissions if name not in told]
    return tuple(found)


def _differences(policy: Policy, matrix: Matrix, first: int) -> Iterator[Drift]:
    for column in matrix.columns:
        if policy.organization_role(column) is None and policy.workspace_role(column) is None:
            yield Drift(first, f"the table has a column {column}, which is no role of the policy")
    for row in matrix.rows:
        for column in matrix.columns:
            answers = _answers(policy, row.permission, column)
            if answers and answers != {column in row.granted}:
                says, truth = (_word({column in row.granted}), _word(answers))
                yield Drift(first + row.line - 1, f"the table says {says} for {row.permission} and {column}, the policy says {truth}")


def _answers(policy: Policy, permission: str, column: str) -> set[bool]:
    """Return what the policy says in that cell: two answers if the levels differ, none for a column of no role."""
    index, bit = policy.index, policy.index.bit(permission)
    above, beside = policy.organization_role(column), policy.workspace_role(column)
    if index.scope_of(permission) is Scope.ORGANIZATION:
        return {bool(above is not None and above.organization_mask & bit)} if above is not None or beside is not None else set()
    answers = {bool(beside.mask & bit)} if beside is not None else set[bool]()
    if above is not None and (beside is None or column != VIEWER):
        answers.add(bool(everywhere(above) & bit))
    return answers


def _word(answers: set[bool]) -> str:
    if len(answers) == 2:
        return "yes on one level and no on the other"
    return "yes" if True in answers else "no"


def _tables(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each table as matrix text, with the number of its first line; blank lines keep the numbers right."""
    position = 0
    while position < len(lines):
        line = lines[position].strip()
        if line.startswith(_FENCES):
            fence, start = line[:3], position + 1
            end = next((n for n in range(start, len(lines)) if lines[n].strip().startswith(fence)), len(lines))
            header = next((line for line in lines[start:end] if line.strip()), "")
            if header.split()[:1] == [_HEADER]:
                yield start + 1, lines[start:end]
            position = end + 1
        elif line.startswith("|"):
            end = next((n for n in range(position, len(lines)) if not lines[n].strip().startswith("|")), len(lines))
            rows = [_cells(each) for each in lines[position:end]]
            if rows[0][0] == _HEADER:
                yield position + 1, ["" if _is_rule(cells) else " ".join(cells) for cells in rows]
            position = end
        else:
            position += 1


def _cells(line: str) -> list[str]:
    """Return the cells of a row of a pipe table, each as one word."""
    cells = (each.strip().strip("`*").strip() for each in line.strip().strip("|").split("|"))
    return ["_".join(each.split()) or shown("") for each in cells]


def _is_rule(cells: list[str]) -> bool:
    return all(len(each) > 1 and not each.strip(":-") for each in cells)
