"""What a broken database becomes: one of our errors, without a value of a row in it."""

from __future__ import annotations

import asyncio
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.event import listen

from ctsec.errors import CorruptRecord, StoreBusy, StoreError, StoreReadOnly
from ctsec.ids import UserId
from ctsec.storage.sql import AsyncSqlStorage, EngineSettings, SqlStorage, schema
from ctsec.storage.sql.writer_lock import writer_lock
from ctsec.testing.conformance.samples import NOW, event, ignore, organization, proof, session, user, user_id
from tests.storage.sql.support import Place

SHORT = EngineSettings(lock_timeout=0.2, pool_timeout=0.2, pool_size=1, max_overflow=0)


@pytest.fixture
def storage(place: Place) -> Iterator[SqlStorage]:
    made = SqlStorage.from_url(place.database.sync_url)
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    schema.create(f"sqlite:///{tmp_path}/a.db")
    return tmp_path / "a.db"


def test_an_error_holds_no_value_of_a_row(storage: SqlStorage) -> None:
    """A refused row leaves as StoreError; neither its text, nor its chain, nor its traceback quotes what was in the row."""
    secret = replace(event(1), body=b"hunter2", actor_id="hunter2")
    with storage.begin(after_commit=ignore) as store:
        store.inbox.append(secret)
    with pytest.raises(StoreError) as raised, storage.begin(after_commit=ignore) as store:
        store.inbox.append(secret)
    shown = "".join(traceback.format_exception(raised.value))
    assert type(raised.value) is StoreError
    assert "hunter2" not in shown
    assert event(1).id not in shown
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


# How a server ends every connection to the database but the one that asks; SQLite has none.
OTHERS = {
    "postgresql": "SELECT pg_terminate_backend(pid, 9999) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mariadb": "SELECT concat('KILL ', id) FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
}


def end_others(place: Place) -> None:
    """End all other connections to a database."""
    engine = create_engine(place.database.sync_url, poolclass=NullPool)
    if place.database.kind in OTHERS:
        with engine.connect() as connection:
            found = connection.execute(text(OTHERS[place.database.kind])).scalars().all()
            for each in found if place.database.kind == "mariadb" else ():
                connection.exec_driver_sql(each)
    engine.dispose()


async def test_a_connection_that_is_lost_after_the_last_statement_fails_nobody(storage: SqlStorage, place: Place) -> None:
    """What was read stays read, an unfinished write is StoreError and not written, and the next transaction has another connection."""
    with storage.reading() as store:
        assert store.users.get(user_id(1)) is None
        end_others(place)
    both = AsyncSqlStorage.from_url(place.database.async_url)
    async with both.reading() as reading:
        assert await reading.users.get(user_id(1)) is None
        end_others(place)
    served = place.database.kind in OTHERS
    with pytest.raises(StoreError) if served else nullcontext(), storage.begin(after_commit=ignore) as store:
        store.users.add(user(1))
        end_others(place)
    with storage.reading() as store:
        assert (store.users.get(user_id(1)) is None) is served
    async with both.reading() as reading:
        assert (await reading.users.get(user_id(1)) is None) is served
    await both.aclose()


@pytest.mark.parametrize("moment", ["reset", "checkout"])
def test_a_connection_that_is_lost_beside_the_statements_takes_no_place_of_the_pool(place: Place, moment: str) -> None:
    """Lost after the rollback, it fails nobody either; lost as it is taken, that is StoreError; a pool of one has one for the next."""
    storage = SqlStorage.from_url(place.database.sync_url, settings=SHORT)
    lost: list[None] = []

    def lose(*_: object) -> None:
        if len(lost) < 2:
            lost.append(None)
            end_others(place)

    listen(storage._engines[0].pool, moment, lose)
    fails = moment == "checkout" and place.database.kind in OTHERS
    for number in range(3):
        with pytest.raises(StoreError) if fails and number < 2 else nullcontext(), storage.reading() as store:
            assert store.users.get(user_id(1)) is None
    assert len(lost) == 2
    storage.close()


