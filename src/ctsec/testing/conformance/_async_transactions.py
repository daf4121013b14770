"""Conformance of transactions: our own, the host's, and short reads (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from ctsec.errors import StoreError
from ctsec.storage._async_ports import AsyncStorage, AsyncStore
from ctsec.testing.conformance.expect import equal, fail, holds
from ctsec.testing.conformance.samples import (
    NOW,
    assignment,
    event,
    ignore,
    membership,
    org_id,
    organization,
    outbox_entry,
    password,
    proof,
    session,
    user,
    user_id,
    workspace,
)


class AsyncHostSession(Protocol):
    """What the suite needs of a host's session: the host ends its transactions itself."""

    async def commit(self) -> None:
        """Commit."""
        ...

    async def rollback(self) -> None:
        """Roll back."""
        ...


class _RolledBack(Exception):
    """What a test raises to have its transaction rolled back."""


async def _write_everything(store: AsyncStore) -> None:
    await store.users.add(user(1))
    await store.organizations.add(organization(1))
    await store.workspaces.add(workspace(1, of=1))
    await store.memberships.add(membership(1, of=1))
    await store.assignments.put(assignment(1, of=1, workspace=1))
    await store.passwords.put(password(1))
    await store.sessions.add(session(1, of=1))
    await store.inbox.append(event(1))
    await store.log.place(limit=9)
    await store.outbox.add(outbox_entry(1))
    await store.jobs.claim("mail", owner="a", now=NOW, until=NOW)
    await store.epochs.bump(org_id(1))


async def _found(store: AsyncStore) -> list[bool]:
    return [
        await store.users.get(user_id(1)) is not None,
        await store.users.by_email(user(1).email_key) is not None,
        await store.organizations.get(org_id(1)) is not None,
        await store.standings.standing(org_id(1), user_id(1)) is not None,
        await store.passwords.get(user_id(1)) is not None,
        bool(await store.sessions.of_user(user_id(1))),
        await store.log.size(event(1).log) == 1,
        bool(await store.outbox.due(now=outbox_entry(1).due_at, limit=1)),
        bool(await store.jobs.all()),
    ]


class AsyncTransactionConformance:
    """Transactions of our own."""

    async def test_a_commit_keeps_everything(self, storage: AsyncStorage) -> None:
        """What a block wrote is there after it, and was there for itself before."""
        async with storage.begin(after_commit=ignore) as store:
            await _write_everything(store)
            holds(all(await _found(store)), "a transaction sees its own writes")
        async with storage.reading() as store:
            holds(all(await _found(store)), "a committed write is there")

    async def test_a_rollback_leaves_nothing(self, storage: AsyncStorage) -> None:
        """A block that raises leaves no row of any family, lets its exception through, and the same may be written again."""
        try:
            async with storage.begin(after_commit=ignore) as store:
                await _write_everything(store)
                raise _RolledBack
        except _RolledBack:
            pass
        else:
            fail("the exception of the block was lost")
        async with storage.begin(after_commit=ignore) as store:
            holds(not any(await _found(store)), "a rolled-back write is gone")
            await _write_everything(store)

    async def test_a_rollback_takes_changes_and_deletions_back(self, storage: AsyncStorage) -> None:
        """Rows that a rolled-back block changed or deleted are as they were."""
        async with storage.begin(after_commit=ignore) as store:
            await _write_everything(store)
        try:
            async with storage.begin(after_commit=ignore) as store:
                await store.users.replace(replace(user(1), name="changed", version=2))
                await store.memberships.remove(org_id(1), user_id(1))
                await store.sessions.revoke(user_id(1), None, keep=None, now=NOW)
                raise _RolledBack
        except _RolledBack:
            pass
        async with storage.reading() as store:
            equal(await store.users.get(user_id(1)), user(1))
            holds(all(await _found(store)), "a rolled-back deletion is undone")

    async def test_others_do_not_see_an_open_transaction(self, storage: AsyncStorage) -> None:
        """A read beside an open transaction sees what was committed before it."""
        async with storage.begin(after_commit=ignore) as store:
            await store.users.add(user(1))
            async with storage.reading() as other:
                equal(await other.users.get(user_id(1)), None)

    async def test_caches_are_told_once_after_the_commit(self, storage: AsyncStorage) -> None:
        """`after_commit` is called once, when the rows are there for all, with every scope that was bumped, however often."""
        told: list[frozenset[str]] = []
        async with storage.begin(after_commit=told.append) as store:
            await store.users.add(user(1))
            for scope in (org_id(1), user_id(1), org_id(1)):
                await store.epochs.bump(scope)
            equal(told, [])
        equal(told, [frozenset({org_id(1), user_id(1)})])

    async def test_caches_hear_of_writes_without_scopes(self, storage: AsyncStorage) -> None:
        """A commit that wrote without a bump calls `after_commit` with no scopes; one that only read does not call it."""
        told: list[frozenset[str]] = []
        async with storage.begin(after_commit=told.append) as store:
            await store.users.add(user(1))
        equal(told, [frozenset[str]()])
        async with storage.begin(after_commit=told.append) as store:
            await store.users.get(user_id(1))
        equal(told, [frozenset[str]()])

    async def test_caches_are_never_told_of_a_rollback(self, storage: AsyncStorage) -> None:
        """After a rollback there is nothing to forget."""
        told: list[frozenset[str]] = []
        try:
            async with storage.begin(after_commit=told.append) as store:
                await _write_everything(store)
                raise _RolledBack
        except _RolledBack:
            pass
        equal(told, [])

    async def test_a_transaction_knows_whether_it_wrote(self, storage: AsyncStorage) -> None:
        """`wrote` is false after reads and true from the first write, or the first bump, on."""
        async with storage.begin(after_commit=ignore) as store:
            equal(store.wrote, False)
            await store.users.get(user_id(1))
            equal(store.wrote, False)
            await store.users.add(user(1))
            equal(store.wrote, True)
        async with storage.begin(after_commit=ignore) as store:
            equal(store.wrote, False)
            await store.epochs.bump(org_id(1))
            equal(store.wrote, True)

    async def test_a_reading_writes_nothing(self, storage: AsyncStorage) -> None:
        """What is written in a reading is refused or dropped."""
        try:
            async with storage.reading() as store:
                await store.users.add(user(1))
        except StoreError:
            pass
        async with storage.reading() as store:
            equal(await store.users.get(user_id(1)), None)

    async def test_the_guard_store_is_outside(self, storage: AsyncStorage) -> None:
        """What was consumed during a transaction stays consumed when that is rolled back."""
        once = proof("a")
        await storage.guard.proofs.issue((once,))
        try:
            async with storage.begin(after_commit=ignore) as store:
                await store.users.add(user(1))
                equal(await storage.guard.proofs.consume(once.purpose, once.digest, now=NOW), True)
                await storage.guard.events.append(event(1))
                raise _RolledBack
        except _RolledBack:
            pass
        equal(await storage.guard.proofs.consume(once.purpose, once.digest, now=NOW), False)
        equal(await storage.guard.events.pending(limit=9), (event(1),))


