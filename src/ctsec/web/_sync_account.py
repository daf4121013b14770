# Generated from src/ctsec/web/_async_account.py by tools/twin.py; edit that file.
"""Operations of accounts and sessions (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ctsec.authn.journey import LINK_LIFE, EnrolmentRequired, MfaRequired, PasswordChangeRequired, SignedIn, SignInStep
from ctsec.ids import OrganizationId, UserId, is_id
from ctsec.outcome import Refusal
from ctsec.principal import CredentialKind, Factor
from ctsec.web import models, views
from ctsec.web._sync_call import Answer, Call, accepted, no_content
from ctsec.web.credentials import presented_link
from ctsec.web.csrf import csrf_token
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse


def sign_up(call: Call) -> Answer:
    """Make an account."""
    body = call.read(models.SignUp)
    done = call.unit.accounts.sign_up(email=body.email, password=body.password.get_secret_value(), name=body.name)
    return done if isinstance(done, Refusal) else accepted()


def verify_email(call: Call) -> Answer:
    """Confirm an address."""
    done = call.unit.accounts.verify_email(token=call.read(models.MailedToken).token.get_secret_value())
    return done if isinstance(done, Refusal) else WebResponse(json={"status": "verified"})


def request_verification(call: Call) -> Answer:
    """Send the confirmation mail again."""
    done = call.unit.accounts.request_verification(email=call.read(models.Address).email)
    return done if isinstance(done, Refusal) else accepted()


def sign_in(call: Call) -> Answer:
    """Take the first step of a sign-in."""
    body = call.read(models.SignIn)
    return sign_in_answer(call, call.unit.sign_in.password(email=body.email, password=body.password.get_secret_value()))


def sign_in_code(call: Call) -> Answer:
    """Take the second step of a sign-in."""
    body = call.read(models.SignInCode)
    step = call.unit.sign_in.second_factor(
        ticket=body.ticket.get_secret_value(), factor=Factor(body.factor), code=body.code.get_secret_value(), trust=body.trust
    )
    return sign_in_answer(call, step)


def request_sign_in_link(call: Call) -> Answer:
    """Mail a link to sign in, and hand the browser its half of it."""
    done = call.unit.sign_in.request_link(email=call.read(models.Address).email)
    if isinstance(done, Refusal):
        return done
    return accepted(call.site.set_link_cookie(done.browser.reveal(), life=LINK_LIFE))


def sign_in_link(call: Call) -> Answer:
    """Take the first step of a sign-in with a mailed token, in the browser that asked for it."""
    half = presented_link(call.request, site=call.site)
    step = call.unit.sign_in.link(token=call.read(models.MailedToken).token.get_secret_value(), browser=half.reveal() if half else "")
    answer = sign_in_answer(call, step)
    if isinstance(answer, Refusal):
        return answer
    return replace(answer, cookies=(*answer.cookies, call.site.set_link_cookie("", life=timedelta(0))))


def sign_in_answer(call: Call, step: SignInStep) -> Answer:
    """Return the answer to a step of a sign-in."""
    if isinstance(step, Refusal):
        return step
    if isinstance(step, SignedIn):
        answer = call.with_session("signed_in", step.session, step.token, device=step.device)
        due = views.moment(step.mfa_due) if step.mfa_due is not None else None
        entered = views.moment(step.sso_due) if step.sso_due is not None else None
        told = {"mfa_required_by": due, "sso_required_by": entered}
        return replace(answer, json={**(answer.json or {}), **told, **views.codes(step.codes)})
    body: dict[str, object] = {"ticket": step.ticket.reveal(), "expires_at": views.moment(step.expires_at), **views.codes(step.codes)}
    match step:
        case MfaRequired():
            days = -(-step.trust_life // timedelta(days=1)) if step.trust_life is not None else 0
            return WebResponse(json={"status": "mfa_required", "factors": list(step.factors), "trust_days": days, **body})
        case EnrolmentRequired():
            return WebResponse(json={"status": "enrolment_required", "factors": list(step.factors), **body})
        case PasswordChangeRequired():
            return WebResponse(json={"status": "password_change_required", **body})


def step_up(call: Call) -> Answer:
    """Prove a second factor again; the session's token is replaced."""
    body = call.read(models.StepUp)
    done = call.unit.sign_in.step_up(call.principal, factor=Factor(body.factor), code=body.code.get_secret_value())
    return done if isinstance(done, Refusal) else call.with_session("stepped_up", *done)


