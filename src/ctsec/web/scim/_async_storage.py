"""The resources of one SCIM connection, as `scim2-server` asks for them (async source).

Rules that this module keeps:

- it is made for one request and one connection, and asks for nothing without that connection;
- each operation is a unit of work of its own: what one of a bulk request writes stands, or is gone, whatever becomes of the next.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

from scim2_models import (
    NotFoundException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    TooManyException,
    User,
)
from scim2_server.storage import AsyncScimStorage, SearchPage

from ctsec.ambient import Request
from ctsec.ids import ScimGroupId, ScimUserId, is_id
from ctsec.outcome import Refusal
from ctsec.security._async import AsyncSecurity
from ctsec.security._async_unit import AsyncUnit
from ctsec.sso.scim.record import ScimGroup, ScimUser
from ctsec.sso.scim.source import ScimSource
from ctsec.web.scim.bounds import MAX_SCAN
from ctsec.web.scim.deltas import MemberChange
from ctsec.web.scim.finding import Narrowed, after, members_named, narrowed, paged, plain
from ctsec.web.scim.mapping import group_resource, group_wish, member_ids, raised, user_resource, user_wish, version_of
from ctsec.web.scim.resources import Group

_USER = "User"


class AsyncConnectionStorage(AsyncScimStorage):
    """What a provider sees of its own connection. `reads` says that nothing is written; `model` is the one of users."""

    supports_cursors = True

    def __init__(self, security: AsyncSecurity, *, source: ScimSource, request: Request, reads: bool, model: type[Resource[Any]]) -> None:
        self._security = security
        self._source = source
        self._request = request
        self._reads = reads
        self._model = model
        self._unit: AsyncUnit | None = None

    @property
    def _scim(self) -> Any:
        if self._unit is None:
            raise TypeError("expected to be asked within an operation")
        return self._unit.scim

    @asynccontextmanager
    async def operation(self) -> AsyncGenerator[None, None]:
        """Open the unit of work of one operation."""
        async with self._opened(self._security.reading if self._reads else self._security.begin):
            yield

    @asynccontextmanager
    async def _opened(self, begin: Any) -> AsyncGenerator[None, None]:
        async with begin(self._request) as unit:
            self._unit = unit
            yield

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,  # noqa: ARG002 - what is told of a resource is chosen afterwards
    ) -> Resource[Any]:
        """Return a resource; a group comes without its members, which are added to the answer."""
        if resource_type.name == _USER:
            found = await self._scim.reads.user(self._source, resource_id) if is_id(ScimUserId, resource_id) else None
            return (await self._users([_there(found)]))[0]
        group = await self._scim.reads.group(self._source, resource_id) if is_id(ScimGroupId, resource_id) else None
        return group_resource(_there(group))

    async def whole(self, group_id: str) -> Group:
        """Return a group with its members, as long as they are few enough to be looked at."""
        group = _there(await self._scim.reads.group(self._source, group_id) if is_id(ScimGroupId, group_id) else None)
        members: tuple[str, ...] = await self._scim.reads.members(group)
        if len(members) > MAX_SCAN:
            raise TooManyException(detail="let members in and out by their ids: there are too many to look at each")
        return group_resource(group, members=members)

    async def members(self, group_id: str) -> tuple[str, ...]:
        """Return the ids of the members of a group that an operation has found; none of one that is gone since."""
        async with self._opened(self._security.reading):
            found = await self._scim.reads.group(self._source, group_id)
            return tuple(await self._scim.reads.members(found)) if found is not None else ()

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Store a new resource."""
        if resource_type.name == _USER:
            return await self._user(await self._scim.people.create(self._source, user_wish(cast("User[Any]", resource))))
        group = cast(Group, resource)
        return self._group(await self._scim.groups.create(self._source, group_wish(group), members=member_ids(group)))

    async def update(self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None) -> Resource[Any]:
        """Write the whole new state of a resource."""
        version, resource_id = version_of(expected_version), resource.id or ""
        if resource_type.name == _USER:
            wish = user_wish(cast("User[Any]", resource))
            return await self._user(await self._scim.people.change(self._source, resource_id, wish, version=version))
        group = cast(Group, resource)
        done = await self._scim.groups.change(self._source, resource_id, group_wish(group), members=member_ids(group), version=version)
        return self._group(done)

    async def alter(self, group: Resource[Any], change: MemberChange, *, version: str | None) -> Resource[Any]:
        """Write a group with what a PATCH makes of its members."""
        wish, number, groups = group_wish(cast(Group, group)), version_of(version), self._scim.groups
        if not change.rest and change.whole is None:
            return self._group(await groups.move(self._source, group.id, add=change.add, drop=change.drop, version=number))
        moved = {"members": change.whole, "add": change.add, "drop": change.drop}
        return self._group(await groups.change(self._source, group.id, wish, version=number, **moved))

    async def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """Forget a resource."""
        which = self._scim.people if resource_type.name == _USER else self._scim.groups
        _done(await which.remove(self._source, resource_id, version=version_of(expected_version)))

    async def search(self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None) -> SearchPage:
        """Return one page of the matching resources."""
        kinds = [each.name for each in resource_types]
        if plain(search_request) and len(kinds) == 1:
            return await self._plain(kinds[0] == _USER, search_request, position=position)
        asked = search_request.filter
        found: list[Resource[Any]] = []
        for kind in kinds:
            by = narrowed(asked.ast, users=kind == _USER) if asked is not None else None
            read = await self._candidates(kind == _USER, by)
            found += await self._users(read) if kind == _USER else await self._with_named(read, search_request)
        if asked is not None:
            found = [each for each in found if asked.match(each)]
        return paged(search_request, found, position=position)

    async def _plain(self, users: bool, request: SearchRequest[Any], *, position: Any) -> SearchPage:
        total = (await self._scim.reads.counts(self._source))[0 if users else 1]
        count = request.count or 0
        by_cursor = request.cursor is not None
        where: dict[str, Any] = {"after": after(position)} if by_cursor else {"skip": (request.start_index or 1) - 1}
        which = self._scim.reads.users if users else self._scim.reads.groups
        read: tuple[Any, ...] = await which(self._source, limit=count + 1, **where) if count else ()
        page: list[Any] = list(read[:count])
        made = await self._users(page) if users else self._bare(page)
        more = by_cursor and len(read) > count
        return SearchPage(total, made, next=[True, "", page[-1].id] if more else None)

    async def _candidates(self, users: bool, by: Narrowed | None) -> list[Any]:
        reads = self._scim.reads
        if by is not None:
            return await self._looked_up(users, by)
        if (await reads.counts(self._source))[0 if users else 1] > MAX_SCAN:
            raise TooManyException(
                detail="ask by id, externalId, a userName of users or a displayName of groups: there are too many to look at each"
            )
        return list(await (reads.users if users else reads.groups)(self._source, limit=MAX_SCAN))

    async def _with_named(self, groups: list[ScimGroup], request: SearchRequest[Any]) -> list[Resource[Any]]:
        """Return groups with those members whose presence decides what is asked for; with all if ids do not decide it."""
        named = members_named(request.filter.ast) if request.filter is not None else frozenset[str]()
        if named is None or "members" in str(request.sort_by or "").lower():
            return await self._with_all(groups)
        held: dict[str, list[str]] = {}
        for member, of in (await self._scim.reads.memberships(self._source, sorted(named))).items() if named else ():
            for group in of:
                held.setdefault(group.id, []).append(member)
        return [group_resource(each, members=held.get(each.id, ())) for each in groups]

    async def _with_all(self, groups: list[ScimGroup]) -> list[Resource[Any]]:
        made: list[Resource[Any]] = []
        left = MAX_SCAN
        for each in groups:
            members: tuple[str, ...] = await self._scim.reads.members(each)
            left -= len(members)
            if left < 0:
                raise TooManyException(detail="ask for members by their ids: there are too many to look at each")
            made.append(group_resource(each, members=members))
        return made

    async def _looked_up(self, users: bool, by: Narrowed) -> list[Any]:
        reads = self._scim.reads
        if by.by == "id":
            if not is_id(ScimUserId if users else ScimGroupId, by.value):
                return []
            one = await (reads.user if users else reads.group)(self._source, by.value)
            return [one] if one is not None else []
        if by.by == "member":
            return [] if users else list((await reads.memberships(self._source, [by.value])).get(by.value, ()))
        named = reads.users_named if users else reads.groups_named
        return list(await named(self._source, **{by.by: by.value}))

    async def _user(self, done: Any) -> Resource[Any]:
        return (await self._users([_done(done)]))[0]

    @staticmethod
    def _bare(groups: list[ScimGroup]) -> list[Resource[Any]]:
        return [group_resource(each) for each in groups]

    @staticmethod
    def _group(done: Any) -> Resource[Any]:
        return group_resource(_done(done))

    async def _users(self, records: list[ScimUser]) -> list[Resource[Any]]:
        groups = await self._scim.reads.memberships(self._source, [each.id for each in records])
        return [user_resource(each, model=self._model, groups=groups.get(each.id, ())) for each in records]


def _there(record: Any) -> Any:
    if record is None:
        raise NotFoundException(detail="there is no such resource")
    return record


def _done(outcome: Any) -> Any:
    if isinstance(outcome, Refusal):
        raise raised(outcome)
    return outcome