class AsyncJoinConformance:
    """Riding in the host's transaction; the fixture `host_session` is a session of the same database."""

    async def test_the_host_commits_our_writes(self, storage: AsyncStorage, host_session: AsyncHostSession) -> None:
        """What was written while riding is there for others after the host's commit, not before; then caches are told, once."""
        told: list[frozenset[str]] = []
        store = storage.join(host_session, after_commit=told.append)
        equal(store.wrote, False)
        await store.users.add(user(1))
        await store.epochs.bump(user_id(1))
        equal(store.wrote, True)
        equal(await store.users.get(user_id(1)), user(1))
        async with storage.reading() as other:
            equal(await other.users.get(user_id(1)), None)
        equal(told, [])
        await host_session.commit()
        equal(told, [frozenset({user_id(1)})])
        async with storage.reading() as other:
            equal(await other.users.get(user_id(1)), user(1))

    async def test_the_hosts_rollback_takes_our_writes_and_their_events(
        self, storage: AsyncStorage, host_session: AsyncHostSession
    ) -> None:
        """A rollback by the host leaves no row and no event of ours, tells no cache, and revives no used proof."""
        told: list[frozenset[str]] = []
        once = proof("a")
        await storage.guard.proofs.issue((once,))
        store = storage.join(host_session, after_commit=told.append)
        await store.users.add(user(1))
        await store.inbox.append(event(1))
        await store.epochs.bump(user_id(1))
        equal(await storage.guard.proofs.consume(once.purpose, once.digest, now=NOW), True)
        await host_session.rollback()
        equal(told, [])
        async with storage.reading() as other:
            equal(await other.users.get(user_id(1)), None)
            equal(await other.inbox.pending(limit=9), ())
        equal(await storage.guard.proofs.consume(once.purpose, once.digest, now=NOW), False)

    async def test_a_refused_insert_leaves_the_hosts_transaction_usable(
        self, storage: AsyncStorage, host_session: AsyncHostSession
    ) -> None:
        """A taken key inside the host's transaction is answered with False, and the rest commits."""
        async with storage.begin(after_commit=ignore) as own:
            await own.users.add(user(1))
        store = storage.join(host_session, after_commit=ignore)
        equal(await store.users.add(user(2)), True)
        equal(await store.users.add(replace(user(3), email_key=user(1).email_key)), False)
        equal(await store.users.add(user(4)), True)
        await host_session.commit()
        async with storage.reading() as other:
            equal([await other.users.get(user_id(n)) is not None for n in (2, 3, 4)], [True, False, True])

    async def test_something_else_is_refused(self, storage: AsyncStorage) -> None:
        """What is no session is refused with TypeError before anything is written."""
        try:
            storage.join(object(), after_commit=ignore)
        except TypeError:
            return
        fail("an arbitrary object was accepted as a session")
