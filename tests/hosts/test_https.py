"""Https only, in both hosts: redirects to known hosts, refusals that hide nothing, and Strict-Transport-Security on https answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import flask
import httpx
import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import PlainTextResponse
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import ctsec.fastapi
import ctsec.flask

HSTS = "strict-transport-security"
PROXY, CLIENT = "203.0.113.9", "198.51.100.7"
HOSTS = ["app.example.com", "Admin.example.com:8443", "[2001:db8::1]"]
Headers = list[tuple[str, str]]
Send = Callable[..., httpx.Response]


def fastapi_host(**more: Any) -> Send:
    """Return how a request reaches a FastAPI application behind the middleware."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(ctsec.fastapi.HttpsOnly, **{"hosts": HOSTS, "exempt": ["/healthz"], "trusted_proxies": ["203.0.113.0/24"], **more})

    @app.api_route("/{rest:path}", methods=["GET", "HEAD", "POST"])
    def page(rest: str) -> PlainTextResponse:
        return PlainTextResponse("page", headers={"Strict-Transport-Security": "max-age=1"} if rest == "own" else {})

    def send(method: str, url: str, *, headers: Headers, peer: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=app, client=(peer, 1))
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(method, url, headers=headers)

        return asyncio.run(ask())

    return send


def flask_host(**more: Any) -> Send:
    """Return how a request reaches a Flask application behind the middleware."""
    app = flask.Flask("https", static_folder=None)

    @app.route("/", defaults={"rest": ""}, methods=["GET", "POST"])
    @app.route("/<path:rest>", methods=["GET", "POST"])
    def page(rest: str) -> flask.Response:
        return flask.Response("page", headers={"Strict-Transport-Security": "max-age=1"} if rest == "own" else {})

    options = {"hosts": HOSTS, "exempt": ["/healthz"], "trusted_proxies": ["203.0.113.0/24"], **more}
    app.wsgi_app = ctsec.flask.HttpsOnly(app.wsgi_app, **options)  # type: ignore[method-assign]

    def send(method: str, url: str, *, headers: Headers, peer: str) -> httpx.Response:
        with httpx.Client(transport=httpx.WSGITransport(app=app, remote_addr=peer)) as client:
            return client.request(method, url, headers=headers)

    return send


MADE = {"fastapi": fastapi_host, "flask": flask_host}


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.host(name)) for name in MADE])
def host(request: pytest.FixtureRequest) -> Callable[..., Send]:
    """How each of the two hosts is made."""
    return MADE[request.param]


