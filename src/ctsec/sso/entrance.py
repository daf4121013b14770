"""From when on an organization is entered through its provider only, and the codes with which owners come to its settings all the same.

Rules that this module keeps:

- a requirement begins at a date, at most 90 days from now; from then on sessions of accounts are nobody in the organization;
- what would lock everybody out is refused: without an enabled connection that the setter could come in by, and without an owner who holds
  unused codes;
- a code counts once, for one hour, for the settings of single sign-on alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ctsec.clock import utc
from ctsec.ids import ConnectionId, GlassCodeSetId, OrganizationId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.rbac.role import OWNER
from ctsec.secret import SecretText
from ctsec.sso.record import LinkedBy, LinkedIdentity

MAX_GRACE: Final = timedelta(days=90)
GLASS_LIFE: Final = timedelta(hours=1)
NO_CONNECTION: Final = Refusal(Reason.CONFLICT, "enable a connection before sign-in through it is required")
NOT_LINKED: Final = Refusal(Reason.CONFLICT, "link your own identity at an enabled connection first: you would be locked out yourself")
NO_CODES: Final = Refusal(Reason.CONFLICT, "an owner has to make break-glass codes first: a broken connection would lock everybody out")
LAST_WAY: Final = Refusal(
    Reason.CONFLICT, "this is the last enabled connection and sign-in through one is required: relax that first, or enable another one"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassCodeSet:
    """The current break-glass codes of an owner of an organization: one salt, one digest a slot; used slots stand in the guard store."""

    id: GlassCodeSetId
    organization_id: OrganizationId
    user_id: UserId
    salt: bytes
    digests: tuple[bytes, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassCodes:
    """A fresh set, shown once."""

    codes: tuple[SecretText, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """From when on an organization is entered through its provider only (None: never), and how many unused codes its owners hold."""

    required_from: datetime | None
    codes_left: int


def beginning(wanted: datetime | None, *, now: datetime) -> Outcome[datetime]:
    """Return when a requirement begins: at `wanted`, or now; INVALID_INPUT for a date in the past or after more than 90 days."""
    if wanted is None:
        return now
    if wanted.tzinfo is None or not now <= utc(wanted) <= now + MAX_GRACE:
        return Refusal(Reason.INVALID_INPUT, "expected a date with a time zone, between now and 90 days from now")
    return utc(wanted)


def lockout(*, enabled: frozenset[ConnectionId], identities: Iterable[LinkedIdentity], role: str, codes_left: int) -> Refusal | None:
    """Return why a requirement would lock its setter, or everybody, out; `role` is the setter's in the organization.

    An owner comes in only through an identity that they linked themselves.
    """
    if not enabled:
        return NO_CONNECTION
    if not any(each.connection_id in enabled and (role != OWNER or each.linked_by is LinkedBy.PERSON) for each in identities):
        return NOT_LINKED
    return None if codes_left else NO_CODES
