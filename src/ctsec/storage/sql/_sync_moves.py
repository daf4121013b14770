# Generated from src/ctsec/storage/sql/_async_moves.py by tools/twin.py; edit that file.
"""Moves of workspaces between regions, and promoted replicas, in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import select

from ctsec.ids import MoveId, OrganizationId, WorkspaceId
from ctsec.residency.record import Move, Primary
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import regions
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class SqlMoves:
    """See `ctsec.residency.ports.MoveRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def add(self, move: Move) -> bool:
        """Insert a move; False if one of the workspace with its number is there."""
        return self._run.change_unless_taken(added(self._tables.workspace_move, move)) is not None

    def get(self, move_id: MoveId) -> Move | None:
        """Return a move."""
        t = self._tables.workspace_move
        return made(Move, self._run.row(select(t).where(t.c.id == move_id)))

    def last(self, workspace_id: WorkspaceId) -> Move | None:
        """Return the latest move of a workspace."""
        return made(Move, self._run.row(regions.last_move(self._tables, workspace_id)))

    def open(self, *, limit: int) -> tuple[Move, ...]:
        """Return moves that have not ended, in the order of their ids."""
        return all_made(Move, self._run.rows(regions.open_moves(self._tables, limit=limit)))

    def touching(self, organization_id: OrganizationId, region: str) -> int:
        """Return how many moves of an organization, from or to a region, have not ended."""
        row = self._run.row(regions.touching(self._tables, organization_id, region))
        return 0 if row is None else int(row["moving"])

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Move, ...]:
        """Return the moves of an organization with an id above `after`, in the order of ids."""
        return all_made(Move, self._run.rows(regions.moves(self._tables, organization_id, after=after, limit=limit)))

    def replace(self, move: Move) -> bool:
        """Write `move` if the stored version is one less."""
        return self._run.change(replaced(self._tables.workspace_move, move)) == 1


class SqlPrimaries:
    """See `ctsec.residency.ports.PrimaryRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def get(self, region: str) -> Primary | None:
        """Return the promotion of a region."""
        t = self._tables.region_primary
        return made(Primary, self._run.row(select(t).where(t.c.region == region)))

    def put(self, primary: Primary) -> bool:
        """Write a promotion whose version is one above the stored one (0 where there is none)."""
        if primary.version == 0:
            return self._run.change_unless_taken(added(self._tables.region_primary, primary)) is not None
        return self._run.change(regions.promote(self._tables, primary)) == 1
