"""Every way in, in every state that a person can be in: one table, in both hosts."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import timedelta

import pytest

from ctsec.rbac.policy import Policy
from tests.hosts.harness import HOSTS, PASSWORD, Browser, Reply
from tests.hosts.ways import Stage, Way, arrived, finished, first, outcome, put, signed, totp
from tests.hosts.ways_through import THROUGH, by_key

NEW = "seven purple lanterns"
# What each way comes to in each state: "in" is an answer of the workspace, "enrol" a sign-in that ends in an enrolment, "code_too" one
# that asks for the second step all the same, anything else the reason of the first refusal. `required`: the organization requires a second
# factor, which the way has not proved unless it is one. The person of `service_key`, `exchange` and `directory` made what comes in; it
# belongs to the organization. Nobody asks at a provider for the account's own password, so its lock closes nothing there.
SHORTER = {"unverified": "email_not_verified", "credentials": "invalid_credentials", "nobody": "not_authenticated"}
TABLE = """
    way                active  disabled       removed        suspended      deleted        unverified  locked  in_grace  required
    password           in      disabled       not_found      denied         disabled       unverified  locked  in        enrol
    code               in      disabled       not_found      denied         disabled       unverified  locked  in        in
    backup             in      disabled       not_found      denied         disabled       unverified  locked  in        in
    passkey_second     in      disabled       not_found      denied         disabled       unverified  locked  in        in
    passkey            in      disabled       not_found      denied         disabled       unverified  in      in        in
    reset              in      no_mail        not_found      denied         no_mail        in          in      in        enrol
    link               in      no_mail        not_found      denied         no_mail        no_mail     in      in        enrol
    link_and_code      in      no_mail        not_found      denied         no_mail        no_mail     in      in        mfa_required
    link_before        in      disabled       not_found      denied         disabled       unverified  in      in        enrol
    trusted            in      disabled       not_found      denied         disabled       unverified  in      code_too  code_too
    begun_before       in      disabled       not_found      denied         disabled       unverified  locked  in        in
    enrolment          in      disabled       not_found      denied         disabled       unverified  locked  in        in
    enrolment_passkey  in      disabled       not_found      denied         disabled       unverified  locked  in        in
    renewal            in      disabled       not_found      denied         disabled       unverified  locked  in        in
    session            in      disabled       not_found      denied         nobody         in          in      in        mfa_required
    oidc               in      disabled       credentials    credentials    credentials    in          in      in        enrol
    saml               in      disabled       credentials    credentials    credentials    in          in      in        enrol
    oidc_before        in      disabled       credentials    credentials    credentials    in          in      in        enrol
    saml_before        in      disabled       credentials    credentials    credentials    in          in      in        enrol
    oidc_then_code     in      disabled       not_found      denied         disabled       in          in      in        in
    oidc_session       in      disabled       nobody         denied         nobody         in          in      in        mfa_required
    break_glass        in      disabled       not_found      not_found      disabled       unverified  locked  in        in
    api_key            in      disabled       revoked        denied         revoked        in          in      in        mfa_required
    derived_key        in      disabled       revoked        denied         revoked        in          in      in        mfa_required
    service_key        in      in             expired        in             expired        in          in      in        in
    exchange           in      invalid_token  invalid_token  invalid_token  invalid_token  in          in      in        in
    directory          in      in             401            in             401            in          in      in        in
