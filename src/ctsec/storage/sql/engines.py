"""How ctsec's own engines are made: drivers, time-outs, isolation, and the pragmas of SQLite.

Rules that this module keeps:

- the guard store has an engine and a small pool of its own and a short lock time-out: a second connection from the host's pool can
  starve it, and a lock of the host must not hold up a refusal;
- parameters never appear in errors or logs;
- a database elsewhere is reached over TLS 1.3 (`ctsec.storage.sql.transport`);
- a connection to a SQLite file that was interrupted lets go of it when it is closed (`ctsec.storage.sql.cursors`);
- SQLite files are in WAL mode; a database in memory is refused, since neither a guard store nor a second connection can see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine

from ctsec.errors import ConfigurationError
from ctsec.storage.sql.cursors import OwnConnection
from ctsec.storage.sql.transport import hold
from ctsec.storage.sql.writer_lock import WriterLock, writer_lock
from ctsec.transport.tls import TRANSPORT, Transport

_DRIVERS: Final[Mapping[str, tuple[str, str]]] = {
    "sqlite": ("pysqlite", "aiosqlite"),
    "postgresql": ("psycopg", "psycopg"),
    "mariadb": ("pymysql", "asyncmy"),
    "mysql": ("pymysql", "asyncmy"),
}
_EXTRAS: Final[Mapping[str, str]] = {"aiosqlite": "sqlite", "psycopg": "postgres", "pymysql": "mariadb", "asyncmy": "mariadb"}
_SYNC_ONLY: Final = frozenset({"pysqlite", "pymysql", "mysqldb", "psycopg2"})
_ASYNC_ONLY: Final = frozenset({"aiosqlite", "asyncmy", "aiomysql", "asyncpg"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Connections in the pool and beyond it, and how many seconds a call waits for one of them, for a lock, and for a server to connect."""

    pool_size: int = 5
    max_overflow: int = 10
    pool_timeout: float = 10.0
    lock_timeout: float = 5.0
    connect_timeout: float = 5.0
    isolation_level: str | None = "READ COMMITTED"

    def __post_init__(self) -> None:
        times = (self.pool_timeout, self.lock_timeout, self.connect_timeout)
        if self.pool_size < 1 or self.max_overflow < 0 or min(times) <= 0:
            raise ConfigurationError("expected at least one connection and positive time-outs")


_waits: Final[WeakKeyDictionary[Engine, float]] = WeakKeyDictionary()
MAIN_SETTINGS: Final = EngineSettings()
GUARD_SETTINGS: Final = EngineSettings(pool_size=4, max_overflow=0, lock_timeout=2.0)


def read_url(url: str | URL) -> URL:
    """Return the URL of a database; raise ConfigurationError, which repeats nothing of it, for what is none.

    A password whose `@`, `:` or `/` is not percent-encoded would stand in the host or the port, which errors and reports show.
    """
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):  # whose messages may repeat the URL, or the password as a port
        made = None
    if made is None or any(each in (made.host or "") for each in "@/?#"):
        raise ConfigurationError(
            "expected the URL of a database, such as postgresql://app@db.internal/shop; a password in it is percent-encoded"
        )
    return made


def coloured_url(url: str | URL, *, asynchronous: bool) -> URL:
    """Return `url` with a driver of the wanted colour, whatever driver it names.

    Raises ConfigurationError for what is no URL, for an unknown database, and for one of our drivers that is not installed.
    """
    made = read_url(url)
    backend = made.get_backend_name()
    if backend not in _DRIVERS:
        raise ConfigurationError("expected a URL of sqlite, postgresql, mariadb or mysql")
    _, _, named = made.drivername.partition("+")
    if not named or named in (_SYNC_ONLY if asynchronous else _ASYNC_ONLY):
        made = made.set(drivername=f"{backend}+{_DRIVERS[backend][asynchronous]}")
    if backend == "sqlite":
        refuse_memory(made)
    driver = made.drivername.partition("+")[2]
    if driver in _EXTRAS and find_spec(driver) is None:
        raise ConfigurationError(f"the driver {driver} is not installed; install ctsec[{_EXTRAS[driver]}]")
    return made


def refuse_memory(url: URL) -> None:
    """Raise ConfigurationError for a SQLite database that lives in memory."""
    name = url.database or ""
    if url.get_backend_name() == "sqlite" and (not name or ":memory:" in name or url.query.get("mode") == "memory"):
        raise ConfigurationError(
            "a SQLite database in memory has no guard store beside it and one connection only; use a file, or the memory storage in tests"
        )


