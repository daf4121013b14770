"""The types of sealed columns and of their blind indexes.

Rules that this module keeps:

- what goes into such a column is made by sealing a row, and says which row: plain bytes or text are refused where the statement's
  parameters are bound, in whatever way they came there (a flush, a bulk or a Core statement);
- a sealed value shows its size and nothing else.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import LargeBinary
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from ctsec.storage.sql.types import MARIADB

TERM_BYTES: Final = 8
_REFUSED: Final = "expected a value that `unit.columns.seal` made; set the attribute of the row, seal the row, and let the session write it"


class SealedValue:
    """A sealed value, bound to the context `bound`; None as it was read, whose context nobody has looked at yet."""

    __slots__ = ("blob", "bound")

    def __init__(self, blob: bytes, *, bound: bytes | None = None) -> None:
        self.blob = blob
        self.bound = bound

    def __repr__(self) -> str:
        return f"<sealed, {len(self.blob)} bytes>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SealedValue) and self.blob == other.blob

    def __hash__(self) -> int:
        return hash(self.blob)


class _Unsealed:
    """What a new row has in its sealed column until it is sealed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<not sealed>"


UNSEALED: Final = _Unsealed()


class BlindTerm:
    """The term of a blind index: what a search compares."""

    __slots__ = ("bound", "term")

    def __init__(self, term: bytes, *, bound: bytes | None = None) -> None:
        self.term = term
        self.bound = bound

    def __repr__(self) -> str:
        return "<term>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BlindTerm) and self.term == other.term

    def __hash__(self) -> int:
        return hash(self.term)


class SealedColumn(TypeDecorator[SealedValue]):
    """A sealed value of up to 16 MiB."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return MEDIUMBLOB on MariaDB, whose BLOB ends at 64 KiB."""
        return dialect.type_descriptor(mysql.MEDIUMBLOB() if dialect.name in MARIADB else LargeBinary())

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Return the sealed bytes; raise TypeError for anything that was not sealed."""
        del dialect
        if value is not None and not isinstance(value, SealedValue):
            raise TypeError(_REFUSED)
        return None if value is None else value.blob

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        """Refuse: a sealed value is never written into the text of a statement."""
        del value, dialect
        raise TypeError(_REFUSED)

    def process_result_value(self, value: Any, dialect: Dialect) -> SealedValue | None:
        """Return the sealed value."""
        del dialect
        return None if value is None else SealedValue(bytes(value))


class IndexColumn(TypeDecorator[BlindTerm]):
    """The term of a blind index, at most 8 bytes: to be indexed, never to be unique."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return VARBINARY on MariaDB, which can be indexed."""
        return dialect.type_descriptor(mysql.VARBINARY(TERM_BYTES) if dialect.name in MARIADB else LargeBinary())

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Return the term; raise TypeError for anything else."""
        del dialect
        if value is not None and not isinstance(value, BlindTerm):
            raise TypeError(_REFUSED)
        return None if value is None else value.term

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        """Refuse, as the sealed column does."""
        del value, dialect
        raise TypeError(_REFUSED)

    def process_result_value(self, value: Any, dialect: Dialect) -> BlindTerm | None:
        """Return the term."""
        del dialect
        return None if value is None else BlindTerm(bytes(value))
