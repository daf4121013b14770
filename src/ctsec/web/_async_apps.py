"""Operations of connected apps (async source)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ctsec.connections.health import AppStatus
from ctsec.ids import AppId
from ctsec.outcome import Outcome, Refusal
from ctsec.web import app_models as shapes
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web._async_entry import ambient_request
from ctsec.web.http import WebResponse
from ctsec.web.views import moment


async def list_apps(call: AsyncCall) -> Answer:
    """List connections, and what can be connected."""
    found = await call.unit.apps.of_organization(call.principal, organization=call.organization)
    if isinstance(found, Refusal):
        return found
    names = [each.name for each in call.security.apps.providers]
    return WebResponse(json={"apps": [shapes.app(each) for each in found], "providers": names})


async def app_health(call: AsyncCall) -> Answer:
    """List connections that do not work as they are."""
    found = await call.unit.apps.health(call.principal, organization=call.organization)
    return found if isinstance(found, Refusal) else WebResponse(json={"apps": [shapes.app(each) for each in found]})


async def show_app(call: AsyncCall) -> Answer:
    """Show one connection."""
    return _shown(await call.unit.apps.get(call.principal, _named(call), organization=call.organization))


async def begin_app(call: AsyncCall) -> Answer:
    """Tell the browser where to go."""
    body = call.read(shapes.AppBegin)
    begun = await call.security.apps.begin(
        call.principal,
        body.provider,
        organization=call.organization,
        own=body.own,
        scopes=frozenset(body.scopes),
        app=AppId(body.app_id) if body.app_id is not None else None,
        request=ambient_request(call.request, site=call.site),
    )
    return begun if isinstance(begun, Refusal) else WebResponse(json={"url": begun.url, "expires_at": moment(begun.expires_at)})


async def complete_app(call: AsyncCall) -> Answer:
    """Take what the provider sent back, in the session that was sent there."""
    request = ambient_request(call.request, site=call.site)
    made = await call.security.apps.complete(
        call.principal,
        call.request.params["provider"],
        parameters=parse_qsl(call.request.query, keep_blank_values=True),
        request=request,
    )
    if isinstance(made, Refusal):
        return made
    async with call.security.reading(request) as unit:
        return _shown(await unit.apps.get(call.principal, made.id, organization=made.organization_id))


async def disconnect_app(call: AsyncCall) -> Answer:
    """End a connection."""
    done = await call.unit.apps.disconnect(call.principal, _named(call), organization=call.organization)
    return done if isinstance(done, Refusal) else no_content()


def _named(call: AsyncCall) -> AppId:
    return AppId(call.request.params["app_id"])


def _shown(found: Outcome[AppStatus]) -> Answer:
    return found if isinstance(found, Refusal) else WebResponse(json=shapes.app(found))
