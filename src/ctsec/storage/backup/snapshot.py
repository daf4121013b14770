"""One moment of a store, both its parts, while others go on writing.

Rules that this module keeps:

- each part is read in one transaction that sees one state: a read transaction in WAL mode, or REPEATABLE READ, which takes no lock;
- the two parts are of the same moment: one transaction where they are in one database, and otherwise the guard store's writers wait for the
  instant in which both snapshots begin. So a proof that was used before what it bought was written is used in the backup too, and an
  event that is being moved into the log is in one of the two;
- nothing is read from tables of another version, and nothing is ever copied to the disk in clear.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, NullPool, create_engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from ctsec.errors import ConfigurationError
from ctsec.storage.backup.raw import INCARNATION, RawTable, raw_tables
from ctsec.storage.sql.engines import coloured_url, guard_url, sqlite_arguments
from ctsec.storage.sql.failures import translate
from ctsec.storage.sql.gate import judge_version
from ctsec.storage.sql.parts import Part, guard_part, main_part
from ctsec.storage.sql.schema import version_of
from ctsec.storage.sql.tables import Tables
from ctsec.storage.sql.transport import hold
from ctsec.storage.sql.types import MARIADB
from ctsec.transport import Transport
from ctsec.transport.tls import TRANSPORT

WAIT_SECONDS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A database, the parts of the store that are in it (both, or one), and how it is reached if it is elsewhere."""

    url: URL
    parts: tuple[Part, ...]
    transport: Transport = TRANSPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A moment: each table with the connection that reads it there, the kind of database, and the database's own name."""

    tables: tuple[tuple[Connection, RawTable], ...]
    database: str
    incarnation: str

    def total(self) -> int:
        """Return how many rows there are."""
        return sum(table.count(connection) for connection, table in self.tables)


def places_of(url: str | URL, *, guard: str | URL | None, tables: Tables, transport: Transport = TRANSPORT) -> Sequence[Place]:
    """Return where the parts of a store are: one place, or that of the main tables and then that of the guard store."""
    main = coloured_url(url, asynchronous=False)
    beside = guard_url(main, guard)
    if main == beside:
        return (Place(url=main, parts=(main_part(tables), guard_part(tables)), transport=transport),)
    return (
        Place(url=main, parts=(main_part(tables),), transport=transport),
        Place(url=beside, parts=(guard_part(tables),), transport=transport),
    )


@contextmanager
def snapshot(places: Sequence[Place]) -> Generator[Snapshot, None, None]:
    """Open the moment of now; raise SchemaMismatch for tables of another version, StoreBusy if the guard store does not hold still."""
    for place in places:
        if place.url.get_backend_name() == "sqlite" and not Path((place.url.database or "").removeprefix("file:")).exists():
            raise ConfigurationError(f"expected a SQLite file at {place.url.database}; there is none")
    with translated(), ExitStack() as stack:
        still = stack.enter_context(connected(places[1])) if len(places) > 1 else None
        connections = [stack.enter_context(connected(place)) for place in places]
        if still is not None:
            _hold(still, places[1].parts[0])
        for connection, place in zip(connections, places, strict=True):
            _freeze(connection)
            for part in place.parts:  # the first read, at which a snapshot begins
                judge_version(version_of(connection, part), wanted=part.head, table=part.version.name)
        if still is not None:
            _release(still)
        yield Snapshot(
            tables=tuple(_tables(connections, places)),
            database=connections[0].dialect.name,
            incarnation=_incarnation(connections[0], places[0].parts[0]),
        )


@contextmanager
def connected(place: Place) -> Generator[Connection, None, None]:
    """Open a connection of its own, which is rolled back at the end."""
    options: dict[str, Any] = {}
    if place.url.get_backend_name() == "sqlite":
        options["connect_args"] = sqlite_arguments(place.url, WAIT_SECONDS)
    engine = create_engine(place.url, poolclass=NullPool, hide_parameters=True, **options)
    hold(engine, place.transport)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def translated() -> Generator[None, None, None]:
    """Have the errors of the database leave as ours."""
    try:
        yield
    except SQLAlchemyError as error:
        failure = translate(error)
    else:
        return
    raise failure


def _hold(connection: Connection, part: Part) -> None:
    """Have the writers of the guard store wait until `_release`."""
    preparer = connection.dialect.identifier_preparer
    names = [preparer.format_table(table) for table in part.metadata.tables.values()]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name in MARIADB:
        connection.exec_driver_sql(f"SET SESSION lock_wait_timeout={WAIT_SECONDS}")
        connection.exec_driver_sql("LOCK TABLES " + ", ".join(f"{name} READ" for name in names))
    else:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout='{WAIT_SECONDS}s'")
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(names)} IN SHARE MODE")


def _release(connection: Connection) -> None:
    if connection.dialect.name in MARIADB:
        connection.exec_driver_sql("UNLOCK TABLES")
    connection.rollback()


def _freeze(connection: Connection) -> None:
    """Begin a transaction that reads one state."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
    elif connection.dialect.name in MARIADB:
        connection.execution_options(isolation_level="REPEATABLE READ")
        connection.execute(text("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"))
    else:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _tables(connections: Sequence[Connection], places: Sequence[Place]) -> Iterator[tuple[Connection, RawTable]]:
    for connection, place in zip(connections, places, strict=True):
        for part in place.parts:
            for table in raw_tables(part):
                yield connection, table


def _incarnation(connection: Connection, part: Part) -> str:
    meta = part.tables.meta
    found: str | None = connection.execute(select(meta.c.value).where(meta.c.name == INCARNATION)).scalar()
    return found or ""
