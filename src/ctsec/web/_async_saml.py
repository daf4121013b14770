"""Operations of SAML: the form that a provider's page posts, and what providers are told of us (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl

from ctsec.outcome import Reason, Refusal
from ctsec.security._async_saml_metadata import MetadataSource
from ctsec.sso.record import LinkedIdentity
from ctsec.sso.trial import DryRun
from ctsec.web import sso_doctor_models
from ctsec.web._async_account import sign_in_answer
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web._async_entry import ambient_request
from ctsec.web._async_sso import connection_view
from ctsec.web.http import WebResponse
from ctsec.web.saml_models import SamlDocument, SamlKeyName, SamlSource, SamlTrust, document_view, offer_view

_FORM = "application/x-www-form-urlencoded"
_NO_FORM = Refusal(Reason.INVALID_INPUT, "expected a form with SAMLResponse, and RelayState at most once")


async def complete_saml(call: AsyncCall) -> Answer:
    """Take what the provider's page posts, for the browser that was sent there."""
    fields = _fields(call)
    if fields is None:
        return _NO_FORM
    response, relay = fields
    step = await call.security.sso.saml.complete(
        call.connection,
        response=response,
        relay=relay,
        browser=call.request.cookie(call.site.saml_cookie_name(relay)) or "",
        request=ambient_request(call.request, site=call.site),
    )
    if isinstance(step, Refusal):
        return step
    if isinstance(step, DryRun):
        done: Answer = WebResponse(json=sso_doctor_models.dry_run(step))
    else:
        done = WebResponse(json={"status": "linked"}) if isinstance(step, LinkedIdentity) else sign_in_answer(call, step)
    if isinstance(done, Refusal):
        return done
    return replace(done, cookies=(*done.cookies, call.site.set_saml_cookie("", relay=relay, life=timedelta(0))))


async def saml_metadata(call: AsyncCall) -> Answer:
    """Publish what the provider of a connection is told of us (SAML Metadata, 4.1.1)."""
    found = await call.unit.own_keys.metadata(call.connection)
    if isinstance(found, Refusal):
        return found
    return WebResponse(text=found.decode(), media_type="application/samlmetadata+xml")


async def preview_saml_metadata(call: AsyncCall) -> Answer:
    """Show what metadata says, before there is a connection."""
    body = call.read(SamlSource)
    source = MetadataSource(url=body.metadata_url, document=body.metadata, entity_id=body.issuer)
    request = ambient_request(call.request, site=call.site)
    found = await call.security.sso.saml_metadata.preview(call.principal, source, organization=call.organization, request=request)
    return found if isinstance(found, Refusal) else WebResponse(json=document_view(found, url=body.metadata_url))


async def compare_saml_metadata(call: AsyncCall) -> Answer:
    """Show how metadata differs from what a connection believes."""
    source, request = MetadataSource(document=call.read(SamlDocument).metadata), ambient_request(call.request, site=call.site)
    found = await call.security.sso.saml_metadata.difference(
        call.principal, call.connection, organization=call.organization, source=source, request=request
    )
    return found if isinstance(found, Refusal) else WebResponse(json=offer_view(found))


async def trust_saml_metadata(call: AsyncCall) -> Answer:
    """Take metadata as it was shown."""
    body, request = call.read(SamlTrust), ambient_request(call.request, site=call.site)
    done = await call.security.sso.saml_metadata.trust(
        call.principal,
        call.connection,
        organization=call.organization,
        seen=body.seen,
        source=MetadataSource(document=body.metadata),
        request=request,
    )
    return done if isinstance(done, Refusal) else WebResponse(json=connection_view(call, done))


async def announce_saml_key(call: AsyncCall) -> Answer:
    """Make the next key of a connection."""
    done = await call.unit.own_keys.announce(call.principal, call.connection, organization=call.organization)
    return done if isinstance(done, Refusal) else WebResponse(json=connection_view(call, done))


async def activate_saml_key(call: AsyncCall) -> Answer:
    """Sign with the announced key from now on."""
    kid = call.read(SamlKeyName).kid
    done = await call.unit.own_keys.activate(call.principal, call.connection, organization=call.organization, kid=kid)
    return done if isinstance(done, Refusal) else WebResponse(json=connection_view(call, done))


async def retire_saml_key(call: AsyncCall) -> Answer:
    """Destroy a key that does not sign."""
    kid = call.read(SamlKeyName).kid
    done = await call.unit.own_keys.retire(call.principal, call.connection, organization=call.organization, kid=kid)
    return done if isinstance(done, Refusal) else WebResponse(json=connection_view(call, done))


def _fields(call: AsyncCall) -> tuple[str, str] | None:
    """Return SAMLResponse and RelayState of a form that has the first; None for anything else."""
    told = form_fields(call, "SAMLResponse", "RelayState")
    return None if told is None or "SAMLResponse" not in told else (told["SAMLResponse"], told.get("RelayState", ""))


def form_fields(call: AsyncCall, *names: str) -> dict[str, str] | None:
    """Return those fields of a form that have one of `names`; None for what is no form, and for one of them that stands twice."""
    kind = (call.request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != _FORM:
        return None
    try:
        given = parse_qsl(call.request.body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=16)
    except ValueError:
        return None
    found = [(name, value) for name, value in given if name in names]
    return dict(found) if len(dict(found)) == len(found) else None
