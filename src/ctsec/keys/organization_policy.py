"""What an organization asks of the API keys in it, and of consents of connected apps, beyond what the deployment allows.

Rules that this module keeps:

- a key never outlives the organization's longest life, whenever it was made: a shorter life ends keys that exist, at use;
- a key without end exists where the organization says so explicitly (a longest life of nothing), and where the deployment lets it;
- where networks are required, a key names its own inside of them when it is minted, and is used from inside of them, whenever it was made;
- a person consents to a connected app again after the longest grant, if there is one;
- an organization that said nothing has the deployment's rules, and no key without end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from ctsec.ids import OrganizationId
from ctsec.keys.record import ApiKey
from ctsec.network import parse_network
from ctsec.outcome import Reason, Refusal

MAX_NETWORKS: Final = 64
DAY: Final = 86_400
ENDLESS: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationKeyPolicy:
    """The longest life of an organization's keys in seconds (0: they may be without end), and where they must be used from (CIDR).

    `longest_grant_seconds` is after how long a person has to consent to a connected app again (0: never).
    """

    organization_id: OrganizationId
    longest_life_seconds: int
    networks: tuple[str, ...] = ()
    changed_by: str
    changed_at: datetime
    version: int = 1
    longest_grant_seconds: int = 0

    @property
    def longest_grant(self) -> timedelta | None:
        """After how long a person has to consent to a connected app again; None: never."""
        return timedelta(seconds=self.longest_grant_seconds) if self.longest_grant_seconds else None

    @property
    def longest_life(self) -> timedelta | None:
        """The longest life; None where keys may be without end."""
        return timedelta(seconds=self.longest_life_seconds) if self.longest_life_seconds != ENDLESS else None


def check_terms(*, life_seconds: int, networks: tuple[str, ...]) -> Refusal | None:
    """Return why a policy can not be this, or None: a life of at least a day or 0, at most 64 networks in CIDR notation."""
    if life_seconds != ENDLESS and not DAY <= life_seconds <= 36_500 * DAY:
        return Refusal(Reason.INVALID_INPUT, "expected a longest life of 1 to 36500 days, or none")
    if len(networks) > MAX_NETWORKS:
        return Refusal(Reason.TOO_LARGE, f"expected at most {MAX_NETWORKS} networks")
    try:
        for network in networks:
            parse_network(network)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    return None


def check_minting(policy: OrganizationKeyPolicy | None, *, life: timedelta | None, networks: tuple[str, ...]) -> Refusal | None:
    """Return why a key of this life, for these networks (each a CIDR), may not be minted under the policy, or None."""
    longest = policy.longest_life if policy is not None else None
    if life is None and (policy is None or longest is not None):
        return Refusal(Reason.INVALID_INPUT, "this organization allows no key without end")
    if policy is None:
        return None
    if life is not None and longest is not None and life > longest:
        return Refusal(Reason.INVALID_INPUT, f"this organization allows keys a life of up to {longest.days} days")
    if policy.networks and not networks:
        return Refusal(Reason.INVALID_INPUT, "this organization asks of every key for the networks that it is used from")
    required = [parse_network(each) for each in policy.networks]
    if required and not all(any(_inside(parse_network(own), each) for each in required) for own in networks):
        return Refusal(Reason.INVALID_INPUT, "expected networks inside of those that this organization allows keys in")
    return None


def under(policy: OrganizationKeyPolicy | None, key: ApiKey) -> ApiKey:
    """Return the key with the end that it has under the policy: its own, or the one that the longest life sets, whichever is sooner."""
    longest = policy.longest_life if policy is not None else None
    if longest is None:
        return key
    end = key.created_at + longest
    return key if key.expires_at is not None and key.expires_at <= end else replace(key, expires_at=end)


def _inside(own: IPv4Network | IPv6Network, required: IPv4Network | IPv6Network) -> bool:
    if isinstance(own, IPv4Network) and isinstance(required, IPv4Network):
        return own.subnet_of(required)
    return isinstance(own, IPv6Network) and isinstance(required, IPv6Network) and own.subnet_of(required)
