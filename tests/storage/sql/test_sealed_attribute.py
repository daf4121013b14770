"""A host's encrypted column as a table that can be sealed anew: keys of every kind, changes, and what can not be handed in."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, Engine, ForeignKey, LargeBinary, NullPool, String, Uuid, create_engine, insert, text
from sqlalchemy.dialects.mysql import VARBINARY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ctsec.encryption.columns import column_context, row_key
from ctsec.encryption.dek import dek_id_bytes
from ctsec.encryption.reencryption import SealedRow
from ctsec.errors import ConfigurationError, StoreError
from ctsec.storage.sql import SealedAttribute
from ctsec.storage.sql.encrypted import encrypted
from ctsec.storage.sql.sealed_types import SealedColumn, SealedValue
from ctsec.testing.conformance.samples import dek, org_id
from tests.servers import Database


class Base(DeclarativeBase):
    pass


class Part(Base):
    """A row whose key has a value of every kind."""

    __tablename__ = "host_part"
    maker: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    batch: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    mark: Mapped[bytes] = mapped_column(LargeBinary(8).with_variant(VARBINARY(8), "mysql", "mariadb"), primary_key=True)
    organization_id: Mapped[str] = mapped_column(String(40))
    notes_sealed: Mapped[SealedValue | None] = mapped_column(SealedColumn())

    notes = encrypted("notes_sealed", organization="organization_id")


class Animal(Base):
    __tablename__ = "host_animal"
    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    organization_id: Mapped[str] = mapped_column(String(40))


class Dog(Animal):
    """A class over two tables."""

    __tablename__ = "host_dog"
    id: Mapped[str] = mapped_column(ForeignKey("host_animal.id"), primary_key=True)
    name_sealed: Mapped[SealedValue | None] = mapped_column(SealedColumn())

    name = encrypted("name_sealed", organization="organization_id")


def blob(under: int, rest: str) -> bytes:
    return b"\xc7\x11" + dek_id_bytes(dek(under).id) + rest.encode()


KEYS = sorted((maker, number, UUID(int=batch), b"\x01") for maker in ("a", "b c") for number in (-1, 2, 10) for batch in (1, 2))


@pytest.fixture
def engine(database: Database) -> Generator[Engine]:
    made = create_engine(database.sync_url, poolclass=NullPool)
    table = Base.metadata.tables["host_part"]
    table.create(made)
    rows = [
        {**dict(zip(("maker", "number", "batch", "mark"), key, strict=True)), "notes_sealed": SealedValue(blob(1 + at % 2, str(at)))}
        for at, key in enumerate(KEYS)
    ]
    with made.begin() as connection:
        connection.execute(insert(table).values(organization_id=org_id(1)), rows)
    yield made
    table.drop(made)
    made.dispose()


def test_pages_of_keys_of_every_kind(engine: Engine) -> None:
    """Every row under the keys is in exactly one page, with the context that it was sealed in; counted alike, of one organization."""
    table = SealedAttribute(engine, Part.notes)
    assert table.name == "host_part.notes_sealed"
    wanted, after = (dek(1).id,), ""
    found: list[SealedRow] = []
    while page := table.under(org_id(1), keys=wanted, after=after, limit=2):
        found += page
        after = page[-1].position
    place = Part.notes.place_of()
    contexts = [column_context(place, organization=org_id(1), key=row_key(key)) for key in KEYS]
    assert [(row.blob, row.context) for row in found] == [(blob(1, str(at)), contexts[at]) for at in range(0, len(KEYS), 2)]
    assert table.count(org_id(1), keys=wanted) == 6
    assert table.count(org_id(1), keys=(dek(1).id, dek(2).id)) == 12
    assert table.count(org_id(2), keys=wanted) == table.count("deployment", keys=wanted) == table.count(org_id(1), keys=()) == 0


def test_a_value_is_compared_and_set(engine: Engine) -> None:
    """Of several changes those whose rows still hold what was read are written, and counted; nothing else changes."""
    table = SealedAttribute(engine, Part.notes)
    one, two, three = table.under(org_id(1), keys=(dek(1).id,), after="", limit=3)
    late = replace(two, blob=blob(1, "another"))
    assert table.replace(((one, blob(3, "one")), (late, blob(3, "late")), (three, blob(3, "three")))) == 2
    changed = table.under(org_id(1), keys=(dek(3).id,), after="", limit=9)
    assert [(row.position, row.blob) for row in changed] == [(one.position, blob(3, "one")), (three.position, blob(3, "three"))]
    assert table.count(org_id(1), keys=(dek(1).id,)) == 4


def test_a_failing_database_is_an_error_of_ours(engine: Engine) -> None:
    """What the driver raises leaves as a StoreError, without what is in the rows, and with nothing behind it."""
    table = SealedAttribute(engine, Part.notes)
    (row,) = table.under(org_id(1), keys=(dek(1).id,), after="", limit=1)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE host_part RENAME TO host_part_away"))
    try:
        for call in (lambda: table.count(org_id(1), keys=(dek(1).id,)), lambda: table.replace(((row, b"x"),))):
            with pytest.raises(StoreError) as caught:
                call()
            assert caught.value.__context__ is None
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE host_part_away RENAME TO host_part"))


def test_a_class_over_two_tables_is_not_handed_in() -> None:
    """Where the organization is in another table than the sealed column, the host is told to write a table of its own."""
    engine = create_engine("sqlite://")
    with pytest.raises(ConfigurationError, match="in one table"):
        SealedAttribute(engine, Dog.name)
    engine.dispose()
