"""Lists of workspaces, roles for a time and permits to break the glass in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.ids import BreakGlassId, ElevationId, OrganizationId, UserId, WorkspaceId
from ctsec.rbac.elevation import BreakGlassPermit, ElevationRequest, ElevationState
from ctsec.rbac.listing import Reach
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import elevations, lists
from ctsec.storage.sql.statements.rows import added, all_made, made
from ctsec.storage.sql.tables import Tables


class AsyncSqlLists:
    """See `ctsec.rbac.ports.AsyncListRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def workspaces(self, reach: Reach, *, after: str, limit: int) -> tuple[WorkspaceId, ...]:
        """Return the workspaces within `reach` with an id above `after`, in the order of ids."""
        rows = await self._run.rows(lists.workspaces(self._tables, reach, after=after, limit=limit))
        return tuple(WorkspaceId(row["id"]) for row in rows)

    async def count(self, reach: Reach) -> int:
        """Return how many there are."""
        row = await self._run.row(lists.count(self._tables, reach))
        return 0 if row is None else int(row["found"])


class AsyncSqlElevations:
    """See `ctsec.rbac.ports.AsyncElevationRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, request: ElevationRequest) -> None:
        """Insert a request."""
        await self._run.change(added(self._tables.elevation, request))

    async def get(self, organization_id: OrganizationId, elevation_id: ElevationId, *, fresh: bool = False) -> ElevationRequest | None:
        """Return a request of the organization, by a plain or a locking read."""
        return made(ElevationRequest, await self._run.row(elevations.request(self._tables, organization_id, elevation_id, fresh=fresh)))

    async def change(self, after: ElevationRequest, *, before: ElevationState) -> bool:
        """Write a request whose stored state still is `before`."""
        return await self._run.change(elevations.change(self._tables, after, before=before)) == 1

    async def of_organization(
        self, organization_id: OrganizationId, *, state: ElevationState, after: str, limit: int
    ) -> tuple[ElevationRequest, ...]:
        """Return the requests in a state with an id above `after`, in the order of ids."""
        query = elevations.requests(self._tables, organization_id, state=state, after=after, limit=limit)
        return all_made(ElevationRequest, await self._run.rows(query))

    async def open_of_user(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """Return how many requests of a person are open."""
        row = await self._run.row(elevations.open_of_user(self._tables, organization_id, user_id))
        return 0 if row is None else int(row["found"])

    async def end_of_user(self, organization_id: OrganizationId, user_id: UserId, *, now: datetime) -> None:
        """End whatever is open or active of a person who leaves."""
        await self._run.change(elevations.end_of_user(self._tables, organization_id, user_id, now=now))

    async def end_expired(self, *, before: datetime) -> int:
        """Mark as ended what was active and ended by itself before an instant."""
        return await self._run.change(elevations.end_expired(self._tables, before=before))


class AsyncSqlBreakGlass:
    """See `ctsec.rbac.ports.AsyncBreakGlassRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, permit: BreakGlassPermit) -> None:
        """Insert a permit."""
        await self._run.change(added(self._tables.break_glass, permit))

    async def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[BreakGlassPermit, ...]:
        """Return the permits of a person, in the order of ids."""
        return all_made(BreakGlassPermit, await self._run.rows(elevations.permits_of_user(self._tables, organization_id, user_id)))

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[BreakGlassPermit, ...]:
        """Return permits with an id above `after`, in the order of ids."""
        query = elevations.permits(self._tables, organization_id, after=after, limit=limit)
        return all_made(BreakGlassPermit, await self._run.rows(query))

    async def get(self, organization_id: OrganizationId, permit_id: BreakGlassId) -> BreakGlassPermit | None:
        """Return a permit of the organization."""
        return made(BreakGlassPermit, await self._run.row(elevations.permit(self._tables, organization_id, permit_id)))

    async def remove(self, organization_id: OrganizationId, permit_id: BreakGlassId) -> bool:
        """Delete a permit; True if there was one."""
        return await self._run.change(elevations.remove_permit(self._tables, organization_id, permit_id)) == 1

    async def remove_of_user(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Delete the permits of a person who leaves."""
        await self._run.change(elevations.remove_permits(self._tables, organization_id, user_id))
