"""The tables as a backup sees them: what the database holds, not what it means.

Rules that this module keeps:

- a value is a whole number, text or bytes, whatever record it belongs to, so that a row which does not decode is saved as it is;
- a row has the same values on every database: MariaDB keeps ids as bytes, and they are saved as the text that they are;
- rows come in the order of their primary key, which compares byte by byte everywhere, and no more than a few are held at a time.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import Enum
from types import NoneType
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, MetaData, Table, Text, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from ctsec.errors import CorruptRecord
from ctsec.storage.backup.records import Value
from ctsec.storage.sql.failures import translate
from ctsec.storage.sql.parts import Part
from ctsec.storage.sql.types import MARIADB, Blob, Digest, EnumText, Ident, Instant, JsonText, Words

HELD_ROWS: Final = 200
INCARNATION: Final = "incarnation"


class Kind(Enum):
    """What a column holds."""

    INTEGER = int
    TEXT = str
    BYTES = bytes


_KINDS: Final[dict[type[Any], Kind]] = {
    Instant: Kind.INTEGER,
    BigInteger: Kind.INTEGER,
    Integer: Kind.INTEGER,
    Ident: Kind.TEXT,
    EnumText: Kind.TEXT,
    Words: Kind.TEXT,
    JsonText: Kind.TEXT,
    Digest: Kind.BYTES,
    Blob: Kind.BYTES,
}
_TYPES: Final[dict[Kind, type[Any]]] = {Kind.INTEGER: BigInteger, Kind.TEXT: Text, Kind.BYTES: LargeBinary}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A table without the meaning of its columns; `name` is that in a backup. `bytewise` are the columns that MariaDB keeps as bytes."""

    name: str
    table: Table
    kinds: tuple[Kind, ...]
    bytewise: tuple[bool, ...]
    key: tuple[str, ...]
    holds_incarnation: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.table.columns.keys())

    def count(self, connection: Connection) -> int:
        """Return how many rows there are to save."""
        counted: int = _asked(connection, select(func.count()).select_from(self.table).where(*self._apart())).scalar_one()
        return counted

    def is_empty(self, connection: Connection) -> bool:
        """Say whether there is no row; the database's own name does not count."""
        return _asked(connection, select(1).select_from(self.table).where(*self._apart()).limit(1)).first() is None

    def rows(self, connection: Connection) -> Generator[tuple[Value, ...], None, None]:
        """Yield the rows in the order of the primary key; raise CorruptRecord for a value of another kind than its column.

        The cursor is closed when the last row was read, when one is refused, and when the iterator is closed before.
        """
        statement = select(self.table).where(*self._apart()).order_by(*(self.table.c[name] for name in self.key))
        maria = connection.dialect.name in MARIADB
        found = _asked(connection, statement.execution_options(stream_results=True, yield_per=HELD_ROWS))
        try:
            for row in found:
                yield tuple(self._value(place, value, maria=maria) for place, value in enumerate(row))
        except SQLAlchemyError as error:
            failure = translate(error)
        else:
            return
        finally:
            found.close()
        raise failure

    def add(self, connection: Connection, rows: Sequence[tuple[Value, ...]]) -> None:
        """Insert rows; raise StoreError if the database does not take them."""
        maria = connection.dialect.name in MARIADB
        names = self.columns
        given = [dict(zip(names, self._bound(row) if maria else row, strict=True)) for row in rows]
        _asked(connection, insert(self.table), given)

    def fits(self, row: Sequence[Value]) -> bool:
        """Say whether each value is null or of the kind of its column."""
        return all(value is None or type(value) is kind.value for value, kind in zip(row, self.kinds, strict=True))

    def _apart(self) -> tuple[Any, ...]:
        return (self.table.c.name != INCARNATION,) if self.holds_incarnation else ()

    def _value(self, place: int, value: Any, *, maria: bool) -> Value:
        kind = self.kinds[place]
        try:
            if kind is Kind.BYTES and not isinstance(value, (str, int, NoneType)):
                value = bytes(value)
            elif kind is Kind.TEXT and maria and isinstance(value, (bytes, bytearray)):
                value = value.decode()
        except UnicodeDecodeError:
            value = ...
        if value is not None and type(value) is not kind.value:
            raise CorruptRecord(f"{self.name}.{self.columns[place]} holds no {kind.name.lower()}")
        return value  # type: ignore[no-any-return]

    def _bound(self, row: Sequence[Value]) -> tuple[Value, ...]:
        return tuple(
            value.encode() if bytewise and isinstance(value, str) else value for value, bytewise in zip(row, self.bytewise, strict=True)
        )


def raw_tables(part: Part) -> tuple[RawTable, ...]:
    """Return the tables of a part in the order of their names."""
    return tuple(_raw(part, table) for _, table in sorted(part.metadata.tables.items()))


def _raw(part: Part, table: Table) -> RawTable:
    kinds = tuple(_KINDS[type(column.type)] for column in table.columns)
    bytewise = tuple(isinstance(column.type, (Ident, EnumText)) for column in table.columns)
    columns = [Column(column.name, _TYPES[kind]()) for column, kind in zip(table.columns, kinds, strict=True)]
    return RawTable(
        name=f"{part.name}.{table.name.removeprefix(part.tables.prefix)}",
        table=Table(table.name, MetaData(schema=table.schema), *columns),
        kinds=kinds,
        bytewise=bytewise,
        key=tuple(column.name for column in table.primary_key.columns),
        holds_incarnation=table is part.tables.meta,
    )


def _asked(connection: Connection, statement: Any, rows: list[dict[str, Value]] | None = None) -> Any:
    """Run a statement; the errors of the database leave as ours."""
    try:
        return connection.execute(statement, rows)
    except SQLAlchemyError as error:
        failure = translate(error)
    raise failure
