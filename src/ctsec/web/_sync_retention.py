# Generated from src/ctsec/web/_async_retention.py by tools/twin.py; edit that file.
"""Operations of retention: an organization's plan, legal holds, and what a purge would take (async source).

What was decided is committed first, and then told to the logs in the stores of regions that answer; the answer says which were told.
"""

from __future__ import annotations

from ctsec.audit.event import LogId
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.ids import HoldId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web import retention_models as shapes
from ctsec.web._sync_audit import AUDIT_VIEW
from ctsec.web._sync_call import Answer, Call
from ctsec.web._sync_entry import ambient_request
from ctsec.web.http import WebResponse

_NO_KEY = Refusal(Reason.CONFLICT, "nothing is purged or pruned here: this deployment has no key that signs it (`retention_signer`)")


def retention(call: Call) -> Answer:
    """Say how long the organization's events are kept, and what follows."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    found = call.unit.retention.plans(organization=call.organization)
    regions = call.security.retention.regions.standing(_log(call))
    return WebResponse(json=shapes.plans(found, floor=_floor(call), regions=regions))


def set_retention(call: Call) -> Answer:
    """Choose the plan."""
    body = call.read(shapes.PlanChoice)
    try:
        plan = RetentionPlan(body.days, body.classes)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    with call.security.begin(ambient_request(call.request, site=call.site)) as unit:
        done = unit.retention.set_plan(call.principal, organization=call.organization, plan=plan)
    if isinstance(done, Refusal):
        return done
    regions = call.security.retention.regions.tell(_log(call))
    return WebResponse(json=shapes.plans(done, floor=_floor(call), regions=regions))


def preview_purge(call: Call) -> Answer:
    """Say what a purge would take now, in regions too; nothing is written."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    if not call.security.retention.purges:
        return _NO_KEY
    found = call.security.retention.preview(_log(call))
    regions, silent = call.security.retention.regions.previews(_log(call))
    return WebResponse(json=shapes.preview(found, regions, silent))


def preview_prune(call: Call) -> Answer:
    """Say what a prune would take now; nothing is written."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    if not call.security.retention.purges:
        return _NO_KEY
    return WebResponse(json=shapes.pruned(call.security.retention.prune_preview(_log(call))))


def holds(call: Call) -> Answer:
    """List the holds, and where each stands in regions."""
    refusal = call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    found = call.unit.retention.holds(organization=call.organization)
    regions = call.security.retention.regions.standing(_log(call)) if found else ()
    return WebResponse(json={"holds": [shapes.hold(each, regions) for each in found]})


def place_hold(call: Call) -> Answer:
    """Place a hold."""
    body = call.read(shapes.NewHold)
    with call.security.begin(ambient_request(call.request, site=call.site)) as unit:
        done = unit.retention.place_hold(
            call.principal,
            organization=call.organization,
            matter=body.matter,
            person=body.person,
            name=body.name,
            since=body.since,
            until=body.until,
        )
    return _answer(call, done, status=201)


def request_release(call: Call) -> Answer:
    """Ask for the release of a hold."""
    with call.security.begin(ambient_request(call.request, site=call.site)) as unit:
        done = unit.retention.request_release(call.principal, organization=call.organization, hold=_hold(call))
    return _answer(call, done)


def approve_release(call: Call) -> Answer:
    """Release a hold that somebody else asked for."""
    with call.security.begin(ambient_request(call.request, site=call.site)) as unit:
        done = unit.retention.approve_release(call.principal, organization=call.organization, hold=_hold(call))
    return _answer(call, done)


def _floor(call: Call) -> int:
    return call.security.parts.settings.retention.floor


def _log(call: Call) -> LogId:
    return LogId(call.organization)


def _hold(call: Call) -> HoldId:
    return HoldId(call.request.params["hold_id"])


def _answer(call: Call, done: Outcome[LegalHold], *, status: int = 200) -> Answer:
    if isinstance(done, Refusal):
        return done
    return WebResponse(status=status, json=shapes.hold(done, call.security.retention.regions.tell(_log(call))))
