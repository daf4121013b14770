# Generated from src/ctsec/audit/_async_activity.py by tools/twin.py; edit that file.
"""A person's own events over the logs that she may see (async source)."""

from __future__ import annotations

from collections.abc import Sequence

from ctsec.audit._sync import AuditLog
from ctsec.audit.activity import MAX_LOGS, ActivityPage, merged, read_positions
from ctsec.audit.event import LogId
from ctsec.audit.query import MAX_PAGE, AuditQuery, write_cursor
from ctsec.audit.record import SealedEvent
from ctsec.outcome import Outcome, Reason, Refusal


def activity(log: AuditLog, *, person: str, logs: Sequence[LogId], cursor: str | None = None, limit: int = 50) -> Outcome[ActivityPage]:
    """Return a page of the events whose actor or subject is `person`, over the first hundred of `logs`; what has no index yet is not there.

    `limit` is 1 to 499. A cursor that this did not return is refused with INVALID_INPUT.
    """
    if not 1 <= limit < MAX_PAGE:
        return Refusal(Reason.INVALID_INPUT, f"expected a limit from 1 to {MAX_PAGE - 1}")
    seen = tuple(logs)[:MAX_LOGS]
    try:
        positions = {} if cursor is None else read_positions(cursor, logs=seen)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    pages: dict[LogId, tuple[SealedEvent, ...]] = {}
    for each in seen:
        before = write_cursor(log=each, before=positions[each]) if each in positions else None
        found = log.search(AuditQuery(log=each, person=person), cursor=before, limit=limit + 1)
        if isinstance(found, Refusal):
            return found
        pages[each] = found.events
    return merged(pages, limit=limit, positions=positions)
