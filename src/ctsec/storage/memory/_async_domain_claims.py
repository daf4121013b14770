"""Claims of domains in memory (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.ids import OrganizationId
from ctsec.sso.domain_claim import DomainClaim
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import DOMAIN_CLAIMS


class AsyncMemoryDomainClaims:
    """See `ctsec.sso.ports.AsyncDomainClaimRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, claim: DomainClaim) -> bool:
        """Insert a claim; False if the organization has one of this name."""
        key = (claim.organization_id, claim.name)
        if self._tx.current(DOMAIN_CLAIMS, key) is not None:
            return False
        self._tx.put(DOMAIN_CLAIMS, key, claim)
        return True

    async def get(self, organization_id: OrganizationId, name: str) -> DomainClaim | None:
        """Return the claim of an organization."""
        return self._tx.get(DOMAIN_CLAIMS, (organization_id, name))

    async def of_organization(self, organization_id: OrganizationId) -> tuple[DomainClaim, ...]:
        """Return the claims of an organization, in the order of names."""
        found = [each for each in self._tx.scan(DOMAIN_CLAIMS) if each.organization_id == organization_id]
        return tuple(sorted(found, key=lambda each: each.name))

    async def replace(self, claim: DomainClaim) -> bool:
        """Write if the stored version is one less."""
        key = (claim.organization_id, claim.name)
        stored = self._tx.current(DOMAIN_CLAIMS, key)
        if stored is None or stored.version != claim.version - 1:
            return False
        self._tx.put(DOMAIN_CLAIMS, key, claim)
        return True

    async def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete the claim of an organization."""
        if self._tx.current(DOMAIN_CLAIMS, (organization_id, name)) is None:
            return False
        self._tx.put(DOMAIN_CLAIMS, (organization_id, name), None)
        return True

    async def due(self, *, now: datetime, limit: int) -> tuple[DomainClaim, ...]:
        """Return the claims whose look is due, the longest due first."""
        found = [(each.due_at, each.organization_id, each.name, each) for each in self._tx.scan(DOMAIN_CLAIMS) if each.due_at is not None]
        return tuple(each for due_at, _, _, each in sorted(found, key=lambda found: found[:3])[:limit] if due_at <= now)
