"""PBKDF2 and scrypt as Django, werkzeug and passlib write them; computed by hashlib.

Rules that this module keeps:

- PBKDF2 is over SHA-256 or SHA-512 and has at most 5,000,000 iterations;
- scrypt takes at most 256 MiB and does at most 2^22 block operations (N * r * p), four times what is commonly advised;
- digests have the full length of their function: a cut one is refused.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from hashlib import pbkdf2_hmac, scrypt
from typing import Final

from ctsec.errors import CorruptRecord

MAX_ITERATIONS: Final = 5_000_000
MAX_MEMORY: Final = 256 * 1024 * 1024
MAX_OPERATIONS: Final = 1 << 22
_LENGTHS: Final = {"sha256": 32, "sha512": 64}
_SCRYPT_BYTES: Final = 64
_SALT: Final = r"(?P<salt>[!-#%-{}~]{1,64})"
_HEX: Final = r"(?P<hex>[0-9a-f]+)?"
_BASE64: Final = r"(?P<base64>[A-Za-z0-9+/.]+={0,2})?"
_PBKDF2: Final = (
    re.compile(rf"(?P<settings>pbkdf2_(?P<hash>sha256|sha512)\$(?P<iterations>[1-9][0-9]{{0,9}})\${_SALT}\$){_BASE64}"),
    re.compile(rf"(?P<settings>pbkdf2:(?P<hash>sha256|sha512):(?P<iterations>[1-9][0-9]{{0,9}})\${_SALT}\$){_HEX}"),
    re.compile(
        rf"(?P<settings>\$pbkdf2-(?P<hash>sha256|sha512)\$(?P<iterations>[1-9][0-9]{{0,9}})\$(?P<raw>[A-Za-z0-9./]{{1,86}})\$){_BASE64}"
    ),
)
_SCRYPT: Final = (
    re.compile(rf"(?P<settings>scrypt:(?P<n>[1-9][0-9]{{0,9}}):(?P<r>[1-9][0-9]{{0,3}}):(?P<p>[1-9][0-9]{{0,3}})\${_SALT}\$){_HEX}"),
    re.compile(rf"(?P<settings>scrypt\$(?P<n>[1-9][0-9]{{0,9}})\${_SALT}\$(?P<r>[1-9][0-9]{{0,3}})\$(?P<p>[1-9][0-9]{{0,3}})\$){_BASE64}"),
)


def _unbase64(text: str) -> bytes:
    """Return the bytes of base64 with or without padding, with passlib's point for the plus sign."""
    bare = text.rstrip("=").replace(".", "+")
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        raise CorruptRecord("expected base64 in a password hash") from None


def _digest_of(found: re.Match[str], length: int) -> bytes:
    parts = found.groupdict()
    digest = b""
    if parts.get("hex"):
        digest = bytes.fromhex(parts["hex"]) if len(parts["hex"]) == 2 * length else b"?"
    elif parts.get("base64"):
        digest = _unbase64(parts["base64"])
    if digest and len(digest) != length:
        raise CorruptRecord(f"expected a digest of {length} bytes in a password hash")
    return digest


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pbkdf2:
    """A PBKDF2 hash (RFC 8018, 5.2)."""

    settings: str
    hash: str
    iterations: int
    salt: bytes
    expected: bytes

    @classmethod
    def read(cls, text: str) -> Pbkdf2 | None:
        """Return the hash, or None for another format; raise CorruptRecord for too many iterations or a digest of another length."""
        found = next(filter(None, (each.fullmatch(text) for each in _PBKDF2)), None)
        if found is None:
            return None
        iterations, parts = int(found["iterations"]), found.groupdict()
        if iterations > MAX_ITERATIONS:
            raise CorruptRecord(f"expected at most {MAX_ITERATIONS} iterations of pbkdf2; nothing was computed")
        salt = _unbase64(parts["raw"]) if parts.get("raw") else parts["salt"].encode("ascii")
        expected = _digest_of(found, _LENGTHS[found["hash"]])
        return cls(settings=found["settings"], hash=found["hash"], iterations=iterations, salt=salt, expected=expected)

    @property
    def scheme(self) -> str:
        """What a comparison costs."""
        return f"pbkdf2{self.hash}-{self.iterations}"

    def digest(self, typed: bytes) -> bytes:
        """Return the digest of a password."""
        return pbkdf2_hmac(self.hash, typed, self.salt, self.iterations)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scrypt:
    """A scrypt hash (RFC 7914) of 64 bytes."""

    settings: str
    n: int
    r: int
    p: int
    salt: bytes
    expected: bytes

    @classmethod
    def read(cls, text: str) -> Scrypt | None:
        """Return the hash, or None for another format; raise CorruptRecord for costs that are impossible or too high."""
        found = next(filter(None, (each.fullmatch(text) for each in _SCRYPT)), None)
        if found is None:
            return None
        n, r, p = (int(found[name]) for name in ("n", "r", "p"))
        if n < 2 or n & (n - 1) or 128 * n * r > MAX_MEMORY or n * r * p > MAX_OPERATIONS:
            raise CorruptRecord("expected scrypt costs that are possible and below the ceiling; nothing was computed")
        expected = _digest_of(found, _SCRYPT_BYTES)
        return cls(settings=found["settings"], n=n, r=r, p=p, salt=found["salt"].encode("ascii"), expected=expected)

    @property
    def scheme(self) -> str:
        """What a comparison costs."""
        return f"scrypt-{self.n}-{self.r}-{self.p}"

    def digest(self, typed: bytes) -> bytes:
        """Return the digest of a password."""
        memory = 128 * self.r * (self.n + self.p + 4)
        return scrypt(typed, salt=self.salt, n=self.n, r=self.r, p=self.p, maxmem=memory, dklen=_SCRYPT_BYTES)
