# Generated from src/ctsec/web/_async_recovery.py by tools/twin.py; edit that file.
"""Operations of resets of second factors: by administrators, and canceled by their person (async source)."""

from __future__ import annotations

from datetime import timedelta

from ctsec.ids import RecoveryId
from ctsec.outcome import Outcome, Refusal
from ctsec.rbac.policy import MEMBERS_MANAGE
from ctsec.recovery.record import Recovery, RecoveryTerms
from ctsec.web import models, views
from ctsec.web._sync_call import Answer, Call
from ctsec.web.http import WebResponse


def mfa_resets(call: Call) -> Answer:
    """List the resets of the organization with their reasons, for those who manage people."""
    refusal, page = call.may_read(MEMBERS_MANAGE), call.page()
    if refusal is not None:
        return refusal
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = call.unit.mfa_resets.of_organization(organization=call.organization, after=after, limit=limit)
    shown = [{**views.recovery(each), "reason": call.unit.mfa_resets.reason(each)} for each in found]
    return WebResponse(json={"mfa_resets": shown, "next": found[-1].id if len(found) == limit else None})


def request_mfa_reset(call: Call) -> Answer:
    """Ask for the reset of a member's second factors."""
    reason = call.read(models.ResetWish).reason
    done = call.unit.mfa_resets.request(call.principal, organization=call.organization, user=call.user, reason=reason)
    return done if isinstance(done, Refusal) else WebResponse(status=201, json=views.recovery(done))


def approve_mfa_reset(call: Call) -> Answer:
    """Approve a reset that another administrator asked for."""
    return _answer(call.unit.mfa_resets.approve(call.principal, organization=call.organization, recovery=_recovery(call)))


def cancel_mfa_reset(call: Call) -> Answer:
    """End a reset before it is carried out."""
    return _answer(call.unit.mfa_resets.cancel(call.principal, organization=call.organization, recovery=_recovery(call)))


def recovery_terms(call: Call) -> Answer:
    """Tell what the organization asks of a reset, to those who manage people."""
    refusal = call.may_read(MEMBERS_MANAGE)
    if refusal is not None:
        return refusal
    return _terms(call.unit.mfa_resets.terms(organization=call.organization))


def change_recovery_terms(call: Call) -> Answer:
    """Have resets wait for a second administrator, or for some time."""
    body = call.read(models.RecoveryTerms)
    delay = timedelta(minutes=body.delay_minutes)
    return _terms(call.unit.mfa_resets.set_terms(call.principal, organization=call.organization, approvals=body.approvals, delay=delay))


def cancel_recovery(call: Call) -> Answer:
    """Cancel a reset with the token of its mail; nobody signs in for it."""
    done = call.unit.recovery.cancel(token=call.read(models.MailedToken).token.get_secret_value())
    return done if isinstance(done, Refusal) else WebResponse(json={"status": "canceled"})


def _recovery(call: Call) -> RecoveryId:
    return RecoveryId(call.request.params["recovery_id"])


def _answer(done: Outcome[Recovery]) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(json=views.recovery(done))


def _terms(done: Outcome[RecoveryTerms]) -> Answer:
    if isinstance(done, Refusal):
        return done
    return WebResponse(json={"approvals": done.approvals, "delay_minutes": done.delay_seconds // 60})
