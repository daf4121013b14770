"""Operations of required second factors: an organization's policy, and the steps of a sign-in that owes something (async source)."""

from __future__ import annotations

import json

from ctsec.outcome import Refusal
from ctsec.web import models, views
from ctsec.web._async_account import sign_in_answer
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web.http import WebResponse


async def mfa_policy(call: AsyncCall) -> Answer:
    """Say of whom the organization requires a second factor; every member may know."""
    access = await call.access()
    if isinstance(access, Refusal):
        return access
    return WebResponse(json=views.mfa_policy(await call.unit.requirements.mfa_policy(call.organization)))


async def require_mfa(call: AsyncCall) -> Answer:
    """Require a second factor of everybody, or of named roles."""
    body = call.read(models.MfaRequirement)
    done = await call.unit.requirements.require_mfa(
        call.principal,
        organization=call.organization,
        organization_roles=body.organization_roles,
        workspace_roles=body.workspace_roles,
        starts_at=body.starts_at,
        grace_until=body.grace_until,
    )
    return done if isinstance(done, Refusal) else WebResponse(json=views.mfa_policy(done))


async def relax_mfa(call: AsyncCall) -> Answer:
    """Require a second factor of nobody any more."""
    refusal = await call.unit.requirements.relax_mfa(call.principal, organization=call.organization)
    return no_content() if refusal is None else refusal


async def enrol_totp(call: AsyncCall) -> Answer:
    """Begin to enrol an authenticator app with the ticket of a sign-in; what its app needs is shown once."""
    done = await call.unit.owing.begin_totp(call.read(models.Ticket).ticket.get_secret_value())
    if isinstance(done, Refusal):
        return done
    return WebResponse(status=201, json=views.enrolment(done.authenticator_id, uri=done.uri, seed=done.seed))


async def enrolled_totp(call: AsyncCall) -> Answer:
    """Confirm the app with its first code, which completes the sign-in."""
    body = call.read(models.TicketCode)
    return sign_in_answer(call, await call.unit.owing.confirm_totp(body.ticket.get_secret_value(), code=body.code.get_secret_value()))


async def enrol_passkey(call: AsyncCall) -> Answer:
    """Say what the browser is to make for the ticket of a sign-in."""
    done = await call.unit.owing.begin_registration(call.read(models.Ticket).ticket.get_secret_value())
    return done if isinstance(done, Refusal) else WebResponse(json={"public_key": done})


async def enrolled_passkey(call: AsyncCall) -> Answer:
    """Keep the passkey that the browser made; signing with it completes the sign-in."""
    body = call.read(models.TicketPasskey)
    ticket = body.ticket.get_secret_value()
    return sign_in_answer(call, await call.unit.owing.finish_registration(ticket, response=json.dumps(body.response), name=body.name))


async def renew_password(call: AsyncCall) -> Answer:
    """Set a longer password with the ticket of a sign-in, which completes it."""
    body = call.read(models.TicketPassword)
    return sign_in_answer(
        call, await call.unit.owing.set_password(body.ticket.get_secret_value(), password=body.password.get_secret_value())
    )
