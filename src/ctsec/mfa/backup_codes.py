"""Backup codes: ten look-up secrets, hashed as one set.

Rules that this module keeps:

- a code is 16 characters of Crockford base32, 80 bits from the source of randomness; shown once, in groups of four;
- a set has one random salt, so an attempt costs one slow hash whatever the number of codes (ASVS 6.5.2: under 112 bits, salted and slow);
- the digest of an attempt is compared with every slot in constant time, used slots too: which are left is the store's to know, and a slot
  is redeemed by compare-and-set;
- spaces, hyphens and case do not matter, and O is 0, I and L are 1; over-long text is refused before anything else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from hmac import compare_digest
from typing import Final, Protocol, TypeAlias

from ctsec.clock import utc
from ctsec.ids import BackupCodeSetId, GlassCodeSetId, Random
from ctsec.mfa.labels import parse_account, parse_issuer
from ctsec.mfa.record import BackupCodeSetRecord
from ctsec.secret import SecretText

CODES: Final = 10
CODE_LENGTH: Final = 16
GROUP: Final = 4
MAX_INPUT: Final = 64

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALLOWED: Final = frozenset(_ALPHABET)
_FOLD: Final = str.maketrans("OIL", "011", " -")

Stretch: TypeAlias = Callable[[bytes, bytes], bytes]


def generate(*, random: Random) -> tuple[SecretText, ...]:
    """Return ten fresh codes as they are shown: `XXXX-XXXX-XXXX-XXXX`. Source: ASVS 6.5.3, NIST SP 800-63B-4, 3.1.2.1."""
    codes: list[SecretText] = []
    for _ in range(CODES):
        number = int.from_bytes(random(10), "big")
        text = "".join(_ALPHABET[number >> shift & 31] for shift in range(75, -5, -5))
        codes.append(SecretText("-".join(text[i : i + GROUP] for i in range(0, CODE_LENGTH, GROUP))))
    return tuple(codes)


def normalise(code: str) -> bytes | None:
    """Return the 16 characters that are hashed for what a person typed, or None if it can not be a code."""
    if len(code) > MAX_INPUT or not code.isascii():
        return None
    text = code.upper().translate(_FOLD)
    return text.encode() if len(text) == CODE_LENGTH and _ALLOWED.issuperset(text) else None


class CodeSet(Protocol):
    """The stored digests of a set, by slot."""

    @property
    def digests(self) -> tuple[bytes, ...]:
        """Return one digest a slot."""
        ...


def match_digest(digest: bytes, *, record: CodeSet) -> int | None:
    """Return the slot whose digest this is, or None; all slots are compared, in constant time."""
    found = [index for index, hit in enumerate([compare_digest(digest, slot) for slot in record.digests]) if hit]
    return found[0] if found else None


def hash_set(codes: Sequence[SecretText], *, salt: bytes, stretch: Stretch) -> tuple[bytes, ...]:
    """Return the digests of a fresh set, by slot.

    `salt` is new and random; `stretch(secret, salt)` is a slow hash of 32 bytes, called once for each code.
    """
    inputs = [normalise(code.reveal()) for code in codes]
    return tuple(stretch(_well_formed(text), salt) for text in inputs)


def _well_formed(text: bytes | None) -> bytes:
    if text is None:
        raise ValueError("expected backup codes as generate() returns them")
    return text


def match(code: str, *, record: BackupCodeSetRecord, stretch: Stretch) -> int | None:
    """Return the slot of `code`, or None; one call of `stretch` for a well-formed code, none for a malformed one.

    An asynchronous caller does the same in three steps: `normalise`, its own stretching, `match_digest`.
    """
    text = normalise(code)
    return None if text is None else match_digest(stretch(text, record.salt), record=record)


def as_text(codes: Sequence[SecretText], *, issuer: str, account: str, when: datetime) -> SecretText:
    """Return the set as a text file for download: whose codes they are, from when (an aware datetime), and one code a line."""
    lines = [
        f"Backup codes for {parse_issuer(issuer)}",
        f"Account: {parse_account(account)}",
        f"Created: {utc(when):%Y-%m-%d %H:%M} UTC",
        "",
        *(f"{number:2}. {code.reveal()}" for number, code in enumerate(codes, start=1)),
        "",
        "Each code signs you in once when your authenticator is not at hand.",
        "Keep them where nobody else can read them. A new set makes these void.",
        "",
    ]
    return SecretText("\n".join(lines))


def slot_digest(set_id: BackupCodeSetId | GlassCodeSetId, slot: int) -> bytes:
    """Return the digest under which a slot of a set is consumed; it reveals nothing of the code."""
    return hashlib.sha256(f"{set_id}:{slot}".encode("ascii")).digest()
