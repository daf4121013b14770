"""Identifiers: prefixed, time-ordered, and nothing else gets through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import ID_LENGTH, PREFIXES, KeyId, OrganizationId, UserId, is_id, new_id, parse_id

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
BYTES = st.lists(st.integers(0, 31), min_size=16, max_size=16).map(bytes)


def made(at: datetime, random: bytes) -> str:
    return new_id(UserId, now=at, random=lambda n: random[:n])


def test_the_text_of_an_id() -> None:
    """48 bits of milliseconds and 80 random bits stand in Crockford base32, lower case, after the prefix."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1)
    assert made(moment, bytes(16)) == "usr_" + "00000000" + "01" + "0" * 16
    assert made(datetime(1970, 1, 1, tzinfo=UTC), b"\xff" * 16) == "usr_" + "0" * 10 + "z" * 16


@given(MOMENTS, BYTES)
def test_a_new_id_is_an_id_of_its_kind_only(at: datetime, random: bytes) -> None:
    """What is made is accepted under its own kind and refused under every other."""
    text = made(at, random)
    assert len(text) == ID_LENGTH
    assert [kind for kind in PREFIXES if is_id(kind, text)] == [UserId]
    assert parse_id(UserId, text) == text


@given(MOMENTS, MOMENTS, BYTES, BYTES)
def test_ids_sort_by_time(one: datetime, other: datetime, first: bytes, second: bytes) -> None:
    """Of two ids of different milliseconds the later one is the greater text, whatever its random part."""
    milliseconds = [int(each.timestamp() * 1000) for each in (one, other)]
    if milliseconds[0] < milliseconds[1]:
        assert made(one, first) < made(other, second)


@given(BYTES, BYTES)
def test_random_bits_are_all_in_the_id(first: bytes, second: bytes) -> None:
    """Two ids of one millisecond are equal only if their random bits are."""
    assert (made(NOW, first) == made(NOW, second)) == (first == second)


def test_every_character_is_as_likely() -> None:
    """Each character of the random part comes of a byte of its own, and of eight of the 256 bytes each: 5 bits of it, all as likely."""
    drawn = [made(NOW, bytes(at) + bytes([byte]) + bytes(15 - at))[14 + at] for at in (0, 7, 15) for byte in range(256)]
    assert len(set(drawn)) == 32
    assert {drawn.count(character) for character in drawn} == {24}
    asked: list[int] = []
    new_id(UserId, now=NOW, random=lambda n: asked.append(n) or bytes(n))  # type: ignore[func-returns-value]
    assert asked == [16]


def test_prefixes_are_one_kind_each() -> None:
    """A prefix of three letters names one kind."""
    assert len(set(PREFIXES.values())) == len(PREFIXES)
    assert all(len(prefix) == 3 and prefix.isalpha() and prefix.islower() for prefix in PREFIXES.values())


GOOD = made(NOW, b"\x01" * 16)


@pytest.mark.parametrize(
    "text",
    ["", "usr_", GOOD.upper(), GOOD[:-1], GOOD + "0", GOOD + "\n", " " + GOOD[1:], GOOD.replace("usr_", "usr-"),
     GOOD.replace("usr_", "org_"), GOOD[:-1] + "i", GOOD[:-1] + "l", GOOD[:-1] + "o", GOOD[:-1] + "u", GOOD[:-1] + "é", GOOD[:-1] + "٣",
     "usr_8" + GOOD[5:],
     "usr_z" + GOOD[5:]],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    """Another prefix, length, case or alphabet, and what overflows 128 bits, is refused and never repaired."""
    assert not is_id(UserId, text)
    with pytest.raises(ValueError, match="starts with usr_"):
        parse_id(UserId, text)


@given(st.text(max_size=40))
def test_any_text_is_judged_without_a_crash(text: str) -> None:
    """No text of a stranger does more than be refused."""
    assert is_id(OrganizationId, text) in {True, False}
    assert not is_id(KeyId, text) or text.startswith("key_")
