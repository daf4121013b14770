"""The host's transaction, and what is deliberately outside it (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
import pytest_asyncio
from sqlalchemy import event as events
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from ctsec.errors import ConfigurationError, StoreBusy, StoreReadOnly
from ctsec.guard.attempts import Attempts
from ctsec.storage.sql import AsyncSqlStorage, EngineSettings
from ctsec.testing.conformance.samples import NOW, event, ignore, membership, org_id, organization, proof, role_change, user, user_id
from tests.storage.sql.support import REGISTRIES, TABLES, Place, Thing

FAILED = Attempts(key="usr_1", failures=1, last_failed_at=NOW)


def listened(engine: AsyncEngine) -> tuple[AsyncEngine, list[str]]:
    """Return the engine, and a list that its commits, rollbacks and savepoints are written to."""
    heard: list[str] = []
    inner = getattr(engine, "sync_engine", engine)
    events.listen(inner, "commit", lambda _: heard.append("commit"))
    events.listen(inner, "rollback", lambda _: heard.append("rollback"))
    events.listen(inner, "savepoint", lambda *_: heard.append("savepoint"))
    return engine, heard


@pytest_asyncio.fixture  # sync: @pytest.fixture
async def storage(place: Place) -> AsyncGenerator[AsyncSqlStorage, None]:
    short = EngineSettings(lock_timeout=1.0, isolation_level=place.level)
    made = AsyncSqlStorage.from_url(place.database.async_url, settings=short, guard_settings=EngineSettings(lock_timeout=1.0))
    yield made
    await made.aclose()


@pytest_asyncio.fixture  # sync: @pytest.fixture
async def engine(place: Place) -> AsyncGenerator[AsyncEngine, None]:
    made = create_async_engine(place.database.async_url, isolation_level=place.level)
    yield made
    await made.dispose()


@pytest_asyncio.fixture  # sync: @pytest.fixture
async def host(engine: AsyncEngine) -> AsyncGenerator[AsyncSession, None]:
    async with AsyncSession(engine, autoflush=False) as session:
        yield session


def refused(_: object) -> None:
    """Stand for a host's own listener that lets no commit through."""
    raise KeyError


async def add_and_lock(storage: AsyncSqlStorage) -> None:
    """Write a row, then wait for the organization's lock, in a transaction of our own."""
    async with storage.begin(after_commit=ignore) as store:
        await store.users.add(user(1))
        await store.organizations.lock(org_id(1))


async def things(session: AsyncSession) -> int:
    """Return how many things of the host a transaction sees, without flushing."""
    connection = await session.connection()
    return int((await connection.execute(select(func.count()).select_from(Thing))).scalar_one())


async def test_a_rollback_of_the_host_takes_our_writes_and_revives_nothing(storage: AsyncSqlStorage, host: AsyncSession) -> None:
    """The host's rollback takes our rows and their events; a used proof stays used, a failure and a refusal stay written."""
    once = proof("a")
    await storage.guard.proofs.issue((once,))
    await storage.guard.steps.start("aut_1", step=5)
    store = storage.join(host, after_commit=ignore)
    await store.users.add(user(1))
    await store.inbox.append(event(1))
    assert await storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
    assert await storage.guard.steps.advance("aut_1", step=6)
    assert await storage.guard.attempts.replace(None, FAILED)
    await storage.guard.events.append(event(2))
    await host.rollback()
    async with storage.reading() as other:
        assert await other.users.get(user_id(1)) is None
        assert await other.inbox.pending(limit=9) == ()
    assert not await storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
    assert not await storage.guard.steps.advance("aut_1", step=6)
    assert await storage.guard.attempts.get("usr_1") == FAILED
    assert await storage.guard.events.pending(limit=9) == (event(2),)


async def test_a_commit_of_the_host_keeps_both(storage: AsyncSqlStorage, host: AsyncSession) -> None:
    """The host's row, our row and our event are committed together."""
    host.add(Thing(id=1))
    store = storage.join(host, after_commit=ignore)
    await store.users.add(user(1))
    await store.inbox.append(event(1))
    await host.commit()
    async with storage.reading() as other:
        assert await other.users.get(user_id(1)) == user(1)
        assert await other.inbox.pending(limit=9) == (event(1),)
    assert await things(host) == 1


async def test_join_never_commits_rolls_back_or_closes(storage: AsyncSqlStorage, engine: AsyncEngine) -> None:
    """While ctsec rides, also through a refused insert, the host's connection hears no commit and no rollback, and stays the same."""
    listening, heard = listened(engine)
    async with AsyncSession(listening) as host:
        store = storage.join(host, after_commit=ignore)
        await store.users.add(user(1))
        before = await host.connection()
        await store.users.add(replace(user(2), email_key=user(1).email_key))
        await store.organizations.add(organization(1))
        await store.users.get(user_id(1))
        assert host.in_transaction()
        assert await host.connection() is before
        assert {"commit", "rollback"}.isdisjoint(heard)


