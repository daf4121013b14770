"""Signed tokens in the compact form (RFC 7515): one way in, which fails closed.

Rules that this module keeps:

- a token has at most 32 KiB and exactly three parts, which is counted before anything is split or decoded;
- every part is strict base64url, the header one JSON object; no header names keys (`jku`, `jwk`, `x5u`, `x5c`), asks for extensions
  (`crit`, `b64`) or compression (`zip`);
- the type is one that the caller expects (RFC 8725, 3.11), the algorithm is in the list, and then is that of the one key that is found;
- nothing of the payload is read before the signature holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ctsec.jose.jwks import KeySet
from ctsec.jose.keys import MAX_NAME, Algorithm
from ctsec.jose.rejection import Rejected, TokenReason, Unacceptable, refuse_if
from ctsec.jose.strict import DuplicateMember, decode_base64url, parse_object

MAX_TOKEN: Final = 32 * 1024
_MAX_HEADER: Final = 4 * 1024
_FORBIDDEN: Final = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c", "zip", "enc", "epk", "p2c"})
_ALGORITHMS: Final = {each.value: each for each in Algorithm}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a token must be: the values of `typ` that it may have, in lower case without `application/`; an empty one stands for none."""

    types: frozenset[str]


ID_TOKEN: Final = Kind(types=frozenset({"", "jwt"}))
LOGOUT_TOKEN: Final = Kind(types=frozenset({"logout+jwt"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a key signed, and with which algorithm."""

    payload: bytes
    algorithm: Algorithm


def verify_jws(token: str, keys: KeySet, *, kind: Kind) -> bytes | Rejected:
    """Return the payload of a token that a key of the set signed, or why it is not accepted."""
    try:
        return open_jws(token, keys, kind=kind).payload
    except Unacceptable as error:
        return Rejected(error.reason)


def open_jws(token: str, keys: KeySet, *, kind: Kind) -> Opened:
    """Return the payload of a token that a key of the set signed; raise Unacceptable if it is not accepted."""
    refuse_if(len(token) > MAX_TOKEN, TokenReason.TOO_LARGE)
    refuse_if(token.count(".") != 2, TokenReason.MALFORMED)
    first, second, third = token.split(".")
    refuse_if(not first, TokenReason.MALFORMED)
    header = read_object(_decoded(first), limit=_MAX_HEADER)
    payload, signature = _decoded(second), _decoded(third)
    algorithm = _check_header(header, kind)
    key = keys.find(_key_name(header), algorithm)
    refuse_if(not signature, TokenReason.BAD_SIGNATURE)
    key.verify(f"{first}.{second}".encode("ascii"), signature)
    return Opened(payload=payload, algorithm=algorithm)


def read_object(data: bytes, *, limit: int) -> dict[str, object]:
    """Return the JSON object of a part; raise Unacceptable if it is none."""
    try:
        return parse_object(data, limit=limit)
    except DuplicateMember:
        raise Unacceptable(TokenReason.DUPLICATE_MEMBER) from None
    except ValueError:
        raise Unacceptable(TokenReason.BAD_JSON) from None


def _decoded(part: str) -> bytes:
    try:
        return decode_base64url(part)
    except ValueError:
        raise Unacceptable(TokenReason.BAD_ENCODING) from None


def _check_header(header: Mapping[str, object], kind: Kind) -> Algorithm:
    refuse_if(_FORBIDDEN & header.keys(), TokenReason.FORBIDDEN_HEADER)
    name = header.get("alg")
    if not isinstance(name, str) or name not in _ALGORITHMS:
        raise Unacceptable(TokenReason.ALGORITHM_NOT_ALLOWED)
    kind_of = header.get("typ", "")
    if not isinstance(kind_of, str) or ("typ" in header and not kind_of):
        raise Unacceptable(TokenReason.WRONG_TYPE)
    refuse_if(kind_of.lower().removeprefix("application/") not in kind.types, TokenReason.WRONG_TYPE)
    return _ALGORITHMS[name]


def _key_name(header: Mapping[str, object]) -> str | None:
    kid = header.get("kid")
    if kid is None and "kid" not in header:
        return None
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_NAME:
        raise Unacceptable(TokenReason.UNKNOWN_KEY)
    return kid
