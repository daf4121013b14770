"""Narrower keys, derived from a key without asking anybody: caveats under a chain of HMACs (the construction of macaroons).

Rules that this module keeps:

- the root is HMAC-SHA-256(secret of the key, label, key id); each caveat's HMAC is the key of the next, so whoever holds a derived key can
  add caveats and take none away, and learns nothing of the key that it came from;
- a caveat is a type, a length of two bytes and a value, and is chained with all three: no two lists of caveats share their bytes;
- every caveat has to hold: scopes and workspaces are intersected, the earliest end counts; never more than the key's own is left;
- one to eight caveats, one of them an end; an unknown type, another length or order of a value, or another text of the same bytes refuses;
- the text has a marker of its own, so that no text is both a key and a derived key; there is one parser, which refuses without a read.

docs/reference/formats.md has the bytes, and a vector.
"""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import IntEnum
from functools import reduce
from hmac import compare_digest
from typing import Final

from ctsec.ids import KeyId, WorkspaceId, is_id
from ctsec.keys.mac import HmacSha256
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.keys.token import PREFIX, checksum, parse
from ctsec.keys.verify import VerifiableKey
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.secret import Secret, SecretText

LABEL: Final = b"ctsec api key root v1\0"
MARKER: Final = "d1"
MAX_CAVEATS: Final = 8
MAX_BYTES: Final = 2_048
DERIVED_SIZE: Final = 3_500
DERIVED_PATTERN: Final = r"\b[a-z][a-z0-9]{0,7}_[a-z0-9]{1,8}_d1_[0-7][0-9a-hjkmnp-tv-z]{25}_[a-z2-7]{69,3400}_[0-9A-Za-z]{6}\b"

_MAC: Final = 32
_GRAMMAR: Final = re.compile(r"([a-z][a-z0-9]{0,7})_([a-z0-9]{1,8})_d1_([0-7][0-9a-hjkmnp-tv-z]{25})_([a-z2-7]{69,3400})_([0-9A-Za-z]{6})")
_SCOPE: Final = re.compile(r"[!-~]{1,64}")
_REFUSED: Final = Refusal(Reason.INVALID_TOKEN, "this is not an API key")
_ENDED: Final = Refusal(Reason.EXPIRED, "this derived API key has expired")


class CaveatType(IntEnum):
    """Until when (8 bytes, seconds since 1970), which scopes (names in order, NUL between), or which workspace (its id)."""

    EXPIRES = 1
    SCOPES = 2
    WORKSPACE = 3


