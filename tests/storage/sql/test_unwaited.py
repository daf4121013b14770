"""A commit that waits for no disk is that of an erasure alone, wherever it fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance.samples import NOW, ignore, user, user_id
from tests.storage.sql.support import place_of

FULL, NORMAL = 2, 1
MOMENTS = ("before_cursor_execute", "after_cursor_execute", "commit", "rollback")


@pytest.fixture
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStorage]:
    made = SqlStorage.from_url(place_of("sqlite", "SERIALIZABLE", folder=tmp_path_factory.getbasetemp()).database.sync_url)
    yield made
    made.close()


def at(step: int, *, error: type[BaseException]) -> tuple[Callable[..., None], list[int]]:
    """Return a listener that raises an error at a step, and the steps that it has heard of."""
    heard: list[int] = []

    def listen(*_: object) -> None:
        heard.append(step)
        if len(heard) == step:
            raise error

    return listen, heard


def levels(engine: Engine) -> set[int]:
    """Return at which levels two connections of an engine wait for the disk."""
    with engine.connect() as one, engine.connect() as other:
        return {int(each.exec_driver_sql("PRAGMA synchronous").scalar_one()) for each in (one, other)}


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
@pytest.mark.parametrize("moment", MOMENTS)
def test_no_connection_of_the_pool_stays_so(storage: SqlStorage, moment: str, error: type[BaseException]) -> None:
    """At whatever step an erasure fails, also between two statements, every connection that the pool hands out waits for the disk."""
    engine = storage._transactions._engine
    step = 0
    for step in count(1):
        assert levels(engine) == {FULL}
        fail, heard = at(step, error=error)
        event.listen(engine, moment, fail)
        try:
            with storage.erasing({user_id(1): NOW}, now=NOW, after_commit=ignore) as (store, _):
                store.users.add(user(step))
                own = store.made_of[0]._connection()
                assert int(own.exec_driver_sql("PRAGMA synchronous").scalar_one()) == NORMAL
        except error:
            pass
        finally:
            event.remove(engine, moment, fail)
        if len(heard) < step:
            break
    assert step > 1 or moment == "rollback"
    assert levels(engine) == {FULL}


def test_what_was_committed_stays_so(storage: SqlStorage) -> None:
    """Where the level can not be set back after the commit, the erasure is done and says so; the connection is closed."""
    engine, told = storage._transactions._engine, list[frozenset[str]]()

    def fail(connection: object, cursor: object, statement: str, *_: object) -> None:
        del connection, cursor
        if statement == "PRAGMA synchronous=FULL":
            raise OperationalError(statement, None, sqlite3.OperationalError())

    event.listen(engine, "before_cursor_execute", fail)
    with storage.erasing({user_id(1): NOW}, now=NOW, after_commit=told.append) as (store, _):
        store.users.add(user(1))
    event.remove(engine, "before_cursor_execute", fail)
    assert len(told) == 1
    with storage.reading() as store:
        assert store.users.get(user_id(1)) == user(1)
    assert levels(engine) == {FULL}
