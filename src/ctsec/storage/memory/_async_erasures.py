"""Erasures in memory (async source)."""

from __future__ import annotations

from ctsec.audit.erasure.record import OPEN, Erasure
from ctsec.ids import ErasureId, UserId
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import ERASURES


class AsyncMemoryErasures:
    """See `ctsec.audit.erasure.ports.AsyncErasureRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, erasure: Erasure) -> None:
        """Insert one."""
        self._tx.insert(ERASURES, erasure.id, erasure)

    async def get(self, erasure_id: ErasureId) -> Erasure | None:
        """Return one."""
        return self._tx.get(ERASURES, erasure_id)

    async def replace(self, erasure: Erasure) -> bool:
        """Write if the stored version is one less."""
        found = self._tx.current(ERASURES, erasure.id)
        if found is None or found.version != erasure.version - 1:
            return False
        self._tx.put(ERASURES, erasure.id, erasure)
        return True

    async def of_user(self, user_id: UserId) -> tuple[Erasure, ...]:
        """Return those of a person, in the order of ids."""
        return tuple(sorted((each for each in self._tx.scan(ERASURES) if each.user_id == user_id), key=lambda each: each.id))

    async def unfinished(self, *, after: str, limit: int) -> tuple[Erasure, ...]:
        """Return those with an id above `after` that are not done, in the order of ids."""
        found = (each for each in self._tx.scan(ERASURES) if each.id > after and each.state in OPEN)
        return tuple(sorted(found, key=lambda each: each.id)[:limit])

    async def page(self, *, after: str, limit: int) -> tuple[Erasure, ...]:
        """Return those with an id above `after`, in the order of ids."""
        return tuple(sorted((each for each in self._tx.scan(ERASURES) if each.id > after), key=lambda each: each.id)[:limit])
