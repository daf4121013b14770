"""Which resources a search looks at, and the page that it answers with: filters, sorting and cursors over what was read.

Rules that this module keeps:

- a comparison with `eq` of what is indexed (`id`, `userName`, `displayName`, `externalId`) reads what it names and nothing else;
- any other filter, and sorting, look at every resource of the connection, up to a bound: past it the answer is `tooMany`, and never a
  part that looks like the whole;
- a cursor stands for the last resource of a page by what it was sorted by and its id, so pages are stable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from scim2_models import InvalidCursorException, Resource, SearchRequest
from scim2_models.path.expressions import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator
from scim2_server.storage import SearchPage

_INDEXED: Final = {"id": "id", "username": "name", "displayname": "name", "externalid": "external"}


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a filter can be looked up by: `by` is `id`, `name` or `external`, `attribute` the attribute in small letters."""

    by: str
    attribute: str
    value: str


def narrowed(filter_node: FilterNode | None) -> Narrowed | None:
    """Return what every match of a filter has in common and an index knows, or None."""
    if isinstance(filter_node, LogicalExpr) and filter_node.op is LogicalOperator.and_:
        return next((found for each in filter_node.terms if (found := narrowed(each)) is not None), None)
    if not isinstance(filter_node, Comparison) or filter_node.op is not CompareOperator.eq or not isinstance(filter_node.value, str):
        return None
    attribute = str(filter_node.attr_path).rpartition(":")[2].lower()
    return Narrowed(_INDEXED[attribute], attribute, filter_node.value) if attribute in _INDEXED else None


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
