"""A host's session on the host's own connection: caches are told of the outermost commit, and of no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from ctsec.storage.sql import AsyncSqlStorage, SqlStorage
from ctsec.testing.conformance.samples import user_id
from tests.servers import available_databases
from tests.storage.sql.support import LEVELS, Place, place_of

Mode = Literal["conditional_savepoint", "rollback_only", "control_fully", "create_savepoint"]
INSIDE: tuple[Mode, ...] = ("conditional_savepoint", "rollback_only", "create_savepoint")
CHANGED = frozenset({user_id(1)})


@pytest.fixture(params=available_databases())
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place_of(request.param, LEVELS[request.param][0], folder=tmp_path_factory.getbasetemp())


@pytest.fixture
def storage(place: Place) -> Iterator[SqlStorage]:
    made = SqlStorage.from_url(place.database.sync_url)
    yield made
    made.close()


@pytest.fixture(params=["pool", "no pool"])
def engine(request: pytest.FixtureRequest, place: Place) -> Iterator[Engine]:
    made = create_engine(place.database.sync_url, **({"poolclass": NullPool} if request.param == "no pool" else {}))
    if made.dialect.name == "sqlite":  # the recipe: savepoints are inside of a transaction
        event.listen(made, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
        event.listen(made, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    yield made
    made.dispose()


class Told:
    """A cache that remembers of what it was told, and whether others saw the change by then."""

    def __init__(self, place: Place) -> None:
        self.scopes: list[frozenset[str]] = []
        self.seen: list[bool] = []
        self._others = create_engine(place.database.sync_url, poolclass=NullPool)

    def __call__(self, scopes: frozenset[str]) -> None:
        self.scopes.append(scopes)
        with self._others.connect() as connection:
            self.seen.append(bool(connection.execute(text("SELECT count(*) FROM ctsec_epoch")).scalar()))


@pytest.fixture
def told(place: Place) -> Told:
    return Told(place)


def write(storage: SqlStorage, session: Session, told: Told) -> None:
    """Change something of ours in the host's session, and commit the session."""
    storage.join(session, after_commit=told).epochs.bump(user_id(1))
    session.commit()


@pytest.mark.parametrize("mode", INSIDE)
def test_the_outermost_commit_is_told_and_the_sessions_is_not(storage: SqlStorage, engine: Engine, told: Told, mode: Mode) -> None:
    """Nothing is told at the session's commit; at the connection's it is, and again once the connection is given back."""
    with engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode=mode) as session:
            write(storage, session, told)
            write(storage, session, told)
        assert told.scopes == []
        outer.commit()
        assert told.scopes == [CHANGED, CHANGED]  # once for each session's commit
    assert told.scopes == [CHANGED] * 4
    assert told.seen == [False, False, True, True]


@pytest.mark.parametrize("mode", INSIDE)
def test_an_outer_rollback_tells_nothing(storage: SqlStorage, engine: Engine, told: Told, mode: Mode) -> None:
    """Neither the rollback, nor giving the connection back, nor what the connection does next, tells of what was not changed."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode=mode) as session:
            write(storage, session, told)
        outer.rollback()
        with connection.begin():
            connection.exec_driver_sql("SELECT 1")
    with engine.connect() as connection:
        connection.begin()
        with Session(connection, join_transaction_mode=mode) as session:
            write(storage, session, told)
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert told.scopes == []


def test_a_commit_that_fails_tells_nothing_more(storage: SqlStorage, engine: Engine, told: Told) -> None:
    """A commit is announced, fails and is rolled back: caches were told once, and are not told again of what did not happen."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            write(storage, session, told)
        connection.dispatch.commit(connection)
        outer.rollback()
    assert told.scopes == [CHANGED]


