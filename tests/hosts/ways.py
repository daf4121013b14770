"""The scene of the table of ways in: who is there, the states that a person is brought into, and what an arrival came to."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from ctsec.guard.attempts import MAX_FAILURES, Attempts
from ctsec.guard.counters import password_counter
from ctsec.ids import UserId
from ctsec.testing import SoftwareAuthenticator
from tests.hosts.harness import BASE, PASSWORD, Browser, Host, Reply
from tests.hosts.sso import Acme


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
    acme: Acme | None = None
    kept: Any = None

    @property
    def provided(self) -> Acme:
        """The organization's provider, where it has one."""
        assert self.acme is not None
        return self.acme

    def there(self, browser: Browser) -> Reply:
        """Ask the workspace as the browser's person."""
        return browser.call("POST", f"/workspaces/{self.workspace}/dashboards-view")

    def answered(self, question: Any) -> Any:
        """Return what a page sends after its browser asked the person's authenticator."""
        options = question["public_key"]
        return json.loads(self.key.create(options, origin=BASE) if "user" in options else self.key.get(options, origin=BASE))


def invited(host: Host, opened: ExitStack) -> Stage:
    """Return an owner, and a member with an account of their own."""
    owner, person = Browser(host).sign_up("olga@example.com"), Browser(host).sign_up("ada@example.com")
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, person, role="member", workspace_id=workspace, workspace_role="viewer")
    return Stage(host, owner, person, organization, workspace)


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way in: who is there, what has to be there before the state changes, and what it comes to after that."""

    enter: Callable[[Stage], str]
    prepare: Callable[[Stage], Any] = lambda stage: None
    make: Callable[[Host, ExitStack], Stage] = invited


def outcome(reply: Reply) -> str:
    """Return "in", or the reason of a refusal."""
    return "in" if reply.status < 300 else str(reply.json["reason"])


def totp(stage: Stage) -> Browser:
    """Turn on the person's second factor."""
    stage.person.enrol()
    return stage.person


def first(stage: Stage, password: str = PASSWORD) -> tuple[Browser, Reply]:
    """Take the first step in another browser."""
    other = Browser(stage.host, email=stage.person.email)
    return other, other.auth("POST /sign-in", {"email": other.email, "password": password})


def arrived(stage: Stage, other: Browser, step: Reply) -> str:
    """Return what a first step came to: a ticket for an enrolment is no session."""
    if step.status == 200 and step.json["status"] == "enrolment_required":
        assert (other.cookie, stage.there(other).status) == ("", 401)
        return "enrol"
    return outcome(stage.there(other)) if step.status == 200 else outcome(step)


def finished(stage: Stage, other: Browser, step: Reply, factor: str, code: str) -> str:
    if step.status != 200:
        return outcome(step)
    assert (step.json["status"], other.cookie) == ("mfa_required", "")
    second = other.auth("POST /sign-in/code", {"ticket": step.json["ticket"], "factor": factor, "code": code})
    return outcome(stage.there(other)) if second.status == 200 else outcome(second)


def signed(stage: Stage, other: Browser, step: Reply) -> str:
    """Answer the second step with the person's passkey, and say what came of it."""
    question = other.ok("POST /sign-in/passkey/options", {"ticket": step.json["ticket"]})
    second = other.auth("POST /sign-in/passkey", {"ticket": step.json["ticket"], "response": stage.answered(question)})
    return outcome(stage.there(other)) if second.status == 200 else outcome(second)


def put(stage: Stage, state: str) -> None:
    """Bring the person into a state."""
    user, member = UserId(stage.person.id), f"/organizations/{stage.organization}/members/{stage.person.id}"
    if state == "disabled":
        stage.host.do(lambda unit: unit.directory.disable_user(user, reason="left"))
    elif state == "deleted":
        stage.host.do(lambda unit: unit.lifecycle_work.close_account(user, reason="left"))
    elif state == "removed":
        stage.owner.ok(f"DELETE {member}")
    elif state == "suspended":
        stage.owner.ok(f"POST {member}/suspend")
    elif state in {"in_grace", "required"}:
        if not stage.owner.totp:
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
