"""SHA-crypt, the `$5$` and `$6$` of Unix (U. Drepper, "Unix crypt using SHA-256 and SHA-512"); Python's own reader is gone since 3.13.

Rules that this module keeps:

- rounds are 1,000 to 1,000,000 (5,000 where the text names none); a text that names fewer or more is refused, not corrected;
- a password of more than 512 bytes, which crypt(3) does not take, is a wrong password: the work grows with its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256, sha512
from typing import Any, Final

from ctsec.errors import CorruptRecord

MAX_ROUNDS: Final = 1_000_000
MAX_BYTES: Final = 512
_DEFAULT: Final = 5000
_TEXT: Final = re.compile(
    r"(?P<settings>\$(?P<kind>[56])\$(rounds=(?P<rounds>[1-9][0-9]{0,8})\$)?(?P<salt>[!-#%-{}~]{0,16})\$)(?P<digest>[./0-9A-Za-z]+)?"
)
_ALPHABET: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    name: str
    make: Callable[[bytes], Any]
    length: int
    text: int


_KINDS: Final = {
    "5": _Kind(name="sha256crypt", make=sha256, length=32, text=43),
    "6": _Kind(name="sha512crypt", make=sha512, length=64, text=86),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShaCrypt:
    """A SHA-crypt hash; the digest is kept as its text."""

    settings: str
    kind: _Kind
    rounds: int
    salt: bytes
    expected: bytes

    @classmethod
    def read(cls, text: str) -> ShaCrypt | None:
        """Return the hash, or None for another format; raise CorruptRecord for other rounds than allowed or a cut digest."""
        found = _TEXT.fullmatch(text)
        if found is None:
            return None
        kind, rounds, digest = _KINDS[found["kind"]], int(found["rounds"] or _DEFAULT), found["digest"] or ""
        if not 1000 <= rounds <= MAX_ROUNDS:
            raise CorruptRecord(f"expected 1000 to {MAX_ROUNDS} rounds of sha-crypt; nothing was computed")
        if digest and len(digest) != kind.text:
            raise CorruptRecord("expected the whole digest in a password hash")
        salt = found["salt"].encode("ascii")
        return cls(settings=found["settings"], kind=kind, rounds=rounds, salt=salt, expected=digest.encode("ascii"))

    @property
    def scheme(self) -> str:
        """What a comparison costs."""
        return f"{self.kind.name}-{self.rounds}"

    def digest(self, typed: bytes) -> bytes:
        """Return the text of the digest, or nothing for a password of more than 512 bytes."""
        whole = len(typed) <= MAX_BYTES
        made = _rounds(typed if whole else b"", self.salt, make=self.kind.make, rounds=self.rounds)
        return _text(made, self.kind) if whole else b""


def _rounds(key: bytes, salt: bytes, *, make: Callable[[bytes], Any], rounds: int) -> bytes:
    """Return the digest: steps 1 to 21 of the specification."""
    size = len(key)
    other: bytes = make(key + salt + key).digest()
    length = len(other)
    mixed = key + salt + (other * (size // length + 1))[:size]
    bits = size
    while bits:
        mixed += other if bits & 1 else key
        bits >>= 1
    digest: bytes = make(mixed).digest()
    p = (make(key * size).digest() * (size // length + 1))[:size]
    s = (make(salt * (16 + digest[0])).digest() * (len(salt) // length + 1))[: len(salt)]
    for number in range(rounds):
        middle = (s if number % 3 else b"") + (p if number % 7 else b"")
        digest = make(p + middle + digest if number & 1 else digest + middle + p).digest()
    return digest


def _text(digest: bytes, kind: _Kind) -> bytes:
    """Return crypt's own base64 of a digest: three bytes that stand a third apart, least significant six bits first."""
    third, made = kind.length // 3, ""
    a, b, c = 0, third, 2 * third
    for _ in range(third):
        made += _six(digest[a] << 16 | digest[b] << 8 | digest[c], 4)
        a, b, c = (b + 1, c + 1, a + 1) if kind.length == 64 else (c + 1, a + 1, b + 1)
    rest = digest[third * 3 :]
    made += _six(rest[0], 2) if len(rest) == 1 else _six(rest[1] << 8 | rest[0], 3)
    return made.encode("ascii")


def _six(value: int, count: int) -> str:
    return "".join(_ALPHABET[value >> 6 * place & 63] for place in range(count))
