# Generated from src/ctsec/web/_async_requirements.py by tools/twin.py; edit that file.
"""Operations of required second factors: an organization's policy, and the steps of a sign-in that owes something (async source)."""

from __future__ import annotations

import json

from ctsec.outcome import Refusal
from ctsec.web import models, views
from ctsec.web._sync_account import sign_in_answer
from ctsec.web._sync_call import Answer, Call, no_content
from ctsec.web.http import WebResponse


def mfa_policy(call: Call) -> Answer:
    """Say of whom the organization requires a second factor; every member may know."""
    access = call.access()
    if isinstance(access, Refusal):
        return access
    return WebResponse(json=views.mfa_policy(call.unit.requirements.mfa_policy(call.organization)))


def require_mfa(call: Call) -> Answer:
    """Require a second factor of everybody, or of named roles."""
    body = call.read(models.MfaRequirement)
    done = call.unit.requirements.require_mfa(
        call.principal,
        organization=call.organization,
        organization_roles=body.organization_roles,
        workspace_roles=body.workspace_roles,
        starts_at=body.starts_at,
        grace_until=body.grace_until,
    )
    return done if isinstance(done, Refusal) else WebResponse(json=views.mfa_policy(done))


def relax_mfa(call: Call) -> Answer:
    """Require a second factor of nobody any more."""
    refusal = call.unit.requirements.relax_mfa(call.principal, organization=call.organization)
    return no_content() if refusal is None else refusal


def enrol_totp(call: Call) -> Answer:
    """Begin to enrol an authenticator app with the ticket of a sign-in; what its app needs is shown once."""
    done = call.unit.owing.begin_totp(call.read(models.Ticket).ticket.get_secret_value())
    if isinstance(done, Refusal):
        return done
    return WebResponse(status=201, json=views.enrolment(done.authenticator_id, uri=done.uri, seed=done.seed))


def enrolled_totp(call: Call) -> Answer:
    """Confirm the app with its first code, which completes the sign-in."""
    body = call.read(models.TicketCode)
    return sign_in_answer(call, call.unit.owing.confirm_totp(body.ticket.get_secret_value(), code=body.code.get_secret_value()))


def enrol_passkey(call: Call) -> Answer:
    """Say what the browser is to make for the ticket of a sign-in."""
    done = call.unit.owing.begin_registration(call.read(models.Ticket).ticket.get_secret_value())
    return done if isinstance(done, Refusal) else WebResponse(json={"public_key": done})


def enrolled_passkey(call: Call) -> Answer:
    """Keep the passkey that the browser made; signing with it completes the sign-in."""
    body = call.read(models.TicketPasskey)
    ticket = body.ticket.get_secret_value()
    return sign_in_answer(call, call.unit.owing.finish_registration(ticket, response=json.dumps(body.response), name=body.name))


def renew_password(call: Call) -> Answer:
    """Set a longer password with the ticket of a sign-in, which completes it."""
    body = call.read(models.TicketPassword)
    return sign_in_answer(call, call.unit.owing.set_password(body.ticket.get_secret_value(), password=body.password.get_secret_value()))
