# Generated from src/ctsec/storage/sql/_async_deks.py by tools/twin.py; edit that file.
"""Wrapped data keys, and the keys of organizations' own, in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import select

from ctsec.encryption.customer_key import CustomerKey
from ctsec.encryption.dek import WrappedDek
from ctsec.ids import DekId, OrganizationId
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import deks
from ctsec.storage.sql.statements.rows import added, all_made, made
from ctsec.storage.sql.tables import Tables


class SqlDeks:
    """See `ctsec.encryption.ports.DekRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def add(self, dek: WrappedDek) -> None:
        """Insert a wrapped key."""
        self._run.change(added(self._tables.dek, dek))

    def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a wrapped key."""
        return made(WrappedDek, self._run.row(select(self._tables.dek).where(self._tables.dek.c.id == dek_id)))

    def active(self, scope: str, region: str) -> WrappedDek | None:
        """Return the newest active key of `scope` in `region`."""
        return made(WrappedDek, self._run.row(deks.active(self._tables, scope, region)))

    def of_scope(self, scope: str) -> tuple[WrappedDek, ...]:
        """Return every key of `scope`, in the order of their ids."""
        return all_made(WrappedDek, self._run.rows(deks.of_scope(self._tables, scope)))

    def under(self, kek: str, *, after: str, limit: int) -> tuple[WrappedDek, ...]:
        """Return keys that `kek` wrapped, with an id above `after`, in the order of their ids."""
        return all_made(WrappedDek, self._run.rows(deks.under(self._tables, kek, after=after, limit=limit)))

    def active_page(self, *, after: str, limit: int) -> tuple[WrappedDek, ...]:
        """Return active keys of every scope with an id above `after`, in the order of their ids."""
        return all_made(WrappedDek, self._run.rows(deks.active_page(self._tables, after=after, limit=limit)))

    def retired_scopes(self, *, after: str, limit: int) -> tuple[str, ...]:
        """Return scopes above `after` that have keys which only open, in their order."""
        return tuple(row["scope"] for row in self._run.rows(deks.retired_scopes(self._tables, after=after, limit=limit)))

    def of_scopes(self, scopes: tuple[str, ...]) -> tuple[WrappedDek, ...]:
        """Return every key of some scopes, in the order of scopes and ids."""
        return all_made(WrappedDek, self._run.rows(deks.of_scopes(self._tables, scopes)))

    def change(self, dek: WrappedDek) -> bool:
        """Write a record whose version is one above the stored one; True if it was written."""
        return self._run.change(deks.change(self._tables, dek)) == 1


class SqlCustomerKeys:
    """See `ctsec.encryption.ports.CustomerKeyRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def get(self, organization: OrganizationId, region: str, *, fresh: bool = False) -> CustomerKey | None:
        """Return the key of an organization for a region; `fresh` is a locking read."""
        return made(CustomerKey, self._run.row(deks.customer_key(self._tables, organization, region, fresh=fresh)))

    def of_organization(self, organization: OrganizationId) -> tuple[CustomerKey, ...]:
        """Return the keys of an organization, in the order of their regions."""
        return all_made(CustomerKey, self._run.rows(deks.customer_keys(self._tables, organization)))

    def add(self, key: CustomerKey) -> None:
        """Insert the key of a region that has none."""
        self._run.change(added(self._tables.customer_key, key))

    def change(self, key: CustomerKey) -> bool:
        """Write a record whose version is one above the stored one; True if it was written."""
        return self._run.change(deks.change_customer_key(self._tables, key)) == 1

    def remove(self, organization: OrganizationId, region: str) -> bool:
        """Delete the key of a region; False if there was none."""
        return self._run.change(deks.remove_customer_key(self._tables, organization, region)) == 1

    def holders(self, ref: str) -> tuple[CustomerKey, ...]:
        """Return the records that name `ref`, at most 100."""
        return all_made(CustomerKey, self._run.rows(deks.holders(self._tables, ref)))

    def page(self, *, after: tuple[str, str], limit: int) -> tuple[CustomerKey, ...]:
        """Return keys of all organizations behind (organization, region), in that order."""
        return all_made(CustomerKey, self._run.rows(deks.customer_page(self._tables, after=after, limit=limit)))
