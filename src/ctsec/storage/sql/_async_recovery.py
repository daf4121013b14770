"""Resets of second factors, trails of accounts, terms and domains of organizations in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from ctsec.directory.record import VerifiedDomain
from ctsec.ids import OrganizationId, RecoveryId, UserId
from ctsec.recovery.record import Recovery, RecoveryState, RecoveryTerms, Trail
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import recovery as statements
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class AsyncSqlRecoveries:
    """See `ctsec.recovery.ports.AsyncRecoveryRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, recovery: Recovery) -> None:
        """Insert a reset."""
        await self._run.change(added(self._tables.recovery, recovery))

    async def get(self, recovery_id: RecoveryId, *, fresh: bool = False) -> Recovery | None:
        """Return a reset, by a plain or a locking read."""
        t = self._tables.recovery
        query = select(t).where(t.c.id == recovery_id)
        return made(Recovery, await self._run.row(query.with_for_update() if fresh else query))

    async def change(self, after: Recovery, *, before: RecoveryState) -> bool:
        """Write state, approval and end of a reset whose stored state is `before`."""
        return await self._run.change(statements.change(self._tables, after, before=before)) == 1

    async def page(self, organization_id: OrganizationId | None, *, after: str, limit: int) -> tuple[Recovery, ...]:
        """Return resets of an organization, or cases of the support, with an id above `after`."""
        return all_made(Recovery, await self._run.rows(statements.page(self._tables, organization_id, after=after, limit=limit)))

    async def pending(self, user_id: UserId, *, now: datetime) -> tuple[Recovery, ...]:
        """Return the resets of a person that may still be carried out."""
        return all_made(Recovery, await self._run.rows(statements.pending(self._tables, user_id, now=now)))

    async def due(self, *, now: datetime, limit: int) -> tuple[RecoveryId, ...]:
        """Return the approved resets that are due, and the pending ones that expired."""
        return tuple(RecoveryId(row["id"]) for row in await self._run.rows(statements.due(self._tables, now=now, limit=limit)))


class AsyncSqlTrails:
    """See `ctsec.recovery.ports.AsyncTrailRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._table = tables.trail

    async def get(self, user_id: UserId) -> Trail | None:
        """Return the trail of a person."""
        return made(Trail, await self._run.row(select(self._table).where(self._table.c.user_id == user_id)))

    async def put(self, trail: Trail) -> bool:
        """Insert version 1, or replace the version before."""
        if trail.version == 1:
            return await self._run.change_unless_taken(added(self._table, trail)) is not None
        return await self._run.change(replaced(self._table, trail, key=("user_id",))) == 1


class AsyncSqlTerms:
    """See `ctsec.recovery.ports.AsyncTermsRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._table = tables.recovery_terms

    async def get(self, organization_id: OrganizationId) -> RecoveryTerms | None:
        """Return an organization's own terms."""
        return made(RecoveryTerms, await self._run.row(select(self._table).where(self._table.c.organization_id == organization_id)))

    async def put(self, terms: RecoveryTerms) -> bool:
        """Insert version 1, or replace the version before."""
        if terms.version == 1:
            return await self._run.change_unless_taken(added(self._table, terms)) is not None
        return await self._run.change(replaced(self._table, terms, key=("organization_id",))) == 1


class AsyncSqlDomains:
    """See `ctsec.directory.ports.AsyncDomainRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._table = tables.domain

    async def add(self, domain: VerifiedDomain) -> bool:
        """Insert a domain; False if an organization has it already."""
        return await self._run.change_unless_taken(added(self._table, domain)) is not None

    async def get(self, name: str) -> VerifiedDomain | None:
        """Return a verified domain."""
        return made(VerifiedDomain, await self._run.row(select(self._table).where(self._table.c.name == name)))

    async def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete a domain of an organization."""
        t = self._table
        return await self._run.change(delete(t).where(t.c.name == name, t.c.organization_id == organization_id)) == 1

    async def of_organization(self, organization_id: OrganizationId) -> tuple[VerifiedDomain, ...]:
        """Return the domains of an organization, in the order of names."""
        t = self._table
        return all_made(VerifiedDomain, await self._run.rows(select(t).where(t.c.organization_id == organization_id).order_by(t.c.name)))
