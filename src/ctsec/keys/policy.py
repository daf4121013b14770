"""What a deployment allows of API keys, and what a new one is asked to be.

Rules that this module keeps:

- a key ends: after 90 days unless another life is asked for, never only where the deployment says so;
- the old secret of a rotated key works on for an overlap of at most 30 days.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """What a new key is to be; None for `scopes` and `workspaces` does not narrow, `life` None never ends (only by explicit policy)."""

    name: str
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None
    networks: tuple[str, ...] = ()
    life: timedelta | None = DEFAULT_LIFE
    environment: str = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicy:
    """What the deployment allows: `allow_endless` keys without expiry, and the longest life of the others."""

    allow_endless: bool = False
    longest_life: timedelta = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A key with the text of its secret, which is shown once and stored nowhere."""

    key: ApiKey
    token: SecretText
