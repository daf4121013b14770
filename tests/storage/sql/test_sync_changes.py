# Generated from tests/storage/sql/test_async_changes.py by tools/twin.py; edit that file.
"""What a process learns of another one's changes through the database (async source of the twin)."""

from __future__ import annotations

import secrets
from collections.abc import Generator

import pytest
import pytest_asyncio
from sqlalchemy import Engine, create_engine, delete, update
from sqlalchemy.orm import Session

from ctsec.errors import StoreError
from ctsec.storage.feed import StoreFeed
from ctsec.storage.sql import EngineSettings, SqlStorage
from ctsec.testing.conformance.samples import ignore, org_id, user_id
from tests.storage.sql.support import TABLES, Place


@pytest.fixture
def storage(place: Place) -> Generator[SqlStorage, None, None]:
    made = SqlStorage.from_url(place.database.sync_url, settings=EngineSettings(lock_timeout=2.0, isolation_level=place.level))
    yield made
    made.close()


@pytest.fixture
def engine(place: Place) -> Generator[Engine, None, None]:
    made = create_engine(place.database.sync_url, isolation_level=place.level)
    yield made
    made.dispose()


def test_a_look_names_what_was_committed_since(storage: SqlStorage) -> None:
    """The first look means anything; each later one names exactly the scopes that were committed since the one before."""
    feed = StoreFeed(storage)
    first = feed.since(None)
    assert first.scopes is None
    with storage.begin(after_commit=ignore) as store:
        store.epochs.bump(user_id(1))
        assert (feed.since(first.position)).scopes == frozenset()
    second = feed.since(first.position)
    assert second.scopes == {user_id(1)}
    with storage.begin(after_commit=ignore) as store:
        store.epochs.bump(org_id(1))
    assert (feed.since(second.position)).scopes == {org_id(1)}
    assert (feed.since(first.position)).scopes == {user_id(1), org_id(1)}


@pytest.mark.parametrize("commits", [True, False])
def test_the_hosts_transaction_decides(storage: SqlStorage, engine: Engine, commits: bool) -> None:
    """A change in the host's session is news when the host commits, and never was when it rolls back, at each isolation level."""
    feed = StoreFeed(storage)
    first = feed.since(None)
    with Session(engine) as session:
        storage.join(session, after_commit=ignore).epochs.bump(user_id(1))
        assert (feed.since(first.position)).scopes == frozenset()
        (session.commit() if commits else session.rollback())
    assert (feed.since(first.position)).scopes == ({user_id(1)} if commits else frozenset())


def test_an_old_snapshot_of_the_host_hides_nothing(storage: SqlStorage, engine: Engine, place: Place) -> None:
    """The feed reads for itself: a host's transaction that began before the change, at whatever level, does not keep it from being seen."""
    feed = StoreFeed(storage)
    first = feed.since(None)
    with Session(engine) as session:
        storage.join(session, after_commit=ignore).users.get(user_id(1))
        with storage.begin(after_commit=ignore) as store:
            store.epochs.bump(user_id(1))
        assert (feed.since(first.position)).scopes == {user_id(1)}, place


def test_a_restored_database_looks_neither_older_nor_newer(storage: SqlStorage, engine: Engine) -> None:
    """Epochs that went back, or are gone, are changes like any other; a database of another name means anything."""
    feed = StoreFeed(storage)
    with storage.begin(after_commit=ignore) as store:
        store.epochs.bump(user_id(1))
        store.epochs.bump(user_id(2))
    before = feed.since(None)
    with engine.begin() as connection:
        connection.execute(update(TABLES.epoch).where(TABLES.epoch.c.scope == user_id(1)).values(epoch=1))
        connection.execute(delete(TABLES.epoch).where(TABLES.epoch.c.scope == user_id(2)))
    assert (feed.since(before.position)).scopes == {user_id(1), user_id(2)}
    here = TABLES.meta.c.name == "incarnation"
    with engine.begin() as connection:
        connection.execute(update(TABLES.meta).where(here).values(value=secrets.token_hex(8)))
    assert (feed.since(before.position)).scopes is None


def test_old_epochs_are_neither_asked_for_nor_kept(storage: SqlStorage, engine: Engine) -> None:
    """What changed over a minute ago is no news, and is deleted when it is ten minutes old."""
    with storage.begin(after_commit=ignore) as store:
        for n in (1, 2, 3):
            store.epochs.bump(user_id(n))
    with engine.begin() as connection:
        for n, age in ((2, 90), (3, 700)):
            past = update(TABLES.epoch).where(TABLES.epoch.c.scope == user_id(n)).values(changed_at=TABLES.epoch.c.changed_at - age)
            connection.execute(past)
    with storage.reading() as store:
        assert set((store.epochs.recent()).recent) == {user_id(1)}
    with storage.begin(after_commit=ignore) as store:
        assert store.epochs.trim() == 1
        assert store.epochs.trim() == 0


def test_a_store_that_does_not_answer_is_an_error(place: Place) -> None:
    """Without an answer there is no news: StoreError, so that nothing is believed for it."""
    del place
    away = SqlStorage.from_url("postgresql+psycopg://ctsec@127.0.0.1:1/nowhere")
    with pytest.raises(StoreError):
        StoreFeed(away).since(None)
    away.close()
