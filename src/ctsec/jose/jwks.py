"""Sets of public keys (JWKS, RFC 7517).

Rules that this module keeps:

- a set has at most 64 KiB and 64 keys, and is one JSON object that names nothing twice;
- one unusable key does not take the others with it (CVE-2026-102274): it is left out, with its reason;
- two usable keys of one name are one too many, and neither is used;
- a token names its key; without a name the set must have exactly one key of the token's algorithm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from ctsec.jose.keys import Algorithm, PublicKey, read_key
from ctsec.jose.rejection import KeyReason, Rejected, TokenReason, Unacceptable, refuse_if
from ctsec.jose.strict import parse_object

MAX_SET: Final = 64 * 1024
MAX_KEYS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """The usable keys of a set, and why each other one was left out, by its position."""

    keys: tuple[PublicKey, ...]
    left_out: tuple[tuple[int, KeyReason], ...] = ()

    def find(self, kid: str | None, algorithm: Algorithm) -> PublicKey:
        """Return the key that a token means; raise Unacceptable if there is none, or several, or it is another algorithm's."""
        if kid is None:
            fitting = [key for key in self.keys if key.algorithm is algorithm]
            refuse_if(not fitting, TokenReason.UNKNOWN_KEY)
            refuse_if(len(fitting) > 1, TokenReason.AMBIGUOUS_KEY)
            return fitting[0]
        named = [key for key in self.keys if key.kid == kid and kid]
        refuse_if(not named, TokenReason.UNKNOWN_KEY)
        refuse_if(named[0].algorithm is not algorithm, TokenReason.ALGORITHM_OF_ANOTHER_KEY)
        return named[0]


def parse_jwks(body: bytes | str, *, rsa: Algorithm = Algorithm.RS256) -> KeySet | Rejected:
    """Return the usable keys of a set; `rsa` is the algorithm of RSA keys that name none. A set without usable keys is empty, not wrong."""
    if len(body) > MAX_SET:
        return Rejected(KeyReason.SET_TOO_LARGE)
    try:
        found = parse_object(body, limit=MAX_SET).get("keys")
    except ValueError:
        return Rejected(KeyReason.SET_MALFORMED)
    if not isinstance(found, list):
        return Rejected(KeyReason.SET_MALFORMED)
    members = cast("list[object]", found)
    if len(members) > MAX_KEYS:
        return Rejected(KeyReason.TOO_MANY)
    return _set_of(members, rsa)


def _set_of(members: list[object], rsa: Algorithm) -> KeySet:
    read: list[tuple[int, PublicKey]] = []
    left_out: list[tuple[int, KeyReason]] = []
    for position, member in enumerate(members):
        try:
            refuse_if(not isinstance(member, dict), KeyReason.MALFORMED)
            read.append((position, read_key(cast("Mapping[str, object]", member), rsa=rsa)))
        except Unacceptable as error:
            left_out.append((position, KeyReason(error.reason)))
    times = Counter(key.kid for _, key in read if key.kid)
    left_out += [(position, KeyReason.DUPLICATE_NAME) for position, key in read if times[key.kid] > 1]
    return KeySet(keys=tuple(key for _, key in read if times[key.kid] <= 1), left_out=tuple(sorted(left_out)))
