"""Making, upgrading and checking the tables (blocking; run at deployment or start-up, never in a request).

Rules that this module keeps:

- a database of a newer version is left alone: SchemaMismatch says which package would know it;
- one process at a time changes a schema; on SQLite and PostgreSQL all of it or nothing;
- a server that is not on this machine is reached over `transport`, TLS 1.3 by default;
- a fresh database can be made without Alembic, and is then equal to one that was migrated; a test compares the two.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, NullPool, create_engine, insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from ctsec.errors import ConfigurationError, SchemaMismatch
from ctsec.storage.sql.engines import MAIN_SETTINGS, coloured_url, guard_url, sqlite_arguments
from ctsec.storage.sql.failures import translate
from ctsec.storage.sql.gate import judge_version
from ctsec.storage.sql.parts import Part, guard_part, main_part, region_part
from ctsec.storage.sql.tables import Tables, default_tables
from ctsec.storage.sql.transport import hold
from ctsec.transport.tls import TRANSPORT, Transport

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x6374736563  # "ctsec", for the advisory lock of PostgreSQL


def create(url: str | URL, *, guard: str | URL | None = None, tables: Tables | None = None, transport: Transport = TRANSPORT) -> None:
    """Make the tables where there are none, without Alembic; where there are some, see that their version is right.

    Raises SchemaMismatch for tables of another version.
    """
    for place, part in _places(url, guard, tables or default_tables()):
        with _alone(place, part, transport) as connection:
            if not make(connection, part):
                judge_version(version_of(connection, part), wanted=part.head, table=part.version.name)


def make(connection: Connection, part: Part) -> bool:
    """Make the tables of one part in this transaction, if none of them is there; say whether that was so."""
    if not _is_fresh(connection, part):
        return False
    part.metadata.create_all(connection)
    part.version.create(connection)
    connection.execute(insert(part.version).values(version_num=part.head))
    _name_incarnation(connection, part)
    return True


def upgrade(url: str | URL, *, guard: str | URL | None = None, tables: Tables | None = None, transport: Transport = TRANSPORT) -> None:
    """Bring both sets of tables to this package's version with Alembic; nothing is done where they are.

    Raises SchemaMismatch if they are newer, and ConfigurationError if there is work to do and Alembic is not installed.
    """
    for place, part in _places(url, guard, tables or default_tables()):
        with _alone(place, part, transport) as connection:
            found = version_of(connection, part)
            if found is not None and found >= part.head:
                judge_version(found, wanted=part.head, table=part.version.name)
                continue
            _command("upgrade", connection, part, revision="head")
            _name_incarnation(connection, part)


def create_region(
    url: str | URL, *, region: str, store: str | None = None, tables: Tables | None = None, transport: Transport = TRANSPORT
) -> None:
    """Make the tables of a region's store, and give it its name for ever: that of its region, and `store` for a replica of it.

    Raises SchemaMismatch for tables of another version, ConfigurationError for a store that has another name.
    """
    part = region_part(tables or default_tables())
    with _alone(coloured_url(url, asynchronous=False), part, transport) as connection:
        if _is_fresh(connection, part):
            part.metadata.create_all(connection)
            part.version.create(connection)
            connection.execute(insert(part.version).values(version_num=part.head))
        else:
            judge_version(version_of(connection, part), wanted=part.head, table=part.version.name)
        _name_region(connection, part, region=region, store=store or region)


def upgrade_region(
    url: str | URL, *, region: str, store: str | None = None, tables: Tables | None = None, transport: Transport = TRANSPORT
) -> None:
    """Bring the tables of a region's store to this package's version with Alembic, and give it its name if it has none."""
    part = region_part(tables or default_tables())
    with _alone(coloured_url(url, asynchronous=False), part, transport) as connection:
        found = version_of(connection, part)
        if found is not None and found >= part.head:
            judge_version(found, wanted=part.head, table=part.version.name)
        else:
            _command("upgrade", connection, part, revision="head")
        _name_region(connection, part, region=region, store=store or region)


def stamp(url: str | URL, *, guard: str | URL | None = None, tables: Tables | None = None, transport: Transport = TRANSPORT) -> None:
    """Write this package's versions without changing tables, for a database that was made by other means."""
    for place, part in _places(url, guard, tables or default_tables()):
        with _alone(place, part, transport) as connection:
            _command("stamp", connection, part, revision="head")


def versions(
    url: str | URL, *, guard: str | URL | None = None, tables: Tables | None = None, transport: Transport = TRANSPORT
) -> tuple[str | None, str | None]:
    """Return the versions of the main tables and of the guard store; None where there are no tables."""
    found: list[str | None] = []
    for place, part in _places(url, guard, tables or default_tables()):
        with _connected(place, transport) as connection:
            found.append(version_of(connection, part))
    return found[0], found[1]


def check(
    url: str | URL, *, guard: str | URL | None = None, tables: Tables | None = None, transport: Transport = TRANSPORT
) -> tuple[str, ...]:
    """Return what differs from this package's tables, one line each: versions first, then drift; empty if all is well."""
    migration, autogenerate = _alembic("migration"), _alembic("autogenerate")
    lines: list[str] = []
    for place, part in _places(url, guard, tables or default_tables()):
        with _connected(place, transport) as connection:
            try:
                judge_version(version_of(connection, part), wanted=part.head, table=part.version.name)
            except SchemaMismatch as mismatch:
                lines.append(str(mismatch))
            options = {"include_name": _only(part), "include_schemas": part.tables.schema is not None, "compare_type": True}
            context = migration.MigrationContext.configure(connection, opts=options)
            lines += [f"{part.name}: {difference!r}" for difference in autogenerate.compare_metadata(context, part.metadata)]
    return tuple(lines)