async def test_a_savepoint_is_used_only_where_a_conflict_is_expected(storage: AsyncSqlStorage, engine: AsyncEngine) -> None:
    """Plain inserts, compare-and-sets and reads use no savepoint; an insert whose key may be taken uses one."""
    listening, heard = listened(engine)
    async with AsyncSession(listening) as host:
        store = storage.join(host, after_commit=ignore)
        await store.organizations.add(organization(1))
        await store.organizations.lock(org_id(1))
        await store.inbox.append(event(1))
        await store.users.get(user_id(1))
        assert heard == []
        await store.memberships.add(membership(1, of=1))
        assert heard == ["savepoint"]


async def test_each_call_flushes_the_host_before_its_statement(storage: AsyncSqlStorage, host: AsyncSession) -> None:
    """With autoflush off, what the host added is in the database before our statement runs, each time anew."""
    store = storage.join(host, after_commit=ignore)
    for number in (1, 2):
        host.add(Thing(id=number))
        assert await things(host) == number - 1
        await store.users.get(user_id(1))
        assert await things(host) == number


async def test_a_conflict_keeps_the_hosts_transaction(storage: AsyncSqlStorage, host: AsyncSession) -> None:
    """A taken key is answered with False; what the host and ctsec wrote before and after it commits."""
    async with storage.begin(after_commit=ignore) as own:
        await own.users.add(user(1))
    host.add(Thing(id=1))
    store = storage.join(host, after_commit=ignore)
    assert await store.users.add(user(2))
    assert not await store.users.add(replace(user(3), email_key=user(1).email_key))
    assert not await store.users.replace(replace(user(2), email_key=user(1).email_key, version=2))
    host.add(Thing(id=2))
    await host.commit()
    assert await things(host) == 2
    async with storage.reading() as other:
        assert await other.users.get(user_id(2)) == user(2)


async def test_a_savepoint_as_first_statement_does_not_survive(storage: AsyncSqlStorage, host: AsyncSession) -> None:
    """An insert in a savepoint as the first statement of the host's transaction is rolled back with it."""
    async with storage.reading() as other:
        await other.users.get(user_id(1))  # the version of the tables was asked for before: nothing else comes first below
    store = storage.join(host, after_commit=ignore)
    assert await store.users.add(user(1))
    await host.rollback()
    async with storage.reading() as other:
        assert await other.users.get(user_id(1)) is None


async def test_caches_are_told_after_the_outermost_commit_only(storage: AsyncSqlStorage, host: AsyncSession, engine: AsyncEngine) -> None:
    """Neither a commit of the host's savepoint nor another session's tells anybody; the transaction's own does, once, when it is done."""
    told: list[frozenset[str]] = []
    _, heard = listened(engine)

    def both(scopes: frozenset[str]) -> None:
        told.append(scopes)
        heard.append("told")

    store = storage.join(host, after_commit=both)
    async with host.begin_nested():
        await store.users.add(user(1))
        await store.epochs.bump(user_id(1))
    async with AsyncSession(engine) as another:
        await another.connection()
        await another.commit()
    assert told == []
    assert store.wrote
    await host.commit()
    assert told == [frozenset({user_id(1)})]
    assert heard[-2:] == ["commit", "told"]
    assert not store.wrote
    await store.users.get(user_id(1))
    await host.commit()
    assert len(told) == 1
    await store.epochs.bump(org_id(1))
    await host.commit()
    assert told == [frozenset({user_id(1)}), frozenset({org_id(1)})]


async def test_caches_are_not_told_of_a_rollback_or_a_close(storage: AsyncSqlStorage, engine: AsyncEngine) -> None:
    """After a rollback, a commit that fails, or a close without commit, nothing is told, not even by a later commit of the session."""
    told: list[frozenset[str]] = []
    async with AsyncSession(engine) as host:
        store = storage.join(host, after_commit=told.append)
        await store.epochs.bump(user_id(1))
        await host.rollback()
        assert not store.wrote
        await store.epochs.bump(user_id(1))
        events.listen(getattr(host, "sync_session", host), "before_commit", refused, once=True)
        with pytest.raises(KeyError):
            await host.commit()
        await host.rollback()
        await store.epochs.bump(user_id(1))
        await host.close()
        host.add(Thing(id=1))
        await host.commit()
    assert told == []


async def test_a_rolled_back_savepoint_of_the_host_leaves_the_rest(storage: AsyncSqlStorage, host: AsyncSession) -> None:
    """The host may roll back a savepoint with our writes in it; what we wrote outside of it commits and is told."""
    told: list[frozenset[str]] = []
    store = storage.join(host, after_commit=told.append)
    await store.users.add(user(1))
    savepoint = await host.begin_nested()
    await store.users.add(user(2))
    await savepoint.rollback()
    await host.commit()
    assert len(told) == 1
    async with storage.reading() as other:
        assert await other.users.get(user_id(1)) == user(1)
        assert await other.users.get(user_id(2)) is None


