# Generated from src/ctsec/keys/_async_ports.py by tools/twin.py; edit that file.
"""What API keys need of a store and of the other features (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.ids import KeyId, OrganizationId, ServiceAccountId, WorkspaceId
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.outcome import Refusal
from ctsec.principal import Principal


class KeyRecords(Protocol):
    """API keys and their secrets."""

    def add(self, key: ApiKey, secret: KeySecret) -> None:
        """Insert a key with its first secret."""
        ...

    def get(self, key_id: KeyId) -> tuple[ApiKey, tuple[KeySecret, ...]] | None:
        """Return a key with its secrets, newest first."""
        ...

    def of_owner(self, organization_id: OrganizationId, owner_id: str) -> tuple[ApiKey, ...]:
        """Return the keys of an owner in an organization, newest first."""
        ...

    def revoke(self, organization_id: OrganizationId, key_id: KeyId, *, now: datetime) -> bool:
        """Mark the key revoked if it is not; True if this call did it."""
        ...

    def rotate(self, secret: KeySecret, *, overlap_until: datetime) -> bool:
        """Add the next generation and end every earlier one by `overlap_until`; False if another rotation came first."""
        ...

    def end_earlier(self, key_id: KeyId, *, now: datetime) -> bool:
        """End every generation but the newest at `now`, if one would live longer; True if there was one."""
        ...

    def touch(self, key_id: KeyId, *, at: datetime, address: str) -> None:
        """Write the last use; called coalesced and batched, never in a request."""
        ...

    def remac(self, secret: KeySecret, *, was: str) -> bool:
        """Write MAC and pepper of this generation if its pepper is still `was`; True if written."""
        ...

    def peppers(self, *, now: datetime) -> tuple[tuple[str, int], ...]:
        """Return how many secrets are under each pepper, in the order of its name, of those that may still work at `now`."""
        ...


class EpochRecords(Protocol):
    """See the directory's port of the same name."""

    def bump(self, scope: str) -> None:
        """Change the epoch of `scope` in this transaction, and have caches forget it after commit."""
        ...


class Rights(Protocol):
    """What the minter of a key may do, answered by the roles feature."""

    def may_mint(self, actor: Principal, *, organization: OrganizationId, scopes: frozenset[str] | None) -> Refusal | None:
        """Return why `actor` may not hold a key with these scopes in the organization, or None."""
        ...

    def may_mint_for(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        account: ServiceAccountId,
        scopes: frozenset[str] | None,
        workspaces: frozenset[WorkspaceId] | None,
    ) -> Refusal | None:
        """Return why `actor` may not be shown a key of the service account with this narrowing, or None."""
        ...

    def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None."""
        ...
