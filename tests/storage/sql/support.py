"""What the tests of the SQL store share: databases made once a process, emptied before each test, and a table of the host."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from pymysql.constants import CLIENT
from sqlalchemy import Engine, NullPool, QueuePool, create_engine, make_url
from sqlalchemy.ext.asyncio import async_scoped_session
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session

from ctsec.storage.sql import Tables, schema
from ctsec.storage.sql.types import MARIADB
from tests.servers import Database, available_databases, fresh_database
from tests.victim import EMPTYING

S = TypeVar("S")
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
_regions: set[tuple[str, str]] = set()
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
    of_main = ["DELETE FROM host_thing", *(f"DELETE FROM {name}" for name in TABLES.main.tables if name != TABLES.meta.name)]
    of_guard = [f"DELETE FROM {name}" for name in TABLES.guard.tables]  # the table `meta` holds the database's own name
    for url in {database.sync_url, database.guard_sync_url}:
        _run(url, [*(of_main if url == database.sync_url else ()), *(of_guard if url == database.guard_sync_url else ())])
    return database


def emptied_region(database: Database, *, region: str) -> Database:
    """Return the database with empty tables of a region's store, beside whatever else is there."""
    if (database.name, region) not in _regions:
        schema.create_region(database.sync_url, region=region)
        _regions.add((database.name, region))
    kept = {TABLES.region_meta.name: " WHERE name NOT IN ('region', 'store')"}
    _run(database.sync_url, [f"DELETE FROM {name}{kept.get(name, '')}" for name in TABLES.region.tables])
    return database


@cache
def kept(make: Callable[[str], S], url: str) -> S:
    """Return the storage at a place, one a process: its statements stay compiled, and closing it closes its connections only."""
    return make(url)


@cache
def _engine(url: str) -> Engine:
    """Return what empties a database; a server's connection is kept, for a new one takes longer than the emptying."""
    backend = make_url(url).get_backend_name()
    several = {"client_flag": CLIENT.MULTI_STATEMENTS} if backend in MARIADB else {}
    known = {"application_name": EMPTYING} if backend == "postgresql" else {}
    pooled = {"poolclass": NullPool} if backend == "sqlite" else {"poolclass": QueuePool, "pool_pre_ping": True}
    return create_engine(url, connect_args={**several, **known}, **pooled)


def _run(url: str, statements: list[str]) -> None:
    """Carry out statements in one transaction and one message, where the driver takes more than one in it."""
    with _engine(url).begin() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        if isinstance(raw, sqlite3.Connection):
            for statement in statements:
                raw.execute(statement)
        else:
            with raw.cursor() as cursor:
                cursor.execute("; ".join(statements))
                while cursor.nextset():
                    pass
