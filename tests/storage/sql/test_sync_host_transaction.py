# Generated from tests/storage/sql/test_async_host_transaction.py by tools/twin.py; edit that file.
"""The host's transaction, and what is deliberately outside it (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import pytest
import pytest_asyncio
from sqlalchemy import Engine, create_engine, func, select, text, update
from sqlalchemy import event as events
from sqlalchemy.orm import Session, sessionmaker

from ctsec.errors import ConfigurationError, StoreBusy, StoreReadOnly
from ctsec.guard.attempts import Attempts
from ctsec.storage.sql import EngineSettings, SqlStorage
from ctsec.testing.conformance.samples import NOW, event, ignore, membership, org_id, organization, proof, role_change, user, user_id
from tests.storage.sql.support import REGISTRIES, TABLES, Place, Thing

FAILED = Attempts(key="usr_1", failures=1, last_failed_at=NOW)


def listened(engine: Engine) -> tuple[Engine, list[str]]:
    """Return the engine, and a list that its commits, rollbacks and savepoints are written to."""
    heard: list[str] = []
    inner = getattr(engine, "sync_engine", engine)
    events.listen(inner, "commit", lambda _: heard.append("commit"))
    events.listen(inner, "rollback", lambda _: heard.append("rollback"))
    events.listen(inner, "savepoint", lambda *_: heard.append("savepoint"))
    return engine, heard


@pytest.fixture
def storage(place: Place) -> Generator[SqlStorage, None, None]:
    short = EngineSettings(lock_timeout=1.0, isolation_level=place.level)
    made = SqlStorage.from_url(place.database.sync_url, settings=short, guard_settings=EngineSettings(lock_timeout=1.0))
    yield made
    made.close()


@pytest.fixture
def engine(place: Place) -> Generator[Engine, None, None]:
    made = create_engine(place.database.sync_url, isolation_level=place.level)
    yield made
    made.dispose()


@pytest.fixture
def host(engine: Engine) -> Generator[Session, None, None]:
    with Session(engine, autoflush=False) as session:
        yield session


def refused(_: object) -> None:
    """Stand for a host's own listener that lets no commit through."""
    raise KeyError


def add_and_lock(storage: SqlStorage) -> None:
    """Write a row, then wait for the organization's lock, in a transaction of our own."""
    with storage.begin(after_commit=ignore) as store:
        store.users.add(user(1))
        store.organizations.lock(org_id(1))


def things(session: Session) -> int:
    """Return how many things of the host a transaction sees, without flushing."""
    connection = session.connection()
    return int((connection.execute(select(func.count()).select_from(Thing))).scalar_one())


def test_a_rollback_of_the_host_takes_our_writes_and_revives_nothing(storage: SqlStorage, host: Session) -> None:
    """The host's rollback takes our rows and their events; a used proof stays used, a failure and a refusal stay written."""
    once = proof("a")
    storage.guard.proofs.issue((once,))
    storage.guard.steps.start("aut_1", step=5)
    store = storage.join(host, after_commit=ignore)
    store.users.add(user(1))
    store.inbox.append(event(1))
    assert storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
    assert storage.guard.steps.advance("aut_1", step=6)
    assert storage.guard.attempts.replace(None, FAILED)
    storage.guard.events.append(event(2))
    host.rollback()
    with storage.reading() as other:
        assert other.users.get(user_id(1)) is None
        assert other.inbox.pending(limit=9) == ()
    assert not storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
    assert not storage.guard.steps.advance("aut_1", step=6)
    assert storage.guard.attempts.get("usr_1") == FAILED
    assert storage.guard.events.pending(limit=9) == (event(2),)


def test_a_commit_of_the_host_keeps_both(storage: SqlStorage, host: Session) -> None:
    """The host's row, our row and our event are committed together."""
    host.add(Thing(id=1))
    store = storage.join(host, after_commit=ignore)
    store.users.add(user(1))
    store.inbox.append(event(1))
    host.commit()
    with storage.reading() as other:
        assert other.users.get(user_id(1)) == user(1)
        assert other.inbox.pending(limit=9) == (event(1),)
    assert things(host) == 1


def test_join_never_commits_rolls_back_or_closes(storage: SqlStorage, engine: Engine) -> None:
    """While ctsec rides, also through a refused insert, the host's connection hears no commit and no rollback, and stays the same."""
    listening, heard = listened(engine)
    with Session(listening) as host:
        store = storage.join(host, after_commit=ignore)
        store.users.add(user(1))
        before = host.connection()
        store.users.add(replace(user(2), email_key=user(1).email_key))
        store.organizations.add(organization(1))
        store.users.get(user_id(1))
        assert host.in_transaction()
        assert host.connection() is before
        assert {"commit", "rollback"}.isdisjoint(heard)


