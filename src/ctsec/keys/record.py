"""What is stored of an API key: the key itself, and the secrets that it has had.

Rules that this module keeps:

- no record holds a secret or a plain hash of one, only MACs under a pepper;
- a key outlives its secrets: rotation adds a generation, and the old one ends after an overlap;
- None means "not narrowed" for scopes and workspaces and "never" for times; an empty set means "nothing".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ctsec.ids import KeyId, OrganizationId, WorkspaceId
from ctsec.principal import PrincipalKind


class KeyStatus(StrEnum):
    """What became of a key; only VALID lets a request in."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NOT_FOUND = "not_found"
    OWNER_DISABLED = "owner_disabled"
    FORBIDDEN_ADDRESS = "forbidden_address"
    RATE_LIMITED = "rate_limited"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key of an organization, owned by a person or a service account.

    `scopes` narrows it to permissions, `workspaces` to workspaces, `networks` (CIDR, v4 or v6) to addresses; times are aware UTC datetimes.
    `rate` is how many requests a minute it may make; 0 means as many as the deployment's policy says.
    `reminded_for` is the end that somebody was last reminded of, `rule_id` the rule of workload identity that gave the key.
    """

    id: KeyId
    organization_id: OrganizationId
    owner_id: str
    owner_kind: PrincipalKind
    name: str
    environment: str
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None
    networks: tuple[str, ...] = ()
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    last_used_address: str = ""
    rate: int = 0
    reminded_for: datetime | None = None
    rule_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySecret:
    """One generation of a key's secret: its MAC, the pepper that made it, and when it stops (None: with the key).

    `minted_by` is the id of who was shown it, and `sealed_root` the root that narrower keys are derived from (None: none are).
    """

    key_id: KeyId
    generation: int
    mac: bytes = field(repr=False)
    pepper_id: str
    created_at: datetime
    expires_at: datetime | None = None
    minted_by: str = ""
    sealed_root: bytes | None = field(default=None, repr=False)


def status_at(key: ApiKey, now: datetime) -> KeyStatus:
    """Return what the record alone says of the key at `now`: REVOKED, EXPIRED (from that very moment) or VALID."""
    if key.revoked_at is not None:
        return KeyStatus.REVOKED
    if key.expires_at is not None and now >= key.expires_at:
        return KeyStatus.EXPIRED
    return KeyStatus.VALID
