"""The storages that fail at a chosen call or note what wrote (async source of the twin)."""

from __future__ import annotations

import pytest

from ctsec.errors import StoreError
from ctsec.guard.proof import Purpose
from ctsec.storage._async_ports import AsyncStorage
from ctsec.storage.memory import AsyncMemoryStorage
from ctsec.testing import AsyncProbedStorage, FailAt, Written
from ctsec.testing.conformance.samples import NOW, digest, ignore, proof, user, user_id


async def sign_up(storage: AsyncStorage) -> None:
    """Make six port calls: one in the guard store, a transaction with two, and a reading that the caller ends itself."""
    await storage.guard.proofs.issue((proof("a"),))
    async with storage.begin(after_commit=ignore) as store:
        await store.users.get(user_id(1))
        await store.users.add(user(1))
        assert store.wrote


@pytest.mark.parametrize(("nth", "call"), list(enumerate(["guard.proofs.issue", "begin", "users.get", "users.add", "commit"], start=1)))
async def test_the_nth_call_fails_and_nothing_is_committed(nth: int, call: str) -> None:
    """The chosen call is not made, the caller gets a StoreError, and the transaction is rolled back, also when its commit fails."""
    storage = AsyncMemoryStorage()
    probe = FailAt(nth)
    with pytest.raises(StoreError, match="injected failure"):
        await sign_up(AsyncProbedStorage(storage, probe=probe))
    assert probe.failed == call
    async with storage.reading() as store:
        assert await store.users.get(user_id(1)) is None
    assert (await storage.guard.proofs.peek(Purpose.PASSWORD_RESET, digest("a")) is None) == (nth == 1)


async def test_past_the_last_call_all_goes_through() -> None:
    """A run with fewer calls succeeds and says how many it made."""
    storage = AsyncMemoryStorage()
    probe = FailAt(6)
    await sign_up(AsyncProbedStorage(storage, probe=probe))
    assert (probe.calls, probe.failed) == (5, None)
    async with storage.reading() as store:
        assert await store.users.get(user_id(1)) == user(1)


async def test_what_wrote_is_noted() -> None:
    """Calls that wrote are noted; reads, and writes that were answered with False or 0, are not."""
    storage = AsyncMemoryStorage()
    probe = Written()
    probed = AsyncProbedStorage(storage, probe=probe)
    await sign_up(probed)
    async with probed.begin(after_commit=ignore) as store:
        await store.users.add(user(1))
        await store.sessions.revoke(user_id(1), None, keep=None, now=NOW)
        await store.epochs.bump("org_1")
    async with probed.reading() as store:
        await store.users.get(user_id(1))
    joined = probed.join(storage.session(), after_commit=ignore)
    await joined.users.add(user(2))
    assert joined.wrote
    assert probe.writes == ["guard.proofs.issue", "users.add", "epochs.bump", "users.add"]
    assert probe.calls.count("users.get") == 2
    await probed.aclose()
