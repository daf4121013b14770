"""The edges of the HTTP interface: CSRF, bad input, methods, credentials, and what both hosts must answer with the same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ctsec.rbac.policy import Policy
from tests.hosts.harness import BASE, COOKIE, HOSTS, PASSWORD, Browser, Host, bearer, named

HOST_LIFE = timedelta(days=31)


def test_a_cookie_alone_writes_nothing(host: Host, browser: Browser) -> None:
    """A write with the session cookie needs the CSRF token of this session, at our routes and at the host's; reads do not."""
    browser.sign_up("ada@example.com")
    other = Browser(host).sign_up("eve@example.com")
    for headers in ({}, {"x-csrf-token": ""}, {"x-csrf-token": other.csrf}, {"x-csrf-token": "é"}):
        for path, body in (("/auth/organizations", {"name": "Acme"}), ("/found?name=Acme", None)):
            reply = browser.call("POST", path, body, headers=headers, csrf=False)
            assert (reply.status, reply.json["reason"]) == (403, "csrf")
    assert browser.ok("GET /organizations") == {"organizations": []}
    assert named(host.events(), "organization.created") == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:8001"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": BASE}, 201),
        ({"sec-fetch-site": "same-origin"}, 201),
    ],
)
def test_another_site_is_refused(browser: Browser, headers: dict[str, str], status: int) -> None:
    """A request that the browser says came from elsewhere is refused, even with the right token."""
    browser.sign_up("ada@example.com")
    assert browser.auth("POST /organizations", {"name": "Acme"}, headers=headers).status == status


def test_another_site_can_not_sign_anybody_in(browser: Browser) -> None:
    """Signing in is refused to another site's page: by its origin, and by a form's content type."""
    browser.sign_up("ada@example.com")
    guest = Browser(browser.host)
    body = {"email": browser.email, "password": PASSWORD}
    assert guest.auth("POST /sign-in", body, headers={"origin": "https://evil.example"}).status == 403
    assert guest.auth("POST /sign-in", body, headers={"content-type": "text/plain"}).status == 415
    assert guest.cookie == ""


def test_clients_without_cookies_use_the_session_header(host: Host, browser: Browser) -> None:
    """`Authorization: Session` carries a session token without CSRF; the same token as Bearer, and a key as Session, open nothing."""
    browser.sign_up("ada@example.com")
    token = browser.cookie

    def found(scheme: str) -> int:
        return host.send("POST", "/found?name=Acme", headers=[("authorization", f"{scheme} {token}")], body=b"").status

    assert [found("Session"), found("session"), found("Bearer"), found("Basic")] == [200, 200, 401, 401]
    both = [("authorization", "Bearer nonsense"), ("cookie", f"{COOKIE}={token}")]
    assert host.send("GET", "/me", headers=both, body=b"").status == 401


def test_sign_in_always_sets_a_new_cookie(host: Host, browser: Browser) -> None:
    """A session token that was planted before the sign-in is not the one after it; the cookie is HttpOnly and SameSite=Lax."""
    browser.sign_up("ada@example.com")
    planted = browser.cookie
    reply = browser.auth("POST /sign-in", {"email": browser.email, "password": PASSWORD})
    assert browser.cookie != planted
    assert re.search(r"; Max-Age=\d+; Path=/; HttpOnly; SameSite=Lax$", reply.headers["set-cookie"])


@pytest.mark.parametrize("name", sorted(HOSTS))
def test_an_https_site_has_a_host_cookie(name: str) -> None:
    """Where the site is https its cookie is __Host-, Secure, and the plain name opens nothing."""
    host = HOSTS[name](Policy.preset(), base_url="https://app.example.com")
    browser = Browser(host).sign_up("ada@example.com")
    reply = browser.auth("POST /sign-in", {"email": browser.email, "password": PASSWORD})
    assert reply.headers["set-cookie"].startswith("__Host-ctsec_session=ses_")
    assert reply.headers["set-cookie"].endswith("; Secure")
    for name_of_cookie, status in (("ctsec_session", 401), ("__Host-ctsec_session", 200)):
        sent = [("cookie", f"{name_of_cookie}={browser.cookie}")]
        assert host.send("GET", "/me", headers=sent, body=b"").status == status
    host.close()


