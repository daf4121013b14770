# Generated from src/ctsec/web/_async_alerts.py by tools/twin.py; edit that file.
"""Operations of alerts: what rules found, acknowledged and muted, by organizations and by operators (async source)."""

from __future__ import annotations

from ctsec.audit.alerts.record import Alert, AlertStatus, Mute
from ctsec.ids import AlertId, OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web import alert_models as shapes
from ctsec.web._sync_audit import AUDIT_VIEW
from ctsec.web._sync_call import Answer, Call
from ctsec.web.http import WebResponse


def alerts(call: Call) -> Answer:
    """List the alerts of the organization's log."""
    refusal = call.may_read(AUDIT_VIEW)
    return refusal if refusal is not None else _page(call, call.organization)


def acknowledge_alert(call: Call) -> Answer:
    """Acknowledge an alert."""
    why = call.read(shapes.Acknowledgment).why
    return _alert(call, call.unit.alerts.acknowledge(call.principal, organization=call.organization, alert=_named(call), why=why))


def mute_alerts(call: Call) -> Answer:
    """Mute a rule."""
    body = call.read(shapes.NewMute)
    return _mute(
        call.unit.alerts.mute(call.principal, organization=call.organization, rule=body.rule, key=body.key, until=body.until, why=body.why)
    )


def operator_alerts(call: Call) -> Answer:
    """List the alerts of the deployment's log."""
    return _page(call, None)


def operator_acknowledge_alert(call: Call) -> Answer:
    """Acknowledge an alert of the deployment's."""
    return _alert(call, call.unit.alerts.acknowledge_deployments(call.acting, alert=_named(call)))


def operator_mute_alerts(call: Call) -> Answer:
    """Mute a rule over the deployment's log."""
    body = call.read(shapes.OperatorsMute)
    return _mute(call.unit.alerts.mute_deployments(call.acting, rule=body.rule, key=body.key, until=body.until))


def _page(call: Call, organization: OrganizationId | None) -> Answer:
    page, wanted = call.page(), call.query.get("state")
    if isinstance(page, Refusal):
        return page
    if wanted is not None and wanted not in set(AlertStatus):
        return Refusal(Reason.INVALID_INPUT, f"expected a state among {', '.join(AlertStatus)}")
    after, limit = page
    state = None if wanted is None else AlertStatus(wanted)
    found = call.unit.alerts.page(organization=organization, after=after, limit=limit, state=state)
    muted = call.unit.alerts.mutes(organization=organization)
    policy = call.security.parts.settings.alerts
    return WebResponse(
        json={
            "alerts": [shapes.alert(each, policy=policy) for each in found],
            "mutes": list(map(shapes.mute, muted)),
            "next": found[-1].id if len(found) == limit else None,
        }
    )


def _named(call: Call) -> AlertId:
    return AlertId(call.request.params["alert_id"])


def _alert(call: Call, done: Outcome[Alert]) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(json=shapes.alert(done, policy=call.security.parts.settings.alerts))


def _mute(done: Outcome[Mute]) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(status=201, json=shapes.mute(done))
