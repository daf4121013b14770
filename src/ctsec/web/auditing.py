"""What is asked of the audit log, read from a query."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ctsec.audit.event import LogId
from ctsec.audit.export.request import ExportFormat, ExportRequest, OcsfVersion
from ctsec.audit.query import MAX_PAGE, AuditQuery, Tally
from ctsec.ids import OrganizationId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web.http import Json

DEFAULT_LIMIT = 50
_YES_OR_NO = ("yes", "no")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    # A space is what an unescaped plus sign becomes in a query.
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    if moment.tzinfo is None:
        raise ValueError("expected a time with its offset")
    return moment


def _query(organization: OrganizationId, query: Json) -> Outcome[AuditQuery]:
    """Return the filters of a query on an organization's log, or INVALID_INPUT."""
    try:
        since, until = _moment(query.get("since")), _moment(query.get("until"))
    except ValueError:
        return Refusal(Reason.INVALID_INPUT, "expected since and until as ISO 8601 times with an offset")
    return AuditQuery(
        log=LogId(organization),
        actor=query.get("actor"),
        person=query.get("person"),
        name=query.get("name"),
        target=query.get("target"),
        kind=query.get("kind"),
        workspace=query.get("workspace"),
        outcome=query.get("outcome"),
        reason=query.get("reason"),
        since=since,
        until=until,
    )


def audit_query(organization: OrganizationId, query: Json) -> Outcome[tuple[AuditQuery, str | None, int]]:
    """Return (filters, cursor, limit) of a search in an organization's log, or INVALID_INPUT."""
    filters = _query(organization, query)
    if isinstance(filters, Refusal):
        return filters
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 4 and 1 <= int(limit) <= MAX_PAGE):
        return Refusal(Reason.INVALID_INPUT, f"expected a limit of 1 to {MAX_PAGE}")
    return filters, query.get("cursor"), int(limit)


def audit_filters(organization: OrganizationId, query: Json) -> Outcome[tuple[AuditQuery, Tally]]:
    """Return (filters, by what is counted) of a count in an organization's log, or INVALID_INPUT."""
    filters = _query(organization, query)
    by = query.get("by", Tally.NAME.value)
    if by not in set(Tally):
        return Refusal(Reason.INVALID_INPUT, f"expected by as one of {', '.join(Tally)}")
    return filters if isinstance(filters, Refusal) else (filters, Tally(by))


def number(query: Json, name: str) -> int | None:
    """Return a parameter that is a whole number from 0 on, or None."""
    text: str = query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _chosen(query: Json, name: str, values: Iterable[str], usual: str) -> str:
    value: str = query.get(name, usual)
    if value not in set(values):
        raise ValueError(f"expected {name} as one of {', '.join(values)}")
    return value


def _bound(query: Json, name: str) -> int | None:
    found = number(query, name)
    if found is None and name in query:
        raise ValueError(f"expected {name} as an index")
    return found


def export_request(organization: OrganizationId, query: Json) -> Outcome[ExportRequest]:
    """Return what is to be exported of an organization's log, or INVALID_INPUT."""
    filters = _query(organization, query)
    if isinstance(filters, Refusal):
        return filters
    try:
        return ExportRequest(
            query=filters,
            format=ExportFormat(_chosen(query, "format", ExportFormat, ExportFormat.JSONL)),
            first=_bound(query, "first") or 0,
            end=_bound(query, "end"),
            personal=_chosen(query, "personal", _YES_OR_NO, "no") == "yes",
            compress=_chosen(query, "gzip", _YES_OR_NO, "no") == "yes",
            masked=_chosen(query, "masked", _YES_OR_NO, "no") == "yes",
            ocsf=OcsfVersion(_chosen(query, "ocsf", OcsfVersion, OcsfVersion.V1_8)),
        )
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))


def masked_request(log: str, *, person: UserId) -> ExportRequest:
    """Return what a person, or who hands it to them, gets of a log."""
    return ExportRequest(query=AuditQuery(log=LogId(log), person=person), personal=True, masked=True)
