"""The pepper of a password hash."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from ctsec.authn.argon2 import Argon2Parameters, hash_password, verify_password
from ctsec.authn.pepper import open_hash, renewed, seal_hash
from ctsec.authn.record import PasswordRecord
from ctsec.encryption.sealing import SealingRing
from ctsec.errors import CorruptRecord, DecryptionFailed, KeyNotFound
from ctsec.ids import UserId
from ctsec.secret import Secret

ALICE, BOB = UserId("usr_" + "0" * 26), UserId("usr_" + "1" * 26)
OLD = SealingRing(current="1", keys={"1": Secret(b"o" * 32)})
BOTH = SealingRing(current="2", keys={"1": Secret(b"o" * 32), "2": Secret(b"n" * 32)})
NEW = SealingRing(current="2", keys={"2": Secret(b"n" * 32)})
ENCODED = hash_password(b"password", parameters=Argon2Parameters.for_tests(), salt=b"s" * 16)


def test_a_sealed_hash_opens_for_its_user_and_verifies() -> None:
    """What is stored shows nothing of the hash, opens to it for its user, and two seals of one hash differ."""
    stored = seal_hash(ENCODED, user=ALICE, sealing=OLD, random=os.urandom)
    assert b"argon2" not in stored
    assert verify_password(open_hash(stored, user=ALICE, sealing=OLD), b"password")
    assert stored != seal_hash(ENCODED, user=ALICE, sealing=OLD, random=os.urandom)


def test_a_hash_moved_to_another_users_row_does_not_open() -> None:
    """Swapping rows gives nobody the password of somebody else: the record is bound to its user."""
    stored = seal_hash(ENCODED, user=ALICE, sealing=OLD, random=os.urandom)
    with pytest.raises(DecryptionFailed):
        open_hash(stored, user=BOB, sealing=OLD)


@pytest.mark.proves("NIST-3.1.1.2")
def test_a_pepper_is_rotated_without_the_password() -> None:
    """A renewed record holds the same hash under the current pepper and says so; afterwards the old pepper is not needed any more."""
    stored = seal_hash(ENCODED, user=ALICE, sealing=OLD, random=os.urandom)
    record = PasswordRecord(user_id=ALICE, sealed=stored, changed_at=datetime(2026, 1, 1, tzinfo=UTC), version=4, pepper="1")
    moved = renewed(record, open_hash(stored, user=ALICE, sealing=BOTH), sealing=BOTH, random=os.urandom)
    assert open_hash(moved.sealed, user=ALICE, sealing=NEW) == ENCODED
    assert (moved.pepper, moved.scheme, moved.version, moved.changed_at) == ("2", "argon2id-8-1-1", 5, record.changed_at)
    with pytest.raises(KeyNotFound):
        open_hash(stored, user=ALICE, sealing=NEW)
    with pytest.raises(DecryptionFailed):
        open_hash(stored, user=BOB, sealing=BOTH)


def test_a_record_that_holds_something_else_is_corrupt() -> None:
    """A sealed record of the right user that is no text of a hash is a corrupt record."""
    for content in (b"\xff", b"x" * 1000):
        stored = OLD.seal(content, context=b"ctsec/password/v1\0" + ALICE.encode(), random=os.urandom)
        with pytest.raises(CorruptRecord):
            open_hash(stored, user=ALICE, sealing=OLD)
