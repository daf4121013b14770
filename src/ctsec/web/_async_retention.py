"""Operations of retention: an organization's plan, legal holds, and what a purge would take (async source)."""

from __future__ import annotations

from ctsec.audit.event import LogId
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.ids import HoldId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web import retention_models as shapes
from ctsec.web._async_audit import AUDIT_VIEW
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web.http import WebResponse


async def retention(call: AsyncCall) -> Answer:
    """Say how long the organization's events are kept, and what follows."""
    refusal = await call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    found = await call.unit.retention.plans(organization=call.organization)
    return WebResponse(json=shapes.plans(found, floor=_floor(call)))


async def set_retention(call: AsyncCall) -> Answer:
    """Choose the plan."""
    body = call.read(shapes.PlanChoice)
    try:
        plan = RetentionPlan(body.days, body.classes)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    done = await call.unit.retention.set_plan(call.principal, organization=call.organization, plan=plan)
    return done if isinstance(done, Refusal) else WebResponse(json=shapes.plans(done, floor=_floor(call)))


async def preview_purge(call: AsyncCall) -> Answer:
    """Say what a purge would take now; nothing is written."""
    refusal = await call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    return WebResponse(json=shapes.preview(await call.security.retention.preview(LogId(call.organization))))


async def preview_prune(call: AsyncCall) -> Answer:
    """Say what a prune would take now; nothing is written."""
    refusal = await call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    return WebResponse(json=shapes.pruned(await call.security.retention.prune_preview(LogId(call.organization))))


async def holds(call: AsyncCall) -> Answer:
    """List the holds."""
    refusal = await call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    found = await call.unit.retention.holds(organization=call.organization)
    return WebResponse(json={"holds": [shapes.hold(each) for each in found]})


async def place_hold(call: AsyncCall) -> Answer:
    """Place a hold."""
    body = call.read(shapes.NewHold)
    done = await call.unit.retention.place_hold(
        call.principal,
        organization=call.organization,
        matter=body.matter,
        person=body.person,
        name=body.name,
        since=body.since,
        until=body.until,
    )
    return _answer(done, status=201)


async def request_release(call: AsyncCall) -> Answer:
    """Ask for the release of a hold."""
    return _answer(await call.unit.retention.request_release(call.principal, organization=call.organization, hold=_hold(call)))


async def approve_release(call: AsyncCall) -> Answer:
    """Release a hold that somebody else asked for."""
    return _answer(await call.unit.retention.approve_release(call.principal, organization=call.organization, hold=_hold(call)))


def _floor(call: AsyncCall) -> int:
    return call.security.parts.settings.retention.floor


def _hold(call: AsyncCall) -> HoldId:
    return HoldId(call.request.params["hold_id"])


def _answer(done: Outcome[LegalHold], *, status: int = 200) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(status=status, json=shapes.hold(done))