def test_a_savepoint_is_used_only_where_a_conflict_is_expected(storage: SqlStorage, engine: Engine) -> None:
    """Plain inserts, compare-and-sets and reads use no savepoint; an insert whose key may be taken uses one."""
    listening, heard = listened(engine)
    with Session(listening) as host:
        store = storage.join(host, after_commit=ignore)
        store.organizations.add(organization(1))
        store.organizations.lock(org_id(1))
        store.inbox.append(event(1))
        store.users.get(user_id(1))
        assert heard == []
        store.memberships.add(membership(1, of=1))
        assert heard == ["savepoint"]


def test_each_call_flushes_the_host_before_its_statement(storage: SqlStorage, host: Session) -> None:
    """With autoflush off, what the host added is in the database before our statement runs, each time anew."""
    store = storage.join(host, after_commit=ignore)
    for number in (1, 2):
        host.add(Thing(id=number))
        assert things(host) == number - 1
        store.users.get(user_id(1))
        assert things(host) == number


def test_a_conflict_keeps_the_hosts_transaction(storage: SqlStorage, host: Session) -> None:
    """A taken key is answered with False; what the host and ctsec wrote before and after it commits."""
    with storage.begin(after_commit=ignore) as own:
        own.users.add(user(1))
    host.add(Thing(id=1))
    store = storage.join(host, after_commit=ignore)
    assert store.users.add(user(2))
    assert not store.users.add(replace(user(3), email_key=user(1).email_key))
    assert not store.users.replace(replace(user(2), email_key=user(1).email_key, version=2))
    host.add(Thing(id=2))
    host.commit()
    assert things(host) == 2
    with storage.reading() as other:
        assert other.users.get(user_id(2)) == user(2)


def test_a_savepoint_as_first_statement_does_not_survive(storage: SqlStorage, host: Session) -> None:
    """An insert in a savepoint as the first statement of the host's transaction is rolled back with it."""
    with storage.reading() as other:
        other.users.get(user_id(1))  # the version of the tables was asked for before: nothing else comes first below
    store = storage.join(host, after_commit=ignore)
    assert store.users.add(user(1))
    host.rollback()
    with storage.reading() as other:
        assert other.users.get(user_id(1)) is None


def test_caches_are_told_after_the_outermost_commit_only(storage: SqlStorage, host: Session, engine: Engine) -> None:
    """Neither a commit of the host's savepoint nor another session's tells anybody; the transaction's own does, once, when it is done."""
    told: list[frozenset[str]] = []
    _, heard = listened(engine)

    def both(scopes: frozenset[str]) -> None:
        told.append(scopes)
        heard.append("told")

    store = storage.join(host, after_commit=both)
    with host.begin_nested():
        store.users.add(user(1))
        store.epochs.bump(user_id(1))
    with Session(engine) as another:
        another.connection()
        another.commit()
    assert told == []
    assert store.wrote
    host.commit()
    assert told == [frozenset({user_id(1)})]
    assert heard[-2:] == ["commit", "told"]
    assert not store.wrote
    store.users.get(user_id(1))
    host.commit()
    assert len(told) == 1
    store.epochs.bump(org_id(1))
    host.commit()
    assert told == [frozenset({user_id(1)}), frozenset({org_id(1)})]


def test_caches_are_not_told_of_a_rollback_or_a_close(storage: SqlStorage, engine: Engine) -> None:
    """After a rollback, a commit that fails, or a close without commit, nothing is told, not even by a later commit of the session."""
    told: list[frozenset[str]] = []
    with Session(engine) as host:
        store = storage.join(host, after_commit=told.append)
        store.epochs.bump(user_id(1))
        host.rollback()
        assert not store.wrote
        store.epochs.bump(user_id(1))
        events.listen(getattr(host, "sync_session", host), "before_commit", refused, once=True)
        with pytest.raises(KeyError):
            host.commit()
        host.rollback()
        store.epochs.bump(user_id(1))
        host.close()
        host.add(Thing(id=1))
        host.commit()
    assert told == []


def test_a_rolled_back_savepoint_of_the_host_leaves_the_rest(storage: SqlStorage, host: Session) -> None:
    """The host may roll back a savepoint with our writes in it; what we wrote outside of it commits and is told."""
    told: list[frozenset[str]] = []
    store = storage.join(host, after_commit=told.append)
    store.users.add(user(1))
    savepoint = host.begin_nested()
    store.users.add(user(2))
    savepoint.rollback()
    host.commit()
    assert len(told) == 1
    with storage.reading() as other:
        assert other.users.get(user_id(1)) == user(1)
        assert other.users.get(user_id(2)) is None


