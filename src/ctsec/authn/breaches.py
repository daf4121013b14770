"""Whether a password is known from a leak, asked without telling it.

Rules that this module keeps:

- only the first 5 hex digits of the SHA-1 of a password leave the process (k-anonymity: each range holds hundreds of passwords);
- an entry with the count 0 is padding, which hides from the network how long the answer is, and is no hit;
- an answer that is too long or holds anything but entries is no answer: `BreachesUnavailable`, never "not leaked".

SHA-1 is what the lists are made with; nothing is stored or protected by it.
"""

from __future__ import annotations

import re
from hashlib import sha1
from typing import Final

from ctsec.errors import BreachesUnavailable

PREFIX: Final = 5
MAX_ANSWER: Final = 256 * 1024
_ENTRY: Final = re.compile(r"([0-9A-Fa-f]{35}):([0-9]{1,12})")


def query_of(password: bytes) -> tuple[str, str]:
    """Return what is sent of a normalised password (5 hex digits) and what stays here (35), in upper case."""
    digest = sha1(password, usedforsecurity=False).hexdigest().upper()
    return digest[:PREFIX], digest[PREFIX:]


def times_seen(answer: bytes, suffix: str) -> int:
    """Return how often the password with this suffix is in the answer for its prefix; raise BreachesUnavailable if it is no answer."""
    if len(answer) > MAX_ANSWER:
        raise BreachesUnavailable(f"expected an answer of at most {MAX_ANSWER} bytes")
    seen = 0
    for line in answer.decode("ascii", "replace").split("\n"):
        entry = _ENTRY.fullmatch(line.rstrip("\r"))
        if entry is None:
            if line.strip():
                raise BreachesUnavailable("expected lines of 35 hex digits, a colon and a count")
            continue
        if entry[1].upper() == suffix:
            seen += int(entry[2])
    return seen
