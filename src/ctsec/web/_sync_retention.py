# Generated from src/ctsec/web/_async_retention.py by tools/twin.py; edit that file.
"""Operations of retention: an organization's plan, legal holds, and what a purge would take (async source)."""

from __future__ import annotations

from ctsec.audit.event import LogId
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.ids import HoldId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web import retention_models as shapes
from ctsec.web._sync_audit import AUDIT_VIEW
from ctsec.web._sync_call import Answer, Call
from ctsec.web.http import WebResponse


def retention(call: Call) -> Answer:
    """Say how long the organization's events are kept, and what follows."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    found = call.unit.retention.plans(organization=call.organization)
    return WebResponse(json=shapes.plans(found, floor=_floor(call)))


def set_retention(call: Call) -> Answer:
    """Choose the plan."""
    body = call.read(shapes.PlanChoice)
    try:
        plan = RetentionPlan(body.days, body.classes)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    done = call.unit.retention.set_plan(call.principal, organization=call.organization, plan=plan)
    return done if isinstance(done, Refusal) else WebResponse(json=shapes.plans(done, floor=_floor(call)))


def preview_purge(call: Call) -> Answer:
    """Say what a purge would take now; nothing is written."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    return WebResponse(json=shapes.preview(call.security.retention.preview(LogId(call.organization))))


def preview_prune(call: Call) -> Answer:
    """Say what a prune would take now; nothing is written."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    return WebResponse(json=shapes.pruned(call.security.retention.prune_preview(LogId(call.organization))))


def holds(call: Call) -> Answer:
    """List the holds."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    found = call.unit.retention.holds(organization=call.organization)
    return WebResponse(json={"holds": [shapes.hold(each) for each in found]})


def place_hold(call: Call) -> Answer:
    """Place a hold."""
    body = call.read(shapes.NewHold)
    done = call.unit.retention.place_hold(
        call.principal,
        organization=call.organization,
        matter=body.matter,
        person=body.person,
        name=body.name,
        since=body.since,
        until=body.until,
    )
    return _answer(done, status=201)


def request_release(call: Call) -> Answer:
    """Ask for the release of a hold."""
    return _answer(call.unit.retention.request_release(call.principal, organization=call.organization, hold=_hold(call)))


def approve_release(call: Call) -> Answer:
    """Release a hold that somebody else asked for."""
    return _answer(call.unit.retention.approve_release(call.principal, organization=call.organization, hold=_hold(call)))


def _floor(call: Call) -> int:
    return call.security.parts.settings.retention.floor


def _hold(call: Call) -> HoldId:
    return HoldId(call.request.params["hold_id"])


def _answer(done: Outcome[LegalHold], *, status: int = 200) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(status=status, json=shapes.hold(done))