@pytest.mark.parametrize(
    ("line", "body", "status"),
    [
        ("POST /sign-up", {"email": "a" * 250 + "@x.org", "password": PASSWORD, "name": "A"}, 422),
        ("POST /sign-up", {"email": "a@x.org", "password": PASSWORD, "name": "A" * 201}, 422),
        ("POST /sign-up", {"email": "a@x.org", "password": "p" * 5000, "name": "A"}, 422),
        ("POST /sign-up", {"email": "a@x.org", "password": "p" * 1_048_576, "name": "A"}, 413),
        ("POST /sign-up", {"email": "a@x.org", "password": PASSWORD, "name": "A", "admin": True}, 422),
        ("POST /sign-up", {"email": "a@x.org", "password": PASSWORD}, 422),
        ("POST /sign-up", {"email": "not an address", "password": PASSWORD, "name": "A"}, 422),
        ("POST /sign-up", {"email": ["a@x.org"], "password": PASSWORD, "name": "A"}, 422),
        ("POST /sign-up", {"email": "a\ud800@x.org", "password": PASSWORD, "name": "A"}, 422),
        ("POST /verify-email", {"token": "x" * 43}, 400),
        ("POST /verify-email", {"token": "x" * 4000}, 422),
        ("POST /password/reset", {"token": "é" * 43, "password": PASSWORD}, 400),
        ("POST /sign-in/code", {"ticket": "x" * 43, "code": "1" * 65}, 422),
        ("POST /sign-in/code", {"ticket": "x" * 43, "code": "123456", "factor": "sms"}, 422),
        ("POST /sign-in/code", {"ticket": "x" * 43, "code": "123456"}, 400),
    ],
)
def test_bad_input_is_refused_and_writes_nothing(host: Host, browser: Browser, line: str, body: Any, status: int) -> None:
    """Over-long, unknown, missing and ill-typed input is a clear problem that repeats none of it; no mail, no account, no other event."""
    reply = browser.auth(line, body)
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["status"] == status
    assert PASSWORD.encode() not in reply.body
    assert len(reply.body) < 1000
    assert host.mails("a@x.org") == ()
    # The worker takes on the plan of a log that has none yet.
    assert {event.name for event in host.events()} <= {"token.refused", "retention.changed"}


@pytest.mark.parametrize(
    "raw",
    [
        b'{"email":"a@x.org","email":"b@x.org"}',
        b"[]",
        b"{",
        b"\xff{}",
        b'{"email":NaN}',
        b'{"email":1e999}',
        b"[" * 60_000,
        b"\xef\xbb\xbf{}",
    ],
)
def test_malformed_json_is_refused(browser: Browser, raw: bytes) -> None:
    """A body that is no JSON object, or one with a duplicate key, is 400."""
    assert browser.auth("POST /verification", raw=raw).status == 400


@pytest.mark.proves("GHSA-xmf8-cvqr-rfgj")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("x-anything", "a" * 8193)], 431),
        ([("cookie", "a=" + "b" * 4096)], 431),
        ([("authorization", "Bearer " + "a" * 256)], 400),
        ([("authorization", "Bearer")], 401),
        ([("authorization", "Bearer a b")], 401),
        ([("authorization", "Bearer ct_live_" + "0" * 76)], 401),
        ([("authorization", "Bearer \xe9")], 401),
        ([("cookie", f"{COOKIE}=nonsense")], 401),
        ([("cookie", f"{COOKIE}=ses_{'0' * 26}.{'a' * 43}")], 401),
        ([("cookie", f"{COOKIE}=a; {COOKIE}=b")], 401),
        ([], 401),
    ],
)
def test_malformed_credentials_are_refused_alike(host: Host, headers: list[tuple[str, str]], status: int) -> None:
    """Whatever is wrong with a credential, our routes and the host's answer the same problem and write nothing."""
    replies = [host.send("GET", path, headers=headers, body=b"") for path in ("/me", "/auth/session")]
    assert [reply.status for reply in replies] == [status, status]
    assert replies[0].body == replies[1].body
    assert status != 401 or replies[0].headers["www-authenticate"].startswith("Bearer")
    assert host.events() == ()


