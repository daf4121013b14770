"""What a deployment allows of API keys, and what a new one is asked to be.

Rules that this module keeps:

- a key ends: after 90 days unless another life is asked for, never only where the deployment says so;
- the old secret of a rotated key works on for an overlap of at most 30 days;
- a key has a rate: 6,000 requests a minute, if neither it nor the deployment says another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ctsec.ids import WorkspaceId
from ctsec.keys.record import ApiKey
from ctsec.secret import SecretText

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
    """

    name: str
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None
    networks: tuple[str, ...] = ()
    life: timedelta | None = DEFAULT_LIFE
    environment: str = "live"
    rate: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicy:
    """What the deployment allows: `allow_endless` keys without expiry, and the longest life of the others.

    `rate` is how many requests a minute a key may make that says nothing else (1 to `highest_rate`), None for as many as it likes; no key
    may be made with more than `highest_rate`. With `audit_each_request` each request is an event of its own, written before it goes on;
    otherwise there is one event a minute for each key, address block and outcome. Rates are counted by each process, or with `stored_rates`
    where the allowances of address blocks are, for all processes together and with a write for each request.
    """

    allow_endless: bool = False
    longest_life: timedelta = timedelta(days=366)
    rate: int | None = DEFAULT_RATE
    highest_rate: int = HIGHEST_RATE
    audit_each_request: bool = False
    stored_rates: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.highest_rate <= HIGHEST_RATE or (self.rate is not None and not 1 <= self.rate <= self.highest_rate):
            raise ValueError(f"expected a rate of at least 1 and at most the highest one, which is at most {HIGHEST_RATE:,} a minute")


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A key with the text of its secret, which is shown once and stored nowhere."""

    key: ApiKey
    token: SecretText
