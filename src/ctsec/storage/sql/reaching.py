"""A list of workspaces as a condition on the host's own tables.

    mine = await unit.lists.reach(principal, "dashboards:view", organization=organization)
    query = select(Dashboard).where(within_reach(Dashboard.workspace_id, mine)).order_by(Dashboard.id).limit(50)

Rules that this module keeps:

- the condition holds for exactly the rows whose workspace is in the list, in the same statement: the database filters, counts and pages;
- NULL is in no workspace; ids compare byte by byte, whatever the collation of the host's column. A column of `types.Ident(64)` does so by
  itself, so that an index on it serves on every database; on MariaDB an index on any other column does not;
- what has no such condition is refused: a column of numbers or of another type than text raises.
"""

from __future__ import annotations

from typing import Any, Final, cast

from sqlalchemy import ColumnElement, String, TypeDecorator, and_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from ctsec.rbac.listing import Reach
from ctsec.storage.sql.statements import lists
from ctsec.storage.sql.tables import Tables, default_tables
from ctsec.storage.sql.types import MARIADB, Ident

# Of PostgreSQL's collations the default one is never such that different texts are equal, and a host's index most often has it.
_BYTE_WISE: Final = {"sqlite": "BINARY", "postgresql": '"default"'}


def within_reach(
    column: ColumnElement[Any] | QueryableAttribute[Any], reach: Reach, *, tables: Tables | None = None
) -> ColumnElement[bool]:
    """Return the condition that `column`, which holds workspace ids, is one of the workspaces that `unit.lists.reach` found.

    `tables` are the bundle's, if it has others than the default ones; the statement runs in the database that holds them. Raises
    ValueError for a column that can not hold ids.
    """
    expression = cast(ColumnElement[Any], column)
    if not _textual(expression.type):
        raise ValueError("expected a column of text that holds workspace ids")
    # Said apart, so that the negation is the other rows, those without a workspace among them, and not unknown.
    return and_(expression.is_not(None), lists.condition(tables or default_tables(), reach, _Exactly(expression)))


class _Exactly(FunctionElement[Any]):
    """The host's column, compared byte by byte: a column of our own type is already."""

    inherit_cache = True
    name = "exactly"

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Exactly)
def _compile(element: _Exactly, compiler: SQLCompiler, **options: Any) -> str:
    column: str = compiler.process(element.clauses, **options)
    if isinstance(element.type, Ident):
        return column
    if compiler.dialect.name in MARIADB:
        return f"CAST({column} AS BINARY)"
    collation = _BYTE_WISE.get(compiler.dialect.name)
    return column if collation is None else f"({column} COLLATE {collation})"


def _textual(kind: TypeEngine[Any]) -> bool:
    return _textual(kind.impl_instance) if isinstance(kind, TypeDecorator) else isinstance(kind, String)
