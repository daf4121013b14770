"""Every way in, in every state that a person can be in: one table, in both hosts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.guard.attempts import MAX_FAILURES, Attempts
from ctsec.guard.counters import password_counter
from ctsec.ids import UserId
from ctsec.testing import SoftwareAuthenticator
from tests.hosts.harness import BASE, PASSWORD, Browser, Host, Reply, bearer

STATES = ("active", "disabled", "removed", "suspended", "unverified", "locked", "in_grace", "required")
NEW = "seven purple lanterns"
# What each way comes to in each state: "in" is an answer of the workspace, "enrol" a sign-in that ends in an enrolment, "code_too" one
# that asks for the second step all the same, anything else the
# reason of the first refusal. `required`: the organization requires a second factor, which the way has not proved unless it is one.
TABLE = """
    way               active  disabled           removed    suspended  unverified          locked  in_grace  required
    password          in      disabled           not_found  denied     email_not_verified  locked  in        enrol
    code              in      disabled           not_found  denied     email_not_verified  locked  in        in
    backup            in      disabled           not_found  denied     email_not_verified  locked  in        in
    passkey_second    in      disabled           not_found  denied     email_not_verified  locked  in        in
    passkey           in      disabled           not_found  denied     email_not_verified  in      in        in
    reset             in      no_mail            not_found  denied     in                  in      in        enrol
    link              in      no_mail            not_found  denied     no_mail             in      in        enrol
    link_and_code     in      no_mail            not_found  denied     no_mail             in      in        mfa_required
    link_before       in      disabled           not_found  denied     email_not_verified  in      in        enrol
    trusted           in      disabled           not_found  denied     email_not_verified  in      code_too  code_too
    begun_before      in      disabled           not_found  denied     email_not_verified  locked  in        in
    session           in      disabled           not_found  denied     in                  in      in        mfa_required
    api_key           in      disabled           revoked    denied     in                  in      in        mfa_required
"""
WAYS = {line.split()[0]: line.split()[1:] for line in TABLE.strip().splitlines()[1:]}
CASES = [(way, state, wanted) for way, row in WAYS.items() for state, wanted in zip(STATES, row, strict=True)]


@dataclass(slots=True)
class Stage:
    """An owner, and a person with a role in a workspace and every credential that a person can have."""

    host: Host
    owner: Browser
    person: Browser
    organization: str
    workspace: str
    key: SoftwareAuthenticator = field(default_factory=SoftwareAuthenticator)
    minted: str = ""

    def there(self, browser: Browser) -> Reply:
        """Ask the workspace as the browser's person."""
        return browser.call("POST", f"/workspaces/{self.workspace}/dashboards-view")

    def answered(self, question: Any) -> Any:
        """Return what a page sends after its browser asked the person's authenticator."""
        options = question["public_key"]
        return json.loads(self.key.create(options, origin=BASE) if "user" in options else self.key.get(options, origin=BASE))


@pytest.fixture
def stage(host: Host) -> Stage:
    owner, person = Browser(host).sign_up("olga@example.com"), Browser(host).sign_up("ada@example.com")
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, person, role="member", workspace_id=workspace, workspace_role="viewer")
    return Stage(host, owner, person, organization, workspace)


def outcome(reply: Reply) -> str:
    """Return "in", or the reason of a refusal."""
    return "in" if reply.status < 300 else str(reply.json["reason"])


def totp(stage: Stage) -> Browser:
    stage.person.enrol()
    return stage.person


def with_passkey(stage: Stage) -> Browser:
    question = stage.person.ok("POST /passkeys/options")
    stage.person.ok("POST /passkeys", {"name": "Phone", "response": stage.answered(question)})
    return stage.person


def with_key(stage: Stage) -> Browser:
    stage.person.ok("POST /session/organization", {"organization_id": stage.organization})
    body = {"name": "ci", "scopes": ["dashboards:view"]}
    stage.minted = stage.person.ok(f"POST /organizations/{stage.organization}/api-keys", body)["token"]
    return stage.person


def first(stage: Stage, password: str = PASSWORD) -> tuple[Browser, Reply]:
    """Take the first step in another browser."""
    other = Browser(stage.host, email=stage.person.email)
    return other, other.auth("POST /sign-in", {"email": other.email, "password": password})


def by_password(stage: Stage) -> str:
    other, step = first(stage)
    return arrived(stage, other, step)


