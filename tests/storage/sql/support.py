"""What the tests of the SQL store share: databases made once a process, emptied before each test, and a table of the host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import NullPool, create_engine, delete
from sqlalchemy.ext.asyncio import async_scoped_session
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session

from ctsec.storage.sql import Tables, schema
from tests.servers import Database, available_databases, fresh_database

TABLES = Tables()
REGISTRIES = (async_scoped_session, scoped_session)
LEVELS = {
    "sqlite": ("SERIALIZABLE",),
    "postgresql": ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"),
    "mariadb": ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"),
}
PLACES = [(kind, level) for kind in available_databases() for level in LEVELS[kind]]
PLACE_IDS = [f"{kind}-{level.replace(' ', '_').lower()}" for kind, level in PLACES]
_made: set[str] = set()
_databases: dict[str, Database] = {}


class Base(DeclarativeBase):
    pass


class Thing(Base):
    """What the host itself keeps in the same database."""

    __tablename__ = "host_thing"
    id: Mapped[int] = mapped_column(primary_key=True)


@dataclass(frozen=True)
class Place:
    """A database and the isolation level of the host's transactions in it."""

    database: Database
    level: str


def place_of(kind: str, level: str, *, folder: Path) -> Place:
    """Return the one database of a kind, with empty tables."""
    if kind not in _databases:
        _databases[kind] = fresh_database(kind, folder=folder)
    return Place(emptied(_databases[kind]), level)


def emptied(database: Database) -> Database:
    """Return the database with empty tables of the current version."""
    if database.name not in _made:
        schema.create(database.sync_url)
        engine = create_engine(database.sync_url, poolclass=NullPool)
        Base.metadata.create_all(engine)
        engine.dispose()
        _made.add(database.name)
    for url, metadata in ((database.sync_url, TABLES.main), (database.guard_sync_url, TABLES.guard)):
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            if metadata is TABLES.main:
                connection.execute(delete(Thing))
            for table in metadata.tables.values():
                if table is not TABLES.meta:  # the database's own name
                    connection.execute(delete(table))
        engine.dispose()
    return database


def emptied_region(database: Database, *, region: str) -> Database:
    """Return the database with empty tables of a region's store, beside whatever else is there."""
    schema.create_region(database.sync_url, region=region)
    engine = create_engine(database.sync_url, poolclass=NullPool)
    with engine.begin() as connection:
        for table in TABLES.region.tables.values():
            kept = TABLES.region_meta.c.name.not_in(("region", "store"))
            connection.execute(delete(table).where(kept) if table is TABLES.region_meta else delete(table))
    engine.dispose()
    return database