@dataclass(frozen=True, slots=True)
class DerivedToken:
    """A well-formed derived key: the key that it says it comes from, its caveats as they are chained, and the last HMAC."""

    key_id: KeyId
    environment: str
    prefix: str
    caveats: tuple[bytes, ...]
    mac: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What all caveats together leave; None does not narrow."""

    expires_at: datetime
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None


def root_of(token: bytes, *, key_id: KeyId) -> Secret:
    """Return the root of a key, 32 bytes, from the bytes of its whole token: its secret is the 43 digits before the checksum."""
    return Secret(HmacSha256(token[-49:-6]).digest(LABEL + key_id.encode("ascii")))


def chain(root: bytes, *, caveats: tuple[bytes, ...]) -> bytes:
    """Return the last HMAC of a list of caveats."""
    return reduce(lambda key, caveat: HmacSha256(key).digest(caveat), caveats, root)


def caveat(kind: CaveatType, value: bytes) -> bytes:
    """Return the bytes of a caveat."""
    return bytes([kind]) + len(value).to_bytes(2, "big") + value


def derive(
    token: SecretText, *, expires_at: datetime, scopes: frozenset[str] | None = None, workspace: WorkspaceId | None = None
) -> SecretText:
    """Return a narrower key than `token`, a key or a derived key itself; nobody is asked, and the narrower key is stored nowhere.

    It ends at `expires_at` (aware, cut to the second), has of the scopes only those named, and works in `workspace` only; None leaves them.
    Whether the key was minted for this is known where it is used. Raises ValueError for what is no key, and for more than eight caveats.
    """
    if expires_at.tzinfo is None or expires_at.timestamp() < 0:
        raise ValueError("expected an aware end of the derived key, after 1970")
    added = [caveat(CaveatType.EXPIRES, int(expires_at.timestamp()).to_bytes(8, "big"))]
    if scopes is not None:
        if not all(map(_SCOPE.fullmatch, scopes)):
            raise ValueError("expected scopes of 1 to 64 printable ASCII characters without spaces")
        added.append(caveat(CaveatType.SCOPES, b"\0".join(sorted(each.encode("ascii") for each in scopes))))
    if workspace is not None:
        if not is_id(WorkspaceId, workspace):
            raise ValueError("expected the id of a workspace")
        added.append(caveat(CaveatType.WORKSPACE, workspace.encode("ascii")))
    text = token.reveal()
    before = parse_derived(text)
    if isinstance(before, Refusal):
        parent = parse(text, prefix=text.partition("_")[0])
        if isinstance(parent, Refusal):
            raise ValueError("expected an API key, or a key derived from one")  # noqa: TRY004 - a text of the wrong form
        root = root_of(parent.token, key_id=parent.key_id).reveal()
        before = DerivedToken(parent.key_id, parent.environment, text.partition("_")[0], (), root)
    caveats = (*before.caveats, *added)
    if len(caveats) > MAX_CAVEATS or sum(map(len, caveats)) > MAX_BYTES:
        raise ValueError(f"expected at most {MAX_CAVEATS} caveats of {MAX_BYTES} bytes together; derive from a key that has fewer")
    return _written(replace(before, caveats=caveats, mac=chain(before.mac, caveats=tuple(added))))


def looks_derived(token: str) -> bool:
    """Say whether a text has the marker of a derived key at its place; only good to choose the parser."""
    return token.count("_", 0, 21) >= 3 and token.split("_", 3)[2] == MARKER


def parse_derived(token: str) -> Outcome[DerivedToken]:
    """Return the parts of a well-formed derived key, or the refusal INVALID_TOKEN; costs no read of the store."""
    if len(token) > DERIVED_SIZE or not token.isascii():
        return _REFUSED
    found = _GRAMMAR.fullmatch(token)
    if found is None or checksum(token[:-6].encode("ascii")) != found[5]:
        return _REFUSED
    raw = _decoded(found[4])
    caveats = _split(raw[:-_MAC]) if raw is not None and len(raw) > _MAC else None
    if raw is None or not caveats:
        return _REFUSED
    return DerivedToken(KeyId(f"key_{found[3]}"), found[2], found[1], caveats, raw[-_MAC:])


def narrowing(caveats: tuple[bytes, ...]) -> Outcome[Narrowing]:
    """Return what caveats leave together, or INVALID_TOKEN: for an unknown type, a value that is none of its type, or no end at all."""
    ends: list[int] = []
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None
    for each in caveats:
        kind, value = each[0], each[3:]
        if kind == CaveatType.EXPIRES and len(value) == 8 and int.from_bytes(value, "big") < 1 << 37:
            ends.append(int.from_bytes(value, "big"))
        elif kind == CaveatType.SCOPES and (named := _names(value)) is not None:
            scopes = named if scopes is None else scopes & named
        elif kind == CaveatType.WORKSPACE and value.isascii() and is_id(WorkspaceId, value.decode("ascii")):
            here = frozenset({WorkspaceId(value.decode("ascii"))})
            workspaces = here if workspaces is None else workspaces & here
        else:
            return _REFUSED
    if not ends:
        return _REFUSED
    return Narrowing(expires_at=datetime.fromtimestamp(min(ends), UTC), scopes=scopes, workspaces=workspaces)


def check_derived(
    token: DerivedToken, *, prepared: VerifiableKey, roots: tuple[tuple[KeySecret, Secret], ...], now: datetime, address: str
) -> Outcome[ApiKey]:
    """Return the key, narrowed to what the derived one may, if its chain ends as one from a root does; or the refusal.

    `roots` are those of the key's secrets that have one. Reasons: INVALID_TOKEN, and what the key itself would be refused for.
    """
    proved, left = deriving_secret(token, roots=roots), narrowing(token.caveats)
    # What stands before the id is not under the chain: it is compared, so that one derived key has one text.
    written = token.prefix == PREFIX and token.environment == prepared.key.environment
    if proved is None or not written or isinstance(left, Refusal):
        return _REFUSED
    key = prepared.judge(proved, now=now, address=address)
    if isinstance(key, Refusal):
        return key
    return _ENDED if now >= left.expires_at else _narrowed(key, left)


def deriving_secret(token: DerivedToken, *, roots: tuple[tuple[KeySecret, Secret], ...]) -> KeySecret | None:
    """Return the secret that a derived key comes from, whatever it may; None if it comes from none of these."""
    proved: KeySecret | None = None
    for secret, root in roots:
        if compare_digest(chain(root.reveal(), caveats=token.caveats), token.mac):
            proved = secret
    return proved


def _narrowed(key: ApiKey, left: Narrowing) -> ApiKey:
    scopes = key.scopes if left.scopes is None else left.scopes if key.scopes is None else key.scopes & left.scopes
    workspaces = (
        key.workspaces if left.workspaces is None else left.workspaces if key.workspaces is None else key.workspaces & left.workspaces
    )
    end = left.expires_at if key.expires_at is None else min(key.expires_at, left.expires_at)
    return replace(key, scopes=scopes, workspaces=workspaces, expires_at=end)


def _names(value: bytes) -> frozenset[str] | None:
    texts = value.decode("ascii").split("\0") if value.isascii() and value else []
    well = all(map(_SCOPE.fullmatch, texts)) and value.isascii() and texts == sorted(set(texts))
    return frozenset(texts) if well else None


def _split(raw: bytes) -> tuple[bytes, ...] | None:
    """Return the caveats that stand one behind the other, or None if a length does not fit or there are too many."""
    found: list[bytes] = []
    while raw:
        size = 3 + int.from_bytes(raw[1:3], "big")
        if len(raw) < max(3, size) or len(found) == MAX_CAVEATS:
            return None
        found.append(raw[:size])
        raw = raw[size:]
    return tuple(found)


def _decoded(text: str) -> bytes | None:
    padding = "=" * (-len(text) % 8)
    try:
        raw = b32decode(text.upper() + padding)
    except ValueError:
        return None
    return raw if _encoded(raw) == text else None


def _encoded(raw: bytes) -> str:
    return b32encode(raw).decode("ascii").rstrip("=").lower()


def _written(token: DerivedToken) -> SecretText:
    body = _encoded(b"".join(token.caveats) + token.mac)
    text = f"{token.prefix}_{token.environment}_{MARKER}_{token.key_id[4:]}_{body}_"
    return SecretText(text + checksum(text.encode("ascii")))
