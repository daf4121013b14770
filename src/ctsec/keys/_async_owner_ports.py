"""What the life of API keys needs of a store: lists over an organization's keys, and its policy for them (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.ids import KeyId, OrganizationId, ServiceAccountId
from ctsec.keys.organization_policy import OrganizationKeyPolicy
from ctsec.keys.record import ApiKey


class AsyncKeyLists(Protocol):
    """API keys that are not revoked, whoever owns them."""

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[tuple[ApiKey, datetime], ...]:
        """Return keys with an id above `after`, in the order of ids, each with the time of its newest secret."""
        ...

    async def minted_by(self, organization_id: OrganizationId, minter: str, *, now: datetime) -> tuple[ApiKey, ...]:
        """Return the keys with a secret that `minter` was shown and that has not ended at `now`, in the order of ids."""
        ...

    async def shown_accounts(self, organization_id: OrganizationId, minter: str) -> tuple[ServiceAccountId, ...]:
        """Return the service accounts of which `minter` was ever shown a secret, of a key that has ended too, in the order of ids."""
        ...

    async def end_secret(self, key_id: KeyId, generation: int, *, now: datetime) -> bool:
        """End one secret of a key at `now`; False if it had ended, or there is none."""
        ...

    async def to_remind(self, *, now: datetime, before: datetime, limit: int) -> tuple[ApiKey, ...]:
        """Return keys that end after `now` and by `before`, and whose end nobody was reminded of, the soonest first.

        Those of organizations whose policy sets a longest life are not among them: their ends are not what is stored.
        """
        ...

    async def reminded(self, key_id: KeyId, *, end: datetime) -> bool:
        """Write that somebody was reminded of this end, by one compare-and-set; False if it was written before."""
        ...


class AsyncKeyPolicyRecords(Protocol):
    """What organizations ask of keys."""

    async def get(self, organization_id: OrganizationId) -> OrganizationKeyPolicy | None:
        """Return an organization's policy."""
        ...

    async def put(self, policy: OrganizationKeyPolicy) -> None:
        """Write a policy in place of the one before."""
        ...

    async def page(self, *, after: str, limit: int) -> tuple[OrganizationKeyPolicy, ...]:
        """Return the policies of organizations with an id above `after`, in the order of ids."""
        ...
