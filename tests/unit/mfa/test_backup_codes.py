"""Backup codes: their strength, what a person may type, and one slow hash for each attempt."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import BackupCodeSetId, UserId
from ctsec.mfa import backup_codes
from ctsec.mfa.backup_codes import as_text, generate, hash_set, match, match_digest, normalise
from ctsec.mfa.record import BackupCodeSetRecord
from ctsec.secret import SecretText

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SALT = b"s" * 24
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def fast(secret: bytes, salt: bytes) -> bytes:
    return hashlib.sha256(salt + secret).digest()


def stored(codes: tuple[SecretText, ...]) -> BackupCodeSetRecord:
    digests = hash_set(codes, salt=SALT, stretch=fast)
    return BackupCodeSetRecord(id=BackupCodeSetId("bcs_x"), user_id=UserId("usr_x"), salt=SALT, digests=digests, created_at=NOW)


@pytest.mark.proves("ASVS-6.5.4", "NIST-3.1.2.1", "NIST-4.2.1.1")
def test_a_set_is_ten_different_codes_of_80_bits_of_the_given_source() -> None:
    """Ten codes of 16 characters are made of ten random bytes each, and every bit of those bytes shows in the code."""
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return os.urandom(count)

    codes = {code.reveal() for code in generate(random=source)}
    assert asked == [10] * 10
    assert len(codes) == 10
    assert all(len(code) == 19 and set(code.replace("-", "")) <= set(CROCKFORD) for code in codes)
    lowest, highest = generate(random=bytes)[0].reveal(), generate(random=lambda n: b"\xff" * n)[0].reveal()
    assert (lowest, highest) == ("0000-0000-0000-0000", "ZZZZ-ZZZZ-ZZZZ-ZZZZ")
    singles = {generate(random=partial(int.to_bytes, 1 << bit, byteorder="big"))[0].reveal() for bit in range(80)}
    assert len(singles) == 80


@given(data=st.data())
def test_every_code_is_found_in_its_slot_however_it_is_typed(data: st.DataObject) -> None:
    """A code is found in its own slot with any case, spaces, hyphens, and O for 0, I or L for 1."""
    codes = generate(random=lambda n: data.draw(st.binary(min_size=n, max_size=n)))
    slot = data.draw(st.integers(0, 9))
    typed = codes[slot].reveal().replace("0", data.draw(st.sampled_from("0oO"))).replace("1", data.draw(st.sampled_from("1iIlL")))
    typed = data.draw(st.sampled_from([typed, typed.lower(), typed.replace("-", ""), typed.replace("-", " "), f" {typed} "]))
    record = stored(codes)
    assert match(typed, record=record, stretch=fast) == record.digests.index(record.digests[slot])


@given(text=st.text(max_size=80))
def test_other_text_matches_nothing_and_raises_nothing(text: str) -> None:
    """Any text that is not one of the codes is answered with None."""
    assert match(text, record=stored(generate(random=lambda n: b"\x5a" * n)), stretch=fast) is None


@pytest.mark.proves("ASVS-6.5.2")
def test_an_attempt_costs_one_slow_hash_over_the_salt_of_the_set() -> None:
    """Whichever code is tried, right, wrong or last of the set, the slow salted hash runs exactly once; a malformed one runs none."""
    calls: list[tuple[bytes, bytes]] = []

    def slow(secret: bytes, salt: bytes) -> bytes:
        calls.append((secret, salt))
        return fast(secret, salt)

    codes = generate(random=os.urandom)
    record = stored(codes)
    for code, slot in ((codes[0].reveal(), 0), (codes[9].reveal(), 9), ("0000-0000-0000-0001", None)):
        calls.clear()
        assert match(code, record=record, stretch=slow) == slot
        assert [salt for _, salt in calls] == [SALT]
    calls.clear()
    assert match("nonsense", record=record, stretch=slow) is None
    assert calls == []


def test_all_slots_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A match in the first slot does not end the comparison: all ten are compared each time."""
    compared: list[bytes] = []

    def spy(a: bytes, b: bytes) -> bool:
        compared.append(b)
        return a == b

    record = stored(generate(random=os.urandom))
    monkeypatch.setattr(backup_codes, "compare_digest", spy)
    assert match_digest(record.digests[0], record=record) == 0
    assert tuple(compared) == record.digests


@pytest.mark.parametrize(
    "text", ["", "0" * 15, "0" * 17, "U" * 16, "\u0131" * 16, "\uff10" * 16, "0" * 15 + "\n", "0" * 16 + " " * 1_048_576]
)
def test_what_can_not_be_a_code_is_refused_before_the_slow_hash(text: str) -> None:
    """Other lengths, the letter U, other alphabets and over-long text are no code."""
    assert normalise(text) is None


def test_another_salt_gives_other_digests() -> None:
    """The same codes under another salt share no digest, so sets can not be compared with each other."""
    codes = generate(random=os.urandom)
    assert set(hash_set(codes, salt=SALT, stretch=fast)).isdisjoint(hash_set(codes, salt=b"t" * 24, stretch=fast))


def test_hashing_something_else_is_misuse() -> None:
    """Only codes of `generate` are hashed; anything else raises ValueError without showing it."""
    with pytest.raises(ValueError, match="generate") as caught:
        hash_set([SecretText("canary-not-a-code")], salt=SALT, stretch=fast)
    assert "canary" not in str(caught.value)


def test_the_download_holds_every_code_and_hides_itself() -> None:
    """The text file names issuer, account and date, holds each code on a line of its own, and is hidden in its repr."""
    codes = generate(random=os.urandom)
    text = as_text(codes, issuer="Acme", account="a@example.com", when=NOW)
    lines = text.reveal().splitlines()
    assert lines[:3] == ["Backup codes for Acme", "Account: a@example.com", "Created: 2026-03-01 12:00 UTC"]
    assert [line[4:] for line in lines if line[2:4] == ". "] == [code.reveal() for code in codes]
    assert codes[0].reveal() not in repr(text) + repr(codes)
