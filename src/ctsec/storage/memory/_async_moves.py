"""Moves of workspaces between regions, and promoted replicas, in memory (async source)."""

from __future__ import annotations

from ctsec.ids import MoveId, OrganizationId, WorkspaceId
from ctsec.residency.record import ENDED, Move, Primary
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import MOVE_NUMBERS, MOVES, PRIMARIES


class AsyncMemoryMoves:
    """See `ctsec.residency.ports.AsyncMoveRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, move: Move) -> bool:
        """Insert a move; False if one of the workspace with its number is there."""
        place = (move.workspace_id, move.number)
        if self._tx.current(MOVE_NUMBERS, place) is not None:
            return False
        self._tx.put(MOVE_NUMBERS, place, move.id)
        self._tx.insert(MOVES, move.id, move)
        return True

    async def get(self, move_id: MoveId) -> Move | None:
        """Return a move."""
        return self._tx.get(MOVES, move_id)

    async def last(self, workspace_id: WorkspaceId) -> Move | None:
        """Return the latest move of a workspace."""
        return max((m for m in self._tx.scan(MOVES) if m.workspace_id == workspace_id), key=lambda m: m.number, default=None)

    async def open(self, *, limit: int) -> tuple[Move, ...]:
        """Return moves that have not ended, in the order of their ids."""
        return tuple(sorted((m for m in self._tx.scan(MOVES) if m.state not in ENDED), key=lambda m: m.id)[:limit])

    async def touching(self, organization_id: OrganizationId, region: str) -> int:
        """Return how many moves of an organization, from or to a region, have not ended."""
        live = (m for m in self._tx.scan(MOVES) if m.organization_id == organization_id and m.state not in ENDED)
        return sum(region in {m.source, m.target} for m in live)

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Move, ...]:
        """Return the moves of an organization with an id above `after`, in the order of ids."""
        found = (m for m in self._tx.scan(MOVES) if m.organization_id == organization_id and m.id > after)
        return tuple(sorted(found, key=lambda m: m.id)[:limit])

    async def replace(self, move: Move) -> bool:
        """Write `move` if the stored version is one less."""
        stored = self._tx.current(MOVES, move.id)
        if stored is None or stored.version != move.version - 1:
            return False
        self._tx.put(MOVES, move.id, move)
        return True


class AsyncMemoryPrimaries:
    """See `ctsec.residency.ports.AsyncPrimaryRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def get(self, region: str) -> Primary | None:
        """Return the promotion of a region."""
        return self._tx.get(PRIMARIES, region)

    async def put(self, primary: Primary) -> bool:
        """Write a promotion whose version is one above the stored one (0 where there is none)."""
        stored = self._tx.current(PRIMARIES, primary.region)
        if (-1 if stored is None else stored.version) != primary.version - 1:
            return False
        self._tx.put(PRIMARIES, primary.region, primary)
        return True
