"""Records of `ctsec.sso.scim` as resources of SCIM, and back.

Rules that this module keeps:

- `id` and `meta` are ours, whatever is sent; `externalId` is a word of the provider;
- a password that is sent is thrown away here: it is a person's own, and no provider's to set;
- who is in a group stands in rows of its own, and so do the groups of a user.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, cast

from scim2_models import (
    Email,
    ForbiddenException,
    GroupMembership,
    InvalidValueException,
    Meta,
    NotFoundException,
    PayloadTooLargeException,
    PreconditionFailedException,
    Resource,
    SCIMException,
    UniquenessException,
    User,
)

from ctsec.ids import ScimUserId, is_id
from ctsec.outcome import Reason, Refusal
from ctsec.sso.scim.record import ScimGroup, ScimUser
from ctsec.sso.scim.wish import GroupWish, UserWish
from ctsec.web.scim.resources import Group, GroupMember

_APART: Final = {"id", "meta", "userName", "externalId", "password", "groups", "displayName", "members"}
_VERSION: Final = re.compile(r'(?:W/)?"([0-9]{1,18})"')
_EXCEPTIONS: Final[dict[Reason, type[SCIMException]]] = {
    Reason.NOT_FOUND: NotFoundException,
    Reason.ALREADY_EXISTS: UniquenessException,
    Reason.CONFLICT: PreconditionFailedException,
    Reason.INVALID_INPUT: InvalidValueException,
    Reason.TOO_LARGE: PayloadTooLargeException,
}


def raised(refusal: Refusal) -> SCIMException:
    """Return the exception of SCIM that says what a refusal says; what has no word of its own is 403."""
    return _EXCEPTIONS.get(refusal.reason, ForbiddenException)(detail=refusal.detail)


def version_of(etag: str | None) -> int | None:
    """Return the version in an ETag of ours; -1, which no record has, for another text."""
    if etag is None:
        return None
    found = _VERSION.fullmatch(etag)
    return int(found[1]) if found is not None else -1


def user_wish(user: User[Any]) -> UserWish:
    """Return what a resource asks for; raises InvalidValueException for what is too long."""
    rest = _rest(user, but=_APART - {"displayName"})
    name = user.name.formatted or " ".join(part for part in (user.name.given_name, user.name.family_name) if part) if user.name else ""
    try:
        return UserWish(
            user_name=user.user_name or "",
            external_id=user.external_id,
            active=user.active is not False,
            attributes=rest,
            address=_address(user),
            display=user.display_name or name or "",
        )
    except ValueError as error:
        raise InvalidValueException(detail=str(error)) from error


def group_wish(group: Group) -> GroupWish:
    """Return what a resource asks for; raises InvalidValueException for what is too long."""
    try:
        return GroupWish(display_name=group.display_name or "", external_id=group.external_id, attributes=_rest(group, but=_APART))
    except ValueError as error:
        raise InvalidValueException(detail=str(error)) from error


def user_resource(record: ScimUser, *, model: type[Resource[Any]], groups: Iterable[ScimGroup]) -> User[Any]:
    """Return a user as a resource."""
    made = cast("User[Any]", model.model_validate({**json.loads(record.attributes), "userName": record.user_name}))
    made.id = record.id
    made.external_id = record.external_id
    made.meta = _meta("User", record)
    made.groups = [_group(each) for each in groups] or None
    return made


def group_resource(record: ScimGroup, *, members: Iterable[str] = ()) -> Group:
    """Return a group as a resource, with some members or without."""
    made = Group.model_validate({**json.loads(record.attributes), "displayName": record.display_name})
    made.id = record.id
    made.external_id = record.external_id
    made.meta = _meta("Group", record)
    made.members = [GroupMember(**_member(each)) for each in members] or None
    return made


def member_ids(group: Group) -> frozenset[str]:
    """Return the ids of the members that a resource names."""
    return frozenset(each.value for each in group.members or () if each.value)


def _group(group: ScimGroup) -> GroupMembership:
    told = {"value": group.id, "$ref": f"Groups/{group.id}", "display": group.display_name, "type": "direct"}
    return GroupMembership.model_validate(told)


def _member(member: str) -> dict[str, Any]:
    return {"value": member, "$ref": f"{_place(member)}/{member}", "type": _place(member)[:-1]}


def _place(member: str) -> str:
    return "Users" if is_id(ScimUserId, member) else "Groups"


def _meta(kind: str, record: ScimUser | ScimGroup) -> Meta:
    return Meta(resource_type=kind, created=record.created_at, last_modified=record.changed_at, version=f'W/"{record.version}"')


def _rest(resource: Resource[Any], *, but: set[str]) -> str:
    told = {key: value for key, value in resource.model_dump().items() if key not in but}
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _address(user: User[Any]) -> str:
    """Return the address that a user is known by: the primary one, else that of work, else any, else a `userName` that is one."""
    told = [each for each in user.emails or () if each.value]
    told.sort(key=lambda each: (each.primary is not True, each.type != Email.Type.work))
    return str(told[0].value) if told else user.user_name or ""
