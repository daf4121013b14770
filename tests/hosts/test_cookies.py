"""Every cookie that an https site sets on a whole journey: locked to its host, out of reach of scripts, short and opaque."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ctsec.rbac.policy import Policy
from tests.hosts.harness import COOKIE, HOSTS, PASSWORD, Browser, Host, Reply

NAME = "Ada " + "Lovelace" * 20
EMAIL = "ada." + "x" * 50 + "@" + "y" * 60 + ".example.com"
LIFE = {"session": timedelta(days=30), "device": timedelta(days=180), "link": timedelta(minutes=10)}
# What a cookie is and no more: the id of a record, if it has one, and 256 random bits; nothing where it is taken away.
VALUE = re.compile(r"(((ses|dvc)_[0-9a-z]{26}\.)?[A-Za-z0-9_-]{43})?")


def journey(host: Host) -> tuple[Browser, list[Reply]]:
    """Walk through all that sets a cookie and return the browser and the answers, in their order."""
    browser, replies, held = Browser(host, email=EMAIL), list[Reply](), dict[str, str]()

    def ask(line: str, body: Any = None) -> Any:
        cookies = "; ".join(f"{name}={value}" for name, value in held.items())
        replies.append(reply := browser.auth(line, body, headers={"cookie": cookies} if cookies else {}))
        assert reply.status < 300, (line, reply.body)
        for each in reply.headers.get("set-cookie", "").splitlines():
            name, _, value = each.partition(";")[0].partition("=")
            held[name] = value
        return reply.json if reply.body else None

    ask("POST /sign-up", {"email": EMAIL, "password": PASSWORD, "name": NAME})
    ask("POST /verify-email", {"token": browser.mailed_token()})
    ask("POST /sign-in/link/request", {"email": EMAIL})
    browser.id = ask("POST /sign-in/link", {"token": browser.mailed_token()})["user_id"]
    ask("POST /sign-in", {"email": EMAIL, "password": PASSWORD})
    browser.totp = ask("POST /mfa/totp")["manual_key"].replace(" ", "")
    ask("POST /mfa/totp/confirm", {"code": browser.code()})
    host.clock.advance(timedelta(seconds=30))
    ask("POST /step-up", {"factor": "otp", "code": browser.code()})
    ask("POST /password/change", {"current": PASSWORD, "new": "another long and quiet river"})
    browser.cookie = held[f"__Host-{COOKIE}"]
    ask(f"DELETE /devices/{held['__Host-ctsec_device'].partition('.')[0]}")
    ask("POST /sign-out")
    return browser, replies


@pytest.mark.proves(
    "ASVS-3.3.1", "ASVS-3.3.3", "ASVS-3.3.4", "ASVS-3.3.5",
    "NIST-5.1.1(1)", "NIST-5.1.1(2)", "NIST-5.1.1(3)", "NIST-5.1.1(4)", "NIST-5.1.1(5)", "NIST-5.1.1(6)", "NIST-5.1.1(7)",
)  # fmt: skip
@pytest.mark.parametrize("make", [pytest.param(HOSTS[name], id=name, marks=pytest.mark.host(name)) for name in sorted(HOSTS)])
def test_every_cookie_of_a_journey(make: Callable[..., Host]) -> None:
    """Each is __Host-, Secure, HttpOnly, Lax, for all paths of one host and for its time, under 4,096 bytes, and tells nobody's name."""
    host = make(Policy.preset(), base_url="https://app.example.com")
    try:
        browser, replies = journey(host)
        lines = [line for reply in replies for line in reply.headers.get("set-cookie", "").splitlines()]
        assert {line.partition("=")[0] for line in lines} == {f"__Host-ctsec_{kind}" for kind in LIFE}
        assert len(lines) > 8
        for line in lines:
            pair, age, *attributes = line.split("; ")
            name, _, value = pair.partition("=")
            assert attributes == ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"], line
            assert 0 <= int(age.removeprefix("Max-Age=")) <= LIFE[name.rpartition("_")[2]].total_seconds()
            assert len(pair.encode()) <= 4096
            assert VALUE.fullmatch(value), line
            assert browser.id not in value
            secret = value.rpartition(".")[2]
            assert not value or not any(secret.encode() in reply.body for reply in replies)
        # Whoever kept the cookie of a session that was signed out has nothing.
        kept = [("cookie", f"__Host-{COOKIE}={browser.cookie}")]
        assert host.send("GET", "/me", headers=kept, body=b"").status == 401
    finally:
        host.close()


@pytest.mark.proves("NIST-5.1.1(4)")
def test_a_cookie_outlives_its_session_in_vain(host: Host, browser: Browser) -> None:
    """The end of a session is kept by the host: the cookie opens an instant before it and nothing at it, whatever the browser kept."""
    browser.sign_up("ada@example.com")
    host.clock.advance(timedelta(days=30) - timedelta(minutes=1))
    assert browser.auth("GET /session").status == 200
    host.clock.advance(timedelta(minutes=1))
    assert browser.auth("GET /session").status == 401
