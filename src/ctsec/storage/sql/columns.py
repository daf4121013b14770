"""The small vocabulary of our tables: columns by what they hold."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, MetaData, PrimaryKeyConstraint, String, Table

from ctsec.storage.sql.types import Blob, Digest, Ident, Instant, Words

ID_BYTES: Final = 64


def id_column(name: str, *, length: int = ID_BYTES, nullable: bool = False, default: str | None = None) -> Column[Any]:
    """Return a column of short text that compares byte by byte."""
    return Column(name, Ident(length), nullable=nullable, server_default=default)


def at(name: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column of an instant."""
    return Column(name, Instant(), nullable=nullable)


def number(name: str, *, default: str | None = None) -> Column[Any]:
    """Return a column of a whole number."""
    return Column(name, BigInteger(), nullable=False, autoincrement=False, server_default=default)


def words(name: str) -> Column[Any]:
    """Return a column of text for people."""
    return Column(name, Words(), nullable=False)


def blob(name: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column of bytes."""
    return Column(name, Blob(), nullable=nullable)


def event_columns() -> list[Column[Any]]:
    """Return the columns of an audit event."""
    texts = ("name", "actor_kind", "actor_id", "target_kind", "target_id", "subject_id", "outcome", "reason")
    return [
        id_column("id"),
        id_column("log"),
        at("time"),
        *(id_column(text, length=256) for text in texts),
        id_column("organization_id", nullable=True),
        id_column("workspace_id", nullable=True),
        id_column("request_id", length=256),
        blob("body"),
        Column("leaf", Digest(32), nullable=False),
        blob("personal"),
    ]


def version_table(name: str, *, schema: str | None) -> Table:
    """Return the table of a version, exactly as Alembic would make it."""
    column = Column("version_num", String(32), nullable=False)
    return Table(name, MetaData(schema=schema), column, PrimaryKeyConstraint("version_num", name=f"{name}_pkc"))
