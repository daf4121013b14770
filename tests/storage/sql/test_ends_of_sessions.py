"""What is heard of the ends of a host's sessions while the host, or somebody's cache, fails, and what a failing listener leaves behind."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any, cast
from weakref import ref

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from ctsec.audit._sync_recorder import Recorder
from ctsec.errors import ConfigurationError
from ctsec.storage.sql import SqlStorage
from ctsec.storage.sql import joined as listening
from ctsec.storage.sql._sync import SqlStore
from ctsec.testing.conformance.samples import event as sample
from ctsec.testing.conformance.samples import ignore, user, user_id
from tests.servers import available_databases
from tests.storage.sql.support import LEVELS, Place, place_of


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place_of("sqlite", "SERIALIZABLE", folder=tmp_path_factory.getbasetemp())


@pytest.fixture
def storage(file: Place) -> Iterator[SqlStorage]:
    made = SqlStorage.from_url(file.database.sync_url)
    yield made
    made.close()


@pytest.fixture
def engine(file: Place) -> Iterator[Engine]:
    made = create_engine(file.database.sync_url)
    yield made
    made.dispose()


def refuse(*_: object) -> None:
    """Stand for a listener or a cache that fails."""
    raise KeyError


def test_a_cache_that_fails_keeps_no_other_from_being_told(storage: SqlStorage, engine: Engine) -> None:
    """Each store that rode in a session is told of its commit, whatever another one's cache does with it; the error is heard."""
    told: list[frozenset[str]] = []
    with Session(engine) as session:
        for after_commit in (refuse, told.append):
            storage.join(session, after_commit=after_commit).epochs.bump(user_id(1))
        with pytest.raises(KeyError):
            session.commit()
    assert told == [frozenset({user_id(1)})]


def test_a_session_that_ended_is_freed_at_once(storage: SqlStorage, engine: Engine) -> None:
    """Nothing of ours keeps a session in a cycle: a host would pay for it in each transaction, whenever the collector looks."""
    session = Session(engine)
    store = storage.join(session, after_commit=ignore)
    Recorder(cast(Any, store.inbox), actor=None).attach(session)
    store.inbox.append(sample(1))
    session.commit()
    session.close()
    ended = ref(session)
    gc.disable()
    try:
        del session, store
        assert ended() is None
    finally:
        gc.enable()


def test_a_connection_that_was_good_before_is_refused_in_autocommit(storage: SqlStorage, engine: Engine) -> None:
    """What cannot change is looked at once for each connection of a driver, and autocommit in each transaction."""
    with Session(engine) as session:
        storage.join(session, after_commit=ignore).epochs.bump(user_id(1))
        session.commit()
    with Session(engine.execution_options(isolation_level="AUTOCOMMIT")) as session, pytest.raises(ConfigurationError, match="autocommit"):
        storage.join(session, after_commit=ignore).epochs.bump(user_id(1))


def test_another_session_with_the_same_info_ends_nothing(storage: SqlStorage, engine: Engine) -> None:
    """What waits for the end of a session is told at that end, though the host gave its `info` to another one that ended before."""
    told: list[frozenset[str]] = []
    with Session(engine) as session:
        storage.join(session, after_commit=told.append).epochs.bump(user_id(1))
        for end in (Session.rollback, Session.commit):
            with Session(engine, info=session.info) as another:
                another.connection()
                end(another)
        assert told == []
        session.commit()
    assert told == [frozenset({user_id(1)})]


def test_ours_are_told_before_a_listener_of_the_host_fails(storage: SqlStorage, engine: Engine) -> None:
    """A commit is told though a listener of the host's, older than any storage, lets nobody after it hear of it."""
    told: list[frozenset[str]] = []
    ours: dict[str, Any] = {"after_commit": listening._after_commit, "after_transaction_end": listening._after_transaction_end}
    for name, listener in ours.items():
        event.remove(Session, name, listener)
    event.listen(Session, "after_commit", refuse)
    try:
        listening.hear()
        with Session(engine) as session:
            storage.join(session, after_commit=told.append).epochs.bump(user_id(1))
            with pytest.raises(KeyError):
                session.commit()
    finally:
        event.remove(Session, "after_commit", refuse)
    assert told == [frozenset({user_id(1)})]


WRITES: dict[str, Callable[[SqlStore], Any]] = {
    "many": lambda store: store.inbox.append_all((sample(1), sample(2))),
    "unless taken": lambda store: store.inbox.append_new((sample(1),)),
}


@pytest.mark.parametrize("kind", available_databases())
@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_a_write_that_fails_behind_the_database_leaves_nothing(
    kind: str, write: Callable[[SqlStore], Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Where a listener of the host's fails after rows were sent in a savepoint, they are gone, and the host's transaction goes on."""
    url = place_of(kind, LEVELS[kind][0], folder=tmp_path_factory.getbasetemp()).database.sync_url
    storage, engine = SqlStorage.from_url(url), create_engine(url)

    def fail(connection: object, cursor: object, statement: str, *_: object) -> None:
        del connection, cursor
        if statement.startswith("INSERT INTO ctsec_audit_inbox"):
            raise KeyError

    with Session(engine) as session:
        store = storage.join(session, after_commit=ignore)
        store.users.add(user(1))
        event.listen(engine, "after_cursor_execute", fail)
        with pytest.raises(KeyError):
            write(store)
        event.remove(engine, "after_cursor_execute", fail)
        assert not session.connection().in_nested_transaction()
        session.commit()
    with storage.reading() as store:
        assert store.inbox.count() == 0
        assert store.users.get(user_id(1)) == user(1)
    engine.dispose()
    storage.close()