def sign_out(call: Call) -> Answer:
    """End this session."""
    done = call.unit.sso_grants.leave(call.principal)
    if isinstance(done, Refusal) or done is None:
        return done if done is not None else no_content(call.site.clear_cookie())
    form = {"provider_form": dict(done.form)} if done.form is not None else {}
    return WebResponse(json={"provider_url": done.url, **form}, cookies=(call.site.clear_cookie(),))


def sign_out_everywhere(call: Call) -> Answer:
    """End every session of the person."""
    keep = call.read(models.SignOutEverywhere).keep_this
    ended = call.unit.sessions.sign_out_everywhere(call.principal, keep_this=keep)
    return WebResponse(json={"ended": ended}, cookies=() if keep else (call.site.clear_cookie(),))


def change_email(call: Call) -> Answer:
    """Mail a link to a new address."""
    body = call.read(models.EmailChange)
    done = call.unit.addresses.request_change(call.principal, email=body.email, password=body.password.get_secret_value())
    return done if isinstance(done, Refusal) else accepted()


def confirm_email(call: Call) -> Answer:
    """Give the account its new address with a mailed token."""
    done = call.unit.addresses.confirm_change(token=call.read(models.MailedToken).token.get_secret_value())
    return done if isinstance(done, Refusal) else WebResponse(json={"status": "changed"})


def change_password(call: Call) -> Answer:
    """Change the password."""
    body = call.read(models.PasswordChange)
    done = call.unit.accounts.change_password(call.principal, current=body.current.get_secret_value(), new=body.new.get_secret_value())
    return done if isinstance(done, Refusal) else call.with_session("password_changed", *done)


def request_reset(call: Call) -> Answer:
    """Mail a reset link."""
    done = call.unit.accounts.request_password_reset(email=call.read(models.Address).email)
    return done if isinstance(done, Refusal) else accepted()


def reset_password(call: Call) -> Answer:
    """Set a new password with a mailed token."""
    body = call.read(models.PasswordReset)
    done = call.unit.accounts.reset_password(token=body.token.get_secret_value(), password=body.password.get_secret_value())
    return done if isinstance(done, Refusal) else no_content()


def session(call: Call) -> Answer:
    """Say who the caller is."""
    credential = call.principal.credential
    found = [each for each in call.unit.sessions.of(UserId(call.principal.id)) if each.id == credential.id]
    person = call.unit.accounts.profile(UserId(call.principal.id))
    due = () if credential.multi_factor else tuple((call.unit.requirements.due(UserId(call.principal.id))).values())
    own = credential.kind is CredentialKind.SESSION
    entered = tuple((call.unit.requirements.entered_from(UserId(call.principal.id))).values()) if own else ()
    body = {
        "user_id": call.principal.id,
        "email": person.email if person is not None else None,
        "name": person.name if person is not None else None,
        "session_id": credential.id,
        "aal": credential.aal,
        "amr": sorted(credential.factors),
        "organization_id": call.principal.organization,
        "mfa_required_by": views.moment(min(due, default=None)),
        "sso_required_by": views.moment(min(entered, default=None)),
        "expires_at": views.moment(found[0].expires_at) if found else None,
        "csrf_token": csrf_token(call.known.presented.token.reveal()),
    }
    return WebResponse(json=body)


def sessions(call: Call) -> Answer:
    """List the caller's live sessions."""
    current = call.principal.credential.id
    found, places = call.unit.sessions.of(UserId(call.principal.id)), call.security.parts.settings.places
    return WebResponse(json={"sessions": [views.session(each, current=current, places=places) for each in found]})


def end_session(call: Call) -> Answer:
    """End one of the caller's sessions; another person's is answered like none."""
    done = call.unit.sessions.revoke(call.principal, call.session)
    if isinstance(done, Refusal):
        return done
    own = call.session == call.principal.credential.id
    return no_content(*([call.site.clear_cookie()] if own else [])) if done else NOT_FOUND


def switch_organization(call: Call) -> Answer:
    """Choose the session's active organization."""
    wanted = call.read(models.ActiveOrganization).organization_id
    if not is_id(OrganizationId, wanted):
        return NOT_FOUND
    done = call.unit.sessions.switch_organization(call.principal, OrganizationId(wanted))
    return done if isinstance(done, Refusal) else WebResponse(json={"organization_id": done.organization_id})
