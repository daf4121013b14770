"""The text of an API key: `<prefix>_<environment>_<id><separator><secret><checksum>`.

Rules that this module keeps:

- `ct_live_` + 26 characters of the key's id (after `key_`) + `_` + 43 base62 characters (256 random bits) + 6 base62 characters: the CRC-32
  of everything before them. One double click selects it, and a scanner finds it with `PATTERN` and no false positives;
- there is one parser; it refuses over-long text first, then what is not ASCII, of another length or checksum, and then another grammar.
  The checksum is no proof of anything: anyone can compute it. It only keeps typing errors and noise away from the store;
- upper and lower case differ, and nothing is normalised: one key has one text;
- a derived key (`ctsec.keys.attenuation`) has a further marker after the environment, `ct_live_d1_…`: an environment holds no underscore,
  so this parser refuses it, and no text can be read as both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from ctsec.ids import ID_LENGTH, KeyId, Random, is_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.secret import SecretText

PREFIX: Final = "ct"
ENVIRONMENT: Final = "live"
PATTERN: Final = r"\b[a-z][a-z0-9]{0,7}_[a-z0-9]{1,8}_[0-7][0-9a-hjkmnp-tv-z]{25}_[0-9A-Za-z]{49}\b"

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = tuple(a + b for a in _BASE62 for b in _BASE62)
_SECRET: Final = 43
_CHECKSUM: Final = 6
_ID: Final = ID_LENGTH - 4
_TAIL: Final = _ID + 1 + _SECRET + _CHECKSUM
SHORTEST: Final = 1 + 1 + 1 + 1 + _TAIL
LONGEST: Final = 8 + 1 + 8 + 1 + _TAIL
_WORD: Final = re.compile(r"[a-z0-9]{1,8}")
_GRAMMAR: Final = re.compile(r"([a-z][a-z0-9]{0,7})_([a-z0-9]{1,8})_([0-7][0-9a-hjkmnp-tv-z]{25})_[0-9A-Za-z]{49}")
_REFUSED: Final = Refusal(Reason.INVALID_TOKEN, "this is not an API key")


@dataclass(frozen=True, slots=True)
class ParsedToken:
    """A well-formed key: whose it says it is, its environment, and the bytes of the whole token, which are what is MACed."""

    key_id: KeyId
    environment: str
    token: bytes = field(repr=False)


def checksum(text: bytes) -> str:
    """Return the CRC-32 of `text` as six base62 digits."""
    high, low = divmod(crc32(text), 3844)
    return _PAIRS[high // 3844] + _PAIRS[high % 3844] + _PAIRS[low]


def _base62(number: int, *, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        text = _BASE62[digit] + text
    return text


def mint(key_id: KeyId, *, random: Random, environment: str = ENVIRONMENT, prefix: str = PREFIX) -> SecretText:
    """Return the text of a fresh secret for `key_id`: 32 bytes of `random` as 43 base62 digits, each value equally likely.

    Raises ValueError for an id that is no key's, and for an environment or prefix outside `[a-z0-9]{1,8}` (a prefix begins with a letter).
    """
    if not is_id(KeyId, key_id):
        raise ValueError("expected the id of an API key")
    if not _WORD.fullmatch(environment) or not _WORD.fullmatch(prefix) or prefix[0].isdigit():
        raise ValueError("expected a prefix and an environment of 1 to 8 lower-case letters and digits, the prefix beginning with a letter")
    secret = random(32)
    if len(secret) != 32:
        raise ValueError("expected 32 bytes from the source of randomness")
    body = f"{prefix}_{environment}_{key_id[4:]}_{_base62(int.from_bytes(secret, 'big'), digits=_SECRET)}"
    return SecretText(body + checksum(body.encode("ascii")))


def claimed_id(token: str) -> str | None:
    """Return the id that stands at its place in `token`, unchecked, or None where the length or a character rules a key out.

    Only good to look for a cached record, against whose MAC the whole token is then verified: `parse` comes before the store is asked.
    """
    return f"key_{token[-76:-50]}" if SHORTEST <= len(token) <= LONGEST and token.isascii() else None


def parse(token: str, *, prefix: str = PREFIX) -> Outcome[ParsedToken]:
    """Return the parts of a well-formed token with this prefix, or the refusal INVALID_TOKEN; costs no read of the store."""
    if not SHORTEST <= len(token) <= LONGEST or not token.isascii():
        return _REFUSED
    raw = token.encode()
    if checksum(raw[:-6]) != token[-6:]:
        return _REFUSED
    found = _GRAMMAR.fullmatch(token)
    if found is None or found[1] != prefix:
        return _REFUSED
    return ParsedToken(KeyId(f"key_{found[3]}"), found[2], raw)
