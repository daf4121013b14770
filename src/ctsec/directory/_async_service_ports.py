"""What service accounts need of a store (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.directory.service_account import ServiceAccount
from ctsec.ids import OrganizationId, ServiceAccountId, WorkloadRuleId


class AsyncServiceAccountRecords(Protocol):
    """Service accounts; their roles are memberships and workspace roles."""

    async def add(self, account: ServiceAccount) -> None:
        """Insert a service account."""
        ...

    async def get(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> ServiceAccount | None:
        """Return a service account of this organization."""
        ...

    async def remove(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> bool:
        """Delete it; True if there was one."""
        ...

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[ServiceAccount, ...]:
        """Return service accounts with an id above `after`, in the order of ids."""
        ...


class OwnedRule(Protocol):
    """A rule that gives keys of a service account, as far as the account matters."""

    @property
    def id(self) -> WorkloadRuleId:
        """Which rule."""
        ...

    @property
    def account_id(self) -> ServiceAccountId:
        """Of which account."""
        ...


class AsyncOwnedRules(Protocol):
    """Rules that give keys of service accounts."""

    async def of_organization(self, organization_id: OrganizationId) -> tuple[OwnedRule, ...]:
        """Return the rules of an organization."""
        ...

    async def remove(self, organization_id: OrganizationId, rule_id: WorkloadRuleId) -> bool:
        """Delete a rule; True if there was one."""
        ...