async def test_two_stores_in_one_session_are_each_told(storage: AsyncSqlStorage, host: AsyncSession) -> None:
    """Two joins of one session tell their own caches, each once."""
    told: tuple[list[frozenset[str]], list[frozenset[str]]] = ([], [])
    stores = [storage.join(host, after_commit=each.append) for each in told]
    for number, store in enumerate(stores):
        await store.epochs.bump(user_id(number))
    await host.commit()
    assert told == ([frozenset({user_id(0)})], [frozenset({user_id(1)})])


async def test_guard_writes_do_not_wait_for_the_host(storage: AsyncSqlStorage, host: AsyncSession) -> None:
    """While the host holds the lock of the user's row, a failure is counted and a proof consumed: waiting for the host would never end."""
    once = proof("a")
    await storage.guard.proofs.issue((once,))
    async with storage.begin(after_commit=ignore) as own:
        await own.users.add(user(1))
    store = storage.join(host, after_commit=ignore)
    assert await store.users.replace(replace(user(1), name="held", version=2))
    assert await storage.guard.attempts.replace(None, replace(FAILED, key=user_id(1)))
    assert await storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
    await host.rollback()


async def test_a_locking_read_is_never_stale(storage: AsyncSqlStorage, host: AsyncSession, place: Place) -> None:
    """After the host's snapshot was taken and another changed the row, a locking read shows the change or is StoreBusy, never the old."""
    async with storage.begin(after_commit=ignore) as own:
        await own.organizations.add(organization(1))
        await own.memberships.add(membership(1, of=1))
    if place.database.kind == "mariadb" and place.level == "SERIALIZABLE":
        await host.execute(text("SELECT 1"))  # a plain read there takes locks, and the other could not change the row at all
    else:
        await storage.join(host, after_commit=ignore).memberships.get(org_id(1), user_id(1))
    async with storage.begin(after_commit=ignore) as own:
        assert await own.standings.change_membership(**role_change(1, of=1, before=membership(1, of=1).role, after="changed"))
    store = storage.join(host, after_commit=ignore)
    try:
        if await store.organizations.lock(org_id(1)):
            found = await store.memberships.get(org_id(1), user_id(1), fresh=True)
            standing = await store.standings.standing(org_id(1), user_id(1), fresh=True)
            assert (found.role if found else "", standing.role if standing else "") == ("changed", "changed")
    except StoreBusy:
        assert place.level != "READ COMMITTED"
    await host.rollback()


async def test_busy_is_not_consumed(storage: AsyncSqlStorage, place: Place) -> None:
    """While another holds the proof's row, consuming it is StoreBusy; afterwards it is still there to be consumed, once."""
    once = proof("a")
    await storage.guard.proofs.issue((once,))
    other = create_async_engine(place.database.guard_async_url)
    async with other.connect() as connection:
        t = TABLES.proof
        await connection.execute(update(t).where(t.c.digest == once.digest).values(subject="held"))
        with pytest.raises(StoreBusy) as raised:
            await storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
        assert raised.value.retryable
    await other.dispose()
    assert await storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
    assert not await storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)


async def test_a_host_that_waits_too_long_gets_busy(storage: AsyncSqlStorage) -> None:
    """Two transactions of our own on one row: the second gives up as StoreBusy after its lock time-out, and its writes are gone."""
    async with storage.begin(after_commit=ignore) as own:
        await own.organizations.add(organization(1))
    async with storage.begin(after_commit=ignore) as first:
        await first.organizations.lock(org_id(1))
        with pytest.raises(StoreBusy):
            await add_and_lock(storage)
    async with storage.reading() as other:
        assert await other.users.get(user_id(1)) is None


async def test_a_reading_writes_nothing_and_is_not_held_up(storage: AsyncSqlStorage) -> None:
    """A short read beside an open writer answers at once with what was committed, and refuses to write or to lock."""
    async with storage.begin(after_commit=ignore) as own:
        await own.organizations.add(organization(1))
    async with storage.begin(after_commit=ignore) as own:
        await own.organizations.gain_owner(org_id(1))
        async with storage.reading() as other:
            assert await other.organizations.get(org_id(1)) == organization(1)
            with pytest.raises(StoreReadOnly):
                await other.organizations.lock(org_id(1))
            with pytest.raises(StoreReadOnly):
                await other.users.add(user(1))


async def test_a_session_in_autocommit_is_refused(storage: AsyncSqlStorage, engine: AsyncEngine) -> None:
    """A session that commits each statement by itself can not carry our writes."""
    async with AsyncSession(engine.execution_options(isolation_level="AUTOCOMMIT")) as host:
        with pytest.raises(ConfigurationError):
            await storage.join(host, after_commit=ignore).users.add(user(1))


async def test_a_scoped_session_is_joined(storage: AsyncSqlStorage, engine: AsyncEngine) -> None:
    """The registry of sessions that a host uses is as good as the session in it."""
    registry = REGISTRIES[0](async_sessionmaker(engine), scopefunc=lambda: 1)  # sync: registry = REGISTRIES[1](sessionmaker(engine))
    await storage.join(registry, after_commit=ignore).users.add(user(1))
    await registry.commit()
    await registry.remove()
    async with storage.reading() as other:
        assert await other.users.get(user_id(1)) == user(1)
