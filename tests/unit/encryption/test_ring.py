"""The key ring and a key service that answers with something else than it should."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from ctsec.ambient import Ambient
from ctsec.encryption import Context, KeyRing, RingPolicy, Suite, WrappedDek
from ctsec.encryption.data_key import NoDataKey
from ctsec.encryption.holding import HeldKeys, keys_of
from ctsec.encryption.kms import LocalKms
from ctsec.errors import CorruptRecord, DecryptionFailed, KeyNotFound
from ctsec.ids import DekId, OrganizationId
from ctsec.secret import Secret
from ctsec.testing import FixedClock
from tests.kms.support import in_a_child

ACME = OrganizationId("org_00000000000000000000000001")
CONTEXT = Context(organization=ACME, purpose="token")


class Liar(LocalKms):
    """A key service that can be made to lie in one of its verbs: another data key, or bytes that no key wrapped."""

    lies: str = ""
    calls: int = 0

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key, or another one of the right length."""
        self.calls += 1
        return Secret(os.urandom(32)) if self.lies == "unwrap" else super().unwrap(wrapped, context)

    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the data key wrapped anew, or something of the same length."""
        return os.urandom(len(wrapped)) if self.lies == "rewrap" else super().rewrap(wrapped, old_context, new_context)


class Records:
    """Committed data keys."""

    def __init__(self) -> None:
        self.deks: list[WrappedDek] = []
        self.reserved: list[int] = []

    def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a key."""
        return next((each for each in self.deks if each.id == dek_id), None)

    def active(self, scope: str, region: str) -> WrappedDek | None:
        """Return the newest key of a scope and region."""
        return next((each for each in reversed(self.deks) if (each.scope, each.region) == (scope, region)), None)

    def reserve(self, dek_id: DekId, *, messages: int, most: int) -> bool:
        """Let everybody seal."""
        self.reserved.append(messages)
        return messages <= most


@pytest.fixture
def kms() -> Liar:
    """A key service that does not lie yet."""
    return Liar(os.urandom(16), key=Secret(os.urandom(32)))


@pytest.fixture
def records(kms: Liar) -> Records:
    """The data key of one organization."""
    made = Records()
    made.deks.append(ring_of(kms, made).make_dek(ACME, region="default"))
    return made


def ring_of(kms: Liar, records: Records) -> KeyRing:
    """Return the ring of a process that has just started."""
    return KeyRing(kms=kms, source=records, ambient=Ambient(clock=FixedClock()))


def test_another_data_key_than_the_records_is_refused(kms: Liar, records: Records) -> None:
    """A service that answers with a key that the record does not commit to is believed neither for sealing nor for opening, nor held."""
    blob = ring_of(kms, records).seal(b"a token", context=CONTEXT)
    ring = ring_of(kms, records)
    kms.lies = "unwrap"
    for _ in range(2):
        with pytest.raises(CorruptRecord):
            ring.seal(b"x", context=CONTEXT)
        with pytest.raises(CorruptRecord):
            ring.open(blob, context=CONTEXT)
    kms.lies = ""
    assert ring.open(blob, context=CONTEXT) == b"a token"


def test_what_does_not_open_is_not_given_to_be_stored(kms: Liar, records: Records) -> None:
    """A re-wrapping whose answer can not be unwrapped again raises, so that the record that opens stays; a right one comes back."""
    ring, (record,) = ring_of(kms, records), records.deks
    kms.lies = "rewrap"
    with pytest.raises((DecryptionFailed, KeyNotFound)):
        ring.rewrap(record)
    kms.lies = ""
    renewed = ring.rewrap(record)
    assert renewed == replace(record, wrapped=renewed.wrapped, version=1)
    assert renewed.wrapped != record.wrapped


def test_a_blob_of_another_scope_asks_nobody(kms: Liar, records: Records) -> None:
    """What another organization sealed is refused before the key service is asked."""
    blob = ring_of(kms, records).seal(b"a token", context=CONTEXT)
    ring, before = ring_of(kms, records), kms.calls
    with pytest.raises(DecryptionFailed):
        ring.open(blob, context=replace(CONTEXT, organization=OrganizationId("org_2")))
    assert kms.calls == before


@pytest.mark.proves("ASVS-11.3.4", "ASVS-11.5.2")
def test_a_forked_child_seals_by_its_own_reservation(kms: Liar, records: Records) -> None:
    """A child of a process that holds a key asks the key service and reserves messages anew, and repeats no nonce of its parent."""
    ring = ring_of(kms, records)
    blob = ring.seal(b"x", context=CONTEXT)
    asked, reserved = kms.calls, len(records.reserved)

    def child() -> bytes:
        made = ring.seal(b"x", context=CONTEXT)
        return bytes([kms.calls - asked, len(records.reserved) - reserved]) + made

    first, second = in_a_child(child), in_a_child(child)
    for answer in (first, second):
        assert tuple(answer[:2]) == (1, 1)
        assert ring.open(answer[2:], context=CONTEXT) == b"x"
    ring.seal(b"x", context=CONTEXT)
    assert (kms.calls, len(records.reserved)) == (asked, reserved)
    assert len({first[2:], second[2:], blob}) == 3


