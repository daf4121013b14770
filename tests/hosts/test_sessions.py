"""Sessions as both hosts carry them, in a cookie and in a header: listed, ended, replaced, and never written by another site."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from ctsec.web.route import Needs
from ctsec.web.table import ROUTES
from tests.hosts.harness import COOKIE, PASSWORD, Browser, Host, Reply

ADA = "ada@example.com"
WRITES = [route for route in ROUTES if route.needs in {Needs.SESSION, Needs.PRINCIPAL} and route.method != "GET"]
# Text of every kind of id that may stand in a path.
IDS = {name: f"{kind}_00000000000000000000000000" for name, kind in (
    ("organization_id", "org"), ("workspace_id", "wsp"), ("user_id", "usr"), ("session_id", "ses"), ("elevation_id", "elv"),
    ("invitation_id", "inv"), ("key_id", "key"), ("credential_id", "crd"), ("passkey_id", "pky"),
    ("authenticator_id", "aut"), ("device_id", "dvc"), ("recovery_id", "rcv"), ("backup_id", "dek"), ("hold_id", "hld"),
    ("alert_id", "alr"),
    ("connection_id", "sso"), ("service_account_id", "svc"), ("app_id", "app"), ("scim_connection_id", "scm"),
    ("scim_token_id", "sct"), ("workload_rule_id", "wlr"),
)} | {"role_name": "editor", "region": "eu", "domain": "acme.example", "provider": "files", "identity_id": "0" * 64}  # fmt: skip


def with_header(host: Host, token: str, line: str, **more: Any) -> Reply:
    """Make a request as a client without cookies."""
    return Browser(host).auth(line, headers={"authorization": f"Session {token}"}, **more)


@pytest.mark.proves("ASVS-3.5.1", "ASVS-3.3.2", "NIST-5.1")
def test_no_route_is_written_with_the_cookie_alone(browser: Browser) -> None:
    """Every route that changes something refuses the session cookie without the CSRF token of this session, or from another site."""
    browser.sign_up(ADA)
    assert len(WRITES) > 30
    for route in WRITES:
        path = re.sub(r"\{(\w+)\}", lambda found: IDS[found[1]], route.path)
        for sent in ({"headers": {}, "csrf": False}, {"headers": {"sec-fetch-site": "cross-site"}}):
            reply = browser.auth(f"{route.method} {path}", {}, **sent)
            assert (reply.status, reply.json["reason"]) == (403, "csrf"), (route.method, path)
    assert browser.auth("GET /session").status == 200


@pytest.mark.proves("ASVS-7.5.2", "ASVS-7.4.1", "ASVS-7.2.2", "NIST-5.1(3)")
@pytest.mark.parametrize("carrier", ["cookie", "header"])
def test_sessions_are_listed_and_ended(host: Host, carrier: str) -> None:
    """The list has device, address and last use; one session, the others or all are ended, and refused at the next request."""
    laptop = Browser(host).sign_up(ADA)
    others = [Browser(host, email=ADA) for _ in range(3)]
    for other in others:
        other.sign_in()

    def ask(line: str, body: Any = None) -> Reply:
        return laptop.auth(line, body) if carrier == "cookie" else with_header(host, laptop.cookie, line, body=body)

    listed = ask("GET /sessions").json["sessions"]
    assert [each["current"] for each in listed].count(True) == 1
    assert {(each["user_agent"], each["address"]) for each in listed} == {("test browser", "198.51.100.7")}
    assert {(each["device"], each["place"]) for each in listed} == {("test browser", "198.51.100.0/24")}
    assert all(each["last_seen_at"] for each in listed)
    ended = next(each["id"] for each in listed if others[0].cookie.startswith(each["id"]))
    assert ask(f"DELETE /sessions/{ended}").status == 204
    assert ask(f"DELETE /sessions/{ended}").status == 404
    assert [other.auth("GET /session").status for other in others] == [401, 200, 200]
    assert ask("POST /sign-out-everywhere", {"keep_this": True}).json == {"ended": 2}
    assert [other.auth("GET /session").status for other in others] == [401, 401, 401]
    assert ask("POST /sign-out-everywhere", {}).json == {"ended": 1}
    assert ask("GET /session").status == 401
    assert with_header(host, laptop.cookie.replace("ses_", "key_", 1), "GET /session").status == 401


@pytest.mark.proves("ASVS-7.2.4", "NIST-5.1(1)")
@pytest.mark.parametrize("carrier", ["cookie", "header"])
def test_a_token_is_replaced_when_the_person_is_proved_again(host: Host, carrier: str) -> None:
    """After a first factor, a step-up and another password the token of before opens nothing, and the new one is in no body."""
    browser = Browser(host).sign_up(ADA)

    def ask(line: str, body: Any) -> Reply:
        before = browser.cookie
        reply = browser.auth(line, body) if carrier == "cookie" else with_header(host, before, line, body=body)
        assert reply.status < 300, reply.body
        browser._keep(reply)
        assert browser.cookie != before
        assert browser.cookie.encode() not in reply.body
        assert [with_header(host, each, "GET /session").status for each in (before, browser.cookie)] == [401, 200]
        return reply

    browser.totp = browser.ok("POST /mfa/totp")["manual_key"].replace(" ", "")
    ask("POST /mfa/totp/confirm", {"code": browser.code()})
    host.clock.advance(timedelta(seconds=30))
    assert ask("POST /step-up", {"factor": "otp", "code": browser.code()}).json["csrf_token"] == browser.csrf
    ask("POST /password/change", {"current": PASSWORD, "new": "another long and quiet river"})
    reply = browser.auth("POST /sign-out-everywhere", {})
    assert (reply.json, browser.cookie) == ({"ended": 1}, "")


@pytest.mark.proves("ASVS-7.2.4", "CVE-2025-12390")
def test_no_session_is_planted(host: Host, browser: Browser) -> None:
    """A cookie of somebody's choice is neither taken over by a sign-in nor opened by it, whether it was a session or never was one."""
    browser.sign_up(ADA)
    stranger = Browser(host).sign_up("eve@example.com")
    for planted in (stranger.cookie, "ses_00000000000000000000000000." + "A" * 43):
        other = Browser(host, email=ADA, cookie=planted)
        reply = other.auth("POST /sign-in", {"email": ADA, "password": PASSWORD})
        assert other.cookie not in {planted, ""}
        assert f"{COOKIE}={planted}" not in reply.headers["set-cookie"]
        who = with_header(host, planted, "GET /session")
        assert who.status == (200 if planted == stranger.cookie else 401)
        assert who.json.get("email") != ADA
