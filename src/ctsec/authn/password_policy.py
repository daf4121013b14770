"""Which passwords may be set, and the bytes that a password is hashed as.

Rules that this module keeps:

- more than 4096 bytes of input are refused before any other work; lone surrogates, which no keyboard makes, are refused;
- a password is normalised to NFC and encoded in UTF-8, when it is set and when it is verified; nothing is trimmed, folded or cut;
- its length is counted in code points after NFC: 15 at least, 8 where a second factor is enforced, 1024 at most
  (NIST SP 800-63B-4, 3.1.1.2; ASVS 6.2.1, 6.2.9);
- there are no composition rules (ASVS 6.2.5);
- the whole password, never a part of it, is compared with common passwords, patterns and words of the context: e-mail, names, product, and
  these joined with each other, digits and signs (ASVS 6.2.4, 6.2.11);
- a refusal gives its reason and what to do instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable
from itertools import islice
from typing import Final

from ctsec.authn.blocklist import built_in, is_pattern
from ctsec.outcome import Outcome, Reason, Refusal

MINIMUM: Final = 15
MINIMUM_WITH_MFA: Final = 8
MAXIMUM: Final = 1024
MAX_BYTES: Final = 4096
MAX_CONTEXT: Final = 32

_NO_LETTERS: Final = re.compile(r"[\W\d_]+")
_ADVICE: Final = "several unrelated words make a good one"
_TOO_LONG: Final = Refusal(Reason.PASSWORD_TOO_LONG, f"use at most {MAXIMUM} characters")
_INVALID: Final = Refusal(Reason.INVALID_INPUT, "the password holds characters that can not be stored; type it anew")
_COMMON: Final = Refusal(Reason.PASSWORD_COMMON, f"this password is among those that attackers try first; {_ADVICE}")
_PATTERN: Final = Refusal(Reason.PASSWORD_COMMON, f"this password repeats itself or follows the keyboard; {_ADVICE}")
_CONTEXT: Final = Refusal(Reason.PASSWORD_COMMON, f"this password is made of your name, your address or the product's name; {_ADVICE}")


def _normal(text: str) -> Outcome[str]:
    if len(text) > MAX_BYTES:
        return _TOO_LONG
    try:
        if len(text.encode()) > MAX_BYTES:
            return _TOO_LONG
    except UnicodeEncodeError:
        return _INVALID
    normal = unicodedata.normalize("NFC", text)
    return normal if len(normal) <= MAXIMUM else _TOO_LONG


def normalise(text: str) -> Outcome[bytes]:
    """Return the bytes that `text` is hashed and verified as (NFC, UTF-8), or a refusal (PASSWORD_TOO_LONG, INVALID_INPUT)."""
    normal = _normal(text)
    return normal if isinstance(normal, Refusal) else normal.encode()


def is_context(folded: str, context: Iterable[str]) -> bool:
    """Say whether a case-folded password is one of the texts of the context, or their words joined with each other, digits and signs."""
    letters = _NO_LETTERS.sub("", folded)
    words: set[str] = set()
    for text in islice(context, MAX_CONTEXT):
        part = unicodedata.normalize("NFC", text[:MAXIMUM]).casefold()
        words.update(word for word in _NO_LETTERS.split(part) if len(word) > 2)
        if folded == part:
            return True
    if not letters or not words:
        return False
    # `furthest` is kept beside the set: its maximum, asked for at each place, would make this quadratic.
    ends, furthest = {0}, 0
    for start in range(len(letters)):
        if start in ends:
            reached = [start + len(word) for word in words if letters.startswith(word, start)]
            ends.update(reached)
            furthest = max(furthest, *reached, 0)
        elif furthest < start:
            return False
    return len(letters) in ends


def check_password(
    text: str, *, mfa_enforced: bool = False, context: Iterable[str] = (), blocked: Container[str] | None = None
) -> Outcome[bytes]:
    """Return the normalised password as bytes to be hashed, or the refusal with its reason and a sentence for the person.

    `mfa_enforced` says that the account has a confirmed second factor which it can not sign in without; `context` holds the account's
    e-mail, names and the product's name (at most 32 are looked at); `blocked` stands in for the built-in list of common passwords.
    """
    password = _normal(text)
    if isinstance(password, Refusal):
        return password
    minimum = MINIMUM_WITH_MFA if mfa_enforced else MINIMUM
    if len(password) < minimum:
        return Refusal(Reason.PASSWORD_TOO_SHORT, f"use at least {minimum} characters; {_ADVICE}")
    if password in (built_in() if blocked is None else blocked):
        return _COMMON
    if is_pattern(password):
        return _PATTERN
    if is_context(password.casefold(), context):
        return _CONTEXT
    return password.encode()
