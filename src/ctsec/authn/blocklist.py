"""Passwords that everybody tries: a sorted list of truncated hashes, and the rules for the ones that no list can name.

Rules that this module keeps:

- whole passwords are compared, never substrings (NIST SP 800-63B-4, 3.1.1.2), without regard to case;
- a list holds the first 8 bytes of the SHA-256 of each entry, sorted: a look-up is one hash and a binary search;
- the built-in list is made, at first use, from well-known words and endings, so that nobody else's list is copied and nothing is installed:
  over 10,000 of its entries have the minimum length of the policy, where the common public lists have dozens;
- a repeated unit of up to 8 characters, a run of consecutive characters and a walk along a row of the keyboard are refused at any length.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from itertools import pairwise
from typing import Final

_WORDS: Final = """
    password passwort passw0rd p@ssword p@ssw0rd letmein welcome admin administrator superuser root qwerty qwertz azerty asdfgh zxcvbn
    iloveyou sunshine princess football baseball basketball dragon monkey shadow master superman batman michael jennifer jordan hunter
    charlie ashley thomas robert daniel andrew freedom whatever trustno1 starwars pokemon computer internet secret login access default
    changeme changeit temporary temp test testing guest user demo summer winter autumn spring monday friday january december company
    business liverpool chelsea arsenal mustang ferrari mercedes samsung google facebook linkedin microsoft windows ubuntu oracle
    database server security private mypassword newpassword oldpassword yourpassword thepassword adminpassword userpassword
    rootpassword testpassword defaultpassword letmeinplease opensesame iloveyousomuch iloveyouforever blink182 cheese cookie chocolate
    butterfly flower purple orange banana diamond killer soccer hockey ginger pepper tigger maggie buster hello helloworld hello123
"""
_ENDINGS: Final = """
    1 12 123 1234 12345 123456 1234567 12345678 123456789 1234567890 123123 321 0 00 000 007 01 11 111 1111 69 77 88 99 666 777 999
    ! !! !!! 1! 12! 123! 1234! 123!@# @123 #1 #123 ? . $ * _ 2020 2021 2022 2023 2024 2025 2026 2027 2024! 2025! 2026!
"""
_PHRASES: Final = """
    correct horse battery staple|to be or not to be|this is my password|this is a password|the quick brown fox|i love my family
    the quick brown fox jumps over the lazy dog|may the force be with you|i love you so much|please let me in|super secret password
    very secure password|my secure password|strong password 123|secure password 123|temporary password|change this password
    i forgot my password|i dont know my password|no password needed|do not forget this|password is password|jesus is my savior
    i love my company|welcome welcome 123|administrator admin|password password 123|password password password|letmein letmein letmein
    abcdefg1234567|abc123abc123abc123|a1b2c3d4e5f6g7h8|1a2b3c4d5e6f7g8h|qwerty123456789|zaq12wsxcde34rfv|!qaz@wsx#edc$rfv
    1qaz!qaz2wsx@wsx|aa123456789012345|change me now please|qwerty asdfgh zxcvbn|abcdefghijklmnop123
"""
_ROWS: Final = (
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertyuiopasdfghjklzxcvbnm",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1a2b3c4d5e6f7g8h9i0j",
    "a1b2c3d4e5f6g7h8i9j0",
    "!@#$%^&*()",
)
_LONGEST_UNIT: Final = 8
_LONGEST_WALK: Final = 128
# Each row, walked round until the longest walk that starts anywhere in it has its end.
_WALKS: Final = tuple(row * (_LONGEST_WALK // len(row) + 2) for row in _ROWS)
_PAIRS: Final = frozenset("".join(pair) for walk in _WALKS for way in (walk, walk[::-1]) for pair in pairwise(way))


def _prefix(folded: str) -> int:
    return int.from_bytes(sha256(folded.encode()).digest()[:8], "big")


class Blocklist:
    """A set of passwords, kept as sorted 8-byte prefixes of their SHA-256; two entries in 2^64 look alike."""

    __slots__ = ("_prefixes",)

    def __init__(self, passwords: Iterable[str]) -> None:
        self._prefixes = array("Q", sorted({_prefix(text.casefold()) for text in passwords}))

    @classmethod
    def from_bytes(cls, data: bytes) -> Blocklist:
        """Return the list in `data`: 8 big-endian bytes an entry, in rising order; raise ValueError if it is not."""
        prefixes = array("Q")
        if len(data) % prefixes.itemsize:
            raise ValueError("expected a block list of 8 bytes an entry")
        prefixes.frombytes(data)
        if sys.byteorder == "little":
            prefixes.byteswap()
        if any(a >= b for a, b in pairwise(prefixes)):
            raise ValueError("expected a block list in rising order, without duplicates")
        made = cls(())
        made._prefixes = prefixes
        return made

    def to_bytes(self) -> bytes:
        """Return the list in the form that `from_bytes` reads."""
        return b"".join(prefix.to_bytes(8, "big") for prefix in self._prefixes)

    def __len__(self) -> int:
        return len(self._prefixes)

    def __contains__(self, password: object) -> bool:
        if not isinstance(password, str):
            return False
        wanted = _prefix(password.casefold())
        index = bisect_left(self._prefixes, wanted)
        return index < len(self._prefixes) and self._prefixes[index] == wanted


def common_passwords() -> Iterable[str]:
    """Yield the entries of the built-in list: words with usual endings, words twice, pairs of words, and phrases."""
    words, endings = _WORDS.split(), ["", *_ENDINGS.split()]
    for word in words:
        for ending in endings:
            yield word + ending
            yield word + word + ending
        for other in words[:48]:
            yield word + other
            yield f"{word} {other}"
    for phrase in _PHRASES.replace("\n", "|").split("|"):
        parts = phrase.split()
        yield from {" ".join(parts), "".join(parts), "-".join(parts)} - {""}


@cache
def built_in() -> Blocklist:
    """Return the list that ships with the package; made at first use and kept."""
    return Blocklist(common_passwords())


def _is_repeated(text: str) -> bool:
    return any(text[unit:] == text[:-unit] for unit in range(1, min(_LONGEST_UNIT, len(text) // 2) + 1))


def _is_run(text: str) -> bool:
    step = ord(text[1]) - ord(text[0]) if len(text) > 1 else 0
    return step in (-1, 1) and all(ord(b) - ord(a) == step for a, b in pairwise(text))


def _is_walk(text: str) -> bool:
    if len(text) > _LONGEST_WALK or (len(text) > 1 and text[:2] not in _PAIRS):
        return False
    turned = text[::-1]
    return any(text in walk or turned in walk for walk in _WALKS)


def is_pattern(password: str) -> bool:
    """Say whether `password` is a repeated unit, a run of consecutive characters or a walk on the keyboard; linear in its length."""
    folded = password.casefold()
    return bool(folded) and (_is_repeated(folded) or _is_run(folded) or _is_walk(folded))
