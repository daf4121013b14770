"""Brings people in line with their groups after a change that was too large for one transaction (async source).

Rules that this module keeps:

- a page of users is settled in one transaction with the organization locked, which also writes down how far it came: who is killed
  goes on there, and nobody is left out;
- a further large change begins anew, since users who were looked at before it may be in the group;
- it is the push that decides: each user is settled as its provider's own change would.
"""

from __future__ import annotations

from typing import Final

from ctsec.ids import OrganizationId, ScimConnectionId
from ctsec.sso.scim._async_people import AsyncScimPeople, AsyncScimPeopleParts
from ctsec.sso.scim._async_reads import AsyncScimReads

SETTLED_AT_ONCE: Final = 500
SETTLED_A_PAGE: Final = 100


class AsyncScimSettling:
    """What is left of large changes; its caller is the worker."""

    __slots__ = ("_parts", "_people", "_reads")

    def __init__(self, parts: AsyncScimPeopleParts, *, people: AsyncScimPeople, reads: AsyncScimReads) -> None:
        self._parts = parts
        self._people = people
        self._reads = reads

    async def behind(self, *, after: str = "") -> tuple[tuple[OrganizationId, ScimConnectionId], ...]:
        """Return connections with an id above `after` whose people have still to be brought in line, at most a hundred."""
        found = await self._parts.records.settling(after=after, limit=SETTLED_A_PAGE)
        return tuple((each.organization_id, each.id) for each in found)

    async def page(self, organization: OrganizationId, scim_id: ScimConnectionId) -> int | None:
        """Bring the next hundred users in line and write down how far that is; return how many are active, None if nobody is left."""
        await self._parts.organizations.lock(organization)
        scim = await self._parts.records.get(scim_id)
        if scim is None or scim.settle_after is None:
            return None
        source = await self._reads.source(scim)
        page = await self._parts.users.page(scim_id, after=scim.settle_after, limit=SETTLED_A_PAGE)
        active = [each for each in page if each.active]
        for each in active:
            await self._people.settle(source, each, grouped=True)
        await self._parts.records.settle(scim_id, after=page[-1].id if len(page) == SETTLED_A_PAGE else None)
        return len(active)
