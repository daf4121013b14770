"""What a request says in its headers and addresses leads nobody elsewhere, and counts under its own name only."""

from __future__ import annotations

import http.client
import re
import threading
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.serving import make_server

from ctsec.web.https import HttpsRules
from ctsec.web.table import ROUTES
from tests.hosts.apps import STAFF
from tests.hosts.harness import BASE, COOKIE, PASSWORD, Browser, FastapiHost, FlaskHost, Host
from tests.hosts.test_sessions import IDS

# Ways to write another host that readers of addresses disagree about.
ELSEWHERE = (
    "//evil.example", "/\\evil.example", "\\/evil.example", "\\\\\\evil.example", "///evil.example", "https:evil.example",
    "https:///evil.example", "https://evil.example", "https://app.example.com@evil.example", "https://app.example.com.evil.example",
    "https://evil-app.example.com", "http:\\\\evil.example", "/\t/evil.example", "javascript:alert(1)", "data:text/html,x",
    "%2F%2Fevil.example", "/%09/evil.example", "//evil\u3002example", "https://evil\uff0eexample", "/%0d%0alocation:%20//evil.example",
)  # fmt: skip
NEXT = ("next", "redirect", "redirect_to", "return_to", "url", "continue", "callback", "rd")


@pytest.mark.proves("ASVS-3.7.2", "CVE-2026-40295", "CVE-2023-49438", "CVE-2021-32618")
def test_no_answer_leads_elsewhere(browser: Browser) -> None:
    """No route answers with a Location, or repeats where a query, a header or a path wants to lead: there is nothing to redirect by."""
    browser.sign_up("ada@example.com")
    for number, route in enumerate(ROUTES):
        path = re.sub(r"\{(\w+)\}", lambda found: IDS[found[1]], route.path)
        wanted = ELSEWHERE[number % len(ELSEWHERE)]
        asked = "&".join(f"{name}={quote(wanted)}" for name in NEXT)
        headers = dict.fromkeys(("referer", "x-forwarded-host", "x-original-url", "x-rewrite-url", "x-forwarded-prefix"), "//evil.example")
        for line in (f"{path}?{asked}", f"{path}/" if number % 2 else path):
            reply = browser.auth(f"{route.method} {line}", {} if route.body is not None else None, headers=headers)
            assert "location" not in reply.headers, (line, reply.headers)
            assert "refresh" not in reply.headers
            assert b"evil.example" not in reply.body, line
    for wanted in ELSEWHERE:
        written = wanted.encode().decode("latin-1")
        reply = browser.auth(
            "POST /sign-in", {"email": browser.email, "password": PASSWORD}, headers={"referer": re.sub(r"\s", "", written)}
        )
        assert (reply.status, "location" in reply.headers) == (200, False)
        assert browser.auth("POST /sign-in", {"email": browser.email, "password": PASSWORD, "next": wanted}).status == 422


def led_to(location: str) -> tuple[str, str]:
    """Return the scheme and the host that a browser reads in an absolute address: white space goes, and a backslash is a slash."""
    text = re.sub(r"[\t\r\n]", "", location).strip(" ").replace("\\", "/")
    scheme, _, rest = text.partition(":")
    authority = re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0]
    return scheme.lower(), authority.rpartition("@")[2].lower()


@pytest.mark.proves("ASVS-3.7.2", "CVE-2023-49438", "CVE-2021-32618", "GHSA-w2j7-f3c6-g8cw")
@given(path=st.one_of(st.sampled_from(ELSEWHERE), st.text(max_size=60)), query=st.text(max_size=60), host=st.text(max_size=60))
@example(path="/", query="next=/\\evil.example", host="evil-app.example.com")
@example(path="//evil.example", query="", host="app.example.com")
@example(path="/\\evil.example", query="", host="x.app.example.com")
def test_https_leads_to_the_hosts_of_the_list_only(path: str, query: str, host: str) -> None:
    """Whatever path, query and host a plain request names, it is sent to a host of the list over https, or nowhere; in one line."""
    rules = HttpsRules.of(hosts=["app.example.com"])
    for named in (host, "app.example.com"):
        answer = rules.answer("GET", hosts=[named], path=path, query=query, authorized=False)
        location = dict(answer.headers).get("location")
        if location is not None:
            assert led_to(location) == ("https", "app.example.com")
            assert location.isascii()
            assert location.isprintable()
        if named in {"evil-app.example.com", "x.app.example.com", "evilapp.example.com"}:
            assert location is None


def sent(host: Host, path: str, headers: dict[str, str], *, method: str = "GET") -> tuple[int, bytes]:
    """Send a request to a host as a server of its kind hands it over: ASGI has names as they came, WSGI is spoken by a running server."""
    if isinstance(host, FastapiHost):
        reply = host.send(method, path, headers=list(headers.items()), body=b"")
        return reply.status, reply.body
    assert isinstance(host, FlaskHost)
    server = make_server("127.0.0.1", 0, host.app, threaded=False)
    running = threading.Thread(target=server.handle_request)
    running.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
        running.join()
        server.server_close()


@pytest.mark.proves("CVE-2025-64484", "ASVS-4.1.3")
def test_a_header_under_another_name_is_none(host: Host, browser: Browser) -> None:
    """With an underscore for a dash, no header of those that are read says anything: no credential, no address, no operator, no token."""
    browser.sign_up("ada@example.com")
    cookie = {"cookie": f"{COOKIE}={browser.cookie}"}
    assert sent(host, "/me", cookie)[0] == 200
    key = browser.ok(f"POST /organizations/{browser.found('Acme')}/api-keys", {"name": "robot"})["token"]
    wrong: list[tuple[str, str, dict[str, str], int]] = [
        ("POST", "/auth/sign-out", {**cookie, "x_csrf_token": browser.csrf, "origin": BASE}, 403),
        ("GET", "/auth/operator/support-cases", {"x_staff": f"{STAFF} olga"}, 404),
        ("GET", "/me", {"x_authorization": f"Bearer {key}", "http_authorization": f"Bearer {key}"}, 401),
        ("GET", "/me", {"remote_user": browser.id, "x_forwarded_user": browser.id, "x_remote_user": browser.id}, 401),
        ("GET", "/me", {"http_cookie": cookie["cookie"]}, 401),
    ]
    for method, path, headers, status in wrong:
        assert sent(host, path, headers, method=method)[0] == status, (path, headers)
        assert sent(host, path, {name.upper(): value for name, value in headers.items()}, method=method)[0] == status, (path, headers)


@pytest.mark.proves("CVE-2025-64484", "CHANGELOG-django-allauth-65-14-2")
def test_an_address_is_not_smuggled(host: Host) -> None:
    """From a client that is no proxy, no writing of a forwarding header changes the address that its guesses are counted under."""
    from ctsec.web.address import TrustedProxies

    names = ("x-forwarded-for", "X_Forwarded_For", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")
    headers: Any = [(name.lower(), "192.0.2.99" if name != "forwarded" else "for=192.0.2.99") for name in names]
    assert TrustedProxies().client("198.51.100.7", headers=headers) == "198.51.100.7"
    assert TrustedProxies.of(["198.51.100.0/24"]).client("198.51.100.7", headers=headers[1:]) == "198.51.100.7"
    statuses = []
    for number in range(51):
        body = b'{"email":"nobody%d@example.com","password":"a wrong and long one"}' % number
        said = [("content-type", "application/json"), *((name, f"192.0.{number}.1") for name in names)]
        statuses.append(host.send("POST", "/auth/sign-in", headers=said, body=body).status)
    assert statuses == [401] * 50 + [429]
