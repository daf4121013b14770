"""The small vocabulary of our revisions: tables and columns with our prefix, schema, names and options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alembic import context, op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint
from sqlalchemy.types import TypeEngine

from ctsec.storage.sql.parts import Part
from ctsec.storage.sql.types import Ident

_OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin", "row_format": "DYNAMIC"}


@dataclass(frozen=True, slots=True)
class Nullable:
    """The type of a column that may be NULL."""

    type: TypeEngine[Any]


def nullable(kind: TypeEngine[Any]) -> Nullable:
    """Return `kind` for a column that may be NULL."""
    return Nullable(kind)


def table(
    name: str, columns: Mapping[str, TypeEngine[Any] | Nullable], *, key: tuple[str, ...], indexes: Mapping[str, tuple[str, ...]]
) -> None:
    """Make a table; an index whose name starts with `one_` is unique."""
    part: Part = context.config.attributes["part"]
    if name == "user" and part.tables.hosts_users:
        return
    full = f"{part.tables.prefix}{name}"
    made = [_column(each, kind) for each, kind in columns.items()]
    options: dict[str, Any] = {f"{dialect}_{option}": value for dialect in ("mysql", "mariadb") for option, value in _OPTIONS.items()}
    op.create_table(full, *made, PrimaryKeyConstraint(*key, name=f"{full}_pk"), schema=part.tables.schema, **options)
    for index, names in indexes.items():
        op.create_index(f"{full}_{index}", full, list(names), unique=index.startswith("one_"), schema=part.tables.schema)


def drop(*names: str) -> None:
    """Drop tables."""
    part: Part = context.config.attributes["part"]
    for name in reversed(names):
        op.drop_table(f"{part.tables.prefix}{name}", schema=part.tables.schema)


def add_number(name: str, column: str) -> None:
    """Add a column of whole numbers to a table; its rows have 0 there."""
    part: Part = context.config.attributes["part"]
    made = Column(column, BigInteger(), nullable=False, server_default="0")
    op.add_column(f"{part.tables.prefix}{name}", made, schema=part.tables.schema)


def add_column(name: str, column: str, kind: TypeEngine[Any] | Nullable, *, default: str | None = None) -> None:
    """Add a column to a table; its rows have `default` there, or NULL where it may be."""
    part: Part = context.config.attributes["part"]
    made = _column(column, kind)
    if default is not None:
        made = Column(column, made.type, nullable=made.nullable, server_default=default)
    op.add_column(f"{part.tables.prefix}{name}", made, schema=part.tables.schema)


def add_name(name: str, column: str) -> None:
    """Add a column of short names to a table; its rows have the empty one there."""
    part: Part = context.config.attributes["part"]
    op.add_column(f"{part.tables.prefix}{name}", Column(column, Ident(64), nullable=False, server_default=""), schema=part.tables.schema)


def add_index(name: str, index: str, columns: tuple[str, ...]) -> None:
    """Add an index to a table."""
    part: Part = context.config.attributes["part"]
    full = f"{part.tables.prefix}{name}"
    op.create_index(f"{full}_{index}", full, list(columns), unique=index.startswith("one_"), schema=part.tables.schema)


def drop_index(name: str, index: str) -> None:
    """Take an index away."""
    part: Part = context.config.attributes["part"]
    full = f"{part.tables.prefix}{name}"
    op.drop_index(f"{full}_{index}", full, schema=part.tables.schema)


def drop_column(name: str, column: str) -> None:
    """Take a column away."""
    part: Part = context.config.attributes["part"]
    op.drop_column(f"{part.tables.prefix}{name}", column, schema=part.tables.schema)


def _column(name: str, kind: TypeEngine[Any] | Nullable) -> Column[Any]:
    if isinstance(kind, Nullable):
        return Column(name, kind.type, nullable=True)
    if isinstance(kind, BigInteger):
        return Column(name, kind, nullable=False, autoincrement=False)
    return Column(name, kind, nullable=False)
