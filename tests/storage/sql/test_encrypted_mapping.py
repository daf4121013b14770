"""What may be mapped as an encrypted column."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, configure_mappers

from ctsec.encryption import BlindIndex
from ctsec.errors import ConfigurationError
from ctsec.storage.sql.encrypted import encrypted
from ctsec.storage.sql.sealed_types import IndexColumn, SealedColumn

INDEX = BlindIndex(column="index", bits=8)


def mapped(*extra: Any, unique: bool = False, organization: str = "organization", sealed: Any = None, primary: bool = False) -> None:
    """Map a class with an indexed encrypted column."""

    class Base(DeclarativeBase):
        pass

    values: dict[str, Any] = {
        "__tablename__": "thing",
        "__table_args__": extra,
        "id": Column(String(40), primary_key=True),
        "organization": Column(String(40)),
        "sealed": Column(sealed or SealedColumn()),
        "index": Column(IndexColumn(), unique=unique, primary_key=primary),
        "text": encrypted("sealed", organization=organization, index=INDEX),
    }
    kind = type("Thing", (Base,), values)
    try:
        configure_mappers()
        assert str(kind.text.place_of()) == "thing.sealed"  # type: ignore[attr-defined]
    finally:
        Base.registry.dispose()


def test_a_blind_index_is_never_unique() -> None:
    """A unique column, index, constraint or primary key is refused when the class is mapped; a plain index is not."""
    mapped(Index("plain", "organization", "index"))
    for wrong in (
        {"unique": True},
        {"primary": True},
        {"extra": (Index("one", "organization", "index", unique=True),)},
        {"extra": (UniqueConstraint("organization", "index"),)},
    ):
        extra = wrong.pop("extra", ())
        with pytest.raises(ConfigurationError, match="never unique"):
            mapped(*extra, **wrong)  # type: ignore[misc]


def test_columns_are_of_their_types() -> None:
    """A sealed column of another type, and an organization that is no attribute, are refused when the class is mapped."""
    with pytest.raises(ConfigurationError, match=r"Thing\.sealed to be a column of the type SealedColumn"):
        mapped(sealed=LargeBinary())
    with pytest.raises(ConfigurationError, match="to have the attribute tenant"):
        mapped(organization="tenant")
