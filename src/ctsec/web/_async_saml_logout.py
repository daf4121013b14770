"""Operations of SAML's single logout: what a browser brings from a provider, in an address or in a form (async source).

Rules that this module keeps:

- it is a request or an answer, and the signature says over which of the two it is;
- a browser that brought a request goes back with the signed answer, and gets no cookie: it may be anybody's;
- a browser that brought an answer goes on where the host says, and the page there is told what is not over, or was not accepted.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.sso import saml
from ctsec.sso.sign_out import SignedOutThere, SignOutRedirect
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web._async_entry import ambient_request
from ctsec.web._async_saml import form_fields
from ctsec.web.http import WebResponse
from ctsec.web.landing import landed
from ctsec.web.problem import of_refusal
from ctsec.web.saml_page import form_page

_NO_MESSAGE = Refusal(Reason.INVALID_INPUT, "expected a SAMLRequest or a SAMLResponse, and RelayState at most once")


async def saml_logout(call: AsyncCall) -> Answer:
    """Take what a provider sent a browser here with, in the address."""
    query = call.request.query
    told = dict(parse_qsl(query, keep_blank_values=True))
    return await _taken(call, saml.Redirected(query), told)


async def saml_logout_form(call: AsyncCall) -> Answer:
    """Take what a provider's page posts."""
    told = form_fields(call, "SAMLRequest", "SAMLResponse", "RelayState")
    if told is None:
        return _NO_MESSAGE
    return await _taken(call, saml.Posted(told.get("SAMLRequest", "") or told.get("SAMLResponse", "")), told)


async def _taken(call: AsyncCall, arrived: saml.Posted | saml.Redirected, told: dict[str, str]) -> Answer:
    if ("SAMLRequest" in told) == ("SAMLResponse" in told):
        return _NO_MESSAGE
    logouts, relay = call.security.sso.saml.logouts, told.get("RelayState", "")
    request = ambient_request(call.request, site=call.site)
    if "SAMLRequest" in told:
        return _sent(await logouts.asked(call.connection, arrived=arrived, relay=relay, request=request))
    return _back(call, await logouts.answered(call.connection, arrived=arrived, relay=relay, request=request))


def _sent(done: Outcome[SignOutRedirect]) -> Answer:
    if isinstance(done, Refusal):
        return done
    return WebResponse(status=303, headers=(("location", done.url),)) if done.form is None else form_page(done.url, done.form)


def _back(call: AsyncCall, done: Outcome[SignedOutThere]) -> Answer:
    if isinstance(done, SignedOutThere) and done.complete and done.back_to:
        return WebResponse(status=303, headers=(("location", done.back_to),))
    settings = call.security.parts.settings
    address = settings.single_sign_on.back_to(settings.base_url)
    if isinstance(done, Refusal):
        told = of_refusal(done).response()
    else:
        told = WebResponse(json={"status": "signed_out", "complete": done.complete})
    return landed(told, call.request, site=call.site, address=address)
