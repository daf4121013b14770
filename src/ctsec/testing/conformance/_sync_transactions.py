# Generated from src/ctsec/testing/conformance/_async_transactions.py by tools/twin.py; edit that file.
"""Conformance of transactions: our own, the host's, and short reads (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from ctsec.errors import StoreError
from ctsec.storage._sync_ports import Storage, Store
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


class HostSession(Protocol):
    """What the suite needs of a host's session: the host ends its transactions itself."""

    def commit(self) -> None:
        """Commit."""
        ...

    def rollback(self) -> None:
        """Roll back."""
        ...


class _RolledBack(Exception):
    """What a test raises to have its transaction rolled back."""


def _write_everything(store: Store) -> None:
    store.users.add(user(1))
    store.organizations.add(organization(1))
    store.workspaces.add(workspace(1, of=1))
    store.memberships.add(membership(1, of=1))
    store.assignments.put(assignment(1, of=1, workspace=1))
    store.passwords.put(password(1))
    store.sessions.add(session(1, of=1))
    store.inbox.append(event(1))
    store.log.place(limit=9)
    store.outbox.add(outbox_entry(1))
    store.jobs.claim("mail", owner="a", now=NOW, until=NOW)
    store.epochs.bump(org_id(1))


def _found(store: Store) -> list[bool]:
    return [
        store.users.get(user_id(1)) is not None,
        store.users.by_email(user(1).email_key) is not None,
        store.organizations.get(org_id(1)) is not None,
        store.standings.standing(org_id(1), user_id(1)) is not None,
        store.passwords.get(user_id(1)) is not None,
        bool(store.sessions.of_user(user_id(1))),
        store.log.size(event(1).log) == 1,
        bool(store.outbox.due(now=outbox_entry(1).due_at, limit=1)),
        bool(store.jobs.all()),
    ]


class TransactionConformance:
    """Transactions of our own."""

    def test_a_commit_keeps_everything(self, storage: Storage) -> None:
        """What a block wrote is there after it, and was there for itself before."""
        with storage.begin(after_commit=ignore) as store:
            _write_everything(store)
            holds(all(_found(store)), "a transaction sees its own writes")
        with storage.reading() as store:
            holds(all(_found(store)), "a committed write is there")

    def test_a_rollback_leaves_nothing(self, storage: Storage) -> None:
        """A block that raises leaves no row of any family, lets its exception through, and the same may be written again."""
        try:
            with storage.begin(after_commit=ignore) as store:
                _write_everything(store)
                raise _RolledBack
        except _RolledBack:
            pass
        else:
            fail("the exception of the block was lost")
        with storage.begin(after_commit=ignore) as store:
            holds(not any(_found(store)), "a rolled-back write is gone")
            _write_everything(store)

    def test_a_rollback_takes_changes_and_deletions_back(self, storage: Storage) -> None:
        """Rows that a rolled-back block changed or deleted are as they were."""
        with storage.begin(after_commit=ignore) as store:
            _write_everything(store)
        try:
            with storage.begin(after_commit=ignore) as store:
                store.users.replace(replace(user(1), name="changed", version=2))
                store.memberships.remove(org_id(1), user_id(1))
                store.sessions.revoke(user_id(1), None, keep=None, now=NOW)
                raise _RolledBack
        except _RolledBack:
            pass
        with storage.reading() as store:
            equal(store.users.get(user_id(1)), user(1))
            holds(all(_found(store)), "a rolled-back deletion is undone")

    def test_others_do_not_see_an_open_transaction(self, storage: Storage) -> None:
        """A read beside an open transaction sees what was committed before it."""
        with storage.begin(after_commit=ignore) as store:
            store.users.add(user(1))
            with storage.reading() as other:
                equal(other.users.get(user_id(1)), None)

    def test_caches_are_told_once_after_the_commit(self, storage: Storage) -> None:
        """`after_commit` is called once, when the rows are there for all, with every scope that was bumped, however often."""
        told: list[frozenset[str]] = []
        with storage.begin(after_commit=told.append) as store:
            store.users.add(user(1))
            for scope in (org_id(1), user_id(1), org_id(1)):
                store.epochs.bump(scope)
            equal(told, [])
        equal(told, [frozenset({org_id(1), user_id(1)})])

    def test_caches_hear_of_writes_without_scopes(self, storage: Storage) -> None:
        """A commit that wrote without a bump calls `after_commit` with no scopes; one that only read does not call it."""
        told: list[frozenset[str]] = []
        with storage.begin(after_commit=told.append) as store:
            store.users.add(user(1))
        equal(told, [frozenset[str]()])
        with storage.begin(after_commit=told.append) as store:
            store.users.get(user_id(1))
        equal(told, [frozenset[str]()])

    def test_caches_are_never_told_of_a_rollback(self, storage: Storage) -> None:
        """After a rollback there is nothing to forget."""
        told: list[frozenset[str]] = []
        try:
            with storage.begin(after_commit=told.append) as store:
                _write_everything(store)
                raise _RolledBack
        except _RolledBack:
            pass
        equal(told, [])

    def test_a_transaction_knows_whether_it_wrote(self, storage: Storage) -> None:
        """`wrote` is false after reads and true from the first write, or the first bump, on."""
        with storage.begin(after_commit=ignore) as store:
            equal(store.wrote, False)
            store.users.get(user_id(1))
            equal(store.wrote, False)
            store.users.add(user(1))
            equal(store.wrote, True)
        with storage.begin(after_commit=ignore) as store:
            equal(store.wrote, False)
            store.epochs.bump(org_id(1))
            equal(store.wrote, True)

    def test_a_reading_writes_nothing(self, storage: Storage) -> None:
        """What is written in a reading is refused or dropped."""
        try:
            with storage.reading() as store:
                store.users.add(user(1))
        except StoreError:
            pass
        with storage.reading() as store:
            equal(store.users.get(user_id(1)), None)

    def test_the_guard_store_is_outside(self, storage: Storage) -> None:
        """What was consumed during a transaction stays consumed when that is rolled back."""
        once = proof("a")
        storage.guard.proofs.issue((once,))
        try:
            with storage.begin(after_commit=ignore) as store:
                store.users.add(user(1))
                equal(storage.guard.proofs.consume(once.purpose, once.digest, now=NOW), True)
                storage.guard.events.append(event(1))
                raise _RolledBack
        except _RolledBack:
            pass
        equal(storage.guard.proofs.consume(once.purpose, once.digest, now=NOW), False)
        equal(storage.guard.events.pending(limit=9), (event(1),))


