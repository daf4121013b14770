"""Mistakes that other products were reported for, each stated as the rule that ctsec keeps in both hosts."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hosts.harness import COOKIE, PASSWORD, Browser, Host, Reply

# What may stand in a header line: visible Latin-1, spaces and tabs.
LINES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=300)
SCHEMES = st.sampled_from(["", "Bearer ", "bearer", "Session ", "Basic ", "Bearer ct_live_", "Session ses_"])


@pytest.mark.proves("GHSA-xmf8-cvqr-rfgj")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scheme=SCHEMES, line=LINES)
def test_any_authorization_header_is_answered(host: Host, scheme: str, line: str) -> None:
    """Whatever stands in an Authorization header that proves nothing, the answer is the client's problem, and never our error."""
    reply = host.send("GET", "/me", headers=[("authorization", (scheme + line).strip())], body=b"")
    assert reply.status in {400, 401}
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.proves("CVE-2026-41059")
@pytest.mark.parametrize(
    "path",
    ["/me%23x", "/me#x", "/me;x", "/me%3Bx", "/me%3Fx", "/me?x", "//me", "/./me", "/open/../me", "/open%2F..%2Fme", "/%6de", "/ME", "/me/"],
)
def test_no_writing_of_a_path_gets_past_its_guard(host: Host, browser: Browser, path: str) -> None:
    """However a guarded path is written, it is refused to a guest or is no path: a route is guarded, and not a list of paths."""
    browser.sign_up("ada@example.com")
    assert host.send("GET", "/me", headers=[("cookie", f"{COOKIE}={browser.cookie}")], body=b"").status == 200
    reply = host.send("GET", path, headers=[], body=b"")
    assert reply.status in {307, 308, 401, 404}
    assert browser.id.encode() not in reply.body


@pytest.mark.proves("CHANGELOG-flask-security-421-3-4-5")
def test_reading_gives_no_credential(browser: Browser) -> None:
    """No GET of ours sets a cookie or repeats the session token, so a page that makes a browser read gets nothing to act with."""
    browser.sign_up("ada@example.com")
    paths = browser.ok("GET /openapi.json")["paths"]
    read = [path for path, methods in paths.items() if "get" in methods and "{" not in path]
    assert len(read) > 5
    for path in read:
        reply = browser.auth(f"GET {path.removeprefix('/auth')}")
        assert "set-cookie" not in reply.headers, path
        assert browser.cookie.encode() not in reply.body, path


@pytest.mark.proves("CVE-2026-7507", "CVE-2025-12390", "CVE-2024-28197")
def test_nothing_from_before_a_step_opens_what_comes_after_it(host: Host, browser: Browser) -> None:
    """Each step ends with a secret of its own: what was planted, and what an earlier step gave, opens nothing after the next one."""
    browser.sign_up("ada@example.com").enrol()
    host.clock.advance(timedelta(seconds=30))
    held = [browser.cookie]
    browser.auth("POST /sign-out")
    browser.cookie = held[0]  # planted, as by somebody who had it before
    step = browser.auth("POST /sign-in", {"email": browser.email, "password": PASSWORD})
    held.append(step.json["ticket"])
    browser.ok("POST /sign-in/code", {"ticket": held[1], "factor": "otp", "code": browser.code()})
    held.append(browser.cookie)
    host.clock.advance(timedelta(seconds=30))
    browser.ok("POST /step-up", {"factor": "otp", "code": browser.code()})
    assert len({*held, browser.cookie}) == 4
    for secret, status in [*((each, 401) for each in held), (browser.cookie, 200)]:
        assert host.send("GET", "/me", headers=[("cookie", f"{COOKIE}={secret}")], body=b"").status == status
    again = browser.auth("POST /sign-in/code", {"ticket": held[1], "factor": "otp", "code": browser.code()})
    assert again.json["reason"] == "invalid_token"


@pytest.mark.proves("CVE-2015-8314")
def test_every_browser_has_secrets_of_its_own(host: Host, browser: Browser) -> None:
    """Two browsers of a person share neither the session's nor the device's secret, and ending one session leaves the other."""
    browser.sign_up("ada@example.com")
    others = [Browser(host, email=browser.email) for _ in range(2)]
    given = [other.auth("POST /sign-in", {"email": other.email, "password": PASSWORD}) for other in others]
    assert len({line for reply in given for line in cookies(reply)}) == 4
    others[0].auth("POST /sign-out")
    assert [other.auth("GET /session").status for other in others] == [401, 200]


def cookies(reply: Reply) -> list[str]:
    """Return the names and values of the cookies that an answer sets."""
    return [line.partition(";")[0] for line in reply.headers["set-cookie"].splitlines()]


@pytest.mark.proves("CVE-2026-28699")
def test_a_key_is_the_same_whichever_way_it_is_sent(host: Host, browser: Browser) -> None:
    """A narrowed key decides the same however its scheme is written, and is no credential as a name, a password or a cookie."""
    browser.sign_up("ada@example.com")
    organization = browser.found("Acme")
    token = browser.ok(f"POST /organizations/{organization}/api-keys", {"name": "robot", "scopes": ["audit:view"]})["token"]
    reads, writes = f"/auth/organizations/{organization}/audit", f"/auth/organizations/{organization}/workspaces"

    def answers(*headers: tuple[str, str]) -> tuple[int, int]:
        body = [*headers, ("content-type", "application/json")]
        return (
            host.send("GET", reads, headers=list(headers), body=b"").status,
            host.send("POST", writes, headers=body, body=b'{"name":"Main"}').status,
        )

    for scheme in ("Bearer", "bearer", "BEARER"):
        assert answers(("authorization", f"{scheme} {token}")) == (200, 403)
    for pair in (f"{token}:", f":{token}", f"robot:{token}", f"{token}:x-oauth-basic", f"x-access-token:{token}"):
        basic = base64.b64encode(pair.encode()).decode()
        assert answers(("authorization", f"Basic {basic}")) in {(401, 401), (400, 400)}
    for headers in (
        [("x-api-key", token)],
        [("cookie", f"{COOKIE}={token}")],
        [("authorization", f"Session {token}")],
        [("authorization", token)],
    ):
        assert answers(*headers) == (401, 401), headers
