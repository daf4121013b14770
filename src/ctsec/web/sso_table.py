"""The routes of single sign-on: a part of `ctsec.web.table`."""

from __future__ import annotations

from typing import Final

from ctsec.web import models
from ctsec.web import sso_models as own
from ctsec.web.route import open_route as _open
from ctsec.web.route import principal_route as _route
from ctsec.web.route import session_route as _signed_in

_EVERY: Final = "/organizations/{organization_id}/sso/connections"
_ONE: Final = f"{_EVERY}/{{connection_id}}"
_WAY: Final = "/sso/{connection_id}"
_CONNECTION: Final = (
    *("id", "name", "provider", "client_id", "default_role", "state", "redirect_uri", "issuer", "discovery", "scopes:array"),
    *("directories:array", "github_login", "github_id:integer", "hosts:array", "groups_claim", "trusted_methods:array"),
    *("trusted_classes:array", "secret_in_form:boolean", "tested_at:date-time", "enabled_at:date-time", "created_at:date-time"),
)
_PREVIEW: Final = (
    *("accepted:boolean", "problem", "issuer", "subject", "email", "name", "groups:array", "own_address:boolean", "may_link:boolean"),
    *("second_factor:boolean", "role"),
)
_STEP: Final = (
    *("status", "user_id", "session_id", "aal:integer", "organization_id", "expires_at:date-time", "csrf_token"),
    *("mfa_required_by:date-time", "ticket", "codes:array", "factors:array", "trust_days:integer"),
)
SINGLE_SIGN_ON: Final = (
    _open("POST /sign-in/ways sign_in_ways", "The providers of an address's domain", body=models.Address, returns=("ways:array",)),
    _open(
        f"POST {_WAY}/begin begin_sso", "Where to send the browser", body=own.SsoBegin, returns=("url", "expires_at:date-time"), apart=True
    ),
    _open(
        f"GET {_WAY}/callback complete_sso",
        "Complete a sign-in with what the provider sent back",
        query=("state", "code", "iss", "error"),
        more_query=True,
        returns=_STEP,
        apart=True,
    ),
    _open(f"POST {_WAY}/logout logout_notice", "A provider says that sessions are over: a form with logout_token", apart=True),
    _signed_in(
        f"POST {_WAY}/link link_sso",
        "Link my identity at a provider: where to send the browser",
        returns=("url", "expires_at:date-time"),
        apart=True,
    ),
    _route(f"GET {_EVERY} sso_connections", "Connections to providers", returns=("connections:array",)),
    _signed_in(f"POST {_EVERY} create_sso_connection", "Draft a connection", body=own.ConnectionSetup, status=201, returns=_CONNECTION),
    _signed_in(f"PUT {_ONE} change_sso_connection", "Change a connection", body=own.ConnectionSetup, returns=_CONNECTION),
    _signed_in(f"DELETE {_ONE} remove_sso_connection", "Remove a connection with its identities", status=204),
    _signed_in(
        f"POST {_ONE}/test try_sso_connection",
        "Ask the provider whether it is what the connection says",
        returns=(*_CONNECTION, "passed:boolean"),
        apart=True,
    ),
    _signed_in(f"POST {_ONE}/enable enable_sso_connection", "Let people sign in through it", returns=_CONNECTION),
    _signed_in(f"POST {_ONE}/disable disable_sso_connection", "End its sign-ins and sessions", returns=_CONNECTION),
    _signed_in(
        f"POST {_ONE}/preview preview_sso_claims", "What a sign-in with these claims would be", body=own.SampleClaims, returns=_PREVIEW
    ),
)