def test_a_value_that_is_too_long_is_refused_not_cut(storage: SqlStorage) -> None:
    """A key longer than its column is StoreError on every database, and nothing is written."""
    with pytest.raises(StoreError, match="too long"), storage.begin(after_commit=ignore) as store:
        store.users.add(replace(user(1), id=UserId(user_id(1) + "x" * 64)))
    with storage.reading() as store:
        assert store.users.by_email(user(1).email_key) is None


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [("status", "'bogus'", "user.status"), ("created_at", "9223372036854775807", "time")],
)
def test_a_corrupt_row_is_named(storage: SqlStorage, place: Place, column: str, value: str, named: str) -> None:
    """What does not decode is CorruptRecord that names the column, never a guess and never the value."""
    with storage.begin(after_commit=ignore) as store:
        store.users.add(user(1))
    engine = create_engine(place.database.sync_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE ctsec_user SET {column} = {value}"))
    engine.dispose()
    with pytest.raises(CorruptRecord, match=named) as raised, storage.reading() as store:
        store.users.get(user_id(1))
    assert "bogus" not in str(raised.value)


@pytest.mark.parametrize("value", ["[1]", "{", '{"pwd": "soon"}', '{"pwd": 99999999999999999999}'])
def test_corrupt_json_is_named(path: Path, value: str) -> None:
    """A JSON column of another form is CorruptRecord that names table and column."""
    storage = SqlStorage.from_url(f"sqlite:///{path}")
    with storage.begin(after_commit=ignore) as store:
        store.sessions.add(session(1, of=1))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE ctsec_session SET factors = ?", (value,))
    connection.close()
    with pytest.raises(CorruptRecord, match=r"session\.factors"), storage.reading() as store:
        store.sessions.get(session(1, of=1).id)
    storage.close()


def test_a_read_only_file_is_read_and_not_written(path: Path) -> None:
    """A file opened read-only answers reads; a write is StoreReadOnly in both stores, and nothing was written."""
    url = f"sqlite:///file:{path}?mode=ro&uri=true"
    storage = SqlStorage.from_url(url)
    with storage.reading() as store:
        assert store.users.get(user_id(1)) is None
    with pytest.raises(StoreReadOnly), storage.begin(after_commit=ignore) as store:
        store.users.add(user(1))
    with pytest.raises(StoreReadOnly):
        storage.guard.proofs.issue((proof("a"),))
    storage.close()


def test_a_file_locked_by_another_process_is_busy(path: Path) -> None:
    """While another connection holds the write lock of the file, a writer gets StoreBusy and a reader answers."""
    storage = SqlStorage.from_url(f"sqlite:///{path}", settings=SHORT)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy), storage.begin(after_commit=ignore) as store:
        store.users.add(user(1))
    with storage.reading() as store:
        assert store.users.get(user_id(1)) is None
    other.rollback()
    other.close()
    with storage.begin(after_commit=ignore) as store:
        assert store.users.add(user(1))
    storage.close()


def test_no_database_is_a_store_error(tmp_path: Path) -> None:
    """A file that is no database, and a folder that does not exist, are StoreError."""
    (tmp_path / "text.db").write_text("this is not a database, but a text that is long enough to be looked at as one" * 9)
    for url in (f"sqlite:///{tmp_path}/text.db", f"sqlite:///{tmp_path}/nowhere/a.db"):
        storage = SqlStorage.from_url(url)
        with pytest.raises(StoreError), storage.begin(after_commit=ignore) as store:
            store.users.add(user(1))
        storage.close()


def test_a_server_that_is_not_there_is_a_store_error() -> None:
    """A refused connection is StoreError, and the message names no password."""
    password = "2retnuh"[::-1]  # not as it is, for a traceback quotes source lines too
    storage = SqlStorage.from_url(f"postgresql://someone:{password}@127.0.0.1:1/nothing")
    with pytest.raises(StoreError) as raised:
        storage.guard.steps.last("aut_1")
    assert password not in "".join(traceback.format_exception(raised.value))
    storage.close()


async def test_an_exhausted_pool_is_busy(path: Path) -> None:
    """A call that finds no free connection in time is StoreBusy, and reads beside it are not starved by the guard store."""
    storage = AsyncSqlStorage.from_url(f"sqlite:///{path}", settings=SHORT)
    async with storage.reading() as store:
        await store.users.get(user_id(1))
        with pytest.raises(StoreBusy):
            async with storage.reading() as other:
                await other.users.get(user_id(1))
        assert await storage.guard.steps.last("aut_1") is None
    await storage.aclose()


async def test_a_cancelled_transaction_leaves_nothing_and_frees_the_writer(path: Path) -> None:
    """A task that is cancelled inside its transaction writes nothing, and the next writer need not wait."""
    storage = AsyncSqlStorage.from_url(f"sqlite:///{path}", settings=EngineSettings(lock_timeout=2.0))
    inside = asyncio.Event()

    async def work() -> None:
        async with storage.begin(after_commit=ignore) as store:
            await store.organizations.add(organization(1))
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(1):
        async with storage.begin(after_commit=ignore) as store:
            assert await store.organizations.get(organization(1).id) is None
    await storage.aclose()


async def test_both_colours_stand_in_one_queue(path: Path) -> None:
    """A writer of the async storage queues behind one of the sync storage on the same file, and is served when that commits."""
    sync, other = SqlStorage.from_url(f"sqlite:///{path}"), AsyncSqlStorage.from_url(f"sqlite:///{path}")

    async def work() -> None:
        async with other.begin(after_commit=ignore) as store:
            assert await store.users.add(user(2))

    with sync.begin(after_commit=ignore) as store:
        store.users.add(user(1))
        task = asyncio.create_task(work())
        async with asyncio.timeout(2):
            while writer_lock(str(path)).waiting == 0:  # noqa: ASYNC110 - the queue tells nobody
                await asyncio.sleep(0.001)
    await task
    with sync.reading() as store:
        assert None not in {store.users.get(user_id(1)), store.users.get(user_id(2))}
    await other.aclose()
    sync.close()


def test_times_are_exact_to_the_microsecond(storage: SqlStorage) -> None:
    """An instant comes back equal, to the microsecond, from the year 1 to the year 9999."""
    for number, moment in enumerate((NOW, NOW.min.replace(tzinfo=NOW.tzinfo), NOW.max.replace(tzinfo=NOW.tzinfo)), start=1):
        with storage.begin(after_commit=ignore) as store:
            store.users.add(replace(user(number), created_at=moment))
        with storage.reading() as store:
            found = store.users.get(user_id(number))
        assert found is not None
        assert found.created_at == moment