def test_an_over_long_query_and_an_id_of_the_wrong_kind(browser: Browser) -> None:
    """A query over 2 KiB is 400, and an id of another kind is 404 before anybody is asked who they are."""
    assert browser.auth("GET /openapi.json?" + "a" * 2049).status == 400
    for line in ("GET /organizations/wsp_00000000000000000000000000/members", "DELETE /sessions/1", "GET /workspaces/%00/roles"):
        assert browser.auth(line).status == 404
    assert browser.auth("GET /organizations/org_00000000000000000000000000/members").status == 401


def test_expired_and_foreign_sessions(host: Host, browser: Browser) -> None:
    """A session past its end and one whose secret is another's are 401."""
    browser.sign_up("ada@example.com")
    other = Browser(host).sign_up("eve@example.com")
    mixed = Browser(host, cookie=browser.cookie[:31] + other.cookie[31:])
    assert mixed.call("GET", "/me").status == 401
    host.clock.advance(HOST_LIFE)
    assert browser.call("GET", "/me").status == 401


def test_methods_slashes_and_unknown_paths(host: Host, browser: Browser) -> None:
    """405 names the methods, OPTIONS and HEAD work, a trailing slash and an unknown path are the one 404."""
    reply = browser.auth("PUT /sign-in")
    assert (reply.status, reply.headers["allow"]) == (405, "OPTIONS, POST")
    reply = browser.auth("OPTIONS /openapi.json")
    assert (reply.status, reply.headers["allow"], reply.body) == (204, "GET, HEAD, OPTIONS", b"")
    got, head = browser.auth("GET /openapi.json"), browser.auth("HEAD /openapi.json")
    assert head.body == b""
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.body))
    replies = [browser.auth(line) for line in ("POST /sign-in/", "GET /nothing", "POST /nothing/below", "DELETE /")]
    assert {(reply.status, reply.body) for reply in replies} == {(404, replies[0].body)}


def scenario(browser: Browser) -> list[tuple[str, Callable[[], Any]]]:
    """Return named requests whose answers hold nothing of time or chance."""
    host = browser.host
    return [
        ("401 host", lambda: browser.call("GET", "/me")),
        ("401 key", lambda: bearer(host, "nonsense", "GET", "/me")),
        ("401 credentials", lambda: browser.auth("POST /sign-in", {"email": "a@x.org", "password": "wrong wrong"})),
        ("403 origin", lambda: browser.auth("POST /sign-in", {}, headers={"origin": "https://evil.example"})),
        ("404 guard", lambda: browser.call("POST", "/workspaces/x/agents-run")),
        ("404 path", lambda: browser.auth("GET /nothing")),
        ("405", lambda: browser.auth("PATCH /sign-in")),
        ("options", lambda: browser.auth("OPTIONS /organizations")),
        ("413", lambda: browser.auth("POST /sign-in", raw=b"x" * 70_000)),
        ("415", lambda: browser.auth("POST /sign-in", {}, headers={"content-type": "text/plain"})),
        ("422", lambda: browser.auth("POST /sign-in", {"email": 1, "colour": "red"})),
        ("431", lambda: browser.call("GET", "/me", headers={"x-long": "a" * 9000})),
        ("429", lambda: [browser.auth("POST /sign-in", {"email": "b@x.org", "password": "wrong wrong"}) for _ in range(6)][-1]),
        ("head", lambda: browser.auth("HEAD /openapi.json")),
        ("openapi", lambda: browser.auth("GET /openapi.json")),
        ("signed in", lambda: browser.sign_up("ada@example.com") and browser.auth("GET /mfa")),
        ("403 csrf", lambda: browser.auth("POST /sign-out", csrf=False)),
        ("403 denied", lambda: browser.call("GET", "/active")),
        ("403 host csrf", lambda: browser.call("POST", "/found?name=a", csrf=False)),
        ("204", lambda: browser.auth("POST /sign-out")),
    ]


