"""Records to rows and back: columns have the names of the fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

from sqlalchemy import ARRAY, ColumnElement, Insert, RowMapping, Table, Text, Update, and_, any_, insert, literal, update
from sqlalchemy.dialects import mysql, postgresql, sqlite

from ctsec.storage.sql.types import MARIADB

R = TypeVar("R")


def values(record: object) -> dict[str, Any]:
    """Return the columns of a record."""
    return {field.name: getattr(record, field.name) for field in fields(cast(Any, record))}


def made(kind: type[R], row: RowMapping | Mapping[str, Any] | None) -> R | None:
    """Return the record in a row, None for no row."""
    return None if row is None else kind(**row)


def all_made(kind: type[R], rows: Collection[RowMapping]) -> tuple[R, ...]:
    """Return the records in rows."""
    return tuple(kind(**row) for row in rows)


def added(table: Table, record: object) -> Insert:
    """Return the insert of a record."""
    return insert(table).values(values(record))


def replaced(table: Table, record: object, *, key: tuple[str, ...] = ("id",), keep: frozenset[str] = frozenset()) -> Update:
    """Return the compare-and-set of a record: written where the stored version is one less; columns in `keep` stay."""
    new = values(record)
    change = {name: value for name, value in new.items() if name not in keep and name not in key}
    return update(table).where(where(table, new, key), table.c.version == new["version"] - 1).values(change)


def among(column: ColumnElement[str], values: Collection[str], *, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a column is one of many texts: on PostgreSQL one parameter, where a thousand cost more than the rows."""
    if dialect == "postgresql":
        return column == any_(literal(list(values), ARRAY(Text())))
    return column.in_(values)


def where(table: Table, row: Mapping[str, Any], key: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that the columns of `key` equal those of `row`; None equals NULL."""
    return and_(*(table.c[name] == row[name] for name in key))


def put(table: Table, row: Mapping[str, Any], *, key: tuple[str, ...], dialect: str, change: Mapping[str, Any] | None = None) -> Insert:
    """Return one statement that inserts a row, or applies `change` (by default: every other column) to the one with its key."""
    new = {name: value for name, value in row.items() if name not in key} if change is None else dict(change)
    if dialect in MARIADB:
        return mysql.insert(table).values(row).on_duplicate_key_update(new)
    if dialect == "postgresql":
        return postgresql.insert(table).values(row).on_conflict_do_update(index_elements=key, set_=new)
    return sqlite.insert(table).values(row).on_conflict_do_update(index_elements=key, set_=new)
