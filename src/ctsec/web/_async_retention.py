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
from ctsec.web._async_audit import AUDIT_VIEW
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web._async_entry import ambient_request
from ctsec.web.http import WebResponse

_NO_KEY = Refusal(Reason.CONFLICT, "nothing is purged or pruned here: this deployment has no key that signs it (`retention_signer`)")


async def retention(call: AsyncCall) -> Answer:
    """Say how long the organization's events are kept, and what follows."""
    refusal = await call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    found = await call.unit.retention.plans(organization=call.organization)
    regions = await call.security.retention.regions.standing(_log(call))
    return WebResponse(json=shapes.plans(found, floor=_floor(call), regions=regions))


async def set_retention(call: AsyncCall) -> Answer:
    """Choose the plan."""
    body = call.read(shapes.PlanChoice)
    try:
        plan = RetentionPlan(body.days, body.classes)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    async with call.security.begin(ambient_request(call.request, site=call.site)) as unit:
        done = await unit.retention.set_plan(call.principal, organization=call.organization, plan=plan)
    if isinstance(done, Refusal):
        return done
    regions = await call.security.retention.regions.tell(_log(call))
    return WebResponse(json=shapes.plans(done, floor=_floor(call), regions=regions))


async def preview_purge(call: AsyncCall) -> Answer:
    """Say what a purge would take now, in regions too; nothing is written."""
    refusal = await call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    if not call.security.retention.purges:
        return _NO_KEY
    found = await call.security.retention.preview(_log(call))
    regions, silent = await call.security.retention.regions.previews(_log(call))
    return WebResponse(json=shapes.preview(found, regions, silent))


async def preview_prune(call: AsyncCall) -> Answer:
    """Say what a prune would take now; nothing is written."""
    refusal = await call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    if not call.security.retention.purges:
        return _NO_KEY
    return WebResponse(json=shapes.pruned(await call.security.retention.prune_preview(_log(call))))


async def holds(call: AsyncCall) -> Answer:
    """List the holds, and where each stands in regions."""
    refusal = await call.may_read(AUDIT_VIEW)
    if refusal is not None:
        return refusal
    found = await call.unit.retention.holds(organization=call.organization)
    regions = await call.security.retention.regions.standing(_log(call)) if found else ()
    return WebResponse(json={"holds": [shapes.hold(each, regions) for each in found]})


async def place_hold(call: AsyncCall) -> Answer:
    """Place a hold."""
    body = call.read(shapes.NewHold)
    async with call.security.begin(ambient_request(call.request, site=call.site)) as unit:
        done = await unit.retention.place_hold(
            call.principal,
            organization=call.organization,
            matter=body.matter,
            person=body.person,
            name=body.name,
            since=body.since,
            until=body.until,
        )
    return await _answer(call, done, status=201)


async def request_release(call: AsyncCall) -> Answer:
    """Ask for the release of a hold."""
    async with call.security.begin(ambient_request(call.request, site=call.site)) as unit:
        done = await unit.retention.request_release(call.principal, organization=call.organization, hold=_hold(call))
    return await _answer(call, done)


async def approve_release(call: AsyncCall) -> Answer:
    """Release a hold that somebody else asked for."""
    async with call.security.begin(ambient_request(call.request, site=call.site)) as unit:
        done = await unit.retention.approve_release(call.principal, organization=call.organization, hold=_hold(call))
    return await _answer(call, done)


def _floor(call: AsyncCall) -> int:
    return call.security.parts.settings.retention.floor


def _log(call: AsyncCall) -> LogId:
    return LogId(call.organization)


def _hold(call: AsyncCall) -> HoldId:
    return HoldId(call.request.params["hold_id"])


async def _answer(call: AsyncCall, done: Outcome[LegalHold], *, status: int = 200) -> Answer:
    if isinstance(done, Refusal):
        return done
    return WebResponse(status=status, json=shapes.hold(done, await call.security.retention.regions.tell(_log(call))))