def ignore_ctsec_tables(prefix: str = "ctsec_") -> Callable[..., bool]:
    """Return an `include_name` for the host's own Alembic, so that its autogenerate does not drop our tables.

    A host with an `include_name` of its own calls both and takes `and`.
    """
    ours = Tables(prefix).names()

    def include_name(name: str | None, kind: str, parent_names: object = None) -> bool:
        del parent_names
        return kind != "table" or name not in ours

    return include_name


def _places(url: str | URL, guard: str | URL | None, tables: Tables) -> tuple[tuple[URL, Part], tuple[URL, Part]]:
    main = coloured_url(url, asynchronous=False)
    return (main, main_part(tables)), (guard_url(main, guard), guard_part(tables))


@contextmanager
def _alone(url: URL, part: Part, transport: Transport = TRANSPORT) -> Generator[Connection, None, None]:
    """Open a transaction that no other process changes this schema beside; commit it at the end."""
    with _connected(url, transport) as connection:
        take_lock(connection)
        make_schema(connection, part)
        yield connection
        connection.commit()


@contextmanager
def _connected(url: URL, transport: Transport) -> Generator[Connection, None, None]:
    """Open a connection of its own; errors of the database leave as ours."""
    options: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = sqlite_arguments(url, MAIN_SETTINGS.lock_timeout)
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, **options)
    hold(engine, transport)
    failure: Exception | None = None
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        failure = translate(error)
    finally:
        engine.dispose()
    if failure is not None:
        raise failure


def make_schema(connection: Connection, part: Part) -> None:
    """Make the database schema of a part, where PostgreSQL lacks it."""
    if part.tables.schema is not None and connection.dialect.name == "postgresql":
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{part.tables.schema}"'))


def take_lock(connection: Connection) -> None:
    """Wait for the right to change the schema; it ends with the transaction, or on MariaDB with the connection."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    else:
        connection.execute(text("SELECT GET_LOCK('ctsec', 60)"))


def _is_fresh(connection: Connection, part: Part) -> bool:
    names = set(inspect(connection).get_table_names(schema=part.tables.schema))
    return names.isdisjoint({part.version.name, *(table.name for table in part.metadata.tables.values())})


def version_of(connection: Connection, part: Part) -> str | None:
    """Return the version of the tables of a part; None where there are none."""
    if not inspect(connection).has_table(part.version.name, schema=part.tables.schema):
        return None
    found: str | None = connection.execute(select(part.version.c.version_num)).scalar()
    return found


def _name_incarnation(connection: Connection, part: Part) -> None:
    """Give the database a name of its own, once: a restored cache that knew another must not be believed."""
    meta = part.tables.meta
    if part.name != "main" or connection.execute(select(meta.c.value).where(meta.c.name == "incarnation")).first() is not None:
        return
    connection.execute(insert(meta).values(name="incarnation", value=secrets.token_hex(16)))


def _name_region(connection: Connection, part: Part, *, region: str, store: str) -> None:
    """Have a store say which region it belongs to, once: one that was connected under another name must not be believed."""
    meta = part.tables.region_meta
    told = {row.name: row.value for row in connection.execute(select(meta).where(meta.c.name.in_(("region", "store"))))}
    if not told:
        connection.execute(insert(meta), [{"name": "region", "value": region}, {"name": "store", "value": store}])
    elif told != {"region": region, "store": store}:
        raise ConfigurationError(
            f"this database is the store {told.get('store')} of region {told.get('region')}; it can not be {store} of {region}"
        )


def _alembic(module: str) -> Any:
    """Return a module of Alembic, which only migrations and checks need."""
    try:
        return import_module(f"alembic.{module}")
    except ImportError:
        raise ConfigurationError("migrations need Alembic; install ctsec[migrations]") from None


def _command(name: str, connection: Connection, part: Part, *, revision: str) -> None:
    """Run a command of Alembic; a revision that it does not know is SchemaMismatch."""
    command, failed = getattr(_alembic("command"), name), _alembic("util").CommandError
    try:
        command(_configuration(connection, part), revision)
    except failed:
        raise SchemaMismatch(f"the migrations of the {part.name} tables do not know the version; this package is at {part.head}") from None


def _configuration(connection: Connection, part: Part) -> Any:
    configuration = _alembic("config").Config(attributes={"connection": connection, "part": part})
    configuration.set_main_option("script_location", str(_MIGRATIONS / part.name).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration


def _only(part: Part) -> Callable[..., bool]:
    """Return an `include_name` that sees the tables of one part only, in its schema."""
    ours = frozenset(table.name for table in part.metadata.tables.values())

    def include_name(name: str | None, kind: str, parent_names: object = None) -> bool:
        del parent_names
        if kind == "schema":
            return name == part.tables.schema
        return kind != "table" or name in ours

    return include_name


__all__ = ["check", "create", "ignore_ctsec_tables", "stamp", "upgrade", "versions"]