def guard_url(url: URL, given: str | URL | None) -> URL:
    """Return where the guard store is: `given`, else the same server, else the file `<database>-guard` beside a SQLite file."""
    if given is not None:
        return coloured_url(given, asynchronous=url.get_dialect().is_async)
    if url.get_backend_name() == "sqlite":
        return url.set(database=f"{url.database}-guard")
    return url


def shown(url: URL) -> str:
    """Return where a database is, for people: without account and password."""
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}"


def engine_options(url: URL, settings: EngineSettings) -> dict[str, Any]:
    """Return the arguments of `create_engine` or `create_async_engine`."""
    options: dict[str, Any] = {
        "hide_parameters": True,
        "pool_size": settings.pool_size,
        "max_overflow": settings.max_overflow,
        "pool_timeout": settings.pool_timeout,
    }
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = sqlite_arguments(url, settings.lock_timeout)
    else:
        options["pool_pre_ping"] = True
        if settings.isolation_level:
            options["isolation_level"] = settings.isolation_level
    return options


def sqlite_arguments(url: URL, seconds: float) -> dict[str, Any]:
    """Return the arguments of a connection of ours to a SQLite file, which waits so long for a lock.

    A driver that brings a library of its own (SQLCipher) makes its own connections: one of the `sqlite3` module would not encrypt.
    """
    ours = url.get_driver_name() in {"pysqlite", "aiosqlite"}
    return {"timeout": seconds, "factory": OwnConnection} if ours else {"timeout": seconds}


def prepare(made: Engine | AsyncEngine, settings: EngineSettings, transport: Transport = TRANSPORT) -> None:
    """Have each new connection of an engine take our transport and time-outs (and, on SQLite, WAL and foreign keys)."""
    hold(made, transport)
    engine = made.sync_engine if isinstance(made, AsyncEngine) else made
    _waits[engine] = settings.lock_timeout
    milliseconds = max(1, round(settings.lock_timeout * 1000))
    if engine.dialect.name == "sqlite":
        statements = ["PRAGMA foreign_keys=ON", f"PRAGMA busy_timeout={milliseconds}"]
    elif engine.dialect.name == "postgresql":
        statements = [f"SET lock_timeout={milliseconds}", f"SET statement_timeout={milliseconds * 6}"]
    else:
        seconds = max(1, round(settings.lock_timeout))
        statements = [f"SET SESSION innodb_lock_wait_timeout={seconds}", "SET SESSION sql_mode=CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"]

    def before_connect(dialect: object, record: object, args: object, parameters: dict[str, Any]) -> None:
        del dialect, record, args
        # Otherwise libpq waits as long as the system's TCP does; what a URL says goes first. Drivers take whole seconds.
        parameters.setdefault("connect_timeout", max(1, round(settings.connect_timeout)))

    def on_connect(connection: Any, record: object) -> None:
        del record
        cursor = connection.cursor()
        try:
            if engine.dialect.name == "sqlite":
                _use_wal(cursor)
            for statement in statements:
                cursor.execute(statement)
        finally:
            cursor.close()
        connection.commit()

    event.listen(engine, "connect", on_connect)
    if engine.dialect.name != "sqlite":
        event.listen(engine, "do_connect", before_connect)


def _use_wal(cursor: Any) -> None:
    """Switch to WAL unless the file is in it already; a read-only or locked file stays as it is."""
    cursor.execute("PRAGMA journal_mode")
    (mode,) = cursor.fetchone()
    if mode == "wal":
        return
    try:
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.fetchone()
    except Exception as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in {5, 6, 8}:
            raise


def lock_of(engine: Engine | AsyncEngine) -> WriterLock | None:
    """Return the writer lock of an engine's SQLite file, None for other databases; raise ConfigurationError for memory."""
    if engine.dialect.name != "sqlite":
        return None
    refuse_memory(engine.url)
    return writer_lock((engine.url.database or "").removeprefix("file:"))


def lock_timeout_of(engine: Engine | AsyncEngine) -> float:
    """Return how many seconds a writer waits in this process: as long as SQLite itself would for another process."""
    ours = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
    return _waits.get(ours, MAIN_SETTINGS.lock_timeout)
