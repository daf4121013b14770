"""Inserts that are made often, compiled once for each dialect and handed to the driver as text.

Rules that this module keeps:

- values go through the same types as in any other statement: what is too long, or is no instant, is refused before it is sent;
- parameters are sent by position, whatever names the dialect would give them: drivers match names row by row;
- whoever listens for statements on the engine sees them (`before_cursor_execute`); a connection that translates schemas, or names
  parameters as `:name`, is left to SQLAlchemy.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Table, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from ctsec.errors import StoreError
from ctsec.storage.sql.failures import MISFIT
from ctsec.storage.sql.types import MARIADB, Blob, Digest, Ident

Parameters: TypeAlias = tuple[Any, ...]
_NAMED: Final = re.compile(r"%\((\w+)\)s")
_ANY_LENGTH: Final = sys.maxsize


@dataclass(frozen=True, slots=True)
class PreparedInsert:
    """The `text` of an insert, and how a record becomes its parameters."""

    text: str
    read: Callable[[object], tuple[Any, ...]]
    columns: tuple[tuple[type[Any], int, Callable[[Any], Any] | None], ...]

    def parameters(self, record: object) -> Parameters:
        """Return what the driver is given for a record; raise StoreError for a value that does not fit its column."""
        values: list[Any] = []
        try:
            for (kind, longest, write), value in zip(self.columns, self.read(record), strict=True):
                if write is None or (type(value) is kind and len(value) <= longest and (kind is bytes or value.isascii())):
                    values.append(value)
                else:
                    values.append(write(value))
        except (ValueError, TypeError, AttributeError):  # the last: what is of another type than its column
            failure = StoreError(MISFIT)
        else:
            return tuple(values)
        raise failure

    def many(self, records: Sequence[object]) -> list[Parameters]:
        """Return what `parameters` does for each record; it goes by columns, most of which say the same in many rows."""
        try:
            columns = [
                _written(each, column) for each, column in zip(self.columns, zip(*map(self.read, records), strict=True), strict=True)
            ]
        except (ValueError, TypeError, AttributeError):
            failure = StoreError(MISFIT)
        else:
            return list(zip(*columns, strict=True))
        raise failure


def _written(how: tuple[type[Any], int, Callable[[Any], Any] | None], column: tuple[Any, ...]) -> Sequence[Any]:
    """Return the values of a column of many rows as the driver is given them."""
    kind, longest, write = how
    if write is None:
        return column
    if kind is str and all(each is None or (type(each) is str and len(each) <= longest and each.isascii()) for each in set(column)):
        return column
    if kind is bytes and all(type(each) is bytes and len(each) <= longest for each in column):
        return column
    return [write(value) for value in column]


def _bounds(kind: TypeEngine[Any], *, dialect: Dialect) -> tuple[type[Any], int]:
    """Return what a driver takes as it is (of texts, those in ASCII) and up to which length; `object`, which no value is, for none."""
    match kind:
        case Ident():
            return (object, 0) if dialect.name in MARIADB else (str, kind.length)
        case Digest():
            return bytes, kind.length
        case Blob():
            return bytes, _ANY_LENGTH
        case _:
            return object, 0


@lru_cache(maxsize=32)
def prepared_insert(table: Table, dialect: Dialect) -> PreparedInsert | None:
    """Return the insert of one record with a field for each column of `table`; None where its text names parameters in another way."""
    keys = [column.key for column in table.columns]
    compiled = insert(table).compile(dialect=dialect, column_keys=keys)
    names = tuple(compiled.positiontup or _NAMED.findall(compiled.string))
    if sorted(names) != sorted(keys):
        return None
    return PreparedInsert(
        text=_NAMED.sub("%s", compiled.string),
        read=attrgetter(*names),
        columns=tuple([(*_bounds(kind, dialect=dialect), kind.bind_processor(dialect)) for kind in [table.c[name].type for name in names]]),
    )


def prepared_for(connection: Connection | AsyncConnection, table: Table) -> PreparedInsert | None:
    """Return the insert into `table` as `connection` speaks; None if that translates the schemas of tables, or names parameters."""
    ours = connection.sync_connection if isinstance(connection, AsyncConnection) else connection
    if ours is None or ours.get_execution_options().get("schema_translate_map"):
        return None
    return prepared_insert(table, ours.dialect)
