"""Encrypted columns of a host's own rows: where a value belongs, and what a row shows of its columns.

Rules that this module keeps:

- the context of a value is its organization, table, column and the primary key of its row: swapped between rows, columns or
  organizations it does not open;
- a primary key is made before its row is written: one that the database makes does not exist when the value is sealed;
- the encoding of a primary key is injective: its values with their kinds, each behind its length, in the order of the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from ctsec.encryption.blind_index import BlindIndex
from ctsec.encryption.context import Context
from ctsec.ids import OrganizationId


@dataclass(frozen=True, slots=True)
class ColumnPlace:
    """A column of the host's: the table's name, with its schema where it has one, and the column's."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Plain:
    """A value that is to be sealed; None is NULL."""

    value: bytes | None


class Cell(Protocol):
    """One encrypted column of one row in memory."""

    @property
    def place(self) -> ColumnPlace:
        """The column."""
        ...

    @property
    def index(self) -> BlindIndex | None:
        """How it is indexed."""
        ...

    @property
    def region(self) -> str:
        """Whose data key seals it."""
        ...

    def context(self) -> Context:
        """Return what the value is bound to; raise ValueError while the row has no primary key or no organization."""
        ...

    def to_seal(self) -> Plain | None:
        """Return the value that is to be sealed, None if it is sealed as it is; raise ValueError if it would have to be opened first."""
        ...

    def to_open(self) -> bytes | None:
        """Return the sealed bytes, None for NULL; raise ValueError if a new value waits to be sealed."""
        ...

    def opened(self) -> bytes | None:
        """Return the value in memory, None for NULL; raise ValueError if the row was not opened."""
        ...

    def term(self) -> bytes | None:
        """Return the term of the index as it is in the row."""
        ...

    def keep_opened(self, value: bytes | None) -> None:
        """Have the value in memory until the row expires."""
        ...

    def keep_sealed(self, blob: bytes | None, *, term: bytes | None) -> None:
        """Write the sealed value, and the term of the index if there is one, into the row."""
        ...

    def waits(self, *, waits: bool) -> None:
        """Say that the value is being sealed: a flush in between leaves it alone instead of refusing."""
        ...


class EncryptedAttribute:
    """What stands for an encrypted column on the host's class; an edge makes it for its kind of rows.

    `organization` names the attribute that holds the organization's id.
    """

    organization: str

    def cell(self, row: object) -> Cell:
        """Return the column of a row."""
        raise NotImplementedError

    def place_of(self) -> ColumnPlace:
        """Return the column."""
        raise NotImplementedError

    def columns(self) -> tuple[str, ...]:
        """Return the attributes that are stored: the sealed value, and the term of the index."""
        raise NotImplementedError

    @property
    def index(self) -> BlindIndex | None:
        """How it is indexed."""
        raise NotImplementedError


def attributes_of(kind: type) -> tuple[EncryptedAttribute, ...]:
    """Return the encrypted columns of a class, those of its bases too."""
    found = {name: value for base in reversed(kind.__mro__) for name, value in vars(base).items()}
    return tuple(value for value in found.values() if isinstance(value, EncryptedAttribute))


def cells_of(row: object) -> tuple[Cell, ...]:
    """Return the encrypted columns of a row; raise TypeError if it has none."""
    found = tuple(attribute.cell(row) for attribute in attributes_of(type(row)))
    if not found:
        raise TypeError("expected a row with encrypted columns")
    return found


def row_key(values: Sequence[object]) -> str:
    """Return the text of a primary key: of str, int, bytes and UUID values; raise ValueError for others and for one that is not there."""
    return "".join(f"{len(part)}:{part}" for part in map(_part, values))


def column_context(place: ColumnPlace, *, organization: str, key: str) -> Context:
    """Return the context of a value."""
    return Context(organization=OrganizationId(organization), table=place.table, field=place.column, row=key, purpose="column")


def index_key_context(organization: OrganizationId, place: str, *, generation: int) -> Context:
    """Return the context that an index key is sealed in."""
    return Context(organization=organization, table="index_key", row=place, field=str(generation), purpose="blind-index")


def _part(value: object) -> str:
    match value:
        case None | "":
            raise ValueError("expected a primary key that is made before the row is sealed, not by the database")
        case bool():
            raise ValueError("expected a primary key of str, int, bytes or UUID")
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
