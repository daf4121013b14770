"""The text of an API key: one grammar, one parser, nothing else gets through."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import KeyId, UserId, new_id
from ctsec.keys import token as module
from ctsec.keys.token import LONGEST, PATTERN, ParsedToken, claimed_id, mint, parse
from ctsec.outcome import Reason, Refusal

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY_ID = KeyId(new_id(KeyId, now=NOW, random=lambda n: bytes(range(n))))
TOKEN = mint(KEY_ID, random=lambda n: bytes(range(n))).reveal()
WORDS = st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True)
SECRETS = st.binary(min_size=32, max_size=32)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def reseal(body: str) -> str:
    """Return `body` with a right checksum, made independently of the module."""
    number, text = crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        text = ALPHABET[digit] + text
    return body + text


def is_refused(text: str, prefix: str = "ct") -> bool:
    outcome = parse(text, prefix=prefix)
    return isinstance(outcome, Refusal) and outcome.reason is Reason.INVALID_TOKEN


@given(secret=SECRETS, prefix=WORDS, environment=st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True))
def test_what_is_minted_is_parsed(secret: bytes, prefix: str, environment: str) -> None:
    """A minted token parses to its key and environment, keeps its whole text for the MAC, and fits the published pattern."""
    text = mint(KEY_ID, random=lambda n: secret, prefix=prefix, environment=environment).reveal()
    assert parse(text, prefix=prefix) == ParsedToken(KEY_ID, environment, text.encode())
    assert re.fullmatch(PATTERN, text)
    assert claimed_id(text) == KEY_ID
    assert reseal(text[:-6]) == text


@given(first=SECRETS, second=SECRETS)
def test_the_secret_keeps_all_256_bits(first: bytes, second: bytes) -> None:
    """The 43 characters of the secret are the 32 random bytes as a number, so different bytes give different tokens."""
    digits = mint(KEY_ID, random=lambda n: first).reveal()[-49:-6]
    number = 0
    for digit in digits:
        number = number * 62 + ALPHABET.index(digit)
    assert number.to_bytes(32, "big") == first
    assert (mint(KEY_ID, random=lambda n: first) == mint(KEY_ID, random=lambda n: second)) is (first == second)


def test_minting_asks_for_32_random_bytes() -> None:
    """The secret comes from one request of 32 bytes from the given source, and a short answer raises ValueError."""
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return os.urandom(count)

    mint(KEY_ID, random=source)
    assert asked == [32]
    with pytest.raises(ValueError, match="32 bytes"):
        mint(KEY_ID, random=lambda n: b"short")


def test_every_single_changed_character_is_refused() -> None:
    """At each place of a token, every other character of the alphabet, a space and a letter beyond ASCII are refused."""
    for place in range(len(TOKEN)):
        for other in ALPHABET + "_- \n\0é\uff10":
            if other != TOKEN[place]:
                assert is_refused(TOKEN[:place] + other + TOKEN[place + 1 :]), (place, other)


@pytest.mark.proves("CVE-2026-27840")
def test_truncated_doubled_padded_and_turned_tokens_are_refused() -> None:
    """Each shorter piece of a token, a token twice, one with anything around it and one in another case are refused."""
    pieces = [TOKEN[:end] for end in range(len(TOKEN))] + [TOKEN[start:] for start in range(1, len(TOKEN))]
    dressed = [f"{edge}{TOKEN}" for edge in " \n_x"] + [f"{TOKEN}{edge}" for edge in " \n_x0"]
    for text in [*pieces, *dressed, TOKEN * 2, TOKEN.upper(), TOKEN.lower(), TOKEN.swapcase(), f"Bearer {TOKEN}"]:
        assert is_refused(text), text


@pytest.mark.parametrize(
    "body",
    [
        "xx" + TOKEN[2:-6],
        "c_live" + TOKEN[7:-6],
        "CT" + TOKEN[2:-6],
        "ct__" + TOKEN[8:-6],
        "ct_LIVE" + TOKEN[7:-6],
        "ct_li-e" + TOKEN[7:-6],
        "ct_live8" + TOKEN[8:-6],
        "ct_live_8" + TOKEN[9:-6],
        "ct_live_0u" + TOKEN[10:-6],
        TOKEN[:34] + "-" + TOKEN[35:-6],
        TOKEN[:-7] + "_",
        "ct_live_d1_" + TOKEN[8:-6],
        "ct_d1_" + TOKEN[3:-6],
    ],
)
def test_a_right_checksum_does_not_save_a_wrong_grammar(body: str) -> None:
    """Another prefix, environment, id, separator or a derived key's further marker is refused although its checksum is right."""
    assert is_refused(reseal(body))


def test_the_checksum_alone_is_what_a_typing_error_fails() -> None:
    """The same construction with the right body is accepted: the refusals above are not the helper's fault."""
    assert reseal(TOKEN[:-6]) == TOKEN
    assert not is_refused(reseal(TOKEN[:-6]))


@given(text=st.one_of(st.text(max_size=120), st.from_regex(PATTERN, fullmatch=True)))
def test_any_other_text_is_refused_without_an_error(text: str) -> None:
    """No text raises, and what fits the pattern only by chance fails its checksum."""
    outcome = parse(text)
    assert isinstance(outcome, Refusal) or reseal(text[:-6]) == text
    claimed_id(text)


def test_over_long_text_is_refused_before_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the longest token nothing is encoded or summed, and no id is read out of it."""
    monkeypatch.setattr(module, "crc32", lambda data: pytest.fail("summed"))
    for text in ("x" * (LONGEST + 1), TOKEN + "x" * 1_048_576, "é" * 80, ""):
        assert is_refused(text)
        assert claimed_id(text) is None


def test_misuse_is_refused() -> None:
    """An id of another kind and an environment or prefix outside the grammar raise ValueError."""
    with pytest.raises(ValueError, match="API key"):
        mint(KeyId(new_id(UserId, now=NOW, random=os.urandom)), random=os.urandom)
    for prefix, environment in (("ct", "Live"), ("ct", ""), ("ct", "ninechars"), ("a_b", "live"), ("1a", "live"), ("", "live")):
        with pytest.raises(ValueError, match="1 to 8"):
            mint(KEY_ID, random=os.urandom, prefix=prefix, environment=environment)


@pytest.mark.proves("CHANGELOG-django-allauth-0-63-4")
def test_nothing_shows_the_secret() -> None:
    """Neither the minted value nor the parsed token shows any of the secret in its repr."""
    parsed = parse(TOKEN)
    for shown in (repr(parsed), str(parsed), repr(mint(KEY_ID, random=lambda n: bytes(range(n))))):
        assert TOKEN[-49:-6] not in shown
        assert TOKEN[-20:] not in shown
