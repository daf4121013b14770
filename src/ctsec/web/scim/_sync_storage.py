# Generated from src/ctsec/web/scim/_async_storage.py by tools/twin.py; edit that file.
"""The resources of one SCIM connection, as `scim2-server` asks for them (async source).

Rules that this module keeps:

- it is made for one request and one connection, and asks for nothing without that connection;
- each operation is a unit of work of its own: what one of a bulk request writes stands, or is gone, whatever becomes of the next.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
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
from scim2_server.storage import ScimStorage, SearchPage

from ctsec.ambient import Request
from ctsec.ids import ScimGroupId, ScimUserId, is_id
from ctsec.outcome import Refusal
from ctsec.security._sync import Security
from ctsec.security._sync_unit import Unit
from ctsec.sso.scim._sync_people import ScimSource
from ctsec.sso.scim.record import ScimGroup, ScimUser
from ctsec.web.scim.bounds import MAX_SCAN
from ctsec.web.scim.finding import Narrowed, after, narrowed, paged, plain
from ctsec.web.scim.mapping import group_resource, group_wish, member_ids, raised, user_resource, user_wish, version_of
from ctsec.web.scim.resources import Group

_USER = "User"


class ConnectionStorage(ScimStorage):
    """What a provider sees of its own connection. `reads` says that nothing is written; `model` is the one of users."""

    supports_cursors = True

    def __init__(self, security: Security, *, source: ScimSource, request: Request, reads: bool, model: type[Resource[Any]]) -> None:
        self._security = security
        self._source = source
        self._request = request
        self._reads = reads
        self._model = model
        self._unit: Unit | None = None

    @property
    def _scim(self) -> Any:
        if self._unit is None:
            raise TypeError("expected to be asked within an operation")
        return self._unit.scim

    @contextmanager
    def operation(self) -> Generator[None, None, None]:
        """Open the unit of work of one operation."""
        opened = self._security.reading if self._reads else self._security.begin
        with opened(self._request) as unit:
            self._unit = unit
            yield

    def get(
        self, resource_type: ResourceType, resource_id: str, *, response_parameters: ResponseParameters[Any] | None = None
    ) -> Resource[Any]:
        """Return a resource; a group that is read whole comes without its members, which the server adds to the answer."""
        if resource_type.name == _USER:
            found = self._scim.reads.user(self._source, resource_id) if is_id(ScimUserId, resource_id) else None
            return (self._users([_there(found)]))[0]
        group = self._scim.reads.group(self._source, resource_id) if is_id(ScimGroupId, resource_id) else None
        asked = response_parameters
        chosen = asked is not None and bool(asked.attributes or asked.excluded_attributes)
        members = asked is None or (chosen and not _excludes_members(asked))
        return (self._groups([_there(group)], members=members))[0]

    def members(self, group_id: str) -> tuple[str, ...]:
        """Return the ids of the members of a group that `get` has found."""
        with self.operation():
            found = self._scim.reads.group(self._source, group_id)
            return tuple(self._scim.reads.members(_there(found)))

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Store a new resource."""
        if resource_type.name == _USER:
            return self._user(self._scim.people.create(self._source, user_wish(cast("User[Any]", resource))))
        group = cast(Group, resource)
        return self._group(self._scim.groups.create(self._source, group_wish(group), members=member_ids(group)))

    def update(self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None) -> Resource[Any]:
        """Write the whole new state of a resource."""
        version, resource_id = version_of(expected_version), resource.id or ""
        if resource_type.name == _USER:
            wish = user_wish(cast("User[Any]", resource))
            return self._user(self._scim.people.change(self._source, resource_id, wish, version=version))
        group = cast(Group, resource)
        done = self._scim.groups.change(self._source, resource_id, group_wish(group), members=member_ids(group), version=version)
        return self._group(done)

    def move(self, group_id: str, *, add: Collection[str], drop: Collection[str], version: str | None) -> Resource[Any]:
        """Let members into a group and out of it; the group comes back without members."""
        done = self._scim.groups.move(self._source, group_id, add=add, drop=drop, version=version_of(version))
        return (self._groups([_done(done)], members=False))[0]

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """Forget a resource."""
        which = self._scim.people if resource_type.name == _USER else self._scim.groups
        _done(which.remove(self._source, resource_id, version=version_of(expected_version)))

    def search(self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None) -> SearchPage:
        """Return one page of the matching resources."""
        kinds = [each.name for each in resource_types]
        if plain(search_request) and len(kinds) == 1:
            return self._plain(kinds[0] == _USER, search_request, position=position)
        by = narrowed(search_request.filter.ast) if search_request.filter is not None else None
        members = "members" in str(search_request.filter or "").lower() or not _excludes_members(search_request)
        found: list[Resource[Any]] = []
        for kind in kinds:
            found += self._candidates(kind == _USER, by, members=members)
        if search_request.filter is not None:
            found = [each for each in found if search_request.filter.match(each)]
        return paged(search_request, found, position=position)

    def _plain(self, users: bool, request: SearchRequest[Any], *, position: Any) -> SearchPage:
        total = (self._scim.reads.counts(self._source))[0 if users else 1]
        count = request.count or 0
        by_cursor = request.cursor is not None
        where: dict[str, Any] = {"after": after(position)} if by_cursor else {"skip": (request.start_index or 1) - 1}
        which = self._scim.reads.users if users else self._scim.reads.groups
        read: tuple[Any, ...] = which(self._source, limit=count + 1, **where) if count else ()
        page: list[Any] = list(read[:count])
        made = self._users(page) if users else self._groups(page, members=not _excludes_members(request))
        more = by_cursor and len(read) > count
        return SearchPage(total, made, next=[True, "", page[-1].id] if more else None)

    def _candidates(self, users: bool, by: Narrowed | None, *, members: bool) -> list[Resource[Any]]:
        reads = self._scim.reads
        if by is not None:
            found = self._looked_up(users, by)
        else:
            if (reads.counts(self._source))[0 if users else 1] > MAX_SCAN:
                raise TooManyException(detail="ask by id, userName, displayName or externalId: there are too many to look at each")
            found = list((reads.users if users else reads.groups)(self._source, limit=MAX_SCAN))
        return self._users(found) if users else self._groups(found, members=members)

    def _looked_up(self, users: bool, by: Narrowed) -> list[Any]:
        reads = self._scim.reads
        if by.by == "id":
            if not is_id(ScimUserId if users else ScimGroupId, by.value):
                return []
            one = (reads.user if users else reads.group)(self._source, by.value)
            return [one] if one is not None else []
        if by.by == "name" and by.attribute != ("username" if users else "displayname"):
            return list((reads.users if users else reads.groups)(self._source, limit=MAX_SCAN))
        named = reads.users_named if users else reads.groups_named
        return list(named(self._source, **{by.by: by.value}))

    def _user(self, done: Any) -> Resource[Any]:
        return (self._users([_done(done)]))[0]

    def _group(self, done: Any) -> Resource[Any]:
        return (self._groups([_done(done)], members=True))[0]

    def _users(self, records: list[ScimUser]) -> list[Resource[Any]]:
        groups = self._scim.reads.memberships(self._source, [each.id for each in records])
        return [user_resource(each, model=self._model, groups=groups.get(each.id, ())) for each in records]

    def _groups(self, records: list[ScimGroup], *, members: bool) -> list[Resource[Any]]:
        held = [self._scim.reads.members(each) if members else () for each in records]
        return [group_resource(each, members=ids) for each, ids in zip(records, held, strict=True)]


def _there(record: Any) -> Any:
    if record is None:
        raise NotFoundException(detail="there is no such resource")
    return record


def _done(outcome: Any) -> Any:
    if isinstance(outcome, Refusal):
        raise raised(outcome)
    return outcome


def _excludes_members(parameters: ResponseParameters[Any]) -> bool:
    excluded = {str(each).rpartition(":")[2].lower() for each in parameters.excluded_attributes or ()}
    wanted = {str(each).rpartition(":")[2].lower() for each in parameters.attributes or ()}
    return "members" in excluded or bool(wanted and not any(each.startswith("members") for each in wanted))
