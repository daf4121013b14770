"""Leaked passwords: what is asked, and how an answer is read."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.authn.breaches import MAX_ANSWER, query_of, times_seen
from ctsec.errors import BreachesUnavailable

PADDING = b"".join(b"%035X:0\r\n" % random.Random(n).getrandbits(139) for n in range(800))


def test_five_digits_leave_and_the_rest_stays() -> None:
    """The SHA-1 of a password is cut after 5 hex digits: 20 bits of it are sent."""
    prefix, suffix = query_of(b"password")
    assert prefix + suffix == hashlib.sha1(b"password").hexdigest().upper()
    assert (prefix, len(suffix)) == ("5BAA6", 35)


@pytest.mark.parametrize(("count", "seen"), [(1, 1), (9_545_824, 9_545_824), (0, 0)])
def test_a_hit_is_an_entry_with_a_count(count: int, seen: int) -> None:
    """An entry with a count is a hit, in either case of its letters; padding, which has the count 0, is none, even for this password."""
    suffix = query_of(b"password")[1]
    for written in (suffix, suffix.lower()):
        assert times_seen(PADDING + f"{written}:{count}\r\n".encode() + PADDING, suffix) == seen
    assert times_seen(PADDING, suffix) == 0
    assert times_seen(b"", suffix) == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>not found</html>",
        b"0" * 35,
        b"0" * 34 + b":1",
        b"0" * 36 + b":1",
        b"0" * 35 + b":-1",
        b"0" * 35 + b":1 ",
        b"0" * 35 + b":" + b"9" * 13,
        b"\xff" * 35 + b":1",
        b"0" * 35 + b":1\r\n" + b"\x1f\x8b\x08",
        (b"0" * 35 + b":1\n") * (MAX_ANSWER // 38 + 1),
    ],
)
def test_what_is_no_answer_is_not_a_clean_bill(answer: bytes) -> None:
    """A page of a proxy, a cut or compressed body, and an answer that is too long are errors: none of them means "not leaked"."""
    with pytest.raises(BreachesUnavailable):
        times_seen(answer, "A" * 35)


@given(answer=st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_none(answer: bytes) -> None:
    """No bytes raise anything else."""
    try:
        assert times_seen(answer, "A" * 35) >= 0
    except BreachesUnavailable:
        assert answer.strip()
