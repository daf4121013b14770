"""Owners of API keys, and what organizations ask of keys, in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ctsec.directory.service_account import ServiceAccount
from ctsec.ids import KeyId, OrganizationId, ServiceAccountId
from ctsec.keys.organization_policy import OrganizationKeyPolicy
from ctsec.keys.record import ApiKey
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import key_owners
from ctsec.storage.sql.statements.rows import added, all_made, made, put, values
from ctsec.storage.sql.tables import Tables


class AsyncSqlServiceAccounts:
    """See `ctsec.directory.ports.AsyncServiceAccountRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, account: ServiceAccount) -> None:
        """Insert a service account."""
        await self._run.change(added(self._tables.service_account, account))

    async def get(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> ServiceAccount | None:
        """Return a service account of this organization."""
        return made(ServiceAccount, await self._run.row(key_owners.account(self._tables, organization_id, account_id)))

    async def remove(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> bool:
        """Delete it; True if there was one."""
        return await self._run.change(key_owners.remove_account(self._tables, organization_id, account_id)) == 1

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[ServiceAccount, ...]:
        """Return service accounts with an id above `after`, in the order of ids."""
        rows = await self._run.rows(key_owners.accounts(self._tables, organization_id, after=after, limit=limit))
        return all_made(ServiceAccount, rows)


class AsyncSqlKeyLists:
    """See `ctsec.keys.ports.AsyncKeyLists`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[tuple[ApiKey, datetime], ...]:
        """Return keys with an id above `after`, each with the time of its newest secret."""
        found = all_made(ApiKey, await self._run.rows(key_owners.keys(self._tables, organization_id, after=after, limit=limit)))
        if not found:
            return ()
        times = await self._run.rows(key_owners.newest_secrets(self._tables, [key.id for key in found]))
        made_at = {row["key_id"]: row["made"] for row in times}
        return tuple((key, made_at[key.id]) for key in found)

    async def minted_by(self, organization_id: OrganizationId, minter: str, *, now: datetime) -> tuple[ApiKey, ...]:
        """Return the keys with a secret that `minter` was shown and that has not ended."""
        return all_made(ApiKey, await self._run.rows(key_owners.minted_by(self._tables, organization_id, minter, now=now)))

    async def shown_accounts(self, organization_id: OrganizationId, minter: str) -> tuple[ServiceAccountId, ...]:
        """Return the service accounts of which `minter` was ever shown a secret."""
        rows = await self._run.rows(key_owners.shown_accounts(self._tables, organization_id, minter))
        return tuple(ServiceAccountId(row["owner_id"]) for row in rows)

    async def end_secret(self, key_id: KeyId, generation: int, *, now: datetime) -> bool:
        """End one secret of a key."""
        return await self._run.change(key_owners.end_secret(self._tables, key_id, generation, now=now)) == 1

    async def to_remind(self, *, now: datetime, before: datetime, limit: int) -> tuple[ApiKey, ...]:
        """Return keys that end soon and whose end nobody was reminded of, the soonest first."""
        return all_made(ApiKey, await self._run.rows(key_owners.to_remind(self._tables, now=now, before=before, limit=limit)))

    async def reminded(self, key_id: KeyId, *, end: datetime) -> bool:
        """Write that somebody was reminded of this end."""
        return await self._run.change(key_owners.reminded(self._tables, key_id, end=end)) == 1


class AsyncSqlKeyPolicies:
    """See `ctsec.keys.ports.AsyncKeyPolicyRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def get(self, organization_id: OrganizationId) -> OrganizationKeyPolicy | None:
        """Return an organization's policy."""
        t = self._tables.key_policy
        return made(OrganizationKeyPolicy, await self._run.row(select(t).where(t.c.organization_id == organization_id)))

    async def put(self, policy: OrganizationKeyPolicy) -> None:
        """Write a policy in place of the one before."""
        await self._run.change(put(self._tables.key_policy, values(policy), key=("organization_id",), dialect=self._run.dialect))

    async def page(self, *, after: str, limit: int) -> tuple[OrganizationKeyPolicy, ...]:
        """Return the policies of organizations with an id above `after`, in the order of ids."""
        return all_made(OrganizationKeyPolicy, await self._run.rows(key_owners.policies(self._tables, after=after, limit=limit)))
