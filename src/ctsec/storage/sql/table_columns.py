"""The kinds of columns that the tables are made of, and the lengths of texts."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column

from ctsec.storage.sql.types import Blob, Ident, Instant, Words

ID_LENGTH: Final = 64
EMAIL_LENGTH: Final = 1016
KEY_LENGTH: Final = 1280


def ident(name: str, *, length: int = ID_LENGTH, nullable: bool = False, default: str | None = None) -> Column[Any]:
    """Return a column of ids or other short texts that are compared byte by byte."""
    return Column(name, Ident(length), nullable=nullable, server_default=default)


def at(name: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column of moments in UTC."""
    return Column(name, Instant(), nullable=nullable)


def number(name: str, *, default: str | None = None) -> Column[Any]:
    """Return a column of whole numbers."""
    return Column(name, BigInteger(), nullable=False, autoincrement=False, server_default=default)


def words(name: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column of text of any script."""
    return Column(name, Words(), nullable=nullable)


def blob(name: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column of bytes."""
    return Column(name, Blob(), nullable=nullable)