def test_what_is_committed_by_the_session_itself_is_told_at_once(storage: SqlStorage, engine: Engine, told: Told) -> None:
    """A session that controls its connection, or begins on one that is in no transaction, commits the outermost one: told once."""
    with engine.connect() as connection:
        with Session(connection) as session:
            write(storage, session, told)
        assert told.scopes == [CHANGED]
        connection.begin()
        with Session(connection, join_transaction_mode="control_fully") as session:
            write(storage, session, told)
        assert told.scopes == [CHANGED, CHANGED]
    assert told.scopes == [CHANGED, CHANGED]


def test_a_connection_that_goes_on_tells_once_more(storage: SqlStorage, engine: Engine, told: Told) -> None:
    """What was read between the announcement of a commit and the commit is dropped when the connection begins again."""
    with engine.connect() as connection:
        with connection.begin(), Session(connection) as session:
            write(storage, session, told)
        assert told.scopes == [CHANGED]
        connection.exec_driver_sql("SELECT 1")
        assert told.scopes == [CHANGED, CHANGED]
        connection.rollback()
    assert told.scopes == [CHANGED, CHANGED]


@pytest.mark.parametrize("commits", [True, False])
def test_a_transaction_in_two_phases_is_the_outermost_one(storage: SqlStorage, engine: Engine, told: Told, *, commits: bool) -> None:
    """What SQLAlchemy says of a transaction that is prepared first, by names of its own, counts as what it says of any other one."""
    with engine.connect() as connection:
        connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            write(storage, session, told)
        heard = connection.dispatch
        (heard.commit_twophase if commits else heard.rollback_twophase)(connection, "xid", True)
        assert told.scopes == ([CHANGED] if commits else [])
        heard.begin_twophase(connection, "xid")
        assert told.scopes == ([CHANGED, CHANGED] if commits else [])
        connection.rollback()
    assert told.scopes == ([CHANGED, CHANGED] if commits else [])


def test_a_savepoint_of_the_connections_counts_with_its_transaction(storage: SqlStorage, engine: Engine, told: Told) -> None:
    """A session that controls a savepoint of the connection's commits that alone: the transaction around it is waited for."""
    with engine.connect() as connection, connection.begin():
        connection.begin_nested()
        with Session(connection, join_transaction_mode="control_fully") as session:
            write(storage, session, told)
        assert told.scopes == []
    assert told.scopes == [CHANGED, CHANGED]


def test_a_savepoint_that_is_inside_of_nothing_commits(storage: SqlStorage, place: Place, told: Told) -> None:
    """SQLite's driver begins at the first write: a savepoint before that is the outermost one, and its end is told at once."""
    engine = create_engine(place.database.sync_url)
    with engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            write(storage, session, told)
        assert (told.scopes, told.seen) == (([CHANGED], [True]) if engine.dialect.name == "sqlite" else ([], []))
        outer.rollback()
    engine.dispose()


async def test_it_is_the_same_for_a_host_with_coroutines(place: Place, told: Told) -> None:
    """A session on an asynchronous connection waits for that connection's commit, and is forgotten with its rollback."""
    storage, engine = AsyncSqlStorage.from_url(place.database.sync_url), create_async_engine(place.database.async_url)
    for commits in (False, True):
        async with engine.connect() as connection:
            await connection.begin()
            async with AsyncSession(connection) as session:
                await storage.join(session, after_commit=told).epochs.bump(user_id(1))
                await session.commit()
            assert told.scopes == []
            await (connection.commit() if commits else connection.rollback())
    assert (told.scopes, told.seen[-1]) == ([CHANGED, CHANGED], True)
    await engine.dispose()
    await storage.aclose()


def test_hosts_without_such_sessions_are_not_listened_to(storage: SqlStorage, engine: Engine, told: Told) -> None:
    """A session on an engine adds no listener to connections and pools."""
    with Session(engine) as session:
        write(storage, session, told)
        assert told.scopes == [CHANGED]
        assert isinstance(session.connection(), Connection)
    assert not list(engine.pool.dispatch.checkin)
