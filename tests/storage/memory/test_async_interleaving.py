"""What two open transactions of the memory store do to each other: the first to commit wins (async source of the twin)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctsec.errors import StoreBusy, StoreError, StoreReadOnly
from ctsec.storage.memory import AsyncMemorySession, AsyncMemoryStorage, MemoryStorage
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
def storage() -> AsyncMemoryStorage:
    return AsyncMemoryStorage()


@pytest.fixture
async def mine(storage: AsyncMemoryStorage) -> AsyncMemorySession:
    """A session over two organizations with an owner each and a member in the first; its own transaction has begun to read."""
    async with storage.begin(after_commit=ignore) as store:
        for n in (1, 2):
            await store.users.add(user(n))
            await store.organizations.add(organization(n, owners=2))
            await store.memberships.add(membership(n, of=1))
        await store.sessions.add(session(1, of=1))
        await store.invitations.add(invitation(1, of=1))
    made = storage.session()
    await storage.join(made, after_commit=ignore).users.get(user_id(1))
    return made


async def test_a_plain_read_keeps_its_snapshot(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """What others commit after the first read is not seen by plain reads, and is by locking reads."""
    store = storage.join(mine, after_commit=ignore)
    async with storage.begin(after_commit=ignore) as other:
        await other.standings.change_membership(**role_change(1, of=1, before="member", after="admin"))
        await other.assignments.put(assignment(1, of=1, workspace=1))
    plain, fresh = [await store.standings.standing(org_id(1), user_id(1), fresh=each) for each in (False, True)]
    assert plain is not None
    assert fresh is not None
    assert (plain.role, dict(plain.workspaces)) == ("member", {})
    assert (fresh.role, set(fresh.workspaces)) == ("admin", {workspace_id(1)})


async def test_the_second_writer_of_a_row_is_refused_whole(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """If another transaction changed a row that this one wrote too, none of its writes is applied, and a new attempt goes through."""
    told: list[frozenset[str]] = []
    store = storage.join(mine, after_commit=told.append)
    await store.users.replace(replace(user(1), name="mine", version=2))
    await store.users.add(user(3))
    async with storage.begin(after_commit=ignore) as other:
        assert await other.users.replace(replace(user(1), name="theirs", version=2))
    with pytest.raises(StoreBusy):
        await mine.commit()
    assert told == []
    async with storage.reading() as reading:
        assert await reading.users.get(user_id(3)) is None
        assert await reading.users.get(user_id(1)) == replace(user(1), name="theirs", version=2)
    assert await store.users.replace(replace(user(1), name="mine", version=3))
    await mine.commit()
    assert told == [frozenset()]


async def test_two_takers_of_one_email_key(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """Of two transactions that both add an account under a key, one commits."""
    store = storage.join(mine, after_commit=ignore)
    assert await store.users.add(user(3))
    async with storage.begin(after_commit=ignore) as other:
        assert await other.users.add(replace(user(4), email_key=user(3).email_key))
    with pytest.raises(StoreBusy):
        await mine.commit()
    assert not await store.users.add(user(3))


async def test_two_joiners_of_one_organization(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """Of two transactions that both add the same membership, one commits; different people do not conflict."""
    store = storage.join(mine, after_commit=ignore)
    assert await store.memberships.add(membership(3, of=1))
    async with storage.begin(after_commit=ignore) as other:
        assert await other.memberships.add(membership(4, of=1))
    await mine.commit()
    assert await store.memberships.add(membership(5, of=1))
    async with storage.begin(after_commit=ignore) as other:
        assert await other.memberships.add(membership(5, of=1))
    with pytest.raises(StoreBusy):
        await mine.commit()


async def test_inserts_of_different_rows_never_conflict(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """Accounts, events and bumps of the same scope go through side by side."""
    store = storage.join(mine, after_commit=ignore)
    await store.users.add(user(3))
    await store.inbox.append(event(3))
    await store.epochs.bump("org_1")
    async with storage.begin(after_commit=ignore) as other:
        await other.users.add(user(4))
        await other.inbox.append(event(4))
        await other.epochs.bump("org_1")
    before = storage.state.newest.tables[EPOCHS.name]["org_1"]
    await mine.commit()
    assert storage.state.newest.tables[EPOCHS.name]["org_1"] > before


async def test_a_lock_stands_for_a_wait(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """Two transactions that locked an organization and changed different rows under it are not both committed."""
    store = storage.join(mine, after_commit=ignore)
    assert await store.organizations.lock(org_id(1))
    assert await store.standings.change_membership(**role_change(1, of=1, before="member", after="admin"))
    async with storage.begin(after_commit=ignore) as other:
        assert await other.organizations.lock(org_id(1))
        assert await other.standings.change_membership(**role_change(2, of=1, before="member", after="admin"))
    with pytest.raises(StoreBusy):
        await mine.commit()


async def test_authority_that_was_read_fresh_must_still_hold(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """A change that relies on a membership read with a lock is not committed once that membership was removed."""
    store = storage.join(mine, after_commit=ignore)
    assert await store.memberships.get(org_id(1), user_id(1), fresh=True)
    await store.assignments.put(assignment(2, of=1, workspace=1))
    async with storage.begin(after_commit=ignore) as other:
        assert await other.memberships.remove(org_id(1), user_id(1))
    with pytest.raises(StoreBusy):
        await mine.commit()


async def test_two_owners_do_not_both_leave(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """Of two transactions that each take one of two owners away, one commits, and one owner stays."""
    store = storage.join(mine, after_commit=ignore)
    assert await store.organizations.lose_owner(org_id(1))
    async with storage.begin(after_commit=ignore) as other:
        assert await other.organizations.lose_owner(org_id(1))
    with pytest.raises(StoreBusy):
        await mine.commit()
    assert not await store.organizations.lose_owner(org_id(1))


async def test_an_invitation_is_accepted_by_one_of_two(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """Of two transactions that both accept an invitation, one commits."""
    store = storage.join(mine, after_commit=ignore)
    assert await store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW)
    async with storage.begin(after_commit=ignore) as other:
        assert await other.invitations.accept(invitation(1, of=1), by=user_id(2), now=NOW)
    with pytest.raises(StoreBusy):
        await mine.commit()
    assert not await store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW)


async def test_a_revoked_session_is_not_written_by_an_older_transaction(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """A session that was revoked after this transaction began is not revived by its write."""
    store = storage.join(mine, after_commit=ignore)
    async with storage.begin(after_commit=ignore) as other:
        assert await other.sessions.revoke(user_id(1), None, keep=None, now=NOW) == 1
    assert not await store.sessions.replace(replace(session(1, of=1), version=2))


async def test_two_sequencers_do_not_give_one_index_twice(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """Of two transactions that place the same events, one commits, and the log has no gap."""
    async with storage.begin(after_commit=ignore) as other:
        await other.inbox.append(event(1))
        await other.inbox.append(event(2))
    store = storage.join(mine, after_commit=ignore)
    assert await store.log.place(limit=1) == 1
    async with storage.begin(after_commit=ignore) as other:
        assert await other.log.place(limit=2) == 2
    with pytest.raises(StoreBusy):
        await mine.commit()
    assert await store.log.place(limit=9) == 0
    assert await store.log.size(event(1).log) == 2


async def test_both_colours_share_a_state(storage: AsyncMemoryStorage) -> None:
    """A storage of the sync colour over the same state sees what was committed, guard store included."""
    other = MemoryStorage(storage.state)
    async with storage.begin(after_commit=ignore) as store:
        await store.users.add(user(1))
    await storage.guard.steps.start("aut_1", step=4)
    with other.reading() as reading:
        assert reading.users.get(user_id(1)) == user(1)
    assert other.guard.steps.last("aut_1") == 4


async def test_a_store_ends_with_its_block(storage: AsyncMemoryStorage) -> None:
    """A store that is used after its transaction, or its session, has ended is refused."""
    async with storage.begin(after_commit=ignore) as store:
        await store.users.add(user(1))
    with pytest.raises(StoreError, match="has ended"):
        await store.users.get(user_id(1))
    made = storage.session()
    await made.aclose()
    with pytest.raises(StoreError, match="has ended"):
        await storage.join(made, after_commit=ignore).users.get(user_id(1))
    await storage.aclose()


async def test_a_reading_refuses_writes(storage: AsyncMemoryStorage) -> None:
    """A write or a bump in a reading raises StoreReadOnly, and the reading goes on."""
    async with storage.reading() as store:
        with pytest.raises(StoreReadOnly):
            await store.users.add(user(1))
        with pytest.raises(StoreReadOnly):
            await store.epochs.bump("org_1")
        assert await store.users.get(user_id(1)) is None


async def test_what_is_stored_does_not_change_with_its_maker(storage: AsyncMemoryStorage) -> None:
    """A mapping that the caller still holds and changes does not change the stored record, which is closed itself."""
    factors = {"pwd": NOW}
    async with storage.begin(after_commit=ignore) as store:
        await store.sessions.add(replace(session(1, of=1), factors=factors))
    factors["otp"] = NOW
    async with storage.reading() as store:
        found = await store.sessions.get(session(1, of=1).id)
    assert found is not None
    assert dict(found.factors) == {"pwd": NOW}
    with pytest.raises(TypeError):
        found.factors["otp"] = NOW  # type: ignore[index]


async def test_the_same_id_twice_is_an_error(storage: AsyncMemoryStorage) -> None:
    """An id comes from a generator and is never there before; a row that exists raises StoreError and stays."""
    async with storage.begin(after_commit=ignore) as store:
        await store.organizations.add(organization(1))
        with pytest.raises(StoreError, match="exists already"):
            await store.organizations.add(replace(organization(1), name="other"))
        assert await store.organizations.get(org_id(1)) == organization(1)
    await storage.guard.events.append(event(1))
    with pytest.raises(StoreError):
        await storage.guard.events.append(event(1))


async def test_workspace_roles_that_were_read_fresh_must_still_hold(storage: AsyncMemoryStorage, mine: AsyncMemorySession) -> None:
    """A change that relies on a workspace role read with a lock is not committed once that role was taken back."""
    async with storage.begin(after_commit=ignore) as other:
        await other.assignments.put(assignment(1, of=1, workspace=1))
    store = storage.join(mine, after_commit=ignore)
    assert await store.standings.standing(org_id(1), user_id(1), fresh=True)
    await store.assignments.put(assignment(2, of=1, workspace=1))
    async with storage.begin(after_commit=ignore) as other:
        assert await other.assignments.remove(org_id(1), workspace_id(1), user_id(1))
    with pytest.raises(StoreBusy):
        await mine.commit()