def get(send: Send, url: str, *, method: str = "GET", peer: str = CLIENT, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Make one request."""
    return send(method, url, headers=list((headers or {}).items()), peer=peer)


@pytest.mark.proves("SEED-E1", "ASVS-12.3.1")
@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("http://app.example.com/", "https://app.example.com/"),
        ("http://APP.example.com:8080/a/b?c=d&e=%20f", "https://app.example.com/a/b?c=d&e=%20f"),
        ("http://admin.example.com/x", "https://admin.example.com:8443/x"),
        ("http://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("http://app.example.com//evil.example/%2e%2e", "https://app.example.com//evil.example/"),
        ("http://app.example.com/%0d%0aSet-Cookie:a=b", "https://app.example.com/%0D%0ASet-Cookie:a=b"),
        ("http://app.example.com/?next=https://evil.example/%0d%0a", "https://app.example.com/?next=https://evil.example/%0d%0a"),
    ],
)
def test_plain_http_is_redirected(host: Callable[..., Send], url: str, location: str) -> None:
    """A page over plain http is redirected, permanently, to the same page over https at a host of the list."""
    for method in ("GET", "HEAD"):
        answer = get(host(), url, method=method)
        assert answer.status_code == 308
        assert answer.headers["location"].lower().startswith(location.lower())
        assert HSTS not in answer.headers
        assert answer.content == b""


@pytest.mark.proves("SEED-E1")
@pytest.mark.parametrize(
    "named",
    ["evil.example", "app.example.com.evil.example", "app.example.com@evil.example", "evil.example#app.example.com", "app.example.com.",
     "", "app.example.com/evil.example", "app.example.com:80:80", "user@app.example.com"],
)  # fmt: skip
def test_no_open_redirect(host: Callable[..., Send], named: str) -> None:
    """A Host header that is not of the list redirects nobody anywhere."""
    answer = get(host(), "http://app.example.com/x", headers={"host": named})
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.proves("SEED-E1")
def test_what_was_sent_in_the_clear_is_refused(host: Callable[..., Send]) -> None:
    """A request with a credential or a body is not redirected, so that its author learns what happened; nothing of it is served."""
    for method, headers in (("POST", {}), ("GET", {"authorization": "Bearer x"}), ("DELETE", {}), ("OPTIONS", {})):
        answer = get(host(), "http://app.example.com/x", method=method, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
        assert answer.json()["reason"] == "https_required"
        assert "location" not in answer.headers


@pytest.mark.proves("SEED-E1", "ASVS-3.4.1")
@pytest.mark.parametrize("path", ["/", "/own", "/healthz"])
def test_https_answers_are_strict(host: Callable[..., Send], path: str) -> None:
    """Every https answer has the header once, for two years and all sub-domains, whatever the application says of it."""
    answer = get(host(), f"https://app.example.com{path}")
    assert (answer.status_code, answer.text) == (200, "page")
    assert answer.headers.get_list(HSTS) == ["max-age=63072000; includeSubDomains"]
    assert get(host(preload=True), f"https://app.example.com{path}").headers[HSTS] == "max-age=63072000; includeSubDomains; preload"
    assert get(host(include_subdomains=False), f"https://app.example.com{path}").headers[HSTS] == "max-age=63072000"


def test_exempt_paths_may_be_plain(host: Callable[..., Send]) -> None:
    """The path of a health check is served over plain http, whole paths only, and without the header."""
    answer = get(host(), "http://10.0.0.5/healthz")
    assert (answer.status_code, answer.text) == (200, "page")
    assert HSTS not in answer.headers
    assert get(host(), "http://app.example.com/healthz/x").status_code == 308


@pytest.mark.proves("SEED-E1")
@pytest.mark.parametrize(
    ("peer", "said", "https"),
    [
        (PROXY, "https", True),
        (PROXY, "HTTPS", True),
        (PROXY, "https, https", True),
        (PROXY, "http", False),
        (PROXY, "https, http", False),
        (PROXY, "http, https", False),
        (PROXY, "", False),
        (CLIENT, "https", False),
        ("", "https", False),
    ],
)
def test_forwarded_proto_of_trusted_proxies(host: Callable[..., Send], peer: str, said: str, https: bool) -> None:
    """The header of a trusted proxy decides, in both directions; that of anybody else is not looked at."""
    answer = get(host(), "http://app.example.com/x", peer=peer, headers={"x-forwarded-proto": said})
    assert (answer.status_code, HSTS in answer.headers) == ((200, True) if https else (308, False))
    behind = get(host(), "https://app.example.com/x", peer=peer, headers={"x-forwarded-proto": said})
    assert behind.status_code == (308 if peer == PROXY and not https else 200)


@pytest.mark.proves("ASVS-4.2.5")
def test_too_long_addresses_are_refused(host: Callable[..., Send]) -> None:
    """No redirect repeats an address without end."""
    for url in ("http://app.example.com/" + "x" * 3_000, "http://app.example.com/?" + "x" * 3_000):
        assert get(host(), url).status_code == 400


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hosts": []}, "at least one host"),
        ({"hosts": ["https://app.example.com"]}, "expected"),
        ({"hosts": ["app.example.com/x"]}, "names of hosts"),
        ({"hosts": ["*.example.com"]}, "expected"),
        ({"exempt": ["healthz"]}, "begin with a slash"),
        ({"preload": True, "include_subdomains": False}, "include_subdomains"),
        ({"trusted_proxies": ["everybody"]}, "IPv4"),
    ],
)
def test_wrong_rules_stop_the_start(options: dict[str, Any], words: str) -> None:
    """Rules that would redirect nowhere, or anywhere, are found when the middleware is made."""
    with pytest.raises(ValueError, match=words):
        ctsec.flask.HttpsOnly(flask.Flask("x", static_folder=None).wsgi_app, **{"hosts": HOSTS, **options})


@pytest.mark.host("fastapi")
def test_websockets_are_https_only() -> None:
    """A plain WebSocket is closed before it opens, and a secure one reaches the application."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(ctsec.fastapi.HttpsOnly, hosts=HOSTS)

    @app.websocket("/ws")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    def open_socket(scheme: str) -> list[str]:
        sent: list[str] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        headers = [(b"host", b"app.example.com")]
        scope = {"type": "websocket", "scheme": scheme, "path": "/ws", "raw_path": b"/ws", "query_string": b"", "headers": headers}
        asyncio.run(app({**scope, "client": (CLIENT, 1), "subprotocols": [], "root_path": ""}, receive, send))
        return sent

    assert open_socket("wss") == ["websocket.accept", "websocket.send", "websocket.close"]
    assert open_socket("ws") == ["websocket.close"]


@pytest.mark.host("flask")
def test_flask_routes_behind_it_are_still_seen() -> None:
    """The middleware does not hide mounted applications from the tests that look for unguarded routes."""
    app, mounted = flask.Flask("a", static_folder=None), flask.Flask("b", static_folder=None)
    mounted.add_url_rule("/secret", view_func=lambda: "x", endpoint="secret")
    app.wsgi_app = ctsec.flask.HttpsOnly(DispatcherMiddleware(app.wsgi_app, {"/b": mounted}), hosts=HOSTS)  # type: ignore[method-assign]
    assert ctsec.flask.unguarded_routes(app) == ("GET,HEAD,OPTIONS /b/secret",)
