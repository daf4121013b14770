"""An encrypted column of a host's mapped class as statements, for values to be sealed anew.

Rules that this module keeps:

- positions are the primary key, its values with their kinds: what is read after one stands behind it in the database's own order;
- a value is written where the very bytes that were opened still stand, as a sealed value for its own row.
"""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Row, Select, Update, and_, func, inspect, select, update
from sqlalchemy.orm import Mapper

from ctsec.encryption.columns import column_context, row_key
from ctsec.encryption.reencryption import SealedRow
from ctsec.errors import ConfigurationError
from ctsec.ids import DekId
from ctsec.storage.sql.encrypted import Encrypted
from ctsec.storage.sql.sealed_types import SealedValue
from ctsec.storage.sql.statements.sealed import behind, under_keys

_READ: Final[dict[str, Any]] = {"s": str, "i": int, "b": bytes.fromhex, "u": UUID}


class ColumnStatements:
    """Reads and writes the column behind an encrypted attribute; raises ConfigurationError unless one table has all that is needed."""

    def __init__(self, attribute: Encrypted[Any]) -> None:
        self.place = attribute.place_of()
        mapper: Mapper[Any] = inspect(attribute.owner)
        self._sealed = mapper.columns[attribute.column]
        organization = mapper.columns.get(attribute.organization)
        self._key = tuple(mapper.primary_key)
        self._table = self._sealed.table
        if organization is None or any(column.table is not self._table for column in (organization, *self._key)):
            raise ConfigurationError(
                f"expected {self.place}, the organization and the primary key in one table; hand in a SealedTable of your own"
            )
        self._organization: Column[Any] = organization

    def under(self, organization: str, *, keys: tuple[DekId, ...], after: str, limit: int) -> Select[Any]:
        """Return the query for rows under one of `keys` behind a position."""
        there = and_(self._there(organization, keys), behind(self._key, _parsed(after)))
        return select(self._organization, self._sealed, *self._key).where(there).order_by(*self._key).limit(limit)

    def count(self, organization: str, *, keys: tuple[DekId, ...]) -> Select[Any]:
        """Return the query for the number of rows under one of `keys`."""
        return select(func.count()).select_from(self._table).where(self._there(organization, keys))

    def row(self, found: Row[Any]) -> SealedRow:
        """Return what a row of `under` says."""
        organization, sealed, *key = tuple(found)
        context = column_context(self.place, organization=organization, key=row_key(key))
        return SealedRow(position=json.dumps([_text(value) for value in key], ensure_ascii=False), blob=sealed.blob, context=context)

    def change(self, row: SealedRow, blob: bytes) -> Update:
        """Return the compare-and-set of a value."""
        key = and_(*(column == value for column, value in zip(self._key, _parsed(row.position), strict=True)))
        there = and_(key, self._organization == row.context.scope, self._sealed == SealedValue(row.blob))
        return update(self._table).where(there).values({self._sealed: SealedValue(blob, bound=row.context.encoded)})

    def _there(self, organization: str, keys: tuple[DekId, ...]) -> ColumnElement[bool]:
        return and_(self._organization == organization, under_keys(self._sealed, keys))


def _text(value: object) -> str:
    match value:
        case str():
            return f"s{value}"
        case int():
            return f"i{value}"
        case bytes():
            return f"b{value.hex()}"
        case UUID():
            return f"u{value.hex}"
        case _:
            raise ValueError("expected a primary key of str, int, bytes or UUID")


def _parsed(position: str) -> tuple[Any, ...]:
    return tuple(_READ[part[0]](part[1:]) for part in json.loads(position)) if position else ()
