"""Wrapped data keys, and the keys of organizations' own, in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import select

from ctsec.encryption.customer_key import CustomerKey
from ctsec.encryption.dek import WrappedDek
from ctsec.ids import DekId, OrganizationId
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import deks
from ctsec.storage.sql.statements.rows import added, all_made, made
from ctsec.storage.sql.tables import Tables


class AsyncSqlDeks:
    """See `ctsec.encryption.ports.AsyncDekRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, dek: WrappedDek) -> None:
        """Insert a wrapped key."""
        await self._run.change(added(self._tables.dek, dek))

    async def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a wrapped key."""
        return made(WrappedDek, await self._run.row(select(self._tables.dek).where(self._tables.dek.c.id == dek_id)))

    async def active(self, scope: str, region: str) -> WrappedDek | None:
        """Return the newest active key of `scope` in `region`."""
        return made(WrappedDek, await self._run.row(deks.active(self._tables, scope, region)))

    async def of_scope(self, scope: str) -> tuple[WrappedDek, ...]:
        """Return every key of `scope`, in the order of their ids."""
        return all_made(WrappedDek, await self._run.rows(deks.of_scope(self._tables, scope)))

    async def under(self, kek: str, *, after: str, limit: int) -> tuple[WrappedDek, ...]:
        """Return keys that `kek` wrapped, with an id above `after`, in the order of their ids."""
        return all_made(WrappedDek, await self._run.rows(deks.under(self._tables, kek, after=after, limit=limit)))

    async def active_page(self, *, after: str, limit: int) -> tuple[WrappedDek, ...]:
        """Return active keys of every scope with an id above `after`, in the order of their ids."""
        return all_made(WrappedDek, await self._run.rows(deks.active_page(self._tables, after=after, limit=limit)))

    async def retired_scopes(self, *, after: str, limit: int) -> tuple[str, ...]:
        """Return scopes above `after` that have keys which only open, in their order."""
        return tuple(row["scope"] for row in await self._run.rows(deks.retired_scopes(self._tables, after=after, limit=limit)))

    async def of_scopes(self, scopes: tuple[str, ...]) -> tuple[WrappedDek, ...]:
        """Return every key of some scopes, in the order of scopes and ids."""
        return all_made(WrappedDek, await self._run.rows(deks.of_scopes(self._tables, scopes)))

    async def change(self, dek: WrappedDek) -> bool:
        """Write a record whose version is one above the stored one; True if it was written."""
        return await self._run.change(deks.change(self._tables, dek)) == 1


class AsyncSqlCustomerKeys:
    """See `ctsec.encryption.ports.AsyncCustomerKeyRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def get(self, organization: OrganizationId, region: str, *, fresh: bool = False) -> CustomerKey | None:
        """Return the key of an organization for a region; `fresh` is a locking read."""
        return made(CustomerKey, await self._run.row(deks.customer_key(self._tables, organization, region, fresh=fresh)))

    async def of_organization(self, organization: OrganizationId) -> tuple[CustomerKey, ...]:
        """Return the keys of an organization, in the order of their regions."""
        return all_made(CustomerKey, await self._run.rows(deks.customer_keys(self._tables, organization)))

    async def add(self, key: CustomerKey) -> None:
        """Insert the key of a region that has none."""
        await self._run.change(added(self._tables.customer_key, key))

    async def change(self, key: CustomerKey) -> bool:
        """Write a record whose version is one above the stored one; True if it was written."""
        return await self._run.change(deks.change_customer_key(self._tables, key)) == 1

    async def remove(self, organization: OrganizationId, region: str) -> bool:
        """Delete the key of a region; False if there was none."""
        return await self._run.change(deks.remove_customer_key(self._tables, organization, region)) == 1

    async def holders(self, ref: str) -> tuple[CustomerKey, ...]:
        """Return the records that name `ref`, at most 100."""
        return all_made(CustomerKey, await self._run.rows(deks.holders(self._tables, ref)))

    async def page(self, *, after: tuple[str, str], limit: int) -> tuple[CustomerKey, ...]:
        """Return keys of all organizations behind (organization, region), in that order."""
        return all_made(CustomerKey, await self._run.rows(deks.customer_page(self._tables, after=after, limit=limit)))
