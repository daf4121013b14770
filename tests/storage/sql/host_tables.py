"""Tables of a host beside ours."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import NullPool, create_engine
from sqlalchemy.orm import DeclarativeBase

from tests.servers import Database


@contextmanager
def tables(database: Database, base: type[DeclarativeBase]) -> Generator[None]:
    """Have the tables of the host's models for as long as the block lasts."""
    engine = create_engine(database.sync_url, poolclass=NullPool)
    base.metadata.create_all(engine)
    try:
        yield
    finally:
        base.metadata.drop_all(engine)
        engine.dispose()
