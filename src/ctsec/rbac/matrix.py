"""The permission matrix as text: the product's table, read and written.

    permission        owner  admin  editor  operator  viewer
    dashboards:view   yes    yes    yes     yes       yes
    agents:run        yes    yes    yes     yes       -

Rules that this module keeps:

- the first line names the columns, each further line one permission; blank lines and the width of space mean nothing;
- a cell is `yes`, `no` or `-`; any other word is an error, and so is a missing, repeated or unknown row and a repeated column;
- every error names its place: the line, the row and the column; nothing is guessed;
- reading what was written gives the same matrix.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from ctsec.rbac.errors import PolicyError
from ctsec.rbac.permission import parse_role_name, shown
from ctsec.rbac.role import MAX_ROLES

MAX_TEXT: Final = 64 * 1024
_CELLS: Final = {"yes": True, "no": False, "-": False}


class MatrixError(PolicyError):
    """A matrix that can not be used; `line`, `row` and `column` say where (None where there is no such place)."""

    def __init__(self, problem: str, *, line: int | None = None, row: str | None = None, column: str | None = None) -> None:
        place = [f"line {line}" if line else "", f"row {row}" if row else "", f"column {column}" if column else ""]
        super().__init__(problem, place=", ".join(filter(None, place)))
        self.line = line
        self.row = row
        self.column = column


@dataclass(frozen=True, slots=True)
class Row:
    """One permission, the columns that hold it, and the line that it was read from (0 if it was not read)."""

    permission: str
    granted: frozenset[str]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Matrix:
    """A parsed table: the names of its columns from left to right and its rows from top to bottom."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def parse_matrix(text: str, *, permissions: Collection[str]) -> Matrix:
    """Return the matrix in `text` (at most 64 KiB), whose rows must be among `permissions`; raise MatrixError otherwise.

    Whether every permission has a row is asked by `require_every_row`, since a policy may be read from several tables.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT:
        raise MatrixError(f"expected at most {MAX_TEXT} bytes")
    lines = [(number, words) for number, line in enumerate(text.splitlines(), start=1) if (words := line.split())]
    if not lines:
        raise MatrixError("expected a header line and a row for each permission, found nothing")
    columns = _header(*lines[0])
    rows: dict[str, Row] = {}
    known = frozenset(permissions)
    for number, words in lines[1:]:
        row = _row(number, words, columns, known)
        if row.permission in rows:
            raise MatrixError(
                f"expected each permission once, first found on line {rows[row.permission].line}", line=number, row=row.permission
            )
        rows[row.permission] = row
    if not rows:
        raise MatrixError("expected a row for each permission, found the header only", line=lines[0][0])
    return Matrix(columns, tuple(rows.values()))


def require_every_row(matrices: Iterable[Matrix], *, permissions: Iterable[str]) -> None:
    """Raise MatrixError that names the row if one of `permissions` has none in `matrices`, or one in two of them."""
    found: dict[str, Row] = {}
    for matrix in matrices:
        for row in matrix.rows:
            if row.permission in found:
                raise MatrixError("expected each permission in one table only", line=row.line or None, row=row.permission)
            found[row.permission] = row
    for permission in permissions:
        if permission not in found:
            raise MatrixError("expected a row for this permission, found none", row=str(permission))


def format_matrix(matrix: Matrix) -> str:
    """Return `matrix` as aligned text that `parse_matrix` reads back."""
    table = [["permission", *matrix.columns]]
    table += [[str(row.permission), *("yes" if column in row.granted else "-" for column in matrix.columns)] for row in matrix.rows]
    widths = [max(len(line[position]) for line in table) for position in range(len(table[0]))]
    return "".join("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in table)


def _header(number: int, words: list[str]) -> tuple[str, ...]:
    if words[0] != "permission" or len(words) < 2:
        raise MatrixError(f"expected the header `permission` and the names of roles, found {shown(' '.join(words))}", line=number)
    columns = words[1:]
    if len(columns) > MAX_ROLES:
        raise MatrixError(f"expected at most {MAX_ROLES} columns, found {len(columns)}", line=number)
    for position, column in enumerate(columns):
        try:
            parse_role_name(column)
        except ValueError as error:
            raise MatrixError(str(error), line=number) from None
        if column in columns[:position]:
            raise MatrixError("expected each column once", line=number, column=column)
    return tuple(columns)


def _row(number: int, words: list[str], columns: tuple[str, ...], known: frozenset[str]) -> Row:
    permission, cells = words[0], words[1:]
    if permission not in known:
        raise MatrixError(f"expected a permission of the host's enum, found {shown(permission)}", line=number)
    if len(cells) != len(columns):
        column = columns[len(cells)] if len(cells) < len(columns) else None
        raise MatrixError(f"expected {len(columns)} cells, found {len(cells)}", line=number, row=permission, column=column)
    for column, cell in zip(columns, cells, strict=True):
        if cell not in _CELLS:
            raise MatrixError(f"expected yes, no or -, found {shown(cell)}", line=number, row=permission, column=column)
    return Row(permission, frozenset(column for column, cell in zip(columns, cells, strict=True) if _CELLS[cell]), number)
