"""Known devices and clients' addresses, as both hosts carry them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import flask
import httpx
import pytest
from fastapi import FastAPI

import ctsec.fastapi
import ctsec.flask
from ctsec.rbac.policy import Policy
from ctsec.web.address import TrustedProxies
from tests.hosts.harness import BASE, HOSTS, PASSWORD, Browser, FastapiHost, FlaskHost, Host, Reply

ADA = "ada@example.com"
WRONG = "wrong wrong wrong wrong"
PEER = "198.51.100.7"


def knock(host: Host, password: str, *, email: str = ADA, **headers: str) -> Reply:
    """Take the first step of a sign-in, as a client without a page."""
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    return Browser(host).auth("POST /sign-in", {"email": email, "password": password}, headers=sent)


def device_of(reply: Reply, name: str = "ctsec_device") -> str:
    """Return the device's token from its cookie."""
    found = re.search(rf"(?m)^{name}=([^;]+);", reply.headers["set-cookie"])
    assert found is not None, reply.headers
    return found[1]


def behind(host: Any, proxies: TrustedProxies) -> None:
    """Serve the host's deployment through a guard with other proxies."""
    if isinstance(host, FastapiHost):
        app = FastAPI(openapi_url=None)
        app.include_router(ctsec.fastapi.Guard(host.security, trusted_proxies=proxies).router(), prefix="/auth")
        host.runner.run(host.client.aclose())
        host.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=(PEER, 1)), base_url=BASE)
    if isinstance(host, FlaskHost):
        served = flask.Flask("behind", static_folder=None)
        served.register_blueprint(ctsec.flask.Guard(host.security, trusted_proxies=proxies).blueprint(), url_prefix="/auth")
        host.client = served.test_client(use_cookies=False)


@pytest.mark.proves("ASVS-6.1.1", "ASVS-6.3.1", "NIST-3.2.2")
def test_a_known_device_signs_in_while_strangers_are_shut_out(host: Host, browser: Browser) -> None:
    """The cookie, or the header of a client without cookies, of the device that signed in goes on where strangers wait."""
    browser.sign_up(ADA)
    device = device_of(knock(host, PASSWORD))
    for _ in range(5):
        assert knock(host, WRONG).status == 401
    assert knock(host, PASSWORD).status == 429
    for known in ({"cookie": f"ctsec_device={device}"}, {"x_device_token": device}):
        reply = knock(host, PASSWORD, **known)
        assert reply.status == 200
        assert "ctsec_device" not in reply.headers["set-cookie"]
    for other in ({"cookie": f"ctsec_device={device}", "x_device_token": "dvc_"}, {"cookie": f"ctsec_device={device}; ctsec_device=x"}):
        assert knock(host, PASSWORD, **other).status == 429


@pytest.mark.parametrize("name", [pytest.param(each, marks=pytest.mark.host(each)) for each in sorted(HOSTS)])
def test_the_cookie_of_a_device_is_of_this_host_alone(name: str) -> None:
    """Over https it is `__Host-`, Secure, HttpOnly and SameSite=Lax; it opens no session, and signing out leaves it."""
    host = HOSTS[name](Policy.preset(), "https://app.example.com")
    browser = Browser(host)
    browser.email = ADA
    browser.ok("POST /sign-up", {"email": ADA, "password": PASSWORD, "name": "Ada"})
    browser.ok("POST /verify-email", {"token": browser.mailed_token()})
    reply = knock(host, PASSWORD)
    (line,) = [each for each in reply.headers["set-cookie"].split("\n") if each.startswith("__Host-ctsec_device=")]
    assert line.partition("; ")[2] == f"Max-Age={180 * 86_400}; Path=/; HttpOnly; SameSite=Lax; Secure"
    device = device_of(reply, "__Host-ctsec_device")
    assert device not in reply.body.decode()
    for cookie in (f"__Host-ctsec_device={device}", f"__Host-ctsec_session={device}"):
        assert Browser(host).auth("GET /session", headers={"cookie": cookie}).status == 401
    session = re.search(r"(?m)^__Host-ctsec_session=([^;]+);", reply.headers["set-cookie"])
    assert session is not None
    cookies = {"cookie": f"__Host-ctsec_session={session[1]}", "x-csrf-token": reply.json["csrf_token"]}
    assert "ctsec_device" not in Browser(host).auth("POST /sign-out", headers=cookies).headers["set-cookie"]
    host.close()


