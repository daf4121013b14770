"""Inserts that are made often, compiled once for each dialect and handed to the driver as text.

Rules that this module keeps:

- values go through the same types as in any other statement: what is too long, or is no instant, is refused before it is sent;
- whoever listens for statements on the engine sees them (`before_cursor_execute`); a connection that translates schemas is left to
  SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from ctsec.errors import StoreError
from ctsec.storage.sql.failures import MISFIT
from ctsec.storage.sql.types import MARIADB, Ident

Parameters: TypeAlias = tuple[Any, ...] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PreparedInsert:
    """The `text` of an insert, and how a record becomes its parameters."""

    text: str
    names: tuple[str, ...]
    read: Callable[[object], tuple[Any, ...]]
    writers: tuple[Callable[[Any], Any] | None, ...]
    positional: bool
    texts: Mapping[str, int]

    def parameters(self, record: object) -> Parameters:
        """Return what the driver is given for a record; raise StoreError for a value that does not fit its column."""
        try:
            values = [value if write is None else write(value) for write, value in zip(self.writers, self.read(record), strict=True)]
        except (ValueError, TypeError, AttributeError):  # the last: what is of another type than its column
            failure = StoreError(MISFIT)
        else:
            return tuple(values) if self.positional else dict(zip(self.names, values, strict=True))
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
            rows = zip(*columns, strict=True)
            return list(rows) if self.positional else [dict(zip(self.names, row, strict=True)) for row in rows]
        raise failure

    def _written(self, name: str, write: Callable[[Any], Any] | None, column: tuple[Any, ...]) -> Sequence[Any]:
        if write is None:
            return column
        longest = self.texts.get(name)
        if longest is not None and all(each is None or _fits(each, longest) for each in set(column)):
            return column
        return [write(value) for value in column]


def _fits(value: object, longest: int) -> bool:
    return type(value) is str and len(value) <= longest and value.isascii()


@lru_cache(maxsize=32)
def prepared_insert(table: Table, dialect: Dialect) -> PreparedInsert:
    """Return the insert of one record with a field for each column of `table`."""
    compiled = insert(table).compile(dialect=dialect, column_keys=[column.key for column in table.columns])
    names = tuple(compiled.positiontup or [column.key for column in table.columns])
    return PreparedInsert(
        text=compiled.string,
        names=names,
        read=attrgetter(*names),
        writers=tuple([table.c[name].type.bind_processor(dialect) for name in names]),
        positional=compiled.positional,
        texts={} if dialect.name in MARIADB else {c.key: c.type.length for c in table.columns if isinstance(c.type, Ident)},
    )


def prepared_for(connection: Connection | AsyncConnection, table: Table) -> PreparedInsert | None:
    """Return the insert into `table` as `connection` speaks; None if the connection translates the schemas of tables."""
    ours = connection.sync_connection if isinstance(connection, AsyncConnection) else connection
    if ours is None or ours.get_execution_options().get("schema_translate_map"):
        return None
    return prepared_insert(table, ours.dialect)
