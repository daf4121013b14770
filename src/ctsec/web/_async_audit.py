"""The operation that searches the audit log (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.audit.event import EventName, Target, build
from ctsec.audit.query import AuditQuery
from ctsec.outcome import Refusal
from ctsec.web import views
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web._async_entry import ambient_request
from ctsec.web.auditing import audit_query
from ctsec.web.http import WebResponse
from ctsec.web.openapi import document

AUDIT_VIEW = "audit:view"


async def audit(call: AsyncCall) -> Answer:
    """Search the log of an organization; that somebody searched is an event itself, once a search."""
    refusal = await call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    asked = audit_query(call.organization, call.query)
    if isinstance(asked, Refusal):
        return asked
    filters, cursor, limit = asked
    if call.security.logs.regions.stores:
        return await _everywhere(call, filters, cursor=cursor, limit=limit)
    log = call.unit.audit
    page = await log.search(filters, cursor=cursor, limit=limit)
    if isinstance(page, Refusal):
        return page
    events = [views.event(each.event, index=each.index, personal=await log.personal(each.event)) for each in page.events]
    pending = [views.event(each, index=None, personal=await log.personal(each)) for each in page.pending]
    if cursor is None:
        await note_search(call)
    return WebResponse(json={"events": events, "pending": pending, "next": page.next, "silent": []})


async def _everywhere(call: AsyncCall, filters: AuditQuery, *, cursor: str | None, limit: int) -> Answer:
    """Search the home store and every region; a region that does not answer is named."""
    log = call.security.log_reading
    page = await log.search(filters, cursor=cursor, limit=limit)
    if isinstance(page, Refusal):
        return page
    events = [views.event(each.event, index=each.index, personal=await log.personal(each.event, store=each.store)) for each in page.events]
    pending = [views.event(each, index=None, personal=await log.personal(each, store=store)) for store, each in page.pending]
    if cursor is None:
        await note_search(call)
    return WebResponse(json={"events": events, "pending": pending, "next": page.next, "silent": list(page.silent)})


async def note_search(call: AsyncCall, *, asked: str = "events") -> None:
    """Record, aside, that the caller looked into the log of the organization in the path, and for what."""
    await call.security.record_aside(
        build(
            EventName.AUDIT_SEARCHED,
            ambient=Ambient(clock=call.security.parts.clock, request=ambient_request(call.request, site=call.site)),
            actor=call.principal,
            targets=(Target("organization", call.organization),),
            organization=call.organization,
            details={"asked": asked},
        )
    )


async def openapi(call: AsyncCall) -> Answer:
    """Return the description of this table."""
    return WebResponse(json=document(call.security.parts.settings.issuer))
