"""Operations that look at a connection before people sign in through it: its doctor, and a dry run (async source)."""

from __future__ import annotations

from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.web import sso_doctor_models
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web._async_entry import AsyncEntry, ambient_request
from ctsec.web.http import WebResponse
from ctsec.web.sso_answers import sent


async def look_at_sso_connection(call: AsyncCall) -> Answer:
    """Report on a connection."""
    request = ambient_request(call.request, site=call.site)
    found = await call.security.sso.doctor.report(call.principal, call.connection, organization=call.organization, request=request)
    return found if isinstance(found, Refusal) else WebResponse(json=sso_doctor_models.report(found))


async def begin_sso_dry_run(call: AsyncCall) -> Answer:
    """Tell the browser where to go for a dry run, and have it keep its half of it."""
    request = ambient_request(call.request, site=call.site)
    begun = await call.security.sso.dry_runs.begin(call.principal, call.connection, organization=call.organization, request=request)
    return sent(begun, site=call.site)


async def signed_in(call: AsyncCall) -> Principal | None:
    """Return who is signed in in the browser that asks an open route, None for nobody."""
    found = await AsyncEntry(call.security).authenticate(call.request)
    return None if isinstance(found, Refusal) else found.principal
