# Generated from src/ctsec/web/_async_apps.py by tools/twin.py; edit that file.
"""Operations of connected apps (async source)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ctsec.connections.health import AppStatus
from ctsec.ids import AppId
from ctsec.outcome import Outcome, Refusal
from ctsec.web import app_models as shapes
from ctsec.web._sync_call import Answer, Call, no_content
from ctsec.web._sync_entry import ambient_request
from ctsec.web.http import WebResponse
from ctsec.web.views import moment


def list_apps(call: Call) -> Answer:
    """List connections, and what can be connected."""
    found = call.unit.apps.of_organization(call.principal, organization=call.organization)
    if isinstance(found, Refusal):
        return found
    names = [each.name for each in call.security.apps.providers]
    return WebResponse(json={"apps": [shapes.app(each) for each in found], "providers": names})


def app_health(call: Call) -> Answer:
    """List connections that do not work as they are."""
    found = call.unit.apps.health(call.principal, organization=call.organization)
    return found if isinstance(found, Refusal) else WebResponse(json={"apps": [shapes.app(each) for each in found]})


def show_app(call: Call) -> Answer:
    """Show one connection."""
    return _shown(call.unit.apps.get(call.principal, _named(call), organization=call.organization))


def begin_app(call: Call) -> Answer:
    """Tell the browser where to go."""
    body = call.read(shapes.AppBegin)
    begun = call.security.apps.begin(
        call.principal,
        body.provider,
        organization=call.organization,
        own=body.own,
        scopes=frozenset(body.scopes),
        app=AppId(body.app_id) if body.app_id is not None else None,
        request=ambient_request(call.request, site=call.site),
    )
    return begun if isinstance(begun, Refusal) else WebResponse(json={"url": begun.url, "expires_at": moment(begun.expires_at)})


def complete_app(call: Call) -> Answer:
    """Take what the provider sent back, in the session that was sent there."""
    request = ambient_request(call.request, site=call.site)
    made = call.security.apps.complete(
        call.principal,
        call.request.params["provider"],
        parameters=parse_qsl(call.request.query, keep_blank_values=True),
        request=request,
    )
    if isinstance(made, Refusal):
        return made
    with call.security.reading(request) as unit:
        return _shown(unit.apps.get(call.principal, made.id, organization=made.organization_id))


def disconnect_app(call: Call) -> Answer:
    """End a connection."""
    done = call.unit.apps.disconnect(call.principal, _named(call), organization=call.organization)
    return done if isinstance(done, Refusal) else no_content()


def _named(call: Call) -> AppId:
    return AppId(call.request.params["app_id"])


def _shown(found: Outcome[AppStatus]) -> Answer:
    return found if isinstance(found, Refusal) else WebResponse(json=shapes.app(found))
