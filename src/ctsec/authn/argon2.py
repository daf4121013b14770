"""Argon2id: the one place of argon2-cffi.

Rules that this module keeps:

- only Argon2id, version 1.3, in the PHC string format; another text is a corrupt record, not a wrong password;
- stored parameters have a ceiling that is checked before any work: a planted row of 2 GiB is a denial of service;
- a hash is replaced at sign-in if it is weaker than today's: less memory, or less memory times passes; a stronger one stays;
- the default is 19 MiB, two passes, one lane (OWASP); salts have 16 and digests 32 bytes.

The bounded hashers that services use are in `ctsec.authn.argon2_pool`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from argon2.exceptions import Argon2Error, HashingError, VerifyMismatchError
from argon2.low_level import Type, hash_secret, hash_secret_raw, verify_secret

from ctsec.errors import CorruptRecord, Overloaded

SALT_BYTES: Final = 16
DIGEST_BYTES: Final = 32
MAX_ENCODED: Final = 256
_ENCODED: Final = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,4}),p=([1-9][0-9]{0,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}"
)
_STRETCH_HEADER: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Parameters:
    """The cost of a hash: memory in KiB, passes over it, lanes; raises ValueError for what Argon2 does not allow."""

    memory_kib: int = 19 * 1024
    time_cost: int = 2
    lanes: int = 1

    def __post_init__(self) -> None:
        if not (1 <= self.lanes <= 255 and 1 <= self.time_cost <= 65535 and 8 * self.lanes <= self.memory_kib < 1 << 32):
            raise ValueError("expected 1 to 255 lanes, at least one pass and at least 8 KiB for each lane")

    @classmethod
    def for_tests(cls) -> Argon2Parameters:
        """Return the cheapest parameters; they protect nothing."""
        return cls(memory_kib=8, time_cost=1, lanes=1)

    @property
    def work(self) -> int:
        """How much memory is filled in all, in KiB: memory times passes."""
        return self.memory_kib * self.time_cost

    def within(self, ceiling: Argon2Parameters) -> bool:
        """Say whether no cost is above that of `ceiling`."""
        return self.memory_kib <= ceiling.memory_kib and self.time_cost <= ceiling.time_cost and self.lanes <= ceiling.lanes


CEILING: Final = Argon2Parameters(memory_kib=256 * 1024, time_cost=16, lanes=8)


def parameters_of(encoded: str) -> Argon2Parameters:
    """Return the parameters of an encoded hash; raise CorruptRecord if it is not one of Argon2id."""
    found = _ENCODED.fullmatch(encoded) if len(encoded) <= MAX_ENCODED else None
    if found is None:
        raise CorruptRecord("expected an encoded argon2id hash")
    memory, time, lanes = map(int, found.groups())
    try:
        return Argon2Parameters(memory_kib=memory, time_cost=time, lanes=lanes)
    except ValueError:
        raise CorruptRecord("expected an encoded argon2id hash with parameters that argon2 allows") from None


def affordable(parameters: Argon2Parameters, *, ceiling: Argon2Parameters = CEILING) -> Argon2Parameters:
    """Return `parameters` if none of them is above `ceiling`; raise CorruptRecord if one is."""
    if not parameters.within(ceiling):
        raise CorruptRecord("the stored argon2 parameters are above the ceiling; nothing was computed")
    return parameters


def hash_password(password: bytes, *, parameters: Argon2Parameters, salt: bytes) -> str:
    """Return the encoded hash of `password`; `salt` has 16 fresh random bytes. Raises Overloaded if memory is short."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"expected a salt of {SALT_BYTES} bytes")
    p = parameters
    try:
        return hash_secret(password, salt, p.time_cost, p.memory_kib, p.lanes, DIGEST_BYTES, Type.ID).decode("ascii")
    except HashingError:
        raise Overloaded("argon2 could not take its memory; try again") from None


def verify_password(encoded: str, password: bytes, *, ceiling: Argon2Parameters = CEILING) -> bool:
    """Say whether `password` has this hash; raise CorruptRecord, before any work, for another format or parameters above `ceiling`."""
    affordable(parameters_of(encoded), ceiling=ceiling)
    try:
        return verify_secret(encoded.encode("ascii"), password, Type.ID)
    except VerifyMismatchError:
        return False
    except Argon2Error as error:
        if "emory" in str(error):
            raise Overloaded("argon2 could not take its memory; try again") from None
        raise CorruptRecord("expected an encoded argon2id hash") from None


def needs_rehash(encoded: str, *, parameters: Argon2Parameters) -> bool:
    """Say whether the hash is weaker than `parameters`, so that a sign-in should replace it; lanes do not matter."""
    found = parameters_of(encoded)
    return found.memory_kib < parameters.memory_kib or found.work < parameters.work


def nobodys_hash(*, parameters: Argon2Parameters, salt: bytes, digest: bytes) -> str:
    """Return an encoded hash that no known password has, to be verified for unknown users at the same cost.

    `salt` has 16 and `digest` 32 random bytes; they are written as they are, so this costs nothing.
    """
    p = parameters
    head = f"$argon2id$v=19$m={p.memory_kib},t={p.time_cost},p={p.lanes}"
    return "$".join([head, *(b64encode(part).decode("ascii").rstrip("=") for part in (salt, digest))])


def stretch_salt(salt: bytes, *, parameters: Argon2Parameters) -> bytes:
    """Return the 24 bytes to store for `stretch`: the parameters (4, 2 and 2 big-endian bytes) before 16 random bytes.

    A set of backup codes outlives a change of parameters because its salt says which ones it was made with.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"expected a salt of {SALT_BYTES} bytes")
    p = parameters
    return p.memory_kib.to_bytes(4, "big") + p.time_cost.to_bytes(2, "big") + p.lanes.to_bytes(2, "big") + salt


def stretch(secret: bytes, salt: bytes, *, ceiling: Argon2Parameters = CEILING) -> bytes:
    """Return 32 bytes made slowly from `secret` with a salt of `stretch_salt`; raise CorruptRecord for another salt or a costlier one."""
    if len(salt) != _STRETCH_HEADER + SALT_BYTES:
        raise CorruptRecord("expected a salt that carries its argon2 parameters")
    try:
        p = Argon2Parameters(
            memory_kib=int.from_bytes(salt[:4], "big"), time_cost=int.from_bytes(salt[4:6], "big"), lanes=int.from_bytes(salt[6:8], "big")
        )
    except ValueError:
        raise CorruptRecord("expected a salt that carries its argon2 parameters") from None
    affordable(p, ceiling=ceiling)
    try:
        return hash_secret_raw(secret, salt[8:], p.time_cost, p.memory_kib, p.lanes, DIGEST_BYTES, Type.ID)
    except HashingError:
        raise Overloaded("argon2 could not take its memory; try again") from None
