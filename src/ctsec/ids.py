"""Identifiers: `<prefix>_` and 26 lower-case characters that sort by time.

Rules that this module keeps:

- an id is a prefix that names its kind, an underscore and 128 bits in Crockford base32: 48 bits of milliseconds since 1970
  and 80 random bits, so ids made later sort later and none can be guessed from another;
- each of the last 16 characters is drawn by itself, five bits of a random byte each: 32 divides 256, so all are equally likely;
- the alphabet is lower case only: an id survives case folding in host names, file systems and databases;
- a text of another kind, length or alphabet is refused by `parse_id`; nothing is normalised.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NewType, TypeAlias, TypeVar

UserId = NewType("UserId", str)
OrganizationId = NewType("OrganizationId", str)
WorkspaceId = NewType("WorkspaceId", str)
InvitationId = NewType("InvitationId", str)
SessionId = NewType("SessionId", str)
KeyId = NewType("KeyId", str)
AuthenticatorId = NewType("AuthenticatorId", str)
BackupCodeSetId = NewType("BackupCodeSetId", str)
PasskeyId = NewType("PasskeyId", str)
ServiceAccountId = NewType("ServiceAccountId", str)
EventId = NewType("EventId", str)
MessageId = NewType("MessageId", str)
DekId = NewType("DekId", str)
ElevationId = NewType("ElevationId", str)
BreakGlassId = NewType("BreakGlassId", str)
CredentialId = NewType("CredentialId", str)
MoveId = NewType("MoveId", str)
DeviceId = NewType("DeviceId", str)
RecoveryId = NewType("RecoveryId", str)
HoldId = NewType("HoldId", str)
ErasureId = NewType("ErasureId", str)
AlertId = NewType("AlertId", str)
ConnectionId = NewType("ConnectionId", str)
GlassCodeSetId = NewType("GlassCodeSetId", str)
AppId = NewType("AppId", str)
WorkloadRuleId = NewType("WorkloadRuleId", str)
ScimConnectionId = NewType("ScimConnectionId", str)
ScimTokenId = NewType("ScimTokenId", str)
ScimUserId = NewType("ScimUserId", str)
ScimGroupId = NewType("ScimGroupId", str)

Random: TypeAlias = Callable[[int], bytes]
Id = TypeVar("Id", bound=str)

PREFIXES: Final[dict[Callable[[str], Any], str]] = {
    UserId: "usr",
    OrganizationId: "org",
    WorkspaceId: "wsp",
    InvitationId: "inv",
    SessionId: "ses",
    KeyId: "key",
    AuthenticatorId: "aut",
    BackupCodeSetId: "bcs",
    PasskeyId: "pky",
    ServiceAccountId: "svc",
    EventId: "evt",
    MessageId: "msg",
    DekId: "dek",
    ElevationId: "elv",
    BreakGlassId: "bgl",
    CredentialId: "crd",
    MoveId: "mov",
    DeviceId: "dvc",
    RecoveryId: "rcv",
    HoldId: "hld",
    ErasureId: "era",
    AlertId: "alr",
    ConnectionId: "sso",
    GlassCodeSetId: "gcs",
    AppId: "app",
    WorkloadRuleId: "wlr",
    ScimConnectionId: "scm",
    ScimTokenId: "sct",
    ScimUserId: "scu",
    ScimGroupId: "scg",
}
ID_LENGTH: Final = 30
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_ALLOWED: Final = frozenset(_ALPHABET)
_PAIRS: Final = tuple(one + two for one in _ALPHABET for two in _ALPHABET)
_TIME: Final = (1 << 38) - 1
DRAWN: Final = _ALPHABET.encode() * 8


@lru_cache(maxsize=8)
def _written_second(thousands: int) -> str:
    """Return the first 8 characters of a time, which all ids of about a second share: they count 1,024 milliseconds each."""
    thousands &= _TIME
    return "".join([_PAIRS[thousands >> shift & 1023] for shift in (30, 20, 10, 0)])


def new_id(kind: Callable[[str], Id], *, now: datetime, random: Random) -> Id:
    """Return a fresh id of `kind` (one of the NewTypes of this module).

    `now` is an aware datetime; `random(n)` returns n bytes from a cryptographic source.
    """
    return kind(f"{PREFIXES[kind]}_{written_time(int(now.timestamp() * 1000))}{random(16).translate(DRAWN).decode()}")


def written_time(milliseconds: int) -> str:
    """Return the 10 characters of an id that say how many milliseconds after 1970 it was made."""
    return _written_second(milliseconds >> 10) + _PAIRS[milliseconds & 1023]


def is_id(kind: Callable[[str], Id], text: str) -> bool:
    """Say whether `text` is an id of `kind`: right prefix, length and alphabet."""
    prefix = PREFIXES[kind]
    return len(text) == ID_LENGTH and text[:4] == f"{prefix}_" and text[4] <= "7" and _ALLOWED.issuperset(text[4:])


def id_time(text: str) -> datetime:
    """Return when an id was made, to the millisecond, in UTC; `text` is an id (`is_id`)."""
    number = 0
    for character in text[4:]:
        number = number << 5 | _ALPHABET.index(character)
    return datetime.fromtimestamp((number >> 80) / 1000, UTC)


def parse_id(kind: Callable[[str], Id], text: str) -> Id:
    """Return `text` if it is an id of `kind`; raise ValueError that names the expected kind otherwise."""
    if not is_id(kind, text):
        raise ValueError(f"expected an id that starts with {PREFIXES[kind]}_ and has {ID_LENGTH} characters")
    return kind(text)
