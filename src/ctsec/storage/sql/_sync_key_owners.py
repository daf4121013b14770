# Generated from src/ctsec/storage/sql/_async_key_owners.py by tools/twin.py; edit that file.
"""Owners of API keys, and what organizations ask of keys, in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ctsec.directory.service_account import ServiceAccount
from ctsec.ids import KeyId, OrganizationId, ServiceAccountId
from ctsec.keys.organization_policy import OrganizationKeyPolicy
from ctsec.keys.record import ApiKey
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import key_owners
from ctsec.storage.sql.statements.rows import added, all_made, made, put, values
from ctsec.storage.sql.tables import Tables


class SqlServiceAccounts:
    """See `ctsec.directory.ports.ServiceAccountRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def add(self, account: ServiceAccount) -> None:
        """Insert a service account."""
        self._run.change(added(self._tables.service_account, account))

    def get(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> ServiceAccount | None:
        """Return a service account of this organization."""
        return made(ServiceAccount, self._run.row(key_owners.account(self._tables, organization_id, account_id)))

    def remove(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> bool:
        """Delete it; True if there was one."""
        return self._run.change(key_owners.remove_account(self._tables, organization_id, account_id)) == 1

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[ServiceAccount, ...]:
        """Return service accounts with an id above `after`, in the order of ids."""
        rows = self._run.rows(key_owners.accounts(self._tables, organization_id, after=after, limit=limit))
        return all_made(ServiceAccount, rows)


class SqlKeyLists:
    """See `ctsec.keys.ports.KeyLists`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[tuple[ApiKey, datetime], ...]:
        """Return keys with an id above `after`, each with the time of its newest secret."""
        found = all_made(ApiKey, self._run.rows(key_owners.keys(self._tables, organization_id, after=after, limit=limit)))
        if not found:
            return ()
        times = self._run.rows(key_owners.newest_secrets(self._tables, [key.id for key in found]))
        made_at = {row["key_id"]: row["made"] for row in times}
        return tuple((key, made_at[key.id]) for key in found)

    def minted_by(self, organization_id: OrganizationId, minter: str, *, now: datetime) -> tuple[ApiKey, ...]:
        """Return the keys with a secret that `minter` was shown and that has not ended."""
        return all_made(ApiKey, self._run.rows(key_owners.minted_by(self._tables, organization_id, minter, now=now)))

    def shown_accounts(self, organization_id: OrganizationId, minter: str) -> tuple[ServiceAccountId, ...]:
        """Return the service accounts of which `minter` was ever shown a secret."""
        rows = self._run.rows(key_owners.shown_accounts(self._tables, organization_id, minter))
        return tuple(ServiceAccountId(row["owner_id"]) for row in rows)

    def end_secret(self, key_id: KeyId, generation: int, *, now: datetime) -> bool:
        """End one secret of a key."""
        return self._run.change(key_owners.end_secret(self._tables, key_id, generation, now=now)) == 1

    def to_remind(self, *, now: datetime, before: datetime, limit: int) -> tuple[ApiKey, ...]:
        """Return keys that end soon and whose end nobody was reminded of, the soonest first."""
        return all_made(ApiKey, self._run.rows(key_owners.to_remind(self._tables, now=now, before=before, limit=limit)))

    def reminded(self, key_id: KeyId, *, end: datetime) -> bool:
        """Write that somebody was reminded of this end."""
        return self._run.change(key_owners.reminded(self._tables, key_id, end=end)) == 1


class SqlKeyPolicies:
    """See `ctsec.keys.ports.KeyPolicyRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def get(self, organization_id: OrganizationId) -> OrganizationKeyPolicy | None:
        """Return an organization's policy."""
        t = self._tables.key_policy
        return made(OrganizationKeyPolicy, self._run.row(select(t).where(t.c.organization_id == organization_id)))

    def put(self, policy: OrganizationKeyPolicy) -> None:
        """Write a policy in place of the one before."""
        self._run.change(put(self._tables.key_policy, values(policy), key=("organization_id",), dialect=self._run.dialect))

    def page(self, *, after: str, limit: int) -> tuple[OrganizationKeyPolicy, ...]:
        """Return the policies of organizations with an id above `after`, in the order of ids."""
        return all_made(OrganizationKeyPolicy, self._run.rows(key_owners.policies(self._tables, after=after, limit=limit)))