"""
STATES, *ROWS = (line.split()[1:] if not n else line.split() for n, line in enumerate(TABLE.strip().splitlines()))
WAYS = {way: dict(zip(STATES, (SHORTER.get(cell, cell) for cell in row), strict=True)) for way, *row in ROWS}


def with_passkey(stage: Stage) -> Browser:
    question = stage.person.ok("POST /passkeys/options")
    stage.person.ok("POST /passkeys", {"name": "Phone", "response": stage.answered(question)})
    return stage.person


def with_key(stage: Stage) -> Browser:
    stage.person.ok("POST /session/organization", {"organization_id": stage.organization})
    body = {"name": "ci", "scopes": ["dashboards:view"]}
    stage.minted = stage.person.ok(f"POST /organizations/{stage.organization}/api-keys", body)["token"]
    return stage.person


def by_password(stage: Stage) -> str:
    other, step = first(stage)
    return arrived(stage, other, step)


def by_code(stage: Stage, factor: str = "otp", code: Callable[[Browser], str] = Browser.code) -> str:
    stage.host.clock.advance(timedelta(seconds=30))
    other, step = first(stage)
    return finished(stage, other, step, factor, code(stage.person))


def by_backup(stage: Stage) -> str:
    return by_code(stage, "backup", lambda person: person.backup[0])


def by_second_passkey(stage: Stage) -> str:
    other, step = first(stage)
    return signed(stage, other, step) if step.status == 200 else outcome(step)


def by_passkey(stage: Stage) -> str:
    other = Browser(stage.host)
    answer = other.auth("POST /sign-in/passkey", {"response": stage.answered(other.ok("POST /sign-in/passkey/options", {}))})
    return outcome(stage.there(other)) if answer.status == 200 else outcome(answer)


def by_reset(stage: Stage) -> str:
    before = len(stage.host.mails(stage.person.email))
    stage.person.ok("POST /password/reset-request", {"email": stage.person.email})
    if not [mail for mail in stage.host.mails(stage.person.email)[before:] if mail.kind == "password_reset"]:
        return "no_mail"
    done = stage.person.auth("POST /password/reset", {"token": stage.person.mailed_token(), "password": NEW})
    assert done.status == 204, done.body
    other, step = first(stage, NEW)
    return arrived(stage, other, step)


def asked(stage: Stage) -> tuple[Browser, str]:
    """Ask for a link in another browser; return that browser, and the token that was mailed ("" if there was no mail)."""
    other, before = Browser(stage.host, email=stage.person.email), len(stage.host.mails(stage.person.email))
    reply = other.auth("POST /sign-in/link/request", {"email": other.email})
    assert (reply.status, reply.json) == (202, {"status": "accepted"})
    other.link = half_of(reply)
    mailed = [mail for mail in stage.host.mails(other.email)[before:] if mail.kind == "sign_in_link"]
    return other, other.mailed_token() if mailed else ""


def half_of(reply: Reply) -> str:
    found = re.search(r"(?m)^ctsec_link=([^;]{43}); Max-Age=600; Path=/; HttpOnly; SameSite=Lax$", reply.headers["set-cookie"])
    assert found is not None, reply.headers
    return found[1]


def opened(other: Browser, token: str) -> Reply:
    """Send the mailed token from the browser that asked for it."""
    return other.auth("POST /sign-in/link", {"token": token}, headers={"x-link-token": other.link})


def by_link(stage: Stage) -> str:
    other, token = asked(stage)
    step = opened(other, token)
    if not token:
        assert outcome(step) == "invalid_token"
        return "no_mail"
    return arrived(stage, other, step)


def by_link_and_code(stage: Stage) -> str:
    stage.host.clock.advance(timedelta(seconds=30))
    other, token = asked(stage)
    return finished(stage, other, opened(other, token), "otp", stage.person.code()) if token else "no_mail"


def asked_before(stage: Stage) -> None:
    """Ask for a link before the state changes."""
    other, token = asked(stage)
    stage.minted = f"{other.link} {token}"


def by_earlier_link(stage: Stage) -> str:
    half, token = stage.minted.split()
    other = Browser(stage.host, email=stage.person.email, link=half)
    step = opened(other, token)
    return arrived(stage, other, step)


def begun(stage: Stage) -> Browser:
    """Take the first step before the state changes; the second one comes after it."""
    totp(stage)
    stage.host.clock.advance(timedelta(seconds=30))
    other, step = first(stage)
    stage.minted = step.json["ticket"]
    return other


def trusting(stage: Stage) -> None:
    """Sign in with both steps on another device, which is trusted from then on."""
    totp(stage)
    stage.host.clock.advance(timedelta(seconds=30))
    other, step = first(stage)
    body = {"ticket": step.json["ticket"], "code": stage.person.code(), "trust": True}
    done = other.auth("POST /sign-in/code", body)
    found = re.search(r"(?m)^ctsec_device=([^;]+);", done.headers["set-cookie"])
    assert found is not None
    stage.minted = found[1]


def by_trusted(stage: Stage) -> str:
    other = Browser(stage.host, email=stage.person.email)
    step = other.auth("POST /sign-in", {"email": other.email, "password": PASSWORD}, headers={"x-device-token": stage.minted})
    if step.status == 200 and step.json["status"] == "mfa_required":
        return "code_too"
    assert step.status != 200 or (step.json["status"], step.json["aal"]) == ("signed_in", 1)
    return outcome(stage.there(other)) if step.status == 200 else outcome(step)


def by_ticket(stage: Stage) -> str:
    other = Browser(stage.host, email=stage.person.email)
    second = other.auth("POST /sign-in/code", {"ticket": stage.minted, "factor": "otp", "code": stage.person.code()})
    return outcome(stage.there(other)) if second.status == 200 else outcome(second)


# What has to be there before the state changes, and the way in after it.
OWN = {
    "password": Way(enter=by_password),
    "code": Way(prepare=totp, enter=by_code),
    "backup": Way(prepare=totp, enter=by_backup),
    "passkey_second": Way(prepare=with_passkey, enter=by_second_passkey),
    "passkey": Way(prepare=with_passkey, enter=by_passkey),
    "reset": Way(enter=by_reset),
    "link": Way(enter=by_link),
    "link_and_code": Way(prepare=totp, enter=by_link_and_code),
    "link_before": Way(prepare=asked_before, enter=by_earlier_link),
    "trusted": Way(prepare=trusting, enter=by_trusted),
    "begun_before": Way(prepare=begun, enter=by_ticket),
    "session": Way(enter=lambda stage: outcome(stage.there(stage.person))),
    "api_key": Way(prepare=with_key, enter=by_key),
}
STEPS = {**OWN, **THROUGH}


def ended(kind: str, way: Way, state: str) -> str:
    """Return what a way came to in a host of a kind, after the person was brought into a state."""
    host = HOSTS[kind](Policy.preset(), shared=True)
    with closing(host), ExitStack() as opened:
        stage = way.make(host, opened)
        way.prepare(stage)
        put(stage, state)
        return way.enter(stage)


@pytest.mark.proves("SEED-A1", "SEED-A2", "SEED-M5", "SEED-P1", "ASVS-6.3.4", "CVE-2025-64103", "CVE-2026-9091")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", sorted(HOSTS))
def test_a_way_in_ends_as_the_table_says(kind: str, way: str) -> None:
    """Who is disabled, removed, suspended, deleted, unverified, locked or lacks a required factor is treated so on every way in."""
    assert {state: ended(kind, STEPS[way], state) for state in STATES} == WAYS[way]