def test_two_stores_in_one_session_are_each_told(storage: SqlStorage, host: Session) -> None:
    """Two joins of one session tell their own caches, each once."""
    told: tuple[list[frozenset[str]], list[frozenset[str]]] = ([], [])
    stores = [storage.join(host, after_commit=each.append) for each in told]
    for number, store in enumerate(stores):
        store.epochs.bump(user_id(number))
    host.commit()
    assert told == ([frozenset({user_id(0)})], [frozenset({user_id(1)})])


def test_guard_writes_do_not_wait_for_the_host(storage: SqlStorage, host: Session) -> None:
    """While the host holds the lock of the user's row, a failure is counted and a proof consumed: waiting for the host would never end."""
    once = proof("a")
    storage.guard.proofs.issue((once,))
    with storage.begin(after_commit=ignore) as own:
        own.users.add(user(1))
    store = storage.join(host, after_commit=ignore)
    assert store.users.replace(replace(user(1), name="held", version=2))
    assert storage.guard.attempts.replace(None, replace(FAILED, key=user_id(1)))
    assert storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
    host.rollback()


def test_a_locking_read_is_never_stale(storage: SqlStorage, host: Session, place: Place) -> None:
    """After the host's snapshot was taken and another changed the row, a locking read shows the change or is StoreBusy, never the old."""
    with storage.begin(after_commit=ignore) as own:
        own.organizations.add(organization(1))
        own.memberships.add(membership(1, of=1))
    if place.database.kind == "mariadb" and place.level == "SERIALIZABLE":
        host.execute(text("SELECT 1"))  # a plain read there takes locks, and the other could not change the row at all
    else:
        storage.join(host, after_commit=ignore).memberships.get(org_id(1), user_id(1))
    with storage.begin(after_commit=ignore) as own:
        assert own.standings.change_membership(**role_change(1, of=1, before=membership(1, of=1).role, after="changed"))
    store = storage.join(host, after_commit=ignore)
    try:
        if store.organizations.lock(org_id(1)):
            found = store.memberships.get(org_id(1), user_id(1), fresh=True)
            standing = store.standings.standing(org_id(1), user_id(1), fresh=True)
            assert (found.role if found else "", standing.role if standing else "") == ("changed", "changed")
    except StoreBusy:
        assert place.level != "READ COMMITTED"
    host.rollback()


def test_busy_is_not_consumed(storage: SqlStorage, place: Place) -> None:
    """While another holds the proof's row, consuming it is StoreBusy; afterwards it is still there to be consumed, once."""
    once = proof("a")
    storage.guard.proofs.issue((once,))
    other = create_engine(place.database.guard_sync_url)
    with other.connect() as connection:
        t = TABLES.proof
        connection.execute(update(t).where(t.c.digest == once.digest).values(subject="held"))
        with pytest.raises(StoreBusy) as raised:
            storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
        assert raised.value.retryable
    other.dispose()
    assert storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
    assert not storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)


def test_a_host_that_waits_too_long_gets_busy(storage: SqlStorage) -> None:
    """Two transactions of our own on one row: the second gives up as StoreBusy after its lock time-out, and its writes are gone."""
    with storage.begin(after_commit=ignore) as own:
        own.organizations.add(organization(1))
    with storage.begin(after_commit=ignore) as first:
        first.organizations.lock(org_id(1))
        with pytest.raises(StoreBusy):
            add_and_lock(storage)
    with storage.reading() as other:
        assert other.users.get(user_id(1)) is None


def test_a_reading_writes_nothing_and_is_not_held_up(storage: SqlStorage) -> None:
    """A short read beside an open writer answers at once with what was committed, and refuses to write or to lock."""
    with storage.begin(after_commit=ignore) as own:
        own.organizations.add(organization(1))
    with storage.begin(after_commit=ignore) as own:
        own.organizations.gain_owner(org_id(1))
        with storage.reading() as other:
            assert other.organizations.get(org_id(1)) == organization(1)
            with pytest.raises(StoreReadOnly):
                other.organizations.lock(org_id(1))
            with pytest.raises(StoreReadOnly):
                other.users.add(user(1))


def test_a_session_in_autocommit_is_refused(storage: SqlStorage, engine: Engine) -> None:
    """A session that commits each statement by itself can not carry our writes."""
    with Session(engine.execution_options(isolation_level="AUTOCOMMIT")) as host:
        with pytest.raises(ConfigurationError):
            storage.join(host, after_commit=ignore).users.add(user(1))


def test_a_scoped_session_is_joined(storage: SqlStorage, engine: Engine) -> None:
    """The registry of sessions that a host uses is as good as the session in it."""
    registry = REGISTRIES[1](sessionmaker(engine))
    storage.join(registry, after_commit=ignore).users.add(user(1))
    registry.commit()
    registry.remove()
    with storage.reading() as other:
        assert other.users.get(user_id(1)) == user(1)
