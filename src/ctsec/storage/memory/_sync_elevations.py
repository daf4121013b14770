# Generated from src/ctsec/storage/memory/_async_elevations.py by tools/twin.py; edit that file.
"""Lists of workspaces, roles for a time and permits to break the glass in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.ids import BreakGlassId, ElevationId, OrganizationId, UserId, WorkspaceId
from ctsec.rbac.elevation import BreakGlassPermit, ElevationRequest, ElevationState
from ctsec.rbac.listing import Reach, reaches
from ctsec.storage.memory.standing import standing_of
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import BREAK_GLASS, ELEVATIONS, WORKSPACES


class MemoryLists:
    """See `ctsec.rbac.ports.ListRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def workspaces(self, reach: Reach, *, after: str, limit: int) -> tuple[WorkspaceId, ...]:
        """Return the workspaces within `reach` with an id above `after`, in the order of ids."""
        return tuple(sorted(each for each in self._reached(reach) if each > after)[:limit])

    def count(self, reach: Reach) -> int:
        """Return how many there are."""
        return len(self._reached(reach))

    def _reached(self, reach: Reach) -> list[WorkspaceId]:
        standing = standing_of(self._tx, reach.organization, reach.user)
        own = [each.id for each in self._tx.scan(WORKSPACES) if each.organization_id == reach.organization]
        return [each for each in own if reaches(reach, standing, each)]


class MemoryElevations:
    """See `ctsec.rbac.ports.ElevationRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, request: ElevationRequest) -> None:
        """Insert a request."""
        self._tx.insert(ELEVATIONS, request.id, request)

    def get(self, organization_id: OrganizationId, elevation_id: ElevationId, *, fresh: bool = False) -> ElevationRequest | None:
        """Return a request of the organization, by a plain or a locking read."""
        found = self._tx.current(ELEVATIONS, elevation_id) if fresh else self._tx.get(ELEVATIONS, elevation_id)
        return found if found is not None and found.organization_id == organization_id else None

    def change(self, after: ElevationRequest, *, before: ElevationState) -> bool:
        """Write a request whose stored state still is `before`."""
        stored = self._tx.current(ELEVATIONS, after.id)
        if stored is None or stored.organization_id != after.organization_id or stored.state is not before:
            return False
        self._tx.put(ELEVATIONS, after.id, after)
        return True

    def of_organization(
        self, organization_id: OrganizationId, *, state: ElevationState, after: str, limit: int
    ) -> tuple[ElevationRequest, ...]:
        """Return the requests in a state with an id above `after`, in the order of ids."""
        found = [each for each in self._tx.scan(ELEVATIONS) if each.organization_id == organization_id and each.state is state]
        return tuple(sorted((each for each in found if each.id > after), key=lambda each: each.id)[:limit])

    def open_of_user(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """Return how many requests of a person are open."""
        theirs = [each for each in self._tx.scan(ELEVATIONS) if (each.organization_id, each.user_id) == (organization_id, user_id)]
        return sum(each.state is ElevationState.OPEN for each in theirs)

    def end_of_user(self, organization_id: OrganizationId, user_id: UserId, *, now: datetime) -> None:
        """End whatever is open or active of a person who leaves."""
        live = {ElevationState.OPEN, ElevationState.ACTIVE}

        def theirs(request: ElevationRequest) -> bool:
            return (request.organization_id, request.user_id) == (organization_id, user_id) and request.state in live

        for each in self._tx.current_where(ELEVATIONS, theirs):
            self._tx.put(ELEVATIONS, each.id, replace(each, state=ElevationState.ENDED, ended_at=now))

    def end_expired(self, *, before: datetime) -> int:
        """Mark as ended what was active and ended by itself before an instant."""

        def over(request: ElevationRequest) -> bool:
            return request.state is ElevationState.ACTIVE and request.expires_at is not None and request.expires_at <= before

        found = self._tx.current_where(ELEVATIONS, over)
        for each in found:
            self._tx.put(ELEVATIONS, each.id, replace(each, state=ElevationState.ENDED, ended_at=each.expires_at))
        return len(found)


class MemoryBreakGlass:
    """See `ctsec.rbac.ports.BreakGlassRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, permit: BreakGlassPermit) -> None:
        """Insert a permit."""
        self._tx.insert(BREAK_GLASS, permit.id, permit)

    def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[BreakGlassPermit, ...]:
        """Return the permits of a person, in the order of ids."""
        found = [each for each in self._tx.scan(BREAK_GLASS) if (each.organization_id, each.user_id) == (organization_id, user_id)]
        return tuple(sorted(found, key=lambda each: each.id))

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[BreakGlassPermit, ...]:
        """Return permits with an id above `after`, in the order of ids."""
        found = [each for each in self._tx.scan(BREAK_GLASS) if each.organization_id == organization_id and each.id > after]
        return tuple(sorted(found, key=lambda each: each.id)[:limit])

    def get(self, organization_id: OrganizationId, permit_id: BreakGlassId) -> BreakGlassPermit | None:
        """Return a permit of the organization."""
        found = self._tx.current(BREAK_GLASS, permit_id)
        return found if found is not None and found.organization_id == organization_id else None

    def remove(self, organization_id: OrganizationId, permit_id: BreakGlassId) -> bool:
        """Delete a permit; True if there was one."""
        found = self._tx.current(BREAK_GLASS, permit_id)
        if found is None or found.organization_id != organization_id:
            return False
        self._tx.put(BREAK_GLASS, permit_id, None)
        return True

    def remove_of_user(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Delete the permits of a person who leaves."""

        def theirs(permit: BreakGlassPermit) -> bool:
            return (permit.organization_id, permit.user_id) == (organization_id, user_id)

        for each in self._tx.current_where(BREAK_GLASS, theirs):
            self._tx.put(BREAK_GLASS, each.id, None)
