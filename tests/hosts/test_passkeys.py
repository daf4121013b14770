"""Passkeys over HTTP: added, used alone, as second factor and as step-up, renamed and removed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from ctsec.testing import SoftwareAuthenticator
from tests.hosts.harness import BASE, Browser, Host, named


@pytest.fixture
def key() -> SoftwareAuthenticator:
    """An authenticator without passkeys."""
    return SoftwareAuthenticator()


def answered(key: SoftwareAuthenticator, question: Any) -> Any:
    """Return what a page of the site sends after its browser asked an authenticator."""
    options = question["public_key"]
    return json.loads(key.create(options, origin=BASE) if "user" in options else key.get(options, origin=BASE))


def add(browser: Browser, key: SoftwareAuthenticator, name: str = "Phone") -> Any:
    """Add a passkey in the browser's session."""
    return browser.ok("POST /passkeys", {"name": name, "response": answered(key, browser.ok("POST /passkeys/options"))})


@pytest.mark.proves("NIST-2.2.2")
def test_a_passkey_signs_in_without_name_and_password(host: Host, browser: Browser, key: SoftwareAuthenticator) -> None:
    """A page that knows nobody gets a session of AAL2 for the answer of a passkey, once; each step is an event."""
    browser.sign_up("ada@example.com")
    added = add(browser, key)
    assert (added["name"], added["backup"], len(added["codes"]), added["remaining"]) == ("Phone", "device_bound", 10, 10)
    assert added["codes"][0] in added["text"]
    host.clock.advance(timedelta(seconds=1))
    other = Browser(host)
    given = answered(key, other.ok("POST /sign-in/passkey/options", {}))
    signed_in = other.ok("POST /sign-in/passkey", {"response": given})
    assert (signed_in["status"], signed_in["user_id"], signed_in["aal"]) == ("signed_in", browser.id, 2)
    assert other.ok("GET /session")["amr"] == ["passkey"]
    again = Browser(host).auth("POST /sign-in/passkey", {"response": given})
    assert (again.status, again.json["reason"]) == (400, "code_already_used")
    (listed,) = other.ok("GET /passkeys")["passkeys"]
    assert {**listed, "last_used_at": None} == {name: added[name] for name in listed}
    events = host.events()
    assert [event.target_id for event in named(events, "passkey.registered")] == [added["id"]]
    assert named(events, "user.signed_in")[-1].details()["details"] == {"aal": 2, "factors": ["passkey"], "new_device": True}
    assert [event.reason for event in named(events, "mfa.code_refused")] == ["code_already_used"]


@pytest.mark.proves("CVE-2026-73278")
def test_a_passkey_completes_a_sign_in_and_steps_up(host: Host, browser: Browser, key: SoftwareAuthenticator) -> None:
    """The only second factor is asked for after the password; with the ticket it completes the sign-in, and later it makes it fresh."""
    browser.sign_up("ada@example.com")
    add(browser, key)
    workspace = browser.workspace(browser.found("Acme"))
    other = Browser(host, email=browser.email)
    step = other.sign_in()
    assert (step["status"], step["factors"], other.cookie) == ("mfa_required", ["backup", "passkey"], "")
    question = other.ok("POST /sign-in/passkey/options", {"ticket": step["ticket"]})
    assert [each["type"] for each in question["public_key"]["allowCredentials"]] == ["public-key"]
    other.ok("POST /sign-in/passkey", {"ticket": step["ticket"], "response": answered(key, question)})
    assert other.ok("GET /session")["amr"] == ["passkey", "pwd"]
    host.clock.advance(timedelta(minutes=6))
    assert other.call("GET", f"/workspaces/{workspace}/fresh").json["reason"] == "step_up_required"
    stepped = other.ok("POST /step-up/passkey", {"response": answered(key, other.ok("POST /step-up/passkey/options"))})
    assert stepped["status"] == "stepped_up"
    assert other.call("GET", f"/workspaces/{workspace}/fresh").status == 200


def test_a_passkey_is_renamed_and_removed_by_its_person(host: Host, browser: Browser, key: SoftwareAuthenticator) -> None:
    """Another person's passkey is answered like none; removing takes a fresh second factor, and ends what it opened elsewhere."""
    browser.sign_up("ada@example.com")
    added = add(browser, key)
    guest = Browser(host).sign_up("bob@example.com")
    path = f"/passkeys/{added['id']}"
    for line, body in ((f"PATCH {path}", {"name": "Mine"}), (f"DELETE {path}", None)):
        theirs, nobodys = guest.auth(line, body), guest.auth(line.replace(added["id"], f"pky_{'0' * 26}"), body)
        assert (theirs.status, theirs.body) == (404, nobodys.body)
    assert browser.ok(f"PATCH {path}", {"name": "Work phone"})["name"] == "Work phone"
    assert browser.auth(f"DELETE {path}").json["reason"] == "step_up_required"
    browser.ok("POST /step-up/passkey", {"response": answered(key, browser.ok("POST /step-up/passkey/options"))})
    assert browser.auth(f"DELETE {path}").status == 204
    assert browser.ok("GET /passkeys") == {"passkeys": []}
    assert browser.ok("GET /mfa") == {"enrolled": False, "backup_codes_left": 0, "passkeys": 0, "authenticators": 0}


def test_what_is_no_answer_is_a_problem(host: Host, browser: Browser, key: SoftwareAuthenticator) -> None:
    """A foreign page's answer, one of another site and one without its fields are refused alike; unknown fields are no input."""
    browser.sign_up("ada@example.com")
    add(browser, key)
    other = Browser(host)
    question = other.ok("POST /sign-in/passkey/options", {})["public_key"]
    foreign = json.loads(key.get(question, origin="https://evil.example"))
    for response in (foreign, {}, {"id": "eA"}, {**foreign, "response": None}):
        reply = other.auth("POST /sign-in/passkey", {"response": response})
        assert (reply.status, reply.json["reason"], other.cookie) == (400, "invalid_code", "")
    assert other.auth("POST /sign-in/passkey", {"response": "text"}).status == 422
    assert other.auth("POST /sign-in/passkey", {"response": {}, "email": "ada@example.com"}).status == 422
    blocked = other.auth("POST /sign-in/passkey/options", {}, headers={"origin": "https://evil.example"})
    assert blocked.status == 403
