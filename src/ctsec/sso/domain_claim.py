"""Claims of domains, and what a look at the DNS makes of them.

Rules that this module keeps:

- the record stands at a name of its own below the domain, whose first label begins with an underscore: no host and no customer of a hosting
  service gets such a name (RFC 8552), so that who writes it writes the zone;
- its value is random and belongs to one claim of one organization: nobody proves by what another organization was told to publish;
- a value counts if it is exactly the claim's, and stands at the very name: an alias (CNAME, DNAME) leads to what somebody else writes;
- a proven domain is looked at weekly, and daily while its record is missing; it is withdrawn after 14 days and seven looks that said so,
  the last one included; what no server answered says nothing, neither for nor against.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ctsec.directory.record import VerifiedDomain
from ctsec.ids import OrganizationId
from ctsec.user import parse_email

LABEL: Final = "_ctsec-challenge"
PREFIX: Final = "ctsec-domain-verification="
PROOF: Final = "DNS TXT"
TOKEN_BYTES: Final = 20
CLAIM_LIFE: Final = timedelta(days=30)
MAX_CLAIMS: Final = 50
LOOK_EVERY: Final = timedelta(days=7)
LOOK_AGAIN: Final = timedelta(days=1)
GRACE: Final = timedelta(days=14)
MISSES: Final = 7
MAX_DOMAIN: Final = 253 - len(LABEL) - 1
_NAME: Final = re.compile(r"([a-z0-9-]+\.)+[a-z0-9-]+")


class DnsTrouble(StrEnum):
    """Why there are no values: the first two are answers, the others say nothing of the record."""

    NOT_THERE = "dns_not_there"
    ALIAS = "dns_alias"
    TIMEOUT = "dns_timeout"
    FAILED = "dns_failed"
    TOO_MANY = "dns_too_many"
    TOO_LARGE = "dns_too_large"


class Look(StrEnum):
    """What a look at the DNS says of a claim: its value stands there, it does not, or nobody knows."""

    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainClaim:
    """An organization's claim of a domain, and, once it was proved, the looks at its record.

    It can be proved until `expires_at`; `proved_at` is when that was done. `due_at` is the next look, `missing_since` the first of `misses`
    looks in a row that did not find the record.
    """

    organization_id: OrganizationId
    name: str
    token: str
    claimed_by: str
    claimed_at: datetime
    expires_at: datetime
    proved_at: datetime | None = None
    due_at: datetime | None = None
    missing_since: datetime | None = None
    misses: int = 0
    version: int = 1

    @property
    def record_name(self) -> str:
        """The name of the TXT record."""
        return f"{LABEL}.{self.name}"

    @property
    def record_value(self) -> str:
        """The value of the TXT record."""
        return PREFIX + self.token

    def proves(self, domain: VerifiedDomain | None) -> bool:
        """Tell whether a verified domain is verified by this claim, and not by an operator or for somebody else."""
        return (
            domain is not None
            and (domain.name, domain.organization_id, domain.proof) == (self.name, self.organization_id, PROOF)
            and domain.recorded_at == self.proved_at
        )


def domain_name(text: str) -> str:
    """Return a domain as it stands in keys of addresses; raise ValueError for what can not be claimed.

    A name without a dot, one with an underscore, and an address in figures are no domains of an organization.
    """
    name = parse_email(f"anybody@{text}")[1].rpartition("@")[2]
    if len(name) > MAX_DOMAIN or not _NAME.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise ValueError("expected a domain name such as example.com")
    return name


def new_token(random: bytes) -> str:
    """Return the token of a claim, of 20 random bytes."""
    return base64.b32encode(random).decode("ascii").lower()


def judged(claim: DomainClaim, answer: tuple[bytes, ...] | DnsTrouble) -> Look:
    """Return what the values at the claim's name say of it."""
    if isinstance(answer, DnsTrouble):
        return Look.GONE if answer in {DnsTrouble.NOT_THERE, DnsTrouble.ALIAS} else Look.UNKNOWN
    return Look.THERE if claim.record_value.encode("ascii") in answer else Look.GONE


def proved(claim: DomainClaim, *, now: datetime) -> DomainClaim:
    """Return a claim that was proved just now."""
    return replace(claim, proved_at=now, due_at=_next(claim, now), missing_since=None, misses=0, version=claim.version + 1)


def looked(claim: DomainClaim, look: Look, *, now: datetime) -> DomainClaim:
    """Return a proven claim after a look at its record."""
    after = replace(claim, version=claim.version + 1)
    if look is Look.THERE:
        return replace(after, due_at=_next(claim, now), missing_since=None, misses=0)
    if look is Look.UNKNOWN:
        return replace(after, due_at=now + LOOK_AGAIN)
    return replace(after, due_at=now + LOOK_AGAIN, missing_since=claim.missing_since or now, misses=claim.misses + 1)


def lost(claim: DomainClaim, *, now: datetime) -> bool:
    """Tell, after a look that did not find the record, whether the domain is to be withdrawn."""
    return claim.missing_since is not None and now - claim.missing_since >= GRACE and claim.misses >= MISSES


def _next(claim: DomainClaim, now: datetime) -> datetime:
    """Return the next weekly look, up to a day earlier: the token is random, so what was proved together spreads."""
    return now + LOOK_EVERY - timedelta(seconds=int.from_bytes(claim.token[:6].encode()) % 86_400)
