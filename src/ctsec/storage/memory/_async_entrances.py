"""From when on organizations are entered through their provider only, and break-glass codes, in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.sso.entrance import GlassCodeSet
from ctsec.sso.record import ConnectionState
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import CONNECTIONS, GLASS_CODES, MEMBERSHIPS, ORGANIZATIONS


class AsyncMemoryEntrances:
    """See `ctsec.sso.ports.AsyncEntranceRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def required_from(self, organization_id: OrganizationId, *, fresh: bool = False) -> datetime | None:
        """Return from when on an organization is entered through its provider only; None: never."""
        found = (self._tx.current if fresh else self._tx.get)(ORGANIZATIONS, organization_id)
        return found.sso_required_from if found is not None else None

    async def require(self, organization_id: OrganizationId, at: datetime | None) -> None:
        """Write from when on."""
        stored = self._tx.current(ORGANIZATIONS, organization_id)
        if stored is not None:
            self._tx.put(ORGANIZATIONS, organization_id, replace(stored, sso_required_from=at))

    async def of_user(self, user_id: UserId) -> tuple[tuple[OrganizationId, datetime], ...]:
        """Return the organizations of a member that have a date, in the order of ids."""
        theirs = {m.organization_id for m in self._tx.scan(MEMBERSHIPS) if m.user_id == user_id}
        found = [(o.id, o.sso_required_from) for o in self._tx.scan(ORGANIZATIONS) if o.id in theirs]
        return tuple(sorted((organization, at) for organization, at in found if at is not None))

    async def enabled(self, organization_id: OrganizationId) -> frozenset[ConnectionId]:
        """Return the enabled connections of an organization, by a locking read."""
        found = self._tx.current_where(CONNECTIONS, lambda each: each.organization_id == organization_id)
        return frozenset(each.id for each in found if each.state is ConnectionState.ENABLED)


class AsyncMemoryGlassCodes:
    """See `ctsec.sso.ports.AsyncGlassCodeRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def put(self, codes: GlassCodeSet) -> None:
        """Replace the person's set in the organization."""
        self._tx.put(GLASS_CODES, (codes.organization_id, codes.user_id), codes)

    async def get(self, organization_id: OrganizationId, user_id: UserId) -> GlassCodeSet | None:
        """Return the person's set in the organization."""
        return self._tx.get(GLASS_CODES, (organization_id, user_id))

    async def of_organization(self, organization_id: OrganizationId) -> tuple[GlassCodeSet, ...]:
        """Return the sets of an organization, in the order of persons."""
        found = [each for each in self._tx.scan(GLASS_CODES) if each.organization_id == organization_id]
        return tuple(sorted(found, key=lambda each: each.user_id))

    async def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete the person's set in the organization; True if there was one."""
        if self._tx.current(GLASS_CODES, (organization_id, user_id)) is None:
            return False
        self._tx.put(GLASS_CODES, (organization_id, user_id), None)
        return True
