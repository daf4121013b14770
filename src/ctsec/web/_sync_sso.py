# Generated from src/ctsec/web/_async_sso.py by tools/twin.py; edit that file.
"""Operations of single sign-on: the ways in, the way to a provider and back, and connections (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl

from ctsec.jose.jws import MAX_TOKEN
from ctsec.jose.rejection import Rejected
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.secret import SecretText
from ctsec.sso.record import Connection, LinkedIdentity
from ctsec.sso.settings import ConnectionSettings, preview
from ctsec.sso.trial import DryRun
from ctsec.web import models, sso_doctor_models, sso_models, views
from ctsec.web._sync_account import sign_in_answer
from ctsec.web._sync_call import Answer, Call, no_content
from ctsec.web._sync_entry import ambient_request
from ctsec.web._sync_sso_doctor import signed_in
from ctsec.web._sync_sso_entrance import may_see_sso
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse
from ctsec.web.landing import what_landed
from ctsec.web.sso_answers import sent

MAX_NOTICE = MAX_TOKEN + 1024


def sign_in_ways(call: Call) -> Answer:
    """List the providers of the organization that has verified the domain of an address; accounts are not looked at."""
    found = call.unit.sso.ways(call.read(models.Address).email)
    return WebResponse(json={"ways": [{"connection_id": each.id, "name": each.name, "provider": each.provider.value} for each in found]})


def begin_sso(call: Call) -> Answer:
    """Tell the browser where to go, and have it keep its half of the sign-in."""
    email = call.read(sso_models.SsoBegin).email
    request = ambient_request(call.request, site=call.site)
    return sent(call.security.sso.begin(call.connection, email=email, request=request), site=call.site)


def link_sso(call: Call) -> Answer:
    """The same, for who is signed in and links an identity."""
    request = ambient_request(call.request, site=call.site)
    return sent(call.security.sso.begin(call.connection, principal=call.principal, request=request), site=call.site)


def complete_sso(call: Call) -> Answer:
    """Take what the provider sent back, for the browser that was sent there."""
    step = call.security.sso.complete(
        call.connection,
        parameters=parse_qsl(call.request.query, keep_blank_values=True),
        browser=call.request.cookie(call.site.sso_cookie_name) or "",
        principal=signed_in(call),
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
    return replace(done, cookies=(*done.cookies, call.site.set_sso_cookie("", life=timedelta(0))))


def sso_landed(call: Call) -> Answer:
    """Tell the page where a browser has landed what came of it."""
    return what_landed(call.request, site=call.site)


def logout_notice(call: Call) -> Answer:
    """End the sessions that a provider says are over; what it sends is a form with one field (Back-Channel Logout 1.0, 2.5 and 2.8)."""
    token = _logout_token(call)
    request = ambient_request(call.request, site=call.site)
    done = call.security.sso.logouts.notice(call.connection, token=token, request=request)
    if isinstance(done, Refusal) and done.reason is not Reason.INVALID_TOKEN:
        return done
    return WebResponse(status=400, json={"error": "invalid_request"}) if isinstance(done, Refusal) else WebResponse()


def _logout_token(call: Call) -> str:
    """Return the token in the form, empty for anything that is not a form with one token."""
    kind = (call.request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded" or len(call.request.body) > MAX_NOTICE:
        return ""
    try:
        fields = parse_qsl(call.request.body.decode("ascii"), keep_blank_values=True, max_num_fields=16)
    except ValueError:
        return ""
    found = [value for name, value in fields if name == "logout_token"]
    return found[0] if len(found) == 1 else ""


def sso_connections(call: Call) -> Answer:
    """List connections, for those who manage them, each with when a dry run of it passed as it is."""
    refusal = may_see_sso(call)
    if refusal is not None:
        return refusal
    found = call.unit.connections.of_organization(organization=call.organization)
    tried = {each.id: views.moment(call.unit.sso_trials.passed_at(each)) for each in found}
    return WebResponse(json={"connections": [{**connection_view(call, each), "dry_run_at": tried[each.id]} for each in found]})


def create_sso_connection(call: Call) -> Answer:
    """Draft a connection."""
    body = call.read(sso_models.ConnectionSetup)
    try:
        wish = body.wish(now=call.now)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    secret = SecretText(body.secret.get_secret_value()) if body.secret is not None else None
    return _shown(call, call.unit.connections.create(call.principal, organization=call.organization, wish=wish, secret=secret), status=201)


def change_sso_connection(call: Call) -> Answer:
    """Change a connection."""
    body = call.read(sso_models.ConnectionSetup)
    try:
        wish = body.wish(now=call.now)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    secret = SecretText(body.secret.get_secret_value()) if body.secret is not None else None
    done = call.unit.connections.change(call.principal, call.connection, organization=call.organization, wish=wish, secret=secret)
    return _shown(call, done)


def rotate_sso_key(call: Call) -> Answer:
    """Make another key for a connection."""
    return _shown(call, call.unit.connections.rotate_key(call.principal, call.connection, organization=call.organization))


def sso_keys(call: Call) -> Answer:
    """Publish the public keys of a connection (RFC 7517, 5)."""
    found = call.unit.connections.keys(call.connection)
    return found if isinstance(found, Refusal) else WebResponse(json={"keys": [dict(each) for each in found]})


def remove_sso_connection(call: Call) -> Answer:
    """Remove a connection."""
    done = call.unit.connections.remove(call.principal, call.connection, organization=call.organization)
    return done if isinstance(done, Refusal) else no_content()


def try_sso_connection(call: Call) -> Answer:
    """Ask the provider for its document."""
    request = ambient_request(call.request, site=call.site)
    done = call.security.sso.test(call.principal, call.connection, organization=call.organization, request=request)
    answer = _shown(call, done)
    if isinstance(answer, Refusal) or isinstance(done, Refusal):
        return answer
    return replace(answer, json={**(answer.json or {}), "passed": done.tested_at is not None})


def enable_sso_connection(call: Call) -> Answer:
    """Let people sign in through a connection."""
    return _shown(call, call.unit.connections.enable(call.principal, call.connection, organization=call.organization))


def disable_sso_connection(call: Call) -> Answer:
    """End sign-ins through a connection."""
    return _shown(call, call.unit.connections.disable(call.principal, call.connection, organization=call.organization))


def preview_sso_claims(call: Call) -> Answer:
    """Show what a sign-in with some claims would be; nothing changes."""
    refusal = may_see_sso(call)
    if refusal is not None:
        return refusal
    every = call.unit.connections.of_organization(organization=call.organization)
    found = next((each for each in every if each.id == call.connection), None)
    if found is None:
        return NOT_FOUND
    if found.provider.saml:
        return Refusal(Reason.CONFLICT, "a connection that speaks SAML has no claims to paste; a dry run shows its attributes")
    client = call.unit.connections.client(found)
    if client is None:
        return Refusal(Reason.CONFLICT, "the connection can not be used as it is; its doctor says why")
    seen = preview(client, ConnectionSettings.read(found.settings), call.read(sso_models.SampleClaims).claims)
    if isinstance(seen, Rejected):
        return WebResponse(json={"accepted": False, "problem": seen.reason.value})
    foreseen = call.unit.provisioning.foresee(found, seen.identity, may_link=seen.may_link)
    return WebResponse(json=sso_models.preview(seen, foreseen=foreseen))


def _shown(call: Call, done: Outcome[Connection], *, status: int = 200) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(status=status, json=connection_view(call, done))


def connection_view(call: Call, found: Connection) -> dict[str, object]:
    """Return a connection as it is shown."""
    settings = call.security.parts.settings
    policy, base = settings.single_sign_on, settings.base_url
    return sso_models.connection(found, redirect_uri=policy.redirect_uri(base, found.id), saml_url=policy.saml_url(base, found.id))
