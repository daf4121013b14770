"""Encrypted columns of a host's mapped classes: the attribute that is set and read, beside the column that is stored.

Rules that this module keeps:

- nothing here does I/O: values are sealed and opened by `unit.columns`, explicitly, in the same way for both colours;
- a row whose value was set and not sealed is not written: the flush or the commit is refused;
- a sealed value is written for the row that it was sealed for: another primary key or organization is refused until it is sealed again;
- ORM statements that set such a column are refused; what reaches the column in another way must be a sealed value (`sealed_types`);
- an opened value lives beside the row's state, in a `Secret`: it is no column, in no repr and no pickle, and ends when the row expires;
- a blind index is never unique: mapping one with a unique index or constraint is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Self, TypeVar, cast, overload

from sqlalchemy import Column, Connection, UniqueConstraint, event, inspect
from sqlalchemy.orm import Mapper

from ctsec.encryption.blind_index import BlindIndex
from ctsec.encryption.columns import ColumnPlace, EncryptedAttribute
from ctsec.errors import ConfigurationError
from ctsec.storage.sql.encrypted_cell import SqlCell, place_in
from ctsec.storage.sql.encrypted_guard import guard, held
from ctsec.storage.sql.sealed_types import BlindTerm, IndexColumn, SealedColumn

V = TypeVar("V", bound=str | bytes)
__all__ = ["Encrypted", "encrypted", "encrypted_bytes", "guard", "search_terms"]


class Encrypted(EncryptedAttribute, Generic[V]):
    """An encrypted attribute of a mapped class; `encrypted` and `encrypted_bytes` make one."""

    def __init__(self, column: str, *, kind: type[V], organization: str, region: str | None, index: BlindIndex | None) -> None:
        self.name = ""
        self.column = column
        self.organization = organization
        self.region = region
        self._index = index
        self._kind: type[V] = kind
        self._owner: type[Any] = object

    @property
    def index(self) -> BlindIndex | None:
        """How it is indexed."""
        return self._index

    def __set_name__(self, owner: type[Any], name: str) -> None:
        """Learn the attribute's name, and watch what the mapper of its class does."""
        self.name = name
        self._owner = owner
        event.listen(owner, "mapper_configured", self._check, propagate=True)
        event.listen(owner, "before_insert", self._before_write, propagate=True)
        event.listen(owner, "before_update", self._before_write, propagate=True)
        event.listen(owner, "expire", self._expired, propagate=True)
        event.listen(owner, "refresh", self._refreshed, propagate=True)

    @overload
    def __get__(self, row: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, row: object, owner: type[Any]) -> V | None: ...
    def __get__(self, row: object | None, owner: type[Any]) -> Self | V | None:
        """Return the value of a row that was set or opened; raise ValueError if it is sealed."""
        if row is None:
            return self
        raw = self.cell(row).value()
        return None if raw is None else self._read(raw)

    def __set__(self, row: object, value: V | None) -> None:
        """Set the value, to be sealed by `unit.columns.seal` before the row is written."""
        if not isinstance(cast(object, value), (self._kind, type(None))):
            raise TypeError(f"expected {self._kind.__name__} or None for {self.name}")
        raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        self.cell(row).set(raw)

    @property
    def owner(self) -> type[Any]:
        """The class that the attribute was written in."""
        return self._owner

    def columns(self) -> tuple[str, ...]:
        """Return the attributes of the stored columns: the sealed one, and that of the index."""
        return (self.column,) if self._index is None else (self.column, self._index.column)

    def cell(self, row: object) -> SqlCell:
        """Return the column of a row."""
        return SqlCell(row, self.name, column=self.column, organization=self.organization, region=self.region, index=self._index)

    def place_of(self) -> ColumnPlace:
        """Return the column, of the class that the attribute was written in."""
        mapper: Mapper[Any] | None = inspect(self._owner, raiseerr=False)
        if mapper is None:
            raise ConfigurationError(f"expected {self.name} to be written in a mapped class, to be searched by")
        return place_in(mapper, self.column)

    def _read(self, raw: bytes) -> V:
        return cast(V, raw.decode("utf-8", "surrogatepass") if self._kind is str else raw)

    def _check(self, mapper: Mapper[Any], kind: type[Any]) -> None:
        for name, wanted in ((self.column, SealedColumn), (self._index.column if self._index else None, IndexColumn)):
            if name is not None and not (name in mapper.columns and isinstance(mapper.columns[name].type, wanted)):
                raise ConfigurationError(f"expected {kind.__name__}.{name} to be a column of the type {wanted.__name__}")
        if self.organization not in mapper.attrs:
            raise ConfigurationError(f"expected {kind.__name__} to have the attribute {self.organization}")
        if self._index is not None and unique(mapper.columns[self._index.column]):
            raise ConfigurationError(
                f"{kind.__name__}.{self._index.column} is a blind index: different values share a term, so never unique"
            )

    def _before_write(self, mapper: Mapper[Any], connection: Connection, row: object) -> None:
        del mapper, connection
        self.cell(row).require_sealed()

    def _expired(self, row: object | None, attrs: Iterable[str] | None) -> None:
        # A rollback expires rows too that nobody has any more, and then there is none.
        if row is not None and (attrs is None or self.column in attrs):
            held(row).pop(self.name, None)

    def _refreshed(self, row: object, context: object, attrs: Iterable[str] | None) -> None:
        del context
        if attrs is not None and self.column not in attrs:
            return
        kept = held(row).get(self.name)
        if kept is not None and not kept.pending:
            del held(row)[self.name]


def encrypted(column: str, *, organization: str, region: str | None = None, index: BlindIndex | None = None) -> Encrypted[str]:
    """Return an encrypted text attribute over the mapped `column` of the type `SealedColumn`.

    `organization` names the attribute that holds the organization's id, `region` one that holds its region (None: the default region).
    With an `index` rows can be found by `unit.columns.terms`.
    """
    return Encrypted(column, kind=str, organization=organization, region=region, index=index)


def encrypted_bytes(column: str, *, organization: str, region: str | None = None) -> Encrypted[bytes]:
    """Return an encrypted attribute of bytes; see `encrypted`."""
    return Encrypted(column, kind=bytes, organization=organization, region=region, index=None)


def search_terms(terms: Iterable[bytes]) -> tuple[BlindTerm, ...]:
    """Return what an index column is compared with, of the bytes that `unit.columns.terms` gave: `Note.index.in_(search_terms(…))`."""
    return tuple(BlindTerm(term) for term in terms)


def unique(column: Column[Any]) -> bool:
    """Say whether a column is part of a unique index, constraint or primary key of its table."""
    table = column.table
    keys: list[Any] = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    keys += [each for each in table.indexes if each.unique]
    return bool(column.unique) or column.primary_key or any(column.name in {each.name for each in key.columns} for key in keys)
