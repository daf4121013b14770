"""The routes of connected apps: a part of `ctsec.web.table`."""

from __future__ import annotations

from typing import Final

from ctsec.web import app_models as models
from ctsec.web.route import principal_route as _route
from ctsec.web.route import session_route as _signed_in

_EVERY: Final = "/organizations/{organization_id}/apps"
_ONE: Final = f"{_EVERY}/{{app_id}}"
_APP: Final = (
    *("id", "provider", "user_id", "scopes:array", "connected_by", "connected_at:date-time", "health", "problem"),
    *("failing_since:date-time", "refreshed_at:date-time", "consent_by:date-time"),
)
APPS: Final = (
    _route(f"GET {_EVERY} list_apps", "Connected apps: mine, or all of them for who manages", returns=("apps:array", "providers:array")),
    _signed_in(
        f"POST {_EVERY} begin_app",
        "Connect an app: where to send the browser",
        body=models.AppBegin,
        returns=("url", "expires_at:date-time"),
        apart=True,
    ),
    _signed_in(
        "GET /apps/{provider}/callback complete_app",
        "Connect an app with what its provider sent back",
        query=("state", "code", "iss", "error"),
        more_query=True,
        returns=_APP,
        apart=True,
    ),
    _route("GET /organizations/{organization_id}/app-health app_health", "Apps that do not work as they are", returns=("apps:array",)),
    _route(
        "GET /organizations/{organization_id}/rotation-due rotation_due",
        "API keys, credentials and consents of apps that are to be replaced, as far as I manage them",
        query=("days",),
        returns=("due:array",),
    ),
    _route(f"GET {_ONE} show_app", "One connected app", returns=_APP),
    _signed_in(f"DELETE {_ONE} disconnect_app", "Disconnect an app; its tokens are given back", status=204),
)
