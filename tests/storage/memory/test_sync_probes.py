# Generated from tests/storage/memory/test_async_probes.py by tools/twin.py; edit that file.
"""The storages that fail at a chosen call or note what wrote (async source of the twin)."""

from __future__ import annotations

import pytest

from ctsec.errors import StoreError
from ctsec.guard.proof import Purpose
from ctsec.storage._sync_ports import Storage
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import FailAt, ProbedStorage, Written
from ctsec.testing.conformance.samples import NOW, digest, ignore, proof, user, user_id


def sign_up(storage: Storage) -> None:
    """Make six port calls: one in the guard store, a transaction with two, and a reading that the caller ends itself."""
    storage.guard.proofs.issue((proof("a"),))
    with storage.begin(after_commit=ignore) as store:
        store.users.get(user_id(1))
        store.users.add(user(1))
        assert store.wrote


@pytest.mark.parametrize(("nth", "call"), list(enumerate(["guard.proofs.issue", "begin", "users.get", "users.add", "commit"], start=1)))
def test_the_nth_call_fails_and_nothing_is_committed(nth: int, call: str) -> None:
    """The chosen call is not made, the caller gets a StoreError, and the transaction is rolled back, also when its commit fails."""
    storage = MemoryStorage()
    probe = FailAt(nth)
    with pytest.raises(StoreError, match="injected failure"):
        sign_up(ProbedStorage(storage, probe=probe))
    assert probe.failed == call
    with storage.reading() as store:
        assert store.users.get(user_id(1)) is None
    assert (storage.guard.proofs.peek(Purpose.PASSWORD_RESET, digest("a")) is None) == (nth == 1)


def test_past_the_last_call_all_goes_through() -> None:
    """A run with fewer calls succeeds and says how many it made."""
    storage = MemoryStorage()
    probe = FailAt(6)
    sign_up(ProbedStorage(storage, probe=probe))
    assert (probe.calls, probe.failed) == (5, None)
    with storage.reading() as store:
        assert store.users.get(user_id(1)) == user(1)


def test_what_wrote_is_noted() -> None:
    """Calls that wrote are noted; reads, and writes that were answered with False or 0, are not."""
    storage = MemoryStorage()
    probe = Written()
    probed = ProbedStorage(storage, probe=probe)
    sign_up(probed)
    with probed.begin(after_commit=ignore) as store:
        store.users.add(user(1))
        store.sessions.revoke(user_id(1), None, keep=None, now=NOW)
        store.epochs.bump("org_1")
    with probed.reading() as store:
        store.users.get(user_id(1))
    joined = probed.join(storage.session(), after_commit=ignore)
    joined.users.add(user(2))
    assert joined.wrote
    assert probe.writes == ["guard.proofs.issue", "users.add", "epochs.bump", "users.add"]
    assert probe.calls.count("users.get") == 2
    probed.close()