def test_a_fork_in_the_middle_of_a_call_blocks_no_child(kms: Liar, records: Records) -> None:
    """While a thread of the parent waits for the key service, and holds its turn, a child fetches the same key by itself."""
    ring, gate, there = ring_of(kms, records), threading.Event(), threading.Event()
    unwrap = kms.unwrap

    def slow(wrapped: bytes, context: bytes) -> Secret:
        if os.getpid() == parent:
            there.set()
            gate.wait(60)
        return unwrap(wrapped, context)

    parent = os.getpid()
    kms.unwrap = slow  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: ring.seal(b"x", context=CONTEXT))
    thread.start()
    assert there.wait(60)

    def child() -> bytes:
        signal.alarm(60)  # a child that waits for a thread that it does not have ends here, without an answer
        return ring.seal(b"y", context=CONTEXT)

    answer = in_a_child(child)
    gate.set()
    thread.join()
    assert ring.open(answer, context=CONTEXT) == b"y"


@pytest.mark.proves("CVE-2026-6550")
def test_a_cache_serves_one_policy(kms: Liar, records: Records) -> None:
    """Rings of another suite, bound or life get none of the keys that a ring has cached: they share no cache, and ask for themselves."""
    usual, clock = RingPolicy(), FixedClock()
    held = HeldKeys(usual.holding, clock=clock)
    ambient = Ambient(clock=clock)
    ring = KeyRing(kms=kms, source=records, ambient=ambient, policy=usual, held=held)
    KeyRing(kms=kms, source=records, ambient=ambient, policy=RingPolicy(), held=held)
    blob = ring.seal(b"x", context=CONTEXT)
    for other in (
        replace(usual, suite=Suite.STRICT),
        replace(usual, max_messages=usual.first_block),
        replace(usual, seals_for=usual.rotate_after),
        replace(usual, holding=replace(usual.holding, ttl=timedelta(seconds=1))),
    ):
        with pytest.raises(ValueError, match="one policy"):
            KeyRing(kms=kms, source=records, ambient=ambient, policy=other, held=held)
        asked = kms.calls
        beside = KeyRing(kms=kms, source=records, ambient=ambient, policy=other)
        assert beside.open(blob, context=CONTEXT) == b"x"
        assert beside.seal(b"x", context=CONTEXT)[1] == int(other.suite)
        assert kms.calls == asked + 1


@pytest.mark.proves("ASVS-11.3.3")
def test_a_data_key_of_another_organization_serves_nobody_else(kms: Liar, records: Records) -> None:
    """Another organization's data key under the name or the id of one's own neither seals nor opens, nor is it wrapped anew."""
    other = OrganizationId("org_00000000000000000000000002")
    blob = ring_of(kms, records).seal(b"a token", context=CONTEXT)
    (mine,) = records.deks
    theirs = ring_of(kms, records).make_dek(other, region="default")
    moved = (
        replace(theirs, scope=mine.scope),
        replace(theirs, scope=mine.scope, id=mine.id),
        replace(mine, wrapped=theirs.wrapped, commitment=theirs.commitment),
        replace(mine, wrapped=theirs.wrapped),
    )
    for record in moved:
        records.deks = [record]
        ring = ring_of(kms, records)
        with pytest.raises((DecryptionFailed, CorruptRecord)):
            ring.seal(b"x", context=CONTEXT)
        with pytest.raises((DecryptionFailed, CorruptRecord, NoDataKey)):
            ring.open(blob, context=CONTEXT)
        with pytest.raises((DecryptionFailed, CorruptRecord)):
            ring.rewrap(record)
    records.deks = [mine]
    assert ring_of(kms, records).open(blob, context=CONTEXT) == b"a token"


@pytest.mark.parametrize("verb", ["open", "seal"])
def test_a_key_that_was_destroyed_while_it_was_fetched_is_not_held(kms: Liar, records: Records, verb: str) -> None:
    """A record is read, then its key is destroyed and the cache told of it: what was under way ends, and nothing after it has the key."""
    blob = ring_of(kms, records).seal(b"a token", context=CONTEXT)
    held = HeldKeys(clock=FixedClock())
    ring = KeyRing(kms=kms, source=records, ambient=Ambient(clock=FixedClock()), held=held)
    (record,) = records.deks

    class Late(Records):
        """Answers with what was committed before the destruction, which ends while the answer is on its way."""

        def get(self, dek_id: DekId) -> WrappedDek | None:
            """Return the record as it was."""
            return self.destroyed()

        def active(self, scope: str, region: str) -> WrappedDek | None:
            """Return the record as it was."""
            return self.destroyed()

        def destroyed(self) -> WrappedDek:
            records.deks[0] = record.destroyed()
            held.hear([keys_of(ACME)])
            return record

    slow = KeyRing(kms=kms, source=Late(), ambient=Ambient(clock=FixedClock()), held=held)
    if verb == "open":
        assert slow.open(blob, context=CONTEXT) == b"a token"
    else:
        slow.seal(b"the last one", context=CONTEXT)
    with pytest.raises(KeyNotFound):
        ring.open(blob, context=CONTEXT)
