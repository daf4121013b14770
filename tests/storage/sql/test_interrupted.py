"""A statement on SQLite that is interrupted amid its rows lets go of the file with its connection, and not when Python collects garbage."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copy
from typing import Any, Final

import pytest
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util.concurrency import greenlet_spawn

from ctsec.errors import CorruptRecord
from ctsec.storage.backup.raw import RawTable, raw_tables
from ctsec.storage.backup.snapshot import connected, places_of
from ctsec.storage.sql import AsyncSqlStorage, SqlStorage, _sync_executor, schema
from ctsec.storage.sql.engines import sqlite_arguments
from ctsec.storage.sql.parts import main_part
from ctsec.storage.sql.tables import default_tables
from ctsec.testing.conformance.samples import ignore, user

USERS: Final = 300
IDS: Final = text("SELECT id FROM ctsec_user")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with more users than a backup holds at a time."""
    path = tmp_path_factory.mktemp("interrupted") / "a.db"
    schema.create(f"sqlite:///{path}")
    storage = SqlStorage.from_url(f"sqlite:///{path}")
    with storage.begin(after_commit=ignore) as store:
        for number in range(USERS):
            store.users.add(user(number))
    storage.close()
    return path


@pytest.fixture
def file(filled: Path, tmp_path: Path) -> Path:
    """Return a copy of it, which no other test has open."""
    return Path(copy(filled, tmp_path / "a.db"))


@pytest.fixture(autouse=True)
def uncollected() -> Iterator[None]:
    """Have nothing collected while a test runs."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(params=["own", "host"])
def storage(request: pytest.FixtureRequest, file: Path) -> Iterator[SqlStorage]:
    """Return a storage on engines of its own, and one on a host's."""
    if request.param == "own":
        made = SqlStorage.from_url(f"sqlite:///{file}")
        yield made
        made.close()
        return
    engines = [create_engine(f"sqlite:///{file}{end}") for end in ("", "-guard")]
    yield SqlStorage(engines[0], guard_engine=engines[1], tables=default_tables())
    for engine in engines:
        engine.dispose()


def is_free(file: Path) -> bool:
    """Say whether nobody reads the file, which would keep its WAL, and nobody writes it."""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return False
        other.execute("UPDATE ctsec_user SET version = version + 1")
        other.execute("COMMIT")
        ((busy, _, _),) = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return not busy


def interrupt(*_: object) -> None:
    """Do what Ctrl-C does; what it is given stays in its frame."""
    raise KeyboardInterrupt


def refuse(*_: object, **__: object) -> None:
    """Do what a value of another kind does."""
    raise CorruptRecord


def query(storage: SqlStorage, *, writes: bool) -> None:
    """Read in a transaction, and be interrupted as SQLite has returned the first row of a second query."""
    engine = storage._transactions._engine
    with storage.begin(after_commit=ignore) if writes else storage.reading() as store:
        assert len(store.made_of[0].rows(IDS)) == USERS
        event.listen(engine, "after_cursor_execute", interrupt)
        try:
            store.made_of[0].rows(IDS)
        finally:
            event.remove(engine, "after_cursor_execute", interrupt)


def export(storage: SqlStorage) -> None:
    """Read rows as an export does."""
    with storage.reading() as store:
        store.made_of[0].plain(IDS, {})


def migrate(file: Path, found: list[object]) -> None:
    """Change the schema, and be interrupted amid a query."""
    with schema._alone(make_url(f"sqlite:///{file}"), main_part(default_tables())) as connection:
        found.append(connection.execute(IDS))
        raise KeyboardInterrupt


@pytest.mark.parametrize("writes", [True, False], ids=["writing", "reading"])
def test_an_interrupted_query_lets_go_of_the_file(storage: SqlStorage, file: Path, writes: bool) -> None:
    """While the exception is still there, with the frames that it went through: another connection writes, and nobody reads."""
    with pytest.raises(KeyboardInterrupt) as kept:
        query(storage, writes=writes)
    assert is_free(file)
    assert kept.traceback


def test_rows_that_nobody_reads_end_with_the_transaction(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a query and the reading of its rows nothing of SQLAlchemy sees an interruption; the connection goes back to its pool."""
    monkeypatch.setattr(_sync_executor, "plain_rows", interrupt)
    storage = SqlStorage.from_url(f"sqlite:///{file}")
    with pytest.raises(KeyboardInterrupt) as kept:
        export(storage)
    assert is_free(file)
    assert kept.traceback
    storage.close()


@pytest.mark.parametrize("colour", ["own", "host"])
async def test_a_task_that_is_cancelled_amid_its_rows_lets_go_of_the_file(file: Path, colour: str) -> None:
    """It was writing, and waits for a row as it is cancelled; the exception is kept as above."""
    url = f"sqlite+aiosqlite:///{file}"
    engines = [create_async_engine(f"{url}{end}") for end in ("", "-guard")]
    host = AsyncSqlStorage(engines[0], guard_engine=engines[1], tables=default_tables())
    storage = AsyncSqlStorage.from_url(url) if colour == "own" else host
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> int:
        begun.set()
        go_on.wait(10)
        return 1

    async def read() -> None:
        async with storage.begin(after_commit=ignore) as store:
            run = store.made_of[0]
            connection: Any = (await (await run._connection()).get_raw_connection()).dbapi_connection
            await greenlet_spawn(connection.create_function, "hold", 0, hold)
            await run.rows(text("SELECT hold() FROM ctsec_user"))

    task = asyncio.create_task(read())
    assert await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError) as kept:
        await task
    assert is_free(file)
    assert kept.traceback
    await storage.aclose()
    for engine in engines:
        await engine.dispose()


@pytest.mark.parametrize("end", ["closed", "interrupted", "refused", "read"])
def test_rows_of_a_backup_end_where_their_reader_does(file: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """Closed early, interrupted, at a row that is refused, and after the last one: the cursor is closed, and the connection is not yet."""
    (place, _) = places_of(f"sqlite:///{file}", guard=None, tables=default_tables())
    (table,) = (each for each in raw_tables(place.parts[0]) if each.name == "main.user")
    kept: object = None
    with connected(place) as connection:
        rows = table.rows(connection)
        next(rows)
        assert not is_free(file)
        match end:
            case "closed":
                rows.close()
            case "interrupted":
                with pytest.raises(KeyboardInterrupt) as kept:
                    rows.throw(KeyboardInterrupt)
            case "refused":
                monkeypatch.setattr(RawTable, "_value", refuse)
                with pytest.raises(CorruptRecord) as kept:
                    next(rows)
            case _:
                assert len(list(rows)) == USERS - 1
        assert is_free(file)
    assert (kept is None) == (end in {"closed", "read"})


@pytest.mark.parametrize("driver", ["pysqlite", "aiosqlite", "pysqlcipher"])
def test_a_driver_of_another_library_makes_its_own_connections(driver: str) -> None:
    """A connection of the `sqlite3` module in place of SQLCipher's would write the file in clear."""
    assert ("factory" in sqlite_arguments(make_url(f"sqlite+{driver}:///a.db"), 1)) == (driver != "pysqlcipher")


def test_a_schema_change_that_is_interrupted_lets_go_of_the_file(file: Path) -> None:
    """Its connection is closed, whoever still has a result of it."""
    found: list[object] = []
    with pytest.raises(KeyboardInterrupt):
        migrate(file, found)
    assert found
    assert is_free(file)
