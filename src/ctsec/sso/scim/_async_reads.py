"""What SCIM reads: who presents a credential, and resources by page, by name and by id (async source).

Rules that this module keeps:

- a credential proves its connection, and through it one organization; there is no question without a connection;
- whoever presents none that is right learns nothing of what is there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ctsec.ambient import Ambient
from ctsec.ids import ScimGroupId, ScimUserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.sso._async_record_ports import AsyncConnectionRecords
from ctsec.sso.scim._async_ports import (
    AsyncScimConnectionRecords,
    AsyncScimGroupRecords,
    AsyncScimMemberRecords,
    AsyncScimUserRecords,
)
from ctsec.sso.scim.record import ScimConnection, ScimGroup, ScimUser, exact_key, giver, name_key
from ctsec.sso.scim.source import ScimSource
from ctsec.sso.scim.token import check_scim_token, parse_scim_token

_NO_TOKEN = Refusal(Reason.INVALID_TOKEN, "this is no SCIM credential")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncScimReadParts:
    """What is read."""

    records: AsyncScimConnectionRecords
    connections: AsyncConnectionRecords
    users: AsyncScimUserRecords
    groups: AsyncScimGroupRecords
    members: AsyncScimMemberRecords


class AsyncScimReads:
    """Reads for whoever has proved a SCIM connection."""

    __slots__ = ("_ambient", "_parts")

    def __init__(self, parts: AsyncScimReadParts, *, ambient: Ambient) -> None:
        self._parts = parts
        self._ambient = ambient

    async def authenticate(self, text: str) -> Outcome[ScimSource]:
        """Return who pushes with this credential; INVALID_TOKEN or EXPIRED."""
        presented = parse_scim_token(text)
        if isinstance(presented, Refusal):
            return presented
        stored = await self._parts.records.token(presented.token_id)
        token = check_scim_token(presented, stored=stored, now=self._ambient.now())
        if isinstance(token, Refusal):
            return token
        scim = await self._parts.records.get(token.scim_id)
        if scim is None or scim.organization_id != token.organization_id:
            return _NO_TOKEN
        return await self.source(scim)

    async def source(self, scim: ScimConnection) -> ScimSource:
        """Return a SCIM connection with the connection in whose name its roles are given."""
        own = await self._parts.connections.get(scim.connection_id) if scim.connection_id is not None else None
        return ScimSource(scim=scim, giver=giver(scim, own if own is not None and own.organization_id == scim.organization_id else None))

    async def user(self, source: ScimSource, user_id: str) -> ScimUser | None:
        """Return a user."""
        return await self._parts.users.get(source.scim.id, ScimUserId(user_id))

    async def group(self, source: ScimSource, group_id: str) -> ScimGroup | None:
        """Return a group."""
        return await self._parts.groups.get(source.scim.id, ScimGroupId(group_id))

    async def users(self, source: ScimSource, *, after: str = "", skip: int = 0, limit: int) -> tuple[ScimUser, ...]:
        """Return users with an id above `after`, in the order of ids."""
        return await self._parts.users.page(source.scim.id, after=after, skip=skip, limit=limit)

    async def groups(self, source: ScimSource, *, after: str = "", skip: int = 0, limit: int) -> tuple[ScimGroup, ...]:
        """Return groups with an id above `after`, in the order of ids."""
        return await self._parts.groups.page(source.scim.id, after=after, skip=skip, limit=limit)

    async def counts(self, source: ScimSource) -> tuple[int, int]:
        """Return how many users and groups there are."""
        return await self._parts.users.count(source.scim.id), await self._parts.groups.count(source.scim.id)

    async def users_named(self, source: ScimSource, *, name: str | None = None, external: str | None = None) -> tuple[ScimUser, ...]:
        """Return the users of a `userName` or an `externalId`."""
        key = name_key(name) if name is not None else None
        return await self._parts.users.named(source.scim.id, name=key, external=exact_key(external))

    async def groups_named(self, source: ScimSource, *, name: str | None = None, external: str | None = None) -> tuple[ScimGroup, ...]:
        """Return the groups of a `displayName` or an `externalId`."""
        key = name_key(name) if name is not None else None
        return await self._parts.groups.named(source.scim.id, name=key, external=exact_key(external))

    async def members(self, group: ScimGroup) -> tuple[str, ...]:
        """Return the ids of the members of a group, in the order of ids."""
        return await self._parts.members.of_group(group.id)

    async def memberships(self, source: ScimSource, users: Collection[str]) -> dict[str, tuple[ScimGroup, ...]]:
        """Return the groups that users are in, by the user's id."""
        pairs = await self._parts.members.groups_of(users)
        found = {each: await self._parts.groups.get(source.scim.id, each) for each in sorted({group for _, group in pairs})}
        made: dict[str, tuple[ScimGroup, ...]] = {}
        for member, group in pairs:
            known = found[group]
            made[member] = (*made.get(member, ()), *([known] if known is not None else []))
        return made
