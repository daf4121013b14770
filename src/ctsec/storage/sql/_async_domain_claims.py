"""Claims of domains in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from ctsec.ids import OrganizationId
from ctsec.sso.domain_claim import DomainClaim
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class AsyncSqlDomainClaims:
    """See `ctsec.sso.ports.AsyncDomainClaimRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._table = tables.domain_claim

    async def add(self, claim: DomainClaim) -> bool:
        """Insert a claim; False if the organization has one of this name."""
        return await self._run.change_unless_taken(added(self._table, claim)) is not None

    async def get(self, organization_id: OrganizationId, name: str) -> DomainClaim | None:
        """Return the claim of an organization."""
        t = self._table
        return made(DomainClaim, await self._run.row(select(t).where(t.c.organization_id == organization_id, t.c.name == name)))

    async def of_organization(self, organization_id: OrganizationId) -> tuple[DomainClaim, ...]:
        """Return the claims of an organization, in the order of names."""
        t = self._table
        return all_made(DomainClaim, await self._run.rows(select(t).where(t.c.organization_id == organization_id).order_by(t.c.name)))

    async def replace(self, claim: DomainClaim) -> bool:
        """Write if the stored version is one less."""
        return await self._run.change(replaced(self._table, claim, key=("organization_id", "name"))) == 1

    async def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete the claim of an organization."""
        t = self._table
        return await self._run.change(delete(t).where(t.c.organization_id == organization_id, t.c.name == name)) == 1

    async def due(self, *, now: datetime, limit: int) -> tuple[DomainClaim, ...]:
        """Return the claims whose look is due, the longest due first."""
        t = self._table
        query = select(t).where(t.c.due_at <= now).order_by(t.c.due_at, t.c.organization_id, t.c.name).limit(limit)
        return all_made(DomainClaim, await self._run.rows(query))
