"""How engines are made, and what is refused when they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from ctsec.errors import ConfigurationError
from ctsec.storage.sql import AsyncSqlStorage, EngineSettings, SqlStorage, Tables, engines, schema
from ctsec.storage.sql.engines import GUARD_SETTINGS, coloured_url, guard_url
from ctsec.testing.conformance.samples import ignore, user, user_id
from tests.storage.sql.support import Place


@pytest.mark.parametrize(
    ("url", "sync", "other"),
    [
        ("sqlite:////a.db", "sqlite+pysqlite", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////a.db", "sqlite+pysqlite", "sqlite+aiosqlite"),
        ("postgresql://h/d", "postgresql+psycopg", "postgresql+psycopg"),
        ("postgresql+asyncpg://h/d", "postgresql+psycopg", "postgresql+asyncpg"),
        ("postgresql+psycopg2://h/d", "postgresql+psycopg2", "postgresql+psycopg"),
        ("mariadb://h/d", "mariadb+pymysql", "mariadb+asyncmy"),
        ("mysql+aiomysql://h/d", "mysql+pymysql", "mysql+aiomysql"),
    ],
)
def test_each_colour_gets_its_driver(url: str, sync: str, other: str) -> None:
    """One URL serves both colours: a driver of the other colour, or none, is replaced; a fitting one is kept."""
    assert coloured_url(url, asynchronous=False).drivername == sync
    assert coloured_url(url, asynchronous=True).drivername == other


@pytest.mark.parametrize(("url", "extra"), [("postgresql://a@127.0.0.1/b", "postgres"), ("mariadb://a@127.0.0.1/b", "mariadb")])
def test_a_driver_that_is_not_installed_is_named_with_its_extra(url: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the driver the error says which extra brings it, in both colours; a driver of the host's choice is the host's business."""

    def nothing(name: str) -> None:
        del name

    monkeypatch.setattr(engines, "find_spec", nothing)
    for asynchronous in (False, True):
        with pytest.raises(ConfigurationError, match=rf"install ctsec\[{extra}\]"):
            coloured_url(url, asynchronous=asynchronous)
    assert coloured_url("postgresql+asyncpg://a@127.0.0.1/b", asynchronous=True).drivername == "postgresql+asyncpg"


@pytest.mark.parametrize("url", ["u:s3cret@h", "postgresql://u:s3cret@h:port/db", "", "oracle://u:s3cret@h/db"])
def test_what_is_no_url_is_refused_without_it(url: str) -> None:
    """A URL that can not be parsed, or is of another database, is a ConfigurationError that repeats nothing of it, its cause neither."""
    with pytest.raises(ConfigurationError, match=r"expected (a|the) URL of") as caught:
        coloured_url(url, asynchronous=False)
    assert "s3cret" not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true", "sqlite:///file:x?mode=memory&uri=true"]
)
def test_a_database_in_memory_is_refused(url: str) -> None:
    """SQLite in memory has no guard store beside it: refused when the storage is made, in both colours."""
    for kind in (SqlStorage, AsyncSqlStorage):
        with pytest.raises(ConfigurationError, match="memory"):
            kind.from_url(url)


def test_a_session_in_memory_is_refused(tmp_path: Path) -> None:
    """`join()` refuses a host's session on a database in memory before it runs a statement."""
    schema.create(f"sqlite:///{tmp_path}/a.db")
    storage = SqlStorage.from_url(f"sqlite:///{tmp_path}/a.db")
    engine = create_engine("sqlite://")
    with Session(engine) as host, pytest.raises(ConfigurationError, match="memory"):
        storage.join(host, after_commit=ignore).users.get(user_id(1))
    engine.dispose()
    storage.close()


def test_a_session_of_another_database_is_refused(tmp_path: Path) -> None:
    """`join()` refuses a session on another kind of database than the storage was built for."""
    storage = SqlStorage.from_url("postgresql://localhost/nothing")
    engine = create_engine(f"sqlite:///{tmp_path}/a.db")
    with Session(engine) as host, pytest.raises(ConfigurationError, match="sqlite"):
        storage.join(host, after_commit=ignore).users.get(user_id(1))
    engine.dispose()
    storage.close()


def test_another_kind_of_database_is_refused() -> None:
    """A URL of a database that is not tested is refused by name."""
    with pytest.raises(ConfigurationError, match="sqlite, postgresql"):
        SqlStorage.from_url("oracle://localhost/nothing")


def test_the_guard_store_is_beside_the_file() -> None:
    """The guard store of a SQLite file is a second file, `<database>-guard`; on a server it is the same database."""
    assert guard_url(make_url("sqlite:////a/b.db"), None).database == "/a/b.db-guard"
    assert guard_url(make_url("postgresql+psycopg://h/d"), None) == make_url("postgresql+psycopg://h/d")


def test_the_guard_store_has_an_engine_and_a_file_of_its_own(tmp_path: Path) -> None:
    """One engine, or one file, in both roles is refused: the host's lock or pool would hold up every refusal."""
    one, two = (create_engine(f"sqlite:///{tmp_path}/a.db") for _ in range(2))
    with pytest.raises(ConfigurationError, match="engine of its own"):
        SqlStorage(one, guard_engine=one, tables=Tables())
    with pytest.raises(ConfigurationError, match="second SQLite file"):
        SqlStorage(one, guard_engine=two, tables=Tables())
    one.dispose()
    two.dispose()


def test_the_guard_pool_is_small_and_impatient() -> None:
    """The guard store's pool has four connections and waits two seconds for a lock."""
    assert (GUARD_SETTINGS.pool_size, GUARD_SETTINGS.max_overflow, GUARD_SETTINGS.lock_timeout) == (4, 0, 2.0)


@pytest.mark.parametrize("wrong", [{"pool_size": 0}, {"max_overflow": -1}, {"pool_timeout": 0.0}, {"lock_timeout": 0.0}])
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    """A pool without connections and a wait without time are refused when they are written down."""
    with pytest.raises(ConfigurationError):
        EngineSettings(**wrong)  # type: ignore[arg-type]


def test_engines_of_the_host_are_used_and_not_closed(place: Place) -> None:
    """A storage on the host's own engines works without ours, and `close()` leaves them open."""
    engine, guard = (create_engine(url) for url in (place.database.sync_url, place.database.guard_sync_url))
    storage = SqlStorage(engine, guard_engine=guard, tables=Tables())
    with storage.begin(after_commit=ignore) as store:
        assert store.users.add(user(1))
    storage.guard.steps.start("aut_1", step=1)
    before = engine.pool
    storage.close()
    assert engine.pool is before
    with storage.reading() as store:
        assert store.users.get(user_id(1)) == user(1)
    engine.dispose()
    guard.dispose()


def test_our_engines_hide_parameters_and_limit_waits(place: Place) -> None:
    """Connections of our own carry a lock time-out, and SQLite files are in WAL mode with foreign keys on."""
    ask = {
        "postgresql": ("SHOW lock_timeout", "2s"),
        "mariadb": ("SELECT @@innodb_lock_wait_timeout", "2"),
        "sqlite": ("PRAGMA busy_timeout", "2000"),
    }
    from ctsec.storage.sql.engines import engine_options, prepare

    url = coloured_url(place.database.guard_sync_url, asynchronous=False)
    engine = create_engine(url, **engine_options(url, GUARD_SETTINGS))
    prepare(engine, GUARD_SETTINGS)
    statement, wanted = ask[place.database.kind]
    with engine.connect() as connection:
        assert str(connection.execute(text(statement)).scalar()) == wanted
        if place.database.kind == "sqlite":
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert engine.hide_parameters
    engine.dispose()
