"""The routes of alerts: of organizations, and of those who run the deployment; a part of the table."""

from __future__ import annotations

from typing import Final

from ctsec.web import alert_models as models
from ctsec.web.route import operator_route as _operator
from ctsec.web.route import principal_route as _route
from ctsec.web.route import session_route as _signed_in

_LOG: Final = "/organizations/{organization_id}/audit"
_ONE: Final = "{alert_id}/acknowledge"
_ALERT: Final = (
    *("id", "rule", "reason", "severity", "key", "state", "source", "index:integer", "happened_at:date-time", "fired_at:date-time"),
    *("changed_by", "changed_at:date-time"),
)
_MUTE: Final = ("rule", "key", "until:date-time", "muted_by", "muted_at:date-time")
_QUERY: Final = ("after", "limit", "state")
_PAGE: Final = ("alerts:array", "mutes:array", "next")
ALERTS: Final = (
    _route(f"GET {_LOG}/alerts alerts", "What rules found in the log, newest first, and what is muted", query=_QUERY, returns=_PAGE),
    _signed_in(f"POST {_LOG}/alerts/{_ONE} acknowledge_alert", "Say why it is enough", body=models.Acknowledgment, returns=_ALERT),
    _signed_in(f"POST {_LOG}/alert-mutes mute_alerts", "Tell nobody for a time", body=models.NewMute, status=201, returns=_MUTE),
)
OPERATORS_ALERTS: Final = (
    _operator(
        "GET /operator/alerts operator_alerts", "What rules found in the deployment's log, and what is muted", query=_QUERY, returns=_PAGE
    ),
    _operator(f"POST /operator/alerts/{_ONE} operator_acknowledge_alert", "Say that it was looked at", returns=_ALERT),
    _operator(
        "POST /operator/alert-mutes operator_mute_alerts", "Tell nobody for a time", body=models.OperatorsMute, status=201, returns=_MUTE
    ),
)
