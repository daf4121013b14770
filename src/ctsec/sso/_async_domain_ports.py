"""What proofs of domains need from outside (async source; the sync colour is generated from it)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.directory.record import VerifiedDomain
from ctsec.ids import OrganizationId
from ctsec.sso.domain_claim import DnsTrouble, DomainClaim


class AsyncTxtResolver(Protocol):
    """Asks the DNS, in bounded time and for a bounded answer."""

    async def txt(self, name: str) -> tuple[bytes, ...] | DnsTrouble:
        """Return the values of the TXT records at exactly this name, the strings of each joined; or why there are none."""
        ...


class AsyncDomainClaimRecords(Protocol):
    """Claims of domains, one for an organization and a name."""

    async def add(self, claim: DomainClaim) -> bool:
        """Insert a claim; False if the organization has one of this name (nothing is written)."""
        ...

    async def get(self, organization_id: OrganizationId, name: str) -> DomainClaim | None:
        """Return the claim of an organization."""
        ...

    async def of_organization(self, organization_id: OrganizationId) -> tuple[DomainClaim, ...]:
        """Return the claims of an organization, in the order of names."""
        ...

    async def replace(self, claim: DomainClaim) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    async def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete the claim of an organization; True if there was one."""
        ...

    async def due(self, *, now: datetime, limit: int) -> tuple[DomainClaim, ...]:
        """Return the claims whose look is due, the longest due first."""
        ...


class AsyncProvedDomains(Protocol):
    """Domains that organizations have verified, answered by the directory's records."""

    async def add(self, domain: VerifiedDomain) -> bool:
        """Insert a domain; False if an organization has it already (nothing is written)."""
        ...

    async def get(self, name: str) -> VerifiedDomain | None:
        """Return a verified domain."""
        ...

    async def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete a domain of an organization; True if there was one."""
        ...

    async def of_organization(self, organization_id: OrganizationId) -> tuple[VerifiedDomain, ...]:
        """Return the domains of an organization, in the order of names."""
        ...


class AsyncDomainOrganizations(Protocol):
    """The organizations whose claims are counted."""

    async def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the row until the transaction ends; False if there is none."""
        ...


class AsyncDomainAlarm(Protocol):
    """Whom an organization has for what concerns its domains, answered by the directory."""

    async def domain_missed(self, organization: OrganizationId, *, domain: str, withdrawn: bool, person: str) -> None:
        """Tell the owners, and the person who proved it, that the record of a domain is missing, or that the domain was withdrawn."""
        ...
