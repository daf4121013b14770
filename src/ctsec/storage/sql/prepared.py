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
from collections.abc import Callable, Mapping, Sequence
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
    names: tuple[str, ...]
    read: Callable[[object], tuple[Any, ...]]
    writers: tuple[Callable[[Any], Any] | None, ...]
    bounds: Mapping[str, tuple[type, int]]

    def parameters(self, record: object) -> Parameters:
        """Return what the driver is given for a record; raise StoreError for a value that does not fit its column."""
        try:
            values = [value if write is None else write(value) for write, value in zip(self.writers, self.read(record), strict=True)]
        except (ValueError, TypeError, AttributeError):  # the last: what is of another type than its column
            failure = StoreError(MISFIT)
        else:
            return tuple(values)
        raise failure

    def many(self, records: Sequence[object]) -> list[Parameters]:
        """Return what `parameters` does for each record; it goes by columns, most of which say the same in many rows."""
        try:
            columns = [
                self._written(name, write, column)
                for name, write, column in zip(self.names, self.writers, zip(*map(self.read, records), strict=True), strict=True)
            ]
        except (ValueError, TypeError, AttributeError):
            failure = StoreError(MISFIT)
        else:
            return list(zip(*columns, strict=True))
        raise failure

    def _written(self, name: str, write: Callable[[Any], Any] | None, column: tuple[Any, ...]) -> Sequence[Any]:
        if write is None:
            return column
        kind, longest = self.bounds.get(name, (None, 0))
        if kind is str and all(each is None or (type(each) is str and len(each) <= longest and each.isascii()) for each in set(column)):
            return column
        if kind is bytes and all(type(each) is bytes and len(each) <= longest for each in column):
            return column
        return [write(value) for value in column]


def _judged(kind: TypeEngine[Any], *, dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return what makes a parameter of a value; most values are short ASCII, which needs no more than a look."""
    write, (bound, longest) = kind.bind_processor(dialect), _bounds(kind, dialect=dialect) or (None, 0)
    if write is None or bound is not str:
        return write
    return lambda value: value if type(value) is str and len(value) <= longest and value.isascii() else write(value)


def _bounds(kind: TypeEngine[Any], *, dialect: Dialect) -> tuple[type, int] | None:
    """Return what a driver takes as it is, and up to which length; None if there is nothing."""
    match kind:
        case Ident():
            return None if dialect.name in MARIADB else (str, kind.length)
        case Digest():
            return bytes, kind.length
        case Blob():
            return bytes, _ANY_LENGTH
        case _:
            return None


@lru_cache(maxsize=32)
def prepared_insert(table: Table, dialect: Dialect) -> PreparedInsert | None:
    """Return the insert of one record with a field for each column of `table`; None where its text names parameters in another way."""
    keys = [column.key for column in table.columns]
    compiled = insert(table).compile(dialect=dialect, column_keys=keys)
    names = tuple(compiled.positiontup or _NAMED.findall(compiled.string))
    if sorted(names) != sorted(keys):
        return None
    bounds = {column.key: _bounds(column.type, dialect=dialect) for column in table.columns}
    return PreparedInsert(
        text=_NAMED.sub("%s", compiled.string),
        names=names,
        read=attrgetter(*names),
        writers=tuple([_judged(table.c[name].type, dialect=dialect) for name in names]),
        bounds={name: bound for name, bound in bounds.items() if bound is not None},
    )


def prepared_for(connection: Connection | AsyncConnection, table: Table) -> PreparedInsert | None:
    """Return the insert into `table` as `connection` speaks; None if that translates the schemas of tables, or names parameters."""
    ours = connection.sync_connection if isinstance(connection, AsyncConnection) else connection
    if ours is None or ours.get_execution_options().get("schema_translate_map"):
        return None
    return prepared_insert(table, ours.dialect)
