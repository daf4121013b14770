"""How much may be tried from one address block, and how many mails one address is sent: an allowance that fills up again with time.

Rules that this module keeps:

- in any span of time not more than `burst` and one for each `every` of it are taken, whatever their order (the generic cell rate
  algorithm: one moment is all that is stored);
- what is refused takes nothing, so knocking does not make the wait longer;
- a success gives back what it took itself and nothing else: an account of one's own buys no guesses at others;
- an address block is an IPv4 address or an IPv6 /64; an IPv4 address inside of IPv6 is that IPv4 address, and what is no address has no
  block;
- a clock that goes back makes no wait longer than the one of an empty allowance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_network
from typing import Final

from ctsec.clock import utc
from ctsec.network import parse_address
from ctsec.outcome import Outcome, Reason, Refusal

LONGEST: Final = timedelta(days=1)
_PREFIX_V6: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What was taken under one key: it is full again at `full_at`, an aware UTC datetime."""

    key: str
    full_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowancePolicy:
    """At most `burst` at once (1 to 100,000), and one more after each `every`; an empty allowance is full again within a day."""

    burst: int
    every: timedelta

    def __post_init__(self) -> None:
        if not 1 <= self.burst <= 100_000:
            raise ValueError("expected a burst of 1 to 100,000")
        if not timedelta(milliseconds=1) <= self.every or self.burst * self.every > LONGEST:
            raise ValueError("expected at least a millisecond between two, and a full allowance within a day")


def take(allowance: Allowance | None, *, key: str, now: datetime, policy: AllowancePolicy) -> Outcome[Allowance]:
    """Take one; return the new record, or THROTTLED with `retry_after`. `allowance` is the stored record of `key`, None if there is none.

    Raises ValueError for a record of another key and a naive `now`.
    """
    moment = utc(now)
    if allowance is not None and allowance.key != key:
        raise ValueError("expected the allowance of the same key")
    used = moment if allowance is None else max(rebase(allowance, now=moment, policy=policy).full_at, moment)
    over = used + policy.every - (moment + policy.every * policy.burst)
    if over > timedelta(0):
        return Refusal(Reason.THROTTLED, "too many attempts; wait and try again", over)
    return Allowance(key=key, full_at=used + policy.every)


def rebase(allowance: Allowance, *, now: datetime, policy: AllowancePolicy) -> Allowance:
    """Return the record cut to an empty allowance at `now`, or the same object where nothing is to be cut.

    Only a clock that went back leaves a later moment, or a policy that was made smaller. Stored by the caller when it differs.
    """
    latest = utc(now) + policy.every * policy.burst
    return allowance if allowance.full_at <= latest else Allowance(key=allowance.key, full_at=latest)


def give_back(allowance: Allowance, *, policy: AllowancePolicy) -> Allowance:
    """Return the record with one taken less."""
    return Allowance(key=allowance.key, full_at=allowance.full_at - policy.every)


def address_block(address: str) -> str | None:
    """Return the block that an address is counted with, in CIDR notation, or None for what is no address."""
    found = parse_address(address)
    if found is None:
        return None
    return str(ip_network((found, _PREFIX_V6), strict=False)) if isinstance(found, IPv6Address) else f"{found}/32"
