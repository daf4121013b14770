"""The sealing ring."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption.sealing import MAX_PLAINTEXT, SealingRing
from ctsec.errors import CorruptRecord, DecryptionFailed, KeyNotFound
from ctsec.secret import Secret

CANARY = b"canary-canary-canary-canary-1234"
OLD = SealingRing(current="1", keys={"1": Secret(CANARY)})
BOTH = SealingRing(current="2", keys={"1": Secret(CANARY), "2": Secret(b"n" * 32)})


@given(plaintext=st.binary(max_size=200), context=st.binary(max_size=50), other=st.binary(max_size=50))
def test_a_record_opens_in_its_context_only(plaintext: bytes, context: bytes, other: bytes) -> None:
    """The plaintext comes back in the context that it was sealed in and in no other."""
    sealed = OLD.seal(plaintext, context=context, random=os.urandom)
    assert OLD.open(sealed, context=context) == plaintext
    if other != context:
        with pytest.raises(DecryptionFailed):
            OLD.open(sealed, context=other)


def test_rotation() -> None:
    """A record of the old key opens under a ring that has both and asks to be re-wrapped; without the old key it is KeyNotFound."""
    sealed = OLD.seal(b"x", context=b"c", random=os.urandom)
    assert BOTH.open(sealed, context=b"c") == b"x"
    assert (BOTH.key_of(sealed), BOTH.needs_rewrap(sealed), OLD.needs_rewrap(sealed)) == ("1", True, False)
    with pytest.raises(KeyNotFound):
        SealingRing(current="2", keys={"2": Secret(b"n" * 32)}).open(sealed, context=b"c")


def test_a_record_renamed_to_another_key_does_not_open() -> None:
    """The name of the key is bound: changing it makes the record unreadable even where that key exists."""
    sealed = OLD.seal(b"x", context=b"c", random=os.urandom)
    with pytest.raises(DecryptionFailed):
        BOTH.open(sealed[:2] + b"2" + sealed[3:], context=b"c")


def test_every_changed_byte_and_every_truncation_is_refused() -> None:
    """No changed or shortened record opens, and nothing but the errors of the module is raised."""
    sealed = BOTH.seal(b"attack", context=b"c", random=os.urandom)
    wrong = [sealed[:end] for end in range(len(sealed))] + [sealed + b"\0"]
    wrong += [sealed[:i] + bytes([byte ^ bit]) + sealed[i + 1 :] for i, byte in enumerate(sealed) for bit in (1, 128, 255)]
    for record in wrong:
        with pytest.raises((CorruptRecord, DecryptionFailed, KeyNotFound)):
            BOTH.open(record, context=b"c")


@given(junk=st.binary(max_size=100))
def test_junk_is_refused(junk: bytes) -> None:
    """Bytes that are no record raise an error of the module, whatever they are."""
    with pytest.raises((CorruptRecord, DecryptionFailed, KeyNotFound)):
        BOTH.open(junk, context=b"c")


def test_misuse_is_refused() -> None:
    """A missing current key, short keys, impossible names and over-long plaintext raise ValueError."""
    good = Secret(b"k" * 32)
    short = Secret(b"k" * 31)
    for current, keys in (
        ("1", {}),
        ("2", {"1": good}),
        ("1", {"1": short}),
        ("", {"": good}),
        ("é", {"é": good}),
        ("x" * 65, {"x" * 65: good}),
    ):
        with pytest.raises(ValueError, match="expected"):
            SealingRing(current=current, keys=keys)
    with pytest.raises(ValueError, match="at most"):
        OLD.seal(b"x" * (MAX_PLAINTEXT + 1), context=b"", random=os.urandom)


def test_nothing_shows_a_key() -> None:
    """The ring's repr shows the name of the current key and none of the keys."""
    assert CANARY.decode() not in repr(OLD) + str(OLD)
    assert "'2'" in repr(BOTH)