class JoinConformance:
    """Riding in the host's transaction; the fixture `host_session` is a session of the same database."""

    def test_the_host_commits_our_writes(self, storage: Storage, host_session: HostSession) -> None:
        """What was written while riding is there for others after the host's commit, not before; then caches are told, once."""
        told: list[frozenset[str]] = []
        store = storage.join(host_session, after_commit=told.append)
        equal(store.wrote, False)
        store.users.add(user(1))
        store.epochs.bump(user_id(1))
        equal(store.wrote, True)
        equal(store.users.get(user_id(1)), user(1))
        with storage.reading() as other:
            equal(other.users.get(user_id(1)), None)
        equal(told, [])
        host_session.commit()
        equal(told, [frozenset({user_id(1)})])
        with storage.reading() as other:
            equal(other.users.get(user_id(1)), user(1))

    def test_the_hosts_rollback_takes_our_writes_and_their_events(self, storage: Storage, host_session: HostSession) -> None:
        """A rollback by the host leaves no row and no event of ours, tells no cache, and revives no used proof."""
        told: list[frozenset[str]] = []
        once = proof("a")
        storage.guard.proofs.issue((once,))
        store = storage.join(host_session, after_commit=told.append)
        store.users.add(user(1))
        store.inbox.append(event(1))
        store.epochs.bump(user_id(1))
        equal(storage.guard.proofs.consume(once.purpose, once.digest, now=NOW), True)
        host_session.rollback()
        equal(told, [])
        with storage.reading() as other:
            equal(other.users.get(user_id(1)), None)
            equal(other.inbox.pending(limit=9), ())
        equal(storage.guard.proofs.consume(once.purpose, once.digest, now=NOW), False)

    def test_a_refused_insert_leaves_the_hosts_transaction_usable(self, storage: Storage, host_session: HostSession) -> None:
        """A taken key inside the host's transaction is answered with False, and the rest commits."""
        with storage.begin(after_commit=ignore) as own:
            own.users.add(user(1))
        store = storage.join(host_session, after_commit=ignore)
        equal(store.users.add(user(2)), True)
        equal(store.users.add(replace(user(3), email_key=user(1).email_key)), False)
        equal(store.users.add(user(4)), True)
        host_session.commit()
        with storage.reading() as other:
            equal([other.users.get(user_id(n)) is not None for n in (2, 3, 4)], [True, False, True])

    def test_something_else_is_refused(self, storage: Storage) -> None:
        """What is no session is refused with TypeError before anything is written."""
        try:
            storage.join(object(), after_commit=ignore)
        except TypeError:
            return
        fail("an arbitrary object was accepted as a session")
