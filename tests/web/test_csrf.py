"""Cookies, credentials, CSRF tokens and origins, without a framework."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.outcome import Reason, Refusal
from ctsec.web.credentials import Presented, Via, presented
from ctsec.web.csrf import check_csrf, check_origin, csrf_token
from ctsec.web.http import WebRequest
from ctsec.web.site import Site

SITE = Site.of("https://app.example.com/base")
NOW = datetime(2026, 1, 15, tzinfo=UTC)


def post(**headers: str) -> WebRequest:
    """Return a POST with headers, underscores standing for hyphens."""
    return WebRequest(method="POST", path="/", headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()))


@pytest.mark.parametrize(
    ("base", "origin"),
    [
        ("https://App.Example.com", "https://app.example.com"),
        ("https://app.example.com:443/x", "https://app.example.com"),
        ("https://app.example.com:8443", "https://app.example.com:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_a_site_has_one_origin(base: str, origin: str) -> None:
    """The origin is lower case and without the default port, as browsers send it."""
    assert Site.of(base).origin == origin


def test_the_cookie_of_an_https_site_is_locked_to_its_host() -> None:
    """`__Host-` and Secure on https; neither on plain http of this machine; HttpOnly, Lax and Path=/ always; clearing ends it at once."""
    cookie = SITE.set_cookie("t", expires_at=NOW + timedelta(hours=1), now=NOW)
    assert cookie == "__Host-ctsec_session=t; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax; Secure"
    local = Site.of("http://localhost:8000")
    assert local.clear_cookie() == "ctsec_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"


tokens_of_sessions = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", min_size=1, max_size=74)


@given(tokens_of_sessions, tokens_of_sessions)
def test_a_token_belongs_to_one_session(one: str, other: str) -> None:
    """Two sessions have the same CSRF token only if they are the same session."""
    tokens = csrf_token(one), csrf_token(other)
    assert (tokens[0] == tokens[1]) == (one == other)
    assert len(tokens[0]) == 43


def test_a_write_needs_the_token_of_its_session() -> None:
    """The right token passes; none, an empty, another's and a non-ASCII one do not; safe methods need none."""
    good = csrf_token("session")
    assert check_csrf(post(x_csrf_token=good), site=SITE, session_token="session") is None
    for request in (post(), post(x_csrf_token=""), post(x_csrf_token=csrf_token("another")), post(x_csrf_token="\xe9")):
        refusal = check_csrf(request, site=SITE, session_token="session")
        assert refusal is not None
        assert refusal.reason is Reason.CSRF
    for method in ("GET", "HEAD", "OPTIONS"):
        assert check_csrf(WebRequest(method=method, path="/"), site=SITE, session_token="session") is None


@pytest.mark.proves("CVE-2025-24358", "CVE-2025-47909")
@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, True),
        ({"origin": "https://app.example.com"}, True),
        ({"origin": "https://other.example.com", "host": "other.example.com"}, True),
        ({"origin": "http://app.example.com", "host": "app.example.com"}, False),
        ({"origin": "https://app.example.com.evil.org", "host": "app.example.com"}, False),
        ({"origin": "https://[", "host": "["}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, True),
    ],
)
def test_origins(headers: dict[str, str], own: bool) -> None:
    """Only the site's origin and the https page of the request's own host are ours."""
    assert (check_origin(post(**headers), site=SITE) is None) == own


@pytest.mark.parametrize("line", ["Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "Bearer \xe9", "", "bearer:a"])
def test_a_malformed_authorization_never_falls_back_to_the_cookie(line: str) -> None:
    """Whatever an Authorization header holds, the cookie beside it is not looked at."""
    refused = presented(post(authorization=line, cookie="__Host-ctsec_session=t"), site=SITE)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.INVALID_TOKEN


def test_where_credentials_come_from() -> None:
    """Bearer is an API key, Session a session token, and the cookie of this site's name a session; two headers are none."""

    def via(request: WebRequest) -> Via | None:
        found = presented(request, site=SITE)
        return found.via if isinstance(found, Presented) else None

    assert via(post(authorization="bearer k")) is Via.API_KEY
    assert via(post(authorization="Session t")) is Via.SESSION_HEADER
    assert via(post(cookie="__Host-ctsec_session=t")) is Via.COOKIE
    assert via(post(cookie="ctsec_session=t")) is None
    twice = WebRequest(method="GET", path="/", headers=(("authorization", "Bearer a"), ("authorization", "Bearer b")))
    assert via(twice) is None
    assert "tossed" not in repr(presented(post(cookie="__Host-ctsec_session=tossed"), site=SITE))
