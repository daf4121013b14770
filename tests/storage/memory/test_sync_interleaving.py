# Generated from tests/storage/memory/test_async_interleaving.py by tools/twin.py; edit that file.
"""What two open transactions of the memory store do to each other: the first to commit wins (async source of the twin)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctsec.errors import StoreBusy, StoreError, StoreReadOnly
from ctsec.storage.memory import MemorySession, MemoryStorage
from ctsec.storage.memory.state import EPOCHS
from ctsec.testing.conformance.samples import (
    NOW,
    assignment,
    event,
    ignore,
    invitation,
    membership,
    org_id,
    organization,
    role_change,
    session,
    user,
    user_id,
    workspace_id,
)


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def mine(storage: MemoryStorage) -> MemorySession:
    """A session over two organizations with an owner each and a member in the first; its own transaction has begun to read."""
    with storage.begin(after_commit=ignore) as store:
        for n in (1, 2):
            store.users.add(user(n))
            store.organizations.add(organization(n, owners=2))
            store.memberships.add(membership(n, of=1))
        store.sessions.add(session(1, of=1))
        store.invitations.add(invitation(1, of=1))
    made = storage.session()
    storage.join(made, after_commit=ignore).users.get(user_id(1))
    return made


def test_a_plain_read_keeps_its_snapshot(storage: MemoryStorage, mine: MemorySession) -> None:
    """What others commit after the first read is not seen by plain reads, and is by locking reads."""
    store = storage.join(mine, after_commit=ignore)
    with storage.begin(after_commit=ignore) as other:
        other.standings.change_membership(**role_change(1, of=1, before="member", after="admin"))
        other.assignments.put(assignment(1, of=1, workspace=1))
    plain, fresh = [store.standings.standing(org_id(1), user_id(1), fresh=each) for each in (False, True)]
    assert plain is not None
    assert fresh is not None
    assert (plain.role, dict(plain.workspaces)) == ("member", {})
    assert (fresh.role, set(fresh.workspaces)) == ("admin", {workspace_id(1)})


def test_the_second_writer_of_a_row_is_refused_whole(storage: MemoryStorage, mine: MemorySession) -> None:
    """If another transaction changed a row that this one wrote too, none of its writes is applied, and a new attempt goes through."""
    told: list[frozenset[str]] = []
    store = storage.join(mine, after_commit=told.append)
    store.users.replace(replace(user(1), name="mine", version=2))
    store.users.add(user(3))
    with storage.begin(after_commit=ignore) as other:
        assert other.users.replace(replace(user(1), name="theirs", version=2))
    with pytest.raises(StoreBusy):
        mine.commit()
    assert told == []
    with storage.reading() as reading:
        assert reading.users.get(user_id(3)) is None
        assert reading.users.get(user_id(1)) == replace(user(1), name="theirs", version=2)
    assert store.users.replace(replace(user(1), name="mine", version=3))
    mine.commit()
    assert told == [frozenset()]


def test_two_takers_of_one_email_key(storage: MemoryStorage, mine: MemorySession) -> None:
    """Of two transactions that both add an account under a key, one commits."""
    store = storage.join(mine, after_commit=ignore)
    assert store.users.add(user(3))
    with storage.begin(after_commit=ignore) as other:
        assert other.users.add(replace(user(4), email_key=user(3).email_key))
    with pytest.raises(StoreBusy):
        mine.commit()
    assert not store.users.add(user(3))


def test_two_joiners_of_one_organization(storage: MemoryStorage, mine: MemorySession) -> None:
    """Of two transactions that both add the same membership, one commits; different people do not conflict."""
    store = storage.join(mine, after_commit=ignore)
    assert store.memberships.add(membership(3, of=1))
    with storage.begin(after_commit=ignore) as other:
        assert other.memberships.add(membership(4, of=1))
    mine.commit()
    assert store.memberships.add(membership(5, of=1))
    with storage.begin(after_commit=ignore) as other:
        assert other.memberships.add(membership(5, of=1))
    with pytest.raises(StoreBusy):
        mine.commit()


def test_inserts_of_different_rows_never_conflict(storage: MemoryStorage, mine: MemorySession) -> None:
    """Accounts, events and bumps of the same scope go through side by side."""
    store = storage.join(mine, after_commit=ignore)
    store.users.add(user(3))
    store.inbox.append(event(3))
    store.epochs.bump("org_1")
    with storage.begin(after_commit=ignore) as other:
        other.users.add(user(4))
        other.inbox.append(event(4))
        other.epochs.bump("org_1")
    before = storage.state.newest.tables[EPOCHS.name]["org_1"]
    mine.commit()
    assert storage.state.newest.tables[EPOCHS.name]["org_1"] > before


def test_a_lock_stands_for_a_wait(storage: MemoryStorage, mine: MemorySession) -> None:
    """Two transactions that locked an organization and changed different rows under it are not both committed."""
    store = storage.join(mine, after_commit=ignore)
    assert store.organizations.lock(org_id(1))
    assert store.standings.change_membership(**role_change(1, of=1, before="member", after="admin"))
    with storage.begin(after_commit=ignore) as other:
        assert other.organizations.lock(org_id(1))
        assert other.standings.change_membership(**role_change(2, of=1, before="member", after="admin"))
    with pytest.raises(StoreBusy):
        mine.commit()


def test_authority_that_was_read_fresh_must_still_hold(storage: MemoryStorage, mine: MemorySession) -> None:
    """A change that relies on a membership read with a lock is not committed once that membership was removed."""
    store = storage.join(mine, after_commit=ignore)
    assert store.memberships.get(org_id(1), user_id(1), fresh=True)
    store.assignments.put(assignment(2, of=1, workspace=1))
    with storage.begin(after_commit=ignore) as other:
        assert other.memberships.remove(org_id(1), user_id(1))
    with pytest.raises(StoreBusy):
        mine.commit()


def test_two_owners_do_not_both_leave(storage: MemoryStorage, mine: MemorySession) -> None:
    """Of two transactions that each take one of two owners away, one commits, and one owner stays."""
    store = storage.join(mine, after_commit=ignore)
    assert store.organizations.lose_owner(org_id(1))
    with storage.begin(after_commit=ignore) as other:
        assert other.organizations.lose_owner(org_id(1))
    with pytest.raises(StoreBusy):
        mine.commit()
    assert not store.organizations.lose_owner(org_id(1))


def test_an_invitation_is_accepted_by_one_of_two(storage: MemoryStorage, mine: MemorySession) -> None:
    """Of two transactions that both accept an invitation, one commits."""
    store = storage.join(mine, after_commit=ignore)
    assert store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW)
    with storage.begin(after_commit=ignore) as other:
        assert other.invitations.accept(invitation(1, of=1), by=user_id(2), now=NOW)
    with pytest.raises(StoreBusy):
        mine.commit()
    assert not store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW)


def test_a_revoked_session_is_not_written_by_an_older_transaction(storage: MemoryStorage, mine: MemorySession) -> None:
    """A session that was revoked after this transaction began is not revived by its write."""
    store = storage.join(mine, after_commit=ignore)
    with storage.begin(after_commit=ignore) as other:
        assert other.sessions.revoke(user_id(1), None, keep=None, now=NOW) == 1
    assert not store.sessions.replace(replace(session(1, of=1), version=2))


def test_two_sequencers_do_not_give_one_index_twice(storage: MemoryStorage, mine: MemorySession) -> None:
    """Of two transactions that place the same events, one commits, and the log has no gap."""
    with storage.begin(after_commit=ignore) as other:
        other.inbox.append(event(1))
        other.inbox.append(event(2))
    store = storage.join(mine, after_commit=ignore)
    assert store.log.place(limit=1) == 1
    with storage.begin(after_commit=ignore) as other:
        assert other.log.place(limit=2) == 2
    with pytest.raises(StoreBusy):
        mine.commit()
    assert store.log.place(limit=9) == 0
    assert store.log.size(event(1).log) == 2


def test_both_colours_share_a_state(storage: MemoryStorage) -> None:
    """A storage of the sync colour over the same state sees what was committed, guard store included."""
    other = MemoryStorage(storage.state)
    with storage.begin(after_commit=ignore) as store:
        store.users.add(user(1))
    storage.guard.steps.start("aut_1", step=4)
    with other.reading() as reading:
        assert reading.users.get(user_id(1)) == user(1)
    assert other.guard.steps.last("aut_1") == 4


def test_a_store_ends_with_its_block(storage: MemoryStorage) -> None:
    """A store that is used after its transaction, or its session, has ended is refused."""
    with storage.begin(after_commit=ignore) as store:
        store.users.add(user(1))
    with pytest.raises(StoreError, match="has ended"):
        store.users.get(user_id(1))
    made = storage.session()
    made.close()
    with pytest.raises(StoreError, match="has ended"):
        storage.join(made, after_commit=ignore).users.get(user_id(1))
    storage.close()


def test_a_reading_refuses_writes(storage: MemoryStorage) -> None:
    """A write or a bump in a reading raises StoreReadOnly, and the reading goes on."""
    with storage.reading() as store:
        with pytest.raises(StoreReadOnly):
            store.users.add(user(1))
        with pytest.raises(StoreReadOnly):
            store.epochs.bump("org_1")
        assert store.users.get(user_id(1)) is None


def test_what_is_stored_does_not_change_with_its_maker(storage: MemoryStorage) -> None:
    """A mapping that the caller still holds and changes does not change the stored record, which is closed itself."""
    factors = {"pwd": NOW}
    with storage.begin(after_commit=ignore) as store:
        store.sessions.add(replace(session(1, of=1), factors=factors))
    factors["otp"] = NOW
    with storage.reading() as store:
        found = store.sessions.get(session(1, of=1).id)
    assert found is not None
    assert dict(found.factors) == {"pwd": NOW}
    with pytest.raises(TypeError):
        found.factors["otp"] = NOW  # type: ignore[index]


def test_the_same_id_twice_is_an_error(storage: MemoryStorage) -> None:
    """An id comes from a generator and is never there before; a row that exists raises StoreError and stays."""
    with storage.begin(after_commit=ignore) as store:
        store.organizations.add(organization(1))
        with pytest.raises(StoreError, match="exists already"):
            store.organizations.add(replace(organization(1), name="other"))
        assert store.organizations.get(org_id(1)) == organization(1)
    storage.guard.events.append(event(1))
    with pytest.raises(StoreError):
        storage.guard.events.append(event(1))


def test_workspace_roles_that_were_read_fresh_must_still_hold(storage: MemoryStorage, mine: MemorySession) -> None:
    """A change that relies on a workspace role read with a lock is not committed once that role was taken back."""
    with storage.begin(after_commit=ignore) as other:
        other.assignments.put(assignment(1, of=1, workspace=1))
    store = storage.join(mine, after_commit=ignore)
    assert store.standings.standing(org_id(1), user_id(1), fresh=True)
    store.assignments.put(assignment(2, of=1, workspace=1))
    with storage.begin(after_commit=ignore) as other:
        assert other.assignments.remove(org_id(1), workspace_id(1), user_id(1))
    with pytest.raises(StoreBusy):
        mine.commit()
