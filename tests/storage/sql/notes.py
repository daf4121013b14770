"""A host's rows with encrypted columns, of one mapped class for both colours."""

from __future__ import annotations

import secrets

from sqlalchemy import NullPool, String, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ctsec.encryption import BlindIndex, Transform
from ctsec.storage.sql.encrypted import encrypted, encrypted_bytes
from ctsec.storage.sql.sealed_types import BlindTerm, IndexColumn, SealedColumn, SealedValue
from tests.servers import Database


class Base(DeclarativeBase):
    pass


class Note(Base):
    """A note of an organization, found by the address of its author."""

    __tablename__ = "host_note"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    organization_id: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(40), default="")
    body_sealed: Mapped[SealedValue | None] = mapped_column(SealedColumn())
    email_sealed: Mapped[SealedValue | None] = mapped_column(SealedColumn())
    email_index: Mapped[BlindTerm | None] = mapped_column(IndexColumn(), index=True)
    scan_sealed: Mapped[SealedValue | None] = mapped_column(SealedColumn())

    body = encrypted("body_sealed", organization="organization_id")
    email = encrypted(
        "email_sealed", organization="organization_id", index=BlindIndex(column="email_index", bits=4, transform=Transform.FOLDED)
    )
    scan = encrypted_bytes("scan_sealed", organization="organization_id")


def note(organization: str, *, name: str = "", **values: object) -> Note:
    """Return a new note with a primary key of our own."""
    made = Note(id=name or secrets.token_hex(8), organization_id=organization)
    for attribute, value in values.items():
        setattr(made, attribute, value)
    return made


def dump(database: Database) -> bytes:
    """Return the bytes of every row of the table, as another client of the database reads them."""
    engine = create_engine(database.sync_url, poolclass=NullPool)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM host_note")).all()
    engine.dispose()
    return b"|".join(bytes(each) if isinstance(each, (bytes, memoryview)) else str(each).encode() for row in found for each in row)
