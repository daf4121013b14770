"""What a process learns of another one's changes through the database (async source of the twin)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from ctsec.errors import StoreError
from ctsec.storage.feed import AsyncStoreFeed
from ctsec.storage.sql import AsyncSqlStorage, EngineSettings
from ctsec.testing.conformance.samples import ignore, org_id, user_id
from tests.storage.sql.support import TABLES, Place


@pytest_asyncio.fixture  # sync: @pytest.fixture
async def storage(place: Place) -> AsyncGenerator[AsyncSqlStorage, None]:
    made = AsyncSqlStorage.from_url(place.database.async_url, settings=EngineSettings(lock_timeout=2.0, isolation_level=place.level))
    yield made
    await made.aclose()


@pytest_asyncio.fixture  # sync: @pytest.fixture
async def engine(place: Place) -> AsyncGenerator[AsyncEngine, None]:
    made = create_async_engine(place.database.async_url, isolation_level=place.level)
    yield made
    await made.dispose()


async def test_a_look_names_what_was_committed_since(storage: AsyncSqlStorage) -> None:
    """The first look means anything; each later one names exactly the scopes that were committed since the one before."""
    feed = AsyncStoreFeed(storage)
    first = await feed.since(None)
    assert first.scopes is None
    async with storage.begin(after_commit=ignore) as store:
        await store.epochs.bump(user_id(1))
        assert (await feed.since(first.position)).scopes == frozenset()
    second = await feed.since(first.position)
    assert second.scopes == {user_id(1)}
    async with storage.begin(after_commit=ignore) as store:
        await store.epochs.bump(org_id(1))
    assert (await feed.since(second.position)).scopes == {org_id(1)}
    assert (await feed.since(first.position)).scopes == {user_id(1), org_id(1)}


@pytest.mark.parametrize("commits", [True, False])
async def test_the_hosts_transaction_decides(storage: AsyncSqlStorage, engine: AsyncEngine, commits: bool) -> None:
    """A change in the host's session is news when the host commits, and never was when it rolls back, at each isolation level."""
    feed = AsyncStoreFeed(storage)
    first = await feed.since(None)
    async with AsyncSession(engine) as session:
        await storage.join(session, after_commit=ignore).epochs.bump(user_id(1))
        assert (await feed.since(first.position)).scopes == frozenset()
        await (session.commit() if commits else session.rollback())
    assert (await feed.since(first.position)).scopes == ({user_id(1)} if commits else frozenset())


async def test_an_old_snapshot_of_the_host_hides_nothing(storage: AsyncSqlStorage, engine: AsyncEngine, place: Place) -> None:
    """The feed reads for itself: a host's transaction that began before the change, at whatever level, does not keep it from being seen."""
    feed = AsyncStoreFeed(storage)
    first = await feed.since(None)
    async with AsyncSession(engine) as session:
        await storage.join(session, after_commit=ignore).users.get(user_id(1))
        async with storage.begin(after_commit=ignore) as store:
            await store.epochs.bump(user_id(1))
        assert (await feed.since(first.position)).scopes == {user_id(1)}, place


async def test_a_restored_database_looks_neither_older_nor_newer(storage: AsyncSqlStorage, engine: AsyncEngine) -> None:
    """Epochs that went back, or are gone, are changes like any other; a database of another name means anything."""
    feed = AsyncStoreFeed(storage)
    async with storage.begin(after_commit=ignore) as store:
        await store.epochs.bump(user_id(1))
        await store.epochs.bump(user_id(2))
    before = await feed.since(None)
    async with engine.begin() as connection:
        await connection.execute(update(TABLES.epoch).where(TABLES.epoch.c.scope == user_id(1)).values(epoch=1))
        await connection.execute(delete(TABLES.epoch).where(TABLES.epoch.c.scope == user_id(2)))
    assert (await feed.since(before.position)).scopes == {user_id(1), user_id(2)}
    here = TABLES.meta.c.name == "incarnation"
    async with engine.begin() as connection:
        await connection.execute(update(TABLES.meta).where(here).values(value=secrets.token_hex(8)))
    assert (await feed.since(before.position)).scopes is None


async def test_old_epochs_are_neither_asked_for_nor_kept(storage: AsyncSqlStorage, engine: AsyncEngine) -> None:
    """What changed over a minute ago is no news, and is deleted when it is ten minutes old."""
    async with storage.begin(after_commit=ignore) as store:
        for n in (1, 2, 3):
            await store.epochs.bump(user_id(n))
    async with engine.begin() as connection:
        for n, age in ((2, 90), (3, 700)):
            past = update(TABLES.epoch).where(TABLES.epoch.c.scope == user_id(n)).values(changed_at=TABLES.epoch.c.changed_at - age)
            await connection.execute(past)
    async with storage.reading() as store:
        assert set((await store.epochs.recent()).recent) == {user_id(1)}
    async with storage.begin(after_commit=ignore) as store:
        assert await store.epochs.trim() == 1
        assert await store.epochs.trim() == 0


async def test_a_store_that_does_not_answer_is_an_error(place: Place) -> None:
    """Without an answer there is no news: StoreError, so that nothing is believed for it."""
    del place
    away = AsyncSqlStorage.from_url("postgresql+psycopg://ctsec@127.0.0.1:1/nowhere")
    with pytest.raises(StoreError):
        await AsyncStoreFeed(away).since(None)
    await away.aclose()
