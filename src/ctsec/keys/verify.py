"""Whether a presented token proves an API key.

Rules that this module keeps:

- the whole token is compared with every generation of the key's secret, in constant time and without stopping at the first;
- only the holder of a secret learns more than "invalid": revoked, expired or used from elsewhere are said after the proof;
- a key is expired from the very moment of `expires_at`; a generation that was rotated away is expired, not unknown;
- a key with networks refuses an address that is missing, malformed or outside; a v4 address inside v6 (`::ffff:0:0/96`) counts as v4;
- what can be prepared is prepared once, in `VerifiableKey`, which is what a cache holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final, TypeAlias

from ctsec.errors import CorruptRecord
from ctsec.keys.mac import PepperRing
from ctsec.keys.organization_policy import OrganizationKeyPolicy, under
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.keys.token import ParsedToken
from ctsec.network import parse_address
from ctsec.network import parse_network as network_of
from ctsec.outcome import Outcome, Reason, Refusal

Network: TypeAlias = tuple[int, int, int]

_INVALID: Final = Refusal(Reason.INVALID_TOKEN, "this is not an API key")
_REVOKED: Final = Refusal(Reason.REVOKED, "this API key was revoked")
_EXPIRED: Final = Refusal(Reason.EXPIRED, "this API key has expired")
_ROTATED: Final = Refusal(Reason.EXPIRED, "this secret of the API key was replaced; use the new one")
_ELSEWHERE: Final = Refusal(Reason.DENIED, "this API key may not be used from this address")


def parse_network(text: str) -> Network:
    """Return (version, mask, network) of a CIDR; raise ValueError for what `ctsec.network` does not take for one."""
    network = network_of(text)
    return network.version, int(network.netmask), int(network.network_address)


def _gate(networks: tuple[Network, ...]) -> Callable[[str], bool] | None:
    if not networks:
        return None

    @lru_cache(maxsize=256)
    def admits(address: str) -> bool:
        found = parse_address(address)
        return found is not None and any(found.version == v and int(found) & mask == start for v, mask, start in networks)

    return admits


def _both(own: Callable[[str], bool] | None, required: Callable[[str], bool] | None) -> Callable[[str], bool] | None:
    if own is None or required is None:
        return own if required is None else required
    return lambda address: own(address) and required(address)


@dataclass(frozen=True, slots=True)
class VerifiableKey:
    """A key with its secrets, prepared for many verifications; `admits` says whether its networks hold an address. Made by `prepare`."""

    key: ApiKey
    secrets: tuple[KeySecret, ...]
    admits: Callable[[str], bool] | None = field(repr=False, compare=False)

    def check(self, token: bytes, *, ring: PepperRing, now: datetime, address: str) -> Outcome[ApiKey]:
        """Return the key if the bytes of the whole `token` prove it at `now` from `address`, or the refusal.

        Reasons: INVALID_TOKEN, REVOKED, EXPIRED, DENIED (the address). `now` is an aware datetime.
        """
        proved: KeySecret | None = None
        for secret in self.secrets:
            if ring.verify(secret.pepper_id, secret.mac, token):
                proved = secret
        return _INVALID if proved is None else self.judge(proved, now=now, address=address)

    def judge(self, proved: KeySecret, *, now: datetime, address: str) -> Outcome[ApiKey]:
        """Return the key if it may be used at `now` from `address` with the secret that was proved, or the refusal."""
        key = self.key
        if key.revoked_at is not None:
            return _REVOKED
        if key.expires_at is not None and now >= key.expires_at:
            return _EXPIRED
        if proved.expires_at is not None and now >= proved.expires_at:
            return _ROTATED
        if self.admits is not None and not self.admits(address):
            return _ELSEWHERE
        return key


def prepare(key: ApiKey, *, secrets: Iterable[KeySecret], policy: OrganizationKeyPolicy | None = None) -> VerifiableKey:
    """Return the key prepared for verification under its organization's policy.

    Raises CorruptRecord if a secret is another key's or a stored network is none.
    """
    generations = tuple(secrets)
    if any(secret.key_id != key.id for secret in generations):
        raise CorruptRecord("expected secrets of the same API key")
    try:
        networks = tuple(parse_network(text) for text in key.networks)
        required = tuple(parse_network(text) for text in policy.networks) if policy is not None else ()
    except ValueError:
        raise CorruptRecord("expected networks in CIDR notation in the record of an API key") from None
    return VerifiableKey(under(policy, key), generations, _both(_gate(networks), _gate(required)))


def check_key(
    parsed: ParsedToken, *, key: ApiKey, secrets: Iterable[KeySecret], ring: PepperRing, now: datetime, address: str
) -> Outcome[ApiKey]:
    """Return `key` if the token proves it, or the refusal: the same as `prepare` and `check`, for a record just read."""
    return prepare(key, secrets=secrets).check(parsed.token, ring=ring, now=now, address=address)


def proving_secret(token: bytes, *, secrets: Iterable[KeySecret], ring: PepperRing) -> KeySecret | None:
    """Return the generation that `token` proves, to compute its MAC anew when `pepper_id` is no longer the ring's current one."""
    hits = [secret for secret in secrets if ring.verify(secret.pepper_id, secret.mac, token)]
    return hits[-1] if hits else None