def test_a_device_is_asked_for_its_code(host: Host, browser: Browser) -> None:
    """A person with a second factor is known by a device after the code, not before, and gives a code there each time."""
    browser.sign_up(ADA).enrol()
    host.clock.advance(timedelta(seconds=30))
    step = knock(host, PASSWORD)
    assert step.json["status"] == "mfa_required"
    assert "set-cookie" not in step.headers
    done = Browser(host).auth("POST /sign-in/code", {"ticket": step.json["ticket"], "factor": "otp", "code": browser.code()})
    again = knock(host, PASSWORD, cookie=f"ctsec_device={device_of(done)}")
    assert again.json["status"] == "mfa_required"


@pytest.mark.proves("CHANGELOG-django-allauth-65-2-0", "CVE-2025-64102", "CVE-2024-32868")
def test_codes_are_limited_in_both_hosts(host: Host, browser: Browser) -> None:
    """Five wrong codes, with one ticket or several, make the next one wait, the right one too."""
    browser.sign_up(ADA).enrol()
    host.clock.advance(timedelta(seconds=30))
    wrong = f"{(int(browser.code()) + 1) % 1_000_000:06}"
    for n in range(6):
        if n in {0, 2}:
            ticket = knock(host, PASSWORD).json.get("ticket", "")
        code = wrong if n < 5 else browser.code()
        reply = Browser(host).auth("POST /sign-in/code", {"ticket": ticket, "factor": "otp", "code": code})
        assert reply.status == (400 if n < 5 else 429)
    assert reply.json["reason"] == "throttled"


@pytest.mark.proves("ASVS-15.3.4", "ASVS-4.1.3", "CHANGELOG-django-allauth-65-14-2", "CVE-2026-40575", "CVE-2024-47070")
def test_a_client_can_not_choose_the_address_that_is_counted(host: Host, browser: Browser) -> None:
    """From a peer that is no proxy, forwarding headers change nothing: all attempts take from the allowance of the connection's address."""
    browser.sign_up(ADA)
    for n in range(50):
        forged = {"x_forwarded_for": f"192.0.2.{n}", "forwarded": f"for=192.0.2.{n}"}
        assert knock(host, WRONG, email=f"u{n}@example.com", **forged).status == 401
    for said in ("192.0.2.99", "", ",", "unknown", "a" * 8000, "127.0.0.1"):
        refused = knock(host, PASSWORD, x_forwarded_for=said, forwarded=f"for={said}")
        assert (refused.status, refused.headers["retry-after"]) == (429, "30")


@pytest.mark.proves("ASVS-15.3.4", "ASVS-4.1.3")
def test_the_proxy_says_which_client_is_counted(host: Host, browser: Browser) -> None:
    """Behind a proxy that writes `Forwarded`, each client has its own allowance, whatever it wrote into either header itself."""
    browser.sign_up(ADA)
    behind(host, TrustedProxies.of([f"{PEER}/32"], hops=1, header="forwarded"))
    for n in range(50):
        forged = {"forwarded": f'for=192.0.2.{n};by="x, for=192.0.2.60', "x_forwarded_for": f"192.0.2.{n}"}
        assert knock(host, WRONG, email=f"u{n}@example.com", **forged).status == 401
    assert knock(host, PASSWORD, forwarded="for=192.0.2.99, for=192.0.2.60").status == 429
    assert knock(host, PASSWORD, forwarded="for=192.0.2.60, for=192.0.2.61").status == 200
