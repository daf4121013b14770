"""Credentials of the vault in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.ids import CredentialId, OrganizationId
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import vault
from ctsec.storage.sql.statements.rows import added, all_made, made
from ctsec.storage.sql.tables import Tables
from ctsec.vault.record import VaultCredential


class AsyncSqlCredentials:
    """See `ctsec.vault.ports.AsyncCredentialRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, credential: VaultCredential, sealed: bytes) -> bool:
        """Insert a credential with its sealed secret; False if its place has one of that name."""
        if await self._run.change_unless_taken(added(self._tables.credential, credential)) is None:
            return False
        await self._run.change(vault.keep(self._tables, credential.id, sealed))
        return True

    async def get(self, organization: OrganizationId, credential: CredentialId) -> VaultCredential | None:
        """Return a credential of this organization."""
        return made(VaultCredential, await self._run.row(vault.one(self._tables, organization, credential)))

    async def sealed(self, credential: CredentialId) -> bytes | None:
        """Return the sealed secret."""
        row = await self._run.row(vault.sealed(self._tables, credential))
        return None if row is None else bytes(row["sealed"])

    async def replace(self, credential: VaultCredential, *, sealed: bytes | None = None) -> bool:
        """Write a record, and a new secret if there is one, if the stored version is one less and the name is free in its place."""
        if await self._run.change_unless_taken(vault.change(self._tables, credential)) != 1:
            return False
        if sealed is not None:
            await self._run.change(vault.reseal(self._tables, credential.id, sealed))
        return True

    async def remove(self, organization: OrganizationId, credential: CredentialId) -> bool:
        """Delete a credential and its sealed secret; False if there was none."""
        if await self._run.change(vault.remove(self._tables, organization, credential)) != 1:
            return False
        await self._run.change(vault.forget(self._tables, credential))
        return True

    async def of_organization(self, organization: OrganizationId, *, after: str, limit: int) -> tuple[VaultCredential, ...]:
        """Return credentials with an id above `after`, in the order of their ids."""
        return all_made(VaultCredential, await self._run.rows(vault.page(self._tables, organization, after=after, limit=limit)))

    async def due(self, organization: OrganizationId, *, by: datetime, limit: int) -> tuple[VaultCredential, ...]:
        """Return what is due at `by` or before, the longest due first."""
        return all_made(VaultCredential, await self._run.rows(vault.due(self._tables, organization, by=by, limit=limit)))

    async def to_remind(self, *, now: datetime, limit: int) -> tuple[VaultCredential, ...]:
        """Return credentials of all organizations that are due and were not reminded of it, the longest due first."""
        return all_made(VaultCredential, await self._run.rows(vault.to_remind(self._tables, now=now, limit=limit)))

    async def reminded(self, credential: CredentialId, *, due_at: datetime) -> bool:
        """Note that this due time was reminded of; False if it was already, or is no longer the due time."""
        return await self._run.change(vault.reminded(self._tables, credential, due_at=due_at)) == 1

    async def touch(self, credential: CredentialId, *, at: datetime, by: str) -> None:
        """Write the last use; called coalesced and batched, never for each use."""
        await self._run.change(vault.touch(self._tables, credential, at=at, by=by))