def test_both_hosts_answer_with_the_same_bytes() -> None:
    """Status, body and the headers that we write are equal in FastAPI and Flask, case by case."""
    answers: dict[str, list[tuple[Any, ...]]] = {}
    for name in sorted(HOSTS):
        host = HOSTS[name](Policy.preset())
        for case, send in scenario(Browser(host)):
            reply = send()
            headers = {key: value for key, value in reply.headers.items() if key not in {"date", "server"}}
            answers.setdefault(case, []).append((reply.status, headers, reply.body))
        host.close()
    for case, (fastapi, flask) in answers.items():
        assert fastapi == flask, case


@pytest.mark.proves("ASVS-14.2.2", "ASVS-14.3.2")
def test_nothing_of_ours_is_kept_by_a_cache(browser: Browser) -> None:
    """Every answer of ours, to guests and to people who are signed in, in success and failure, says that nobody may store it."""
    replies = {case: send() for case, send in scenario(browser)}
    assert {case: reply.headers.get("cache-control") for case, reply in replies.items()} == dict.fromkeys(replies, "no-store")


@pytest.mark.proves("ASVS-14.2.1")
@pytest.mark.parametrize("name", ["api_key", "access_token", COOKIE, "authorization"])
def test_no_credential_is_read_from_an_address(host: Host, browser: Browser, name: str) -> None:
    """A session token and an API key in a query open nothing, at our routes and at the host's, nor change who asks by a header."""
    browser.sign_up("ada@example.com")
    organization = browser.found("Acme")
    key = browser.ok(f"POST /organizations/{organization}/api-keys", {"name": "robot"})["token"]
    other = Browser(host).sign_up("eve@example.com")
    for credential in (key, browser.cookie, f"Bearer%20{key}", f"Session%20{browser.cookie}"):
        for path in ("/me", "/auth/session"):
            asked = f"{path}?{name}={credential}"
            assert host.send("GET", asked, headers=[], body=b"").status in {400, 401}
            mine = host.send("GET", asked, headers=[("cookie", f"{COOKIE}={other.cookie}")], body=b"")
            assert mine.status != 200 or browser.id not in mine.body.decode()


@pytest.mark.proves("GHSA-8fpg-xm3f-6cx3")
def test_broken_infrastructure_tells_nothing(host: Host, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is busy answers 503 with Retry-After, a corrupt record 500 without its text, at our routes and the host's."""
    from ctsec.errors import CorruptRecord, StoreBusy

    browser.sign_up("ada@example.com")
    for error, status in ((StoreBusy("secret text"), 503), (CorruptRecord("secret text"), 500)):

        def fail(*_: Any, error: Exception = error) -> Any:
            raise error

        monkeypatch.setattr(type(host.security.gate), "session", fail)  # type: ignore[attr-defined]
        for path in ("/me", "/auth/session"):
            reply = browser.call("GET", path)
            assert reply.status == status
            assert b"secret text" not in reply.body
            assert (reply.headers.get("retry-after") == "1") == (status == 503)


def test_the_clients_address_is_believed_of_trusted_proxies_only(host: Host, browser: Browser) -> None:
    """X-Forwarded-For from a client that is no trusted proxy changes nothing in the audit trail."""
    browser.email = "ada@example.com"
    body = {"email": browser.email, "password": PASSWORD, "name": "Ada"}
    browser.auth("POST /sign-up", body, headers={"x-forwarded-for": "192.0.2.99", "x-request-id": "forged"})
    event = named(host.events(), "user.signed_up")[0]
    assert event.request_id != "forged"
    assert len(event.request_id) == 32
    browser.ok("POST /verify-email", {"token": browser.mailed_token()})
    browser.sign_in()
    assert browser.ok("GET /sessions")["sessions"][0]["address"] == "198.51.100.7"
