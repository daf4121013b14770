# Generated from src/ctsec/storage/memory/_async_departures.py by tools/twin.py; edit that file.
"""Who was a member and is none any more, in memory (async source)."""

from __future__ import annotations

from ctsec.directory.record import Departure
from ctsec.ids import OrganizationId, UserId
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import DEPARTURES


class MemoryDepartures:
    """See `ctsec.directory.ports.DepartureRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def put(self, departure: Departure) -> None:
        """Insert a departure, or replace the one of the same person and organization."""
        self._tx.put(DEPARTURES, (departure.organization_id, departure.user_id), departure)

    def get(self, organization_id: OrganizationId, user_id: UserId) -> Departure | None:
        """Return the departure of a person."""
        return self._tx.get(DEPARTURES, (organization_id, user_id))

    def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete it; True if there was one."""
        key = (organization_id, user_id)
        if self._tx.current(DEPARTURES, key) is None:
            return False
        self._tx.put(DEPARTURES, key, None)
        return True
