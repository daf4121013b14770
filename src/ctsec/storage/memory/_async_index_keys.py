"""The sealed keys of blind indexes in memory (async source)."""

from __future__ import annotations

from ctsec.encryption.blind_index import IndexKey
from ctsec.ids import OrganizationId
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import INDEX_KEYS


class AsyncMemoryIndexKeys:
    """See `ctsec.encryption.ports.AsyncIndexKeyRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def of_place(self, organization: OrganizationId, place: str, *, fresh: bool = False) -> tuple[IndexKey, ...]:
        """Return the keys of a column's index, the oldest generation first; `fresh` is a locking read."""

        def wanted(key: IndexKey) -> bool:
            return key.organization_id == organization and key.place == place

        found = self._tx.current_where(INDEX_KEYS, wanted) if fresh else [key for key in self._tx.scan(INDEX_KEYS) if wanted(key)]
        return tuple(sorted(found, key=lambda key: key.generation))

    async def add(self, key: IndexKey) -> bool:
        """Insert a key; False if there is one of this generation."""
        place = (key.organization_id, key.place, key.generation)
        if self._tx.current(INDEX_KEYS, place) is not None:
            return False
        self._tx.put(INDEX_KEYS, place, key)
        return True

    async def remove(self, organization: OrganizationId, place: str, *, below: int) -> int:
        """Delete the generations below one; return how many there were."""
        found = [key for key in await self.of_place(organization, place, fresh=True) if key.generation < below]
        for key in found:
            self._tx.put(INDEX_KEYS, (organization, place, key.generation), None)
        return len(found)