def arrived(stage: Stage, other: Browser, step: Reply) -> str:
    """Return what a first step came to: a ticket for an enrolment is no session."""
    if step.status == 200 and step.json["status"] == "enrolment_required":
        assert (other.cookie, stage.there(other).status) == ("", 401)
        return "enrol"
    return outcome(stage.there(other)) if step.status == 200 else outcome(step)


def by_code(stage: Stage, factor: str = "otp", code: Callable[[Browser], str] = Browser.code) -> str:
    stage.host.clock.advance(timedelta(seconds=30))
    other, step = first(stage)
    return finished(stage, other, step, factor, code(stage.person))


def finished(stage: Stage, other: Browser, step: Reply, factor: str, code: str) -> str:
    if step.status != 200:
        return outcome(step)
    assert (step.json["status"], other.cookie) == ("mfa_required", "")
    second = other.auth("POST /sign-in/code", {"ticket": step.json["ticket"], "factor": factor, "code": code})
    return outcome(stage.there(other)) if second.status == 200 else outcome(second)


def by_backup(stage: Stage) -> str:
    return by_code(stage, "backup", lambda person: person.backup[0])


def by_second_passkey(stage: Stage) -> str:
    other, step = first(stage)
    if step.status != 200:
        return outcome(step)
    question = other.ok("POST /sign-in/passkey/options", {"ticket": step.json["ticket"]})
    second = other.auth("POST /sign-in/passkey", {"ticket": step.json["ticket"], "response": stage.answered(question)})
    return outcome(stage.there(other)) if second.status == 200 else outcome(second)


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
STEPS: dict[str, tuple[Callable[[Stage], Any], Callable[[Stage], str]]] = {
    "password": (lambda stage: None, by_password),
    "code": (totp, by_code),
    "backup": (totp, by_backup),
    "passkey_second": (with_passkey, by_second_passkey),
    "passkey": (with_passkey, by_passkey),
    "reset": (lambda stage: None, by_reset),
    "link": (lambda stage: None, by_link),
    "link_and_code": (totp, by_link_and_code),
    "link_before": (asked_before, by_earlier_link),
    "trusted": (trusting, by_trusted),
    "begun_before": (begun, by_ticket),
    "session": (lambda stage: None, lambda stage: outcome(stage.there(stage.person))),
    "api_key": (
        with_key,
        lambda stage: outcome(bearer(stage.host, stage.minted, "POST", f"/workspaces/{stage.workspace}/dashboards-view")),
    ),
}


def put(stage: Stage, state: str) -> None:
    """Bring the person into a state."""
    user, member = UserId(stage.person.id), f"/organizations/{stage.organization}/members/{stage.person.id}"
    if state == "disabled":
        stage.host.do(lambda unit: unit.directory.disable_user(user, reason="left"))
    elif state == "removed":
        stage.owner.ok(f"DELETE {member}")
    elif state == "suspended":
        stage.owner.ok(f"POST {member}/suspend")
    elif state in {"in_grace", "required"}:
        stage.owner.enrol()
        until = stage.host.clock.now() + (timedelta(hours=1) if state == "in_grace" else timedelta(0))
        body = {"starts_at": stage.host.clock.now().isoformat(), "grace_until": until.isoformat()}
        stage.owner.ok(f"PUT /organizations/{stage.organization}/mfa-policy", body)
    elif state == "unverified":
        found = stage.host.do(lambda unit: unit._store.users.get(user))
        changed = replace(found, email_verified_at=None, version=found.version + 1)
        assert stage.host.do(lambda unit: unit._store.users.replace(changed))
    elif state == "locked":
        counter = password_counter(user)
        before = stage.host.do(lambda unit: unit._guard.attempts.get(counter))
        now = stage.host.clock.now()
        after = Attempts(key=counter, failures=MAX_FAILURES, last_failed_at=now, disabled_at=now, subject=user)
        assert stage.host.do(lambda unit: unit._guard.attempts.replace(before, after))


@pytest.mark.proves("SEED-A1", "SEED-A2", "SEED-M5", "SEED-P1", "ASVS-6.3.4", "CVE-2025-64103", "CVE-2026-9091")
@pytest.mark.parametrize(("way", "state", "wanted"), CASES, ids=[f"{way}-{state}" for way, state, _ in CASES])
def test_a_way_in_ends_as_the_table_says(stage: Stage, way: str, state: str, wanted: str) -> None:
    """Who is disabled, no member any more, suspended, unverified, locked or lacks a required factor is treated so on every way in."""
    prepare, enter = STEPS[way]
    prepare(stage)
    put(stage, state)
    assert enter(stage) == wanted
