"""Which resources a search looks at, and the page that it answers with: filters, sorting and cursors over what was read.

Rules that this module keeps:

- a comparison with `eq` of what is indexed (`id`, `externalId`, the `userName` of a user, the `displayName` and a member of a group) reads
  what it names and nothing else;
- a filter that asks whether somebody is in a group is answered by who is named in it, and not by reading everybody who is there;
- any other filter, and sorting, look at every resource of the connection, up to a bound: past it the answer is `tooMany`, and never a
  part that looks like the whole;
- a cursor stands for the last resource of a page by what it was sorted by and its id, so pages are stable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeGuard, cast

from scim2_models import InvalidCursorException, Resource, SearchRequest
from scim2_models.path.expressions import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)
from scim2_server.storage import SearchPage

_USERS: Final = {"id": "id", "username": "name", "externalid": "external"}
_GROUPS: Final = {"id": "id", "displayname": "name", "externalid": "external"}
_MEMBERS: Final = "members"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a filter can be looked up by: `by` is `id`, `name`, `external` or `member`."""

    by: str
    value: str


def narrowed(filter_node: FilterNode | None, *, users: bool) -> Narrowed | None:
    """Return what every match of a filter, among users or among groups, has in common and an index knows, or None."""
    if isinstance(filter_node, LogicalExpr) and filter_node.op is LogicalOperator.and_:
        return next((found for each in filter_node.terms if (found := narrowed(each, users=users)) is not None), None)
    if isinstance(filter_node, (Comparison, ValuePath)) and _of_members(filter_node.attr_path):
        (*named,) = members_named(filter_node) or ()
        return Narrowed("member", named[0]) if len(named) == 1 else None
    if not isinstance(filter_node, Comparison) or filter_node.op is not CompareOperator.eq or not isinstance(filter_node.value, str):
        return None
    attribute = str(filter_node.attr_path).rpartition(":")[2].lower()
    by = (_USERS if users else _GROUPS).get(attribute)
    return Narrowed(by, filter_node.value) if by is not None else None


def members_named(node: FilterNode) -> frozenset[str] | None:
    """Return the ids whose being in a group decides a filter, none if it asks for no member; None if more decides it than ids."""
    match node:
        case LogicalExpr():
            return _all(members_named(each) for each in node.terms)
        case Not():
            return members_named(node.expr)
        case Comparison() if _of_members(node.attr_path):
            return _one(node) if node.attr_path.sub_attr is None or _is_value(node.attr_path.sub_attr) else None
        case ValuePath() if _of_members(node.attr_path):
            terms = node.val_filter.terms if _conjunction(node.val_filter) else (node.val_filter,)
            found = (_one(each) for each in terms if isinstance(each, Comparison) and _is_value(each.attr_path.attr))
            return next((each for each in found if each is not None), None)
        case Present() if _of_members(node.attr_path):
            return None
        case _:
            return frozenset()


def _all(found: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    made: frozenset[str] = frozenset()
    for each in found:
        if each is None:
            return None
        made |= each
    return made


def _one(node: Comparison) -> frozenset[str] | None:
    return frozenset({node.value}) if node.op is CompareOperator.eq and isinstance(node.value, str) else None


def _conjunction(node: FilterNode) -> TypeGuard[LogicalExpr]:
    return isinstance(node, LogicalExpr) and node.op is LogicalOperator.and_


def _of_members(path: AttrPath) -> bool:
    return path.attr.lower() == _MEMBERS


def _is_value(name: str) -> bool:
    return name.lower() == "value"


def plain(request: SearchRequest[Any]) -> bool:
    """Tell whether a search asks for everything in the order of ids, which a store answers page by page."""
    return request.filter is None and request.sort_by is None


def paged(request: SearchRequest[Any], resources: Sequence[Resource[Any]], *, position: Any) -> SearchPage:
    """Return the page of matching resources that a search asks for."""
    keyed = sorted(((_key(request, each), each) for each in resources), key=lambda pair: pair[0], reverse=_descending(request))
    count = request.count if request.count is not None else len(keyed)
    if request.cursor is None:
        start = (request.start_index or 1) - 1
        return SearchPage(len(keyed), [each for _, each in keyed[start : start + count]])
    start = 0
    if position is not None:
        last = _read(position)
        start = sum(1 for key, _ in keyed if (key >= last if _descending(request) else key <= last))
    page = keyed[start : start + count]
    more = page and start + count < len(keyed)
    return SearchPage(len(keyed), [each for _, each in page], next=list(page[-1][0]) if more else None)


def after(position: Any) -> str:
    """Return the id that a plain page starts after; raises InvalidCursorException for what is no position."""
    return "" if position is None else _read(position)[2]


def _descending(request: SearchRequest[Any]) -> bool:
    return request.sort_by is not None and request.sort_order == SearchRequest.SortOrder.descending


def _key(request: SearchRequest[Any], resource: Resource[Any]) -> tuple[bool, Any, str]:
    value: Any = request.sort_value(resource) if request.sort_by is not None else None
    if isinstance(value, datetime):
        value = value.isoformat()
    return value is None, "" if value is None else value, resource.id or ""


def _read(position: Any) -> tuple[bool, Any, str]:
    told = cast("list[object]", position) if isinstance(position, list) else []
    if len(told) != 3 or not isinstance(told[0], bool) or not isinstance(told[2], str):
        raise InvalidCursorException
    return told[0], told[1], told[2]
