# Generated from src/ctsec/storage/memory/_async_deks.py by tools/twin.py; edit that file.
"""Wrapped data keys, and the keys of organizations' own, in memory (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.encryption.customer_key import CustomerKey
from ctsec.encryption.dek import DekState, WrappedDek
from ctsec.ids import DekId, OrganizationId
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import CUSTOMER_KEYS, DEKS


class MemoryDeks:
    """See `ctsec.encryption.ports.DekRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, dek: WrappedDek) -> None:
        """Insert a wrapped key."""
        self._tx.insert(DEKS, dek.id, dek)

    def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a wrapped key."""
        return self._tx.get(DEKS, dek_id)

    def active(self, scope: str, region: str) -> WrappedDek | None:
        """Return the newest active key of `scope` in `region`."""
        found = [d for d in self._tx.scan(DEKS) if (d.scope, d.region, d.state) == (scope, region, DekState.ACTIVE)]
        return max(found, key=lambda d: d.id, default=None)

    def of_scope(self, scope: str) -> tuple[WrappedDek, ...]:
        """Return every key of `scope`, in the order of their ids."""
        return tuple(sorted((d for d in self._tx.scan(DEKS) if d.scope == scope), key=lambda d: d.id))

    def under(self, kek: str, *, after: str, limit: int) -> tuple[WrappedDek, ...]:
        """Return keys that `kek` wrapped, with an id above `after`, in the order of their ids."""
        found = (d for d in self._tx.scan(DEKS) if d.kek == kek and d.id > after and d.state is not DekState.DESTROYED)
        return tuple(sorted(found, key=lambda d: d.id)[:limit])

    def active_page(self, *, after: str, limit: int) -> tuple[WrappedDek, ...]:
        """Return active keys of every scope with an id above `after`, in the order of their ids."""
        found = (d for d in self._tx.scan(DEKS) if d.id > after and d.state is DekState.ACTIVE)
        return tuple(sorted(found, key=lambda d: d.id)[:limit])

    def retired_scopes(self, *, after: str, limit: int) -> tuple[str, ...]:
        """Return scopes above `after` that have keys which only open, in their order."""
        found = {d.scope for d in self._tx.scan(DEKS) if d.state is DekState.DECRYPT_ONLY and d.scope > after}
        return tuple(sorted(found)[:limit])

    def of_scopes(self, scopes: tuple[str, ...]) -> tuple[WrappedDek, ...]:
        """Return every key of some scopes, in the order of scopes and ids."""
        return tuple(sorted((d for d in self._tx.scan(DEKS) if d.scope in scopes), key=lambda d: (d.scope, d.id)))

    def change(self, dek: WrappedDek) -> bool:
        """Write a record whose version is one above the stored one; True if it was written."""
        stored = self._tx.current(DEKS, dek.id)
        if stored is None or stored.version != dek.version - 1:
            return False
        self._tx.put(DEKS, dek.id, replace(stored, kek=dek.kek, wrapped=dek.wrapped, state=dek.state, version=dek.version))
        return True


class MemoryCustomerKeys:
    """See `ctsec.encryption.ports.CustomerKeyRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, organization: OrganizationId, region: str, *, fresh: bool = False) -> CustomerKey | None:
        """Return the key of an organization for a region; `fresh` is a locking read."""
        return (self._tx.current if fresh else self._tx.get)(CUSTOMER_KEYS, (organization, region))

    def of_organization(self, organization: OrganizationId) -> tuple[CustomerKey, ...]:
        """Return the keys of an organization, in the order of their regions."""
        return tuple(sorted((k for k in self._tx.scan(CUSTOMER_KEYS) if k.organization_id == organization), key=lambda k: k.region))

    def add(self, key: CustomerKey) -> None:
        """Insert the key of a region that has none."""
        self._tx.insert(CUSTOMER_KEYS, (key.organization_id, key.region), key)

    def change(self, key: CustomerKey) -> bool:
        """Write a record whose version is one above the stored one; True if it was written."""
        place = (key.organization_id, key.region)
        stored = self._tx.current(CUSTOMER_KEYS, place)
        if stored is None or stored.version != key.version - 1:
            return False
        self._tx.put(CUSTOMER_KEYS, place, key)
        return True

    def remove(self, organization: OrganizationId, region: str) -> bool:
        """Delete the key of a region; False if there was none."""
        if self._tx.current(CUSTOMER_KEYS, (organization, region)) is None:
            return False
        self._tx.put(CUSTOMER_KEYS, (organization, region), None)
        return True

    def holders(self, ref: str) -> tuple[CustomerKey, ...]:
        """Return the records that name `ref`, at most 100."""
        found = (k for k in self._tx.scan(CUSTOMER_KEYS) if k.ref == ref)
        return tuple(sorted(found, key=lambda k: (k.organization_id, k.region))[:100])

    def page(self, *, after: tuple[str, str], limit: int) -> tuple[CustomerKey, ...]:
        """Return keys of all organizations behind (organization, region), in that order."""
        found = ((k.organization_id, k.region, k) for k in self._tx.scan(CUSTOMER_KEYS) if (k.organization_id, k.region) > after)
        return tuple(k for _, _, k in sorted(found, key=lambda each: each[:2])[:limit])
