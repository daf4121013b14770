"""What a deployment allows of API keys, and what a new one is asked to be.

Rules that this module keeps:

- a key ends: after 90 days unless another life is asked for, never only where the deployment lets organizations say so and one does;
- the old secret of a rotated key works on for an overlap of at most 30 days;
- a key has a rate: 6,000 requests a minute, if neither it nor the deployment says another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ctsec.ids import KeyId, WorkspaceId
from ctsec.keys.record import ApiKey
from ctsec.keys.token import mint
from ctsec.keys.workload_policy import WorkloadPolicy
from ctsec.network import parse_network
from ctsec.outcome import Reason, Refusal
from ctsec.secret import SecretText
from ctsec.user import parse_name

DEFAULT_LIFE: Final = timedelta(days=90)
DEFAULT_OVERLAP: Final = timedelta(hours=24)
MAX_OVERLAP: Final = timedelta(days=30)
MAX_SCOPES: Final = 200
DEFAULT_RATE: Final = 6_000
HIGHEST_RATE: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """What a new key is to be; None for `scopes` and `workspaces` does not narrow, `life` None never ends (only by explicit policy).

    `rate` is how many requests a minute it may make; 0 means as many as the deployment's policy says.
    From a `derivable` key whoever holds it derives narrower ones by themselves (`ctsec.keys.derive`).
    """

    name: str
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None
    networks: tuple[str, ...] = ()
    life: timedelta | None = DEFAULT_LIFE
    environment: str = "live"
    rate: int = 0
    derivable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicy:
    """What the deployment allows: that organizations let keys be without end (`allow_endless`), and the longest life of the others.

    `rate` is how many requests a minute a key may make that says nothing else (1 to `highest_rate`), None for as many as it likes; no key
    may be made with more than `highest_rate`. With `audit_each_request` each request is an event of its own, written before it goes on;
    otherwise there is one event a minute for each key, address block and outcome. Rates are counted by each process, or with `stored_rates`
    where the allowances of address blocks are, for all processes together and with a write for each request.
    `workload` says how far the issuers of workload identities may be asked.
    """

    allow_endless: bool = False
    longest_life: timedelta = timedelta(days=366)
    rate: int | None = DEFAULT_RATE
    highest_rate: int = HIGHEST_RATE
    audit_each_request: bool = False
    stored_rates: bool = False
    workload: WorkloadPolicy = field(default_factory=WorkloadPolicy)

    def __post_init__(self) -> None:
        if not 1 <= self.highest_rate <= HIGHEST_RATE or (self.rate is not None and not 1 <= self.rate <= self.highest_rate):
            raise ValueError(f"expected a rate of at least 1 and at most the highest one, which is at most {HIGHEST_RATE:,} a minute")


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A key with the text of its secret, which is shown once and stored nowhere."""

    key: ApiKey
    token: SecretText


def check_request(request: KeyRequest, *, policy: KeyPolicy) -> Refusal | None:
    """Return why the deployment lets nobody make such a key, or None."""
    try:
        parse_name(request.name)
        for network in request.networks:
            parse_network(network)
        mint(KeyId("key_00000000000000000000000000"), random=bytes, environment=request.environment)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    if not 0 <= request.rate <= policy.highest_rate:
        return Refusal(Reason.INVALID_INPUT, f"expected a rate of 1 to {policy.highest_rate} requests a minute, or 0 for the default")
    if request.scopes is not None and len(request.scopes) > MAX_SCOPES:
        return Refusal(Reason.TOO_LARGE, f"expected at most {MAX_SCOPES} scopes")
    if request.life is None:
        return None if policy.allow_endless else Refusal(Reason.INVALID_INPUT, "a key without expiry is not allowed here")
    if not timedelta(0) < request.life <= policy.longest_life:
        return Refusal(Reason.INVALID_INPUT, f"expected a life of up to {policy.longest_life.days} days")
    return None
