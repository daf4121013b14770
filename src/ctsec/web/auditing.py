"""The filters of an audit search, read from a query."""

from __future__ import annotations

from datetime import datetime

from ctsec.audit.event import LogId
from ctsec.audit.query import MAX_PAGE, AuditQuery
from ctsec.ids import OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web.http import Json

DEFAULT_LIMIT = 50


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    # A space is what an unescaped plus sign becomes in a query.
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    if moment.tzinfo is None:
        raise ValueError("expected a time with its offset")
    return moment


def audit_query(organization: OrganizationId, query: Json) -> Outcome[tuple[AuditQuery, str | None, int]]:
    """Return (filters, cursor, limit) of a search in an organization's log, or INVALID_INPUT."""
    try:
        since, until = _moment(query.get("since")), _moment(query.get("until"))
    except ValueError:
        return Refusal(Reason.INVALID_INPUT, "expected since and until as ISO 8601 times with an offset")
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 4 and 1 <= int(limit) <= MAX_PAGE):
        return Refusal(Reason.INVALID_INPUT, f"expected a limit of 1 to {MAX_PAGE}")
    filters = AuditQuery(
        log=LogId(organization),
        actor=query.get("actor"),
        person=query.get("person"),
        name=query.get("name"),
        target=query.get("target"),
        workspace=query.get("workspace"),
        outcome=query.get("outcome"),
        since=since,
        until=until,
    )
    return filters, query.get("cursor"), int(limit)
