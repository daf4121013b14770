"""Operations of alerts: what rules found, acknowledged and muted, by organizations and by operators (async source)."""

from __future__ import annotations

from ctsec.audit.alerts.record import Alert, AlertStatus, Mute
from ctsec.ids import AlertId, OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web import alert_models as shapes
from ctsec.web._async_audit import AUDIT_VIEW
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web.http import WebResponse


async def alerts(call: AsyncCall) -> Answer:
    """List the alerts of the organization's log."""
    refusal = await call.may_read(AUDIT_VIEW)
    return refusal if refusal is not None else await _page(call, call.organization)


async def acknowledge_alert(call: AsyncCall) -> Answer:
    """Acknowledge an alert."""
    why = call.read(shapes.Acknowledgment).why
    return _alert(call, await call.unit.alerts.acknowledge(call.principal, organization=call.organization, alert=_named(call), why=why))


async def mute_alerts(call: AsyncCall) -> Answer:
    """Mute a rule."""
    body = call.read(shapes.NewMute)
    return _mute(
        await call.unit.alerts.mute(
            call.principal, organization=call.organization, rule=body.rule, key=body.key, until=body.until, why=body.why
        )
    )


async def operator_alerts(call: AsyncCall) -> Answer:
    """List the alerts of the deployment's log."""
    return await _page(call, None)


async def operator_acknowledge_alert(call: AsyncCall) -> Answer:
    """Acknowledge an alert of the deployment's."""
    return _alert(call, await call.unit.alerts.acknowledge_deployments(call.acting, alert=_named(call)))


async def operator_mute_alerts(call: AsyncCall) -> Answer:
    """Mute a rule over the deployment's log."""
    body = call.read(shapes.OperatorsMute)
    return _mute(await call.unit.alerts.mute_deployments(call.acting, rule=body.rule, key=body.key, until=body.until))


async def _page(call: AsyncCall, organization: OrganizationId | None) -> Answer:
    page, wanted = call.page(), call.query.get("state")
    if isinstance(page, Refusal):
        return page
    if wanted is not None and wanted not in set(AlertStatus):
        return Refusal(Reason.INVALID_INPUT, f"expected a state among {', '.join(AlertStatus)}")
    after, limit = page
    state = None if wanted is None else AlertStatus(wanted)
    found = await call.unit.alerts.page(organization=organization, after=after, limit=limit, state=state)
    muted = await call.unit.alerts.mutes(organization=organization)
    policy = call.security.parts.settings.alerts
    return WebResponse(
        json={
            "alerts": [shapes.alert(each, policy=policy) for each in found],
            "mutes": list(map(shapes.mute, muted)),
            "next": found[-1].id if len(found) == limit else None,
        }
    )


def _named(call: AsyncCall) -> AlertId:
    return AlertId(call.request.params["alert_id"])


def _alert(call: AsyncCall, done: Outcome[Alert]) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(json=shapes.alert(done, policy=call.security.parts.settings.alerts))


def _mute(done: Outcome[Mute]) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(status=201, json=shapes.mute(done))
