"""Links that sign in, over HTTP: what a scanner, another browser and another site can not do with them."""

from __future__ import annotations

import pytest

from tests.hosts.harness import Browser, Host, named
from tests.hosts.test_ways_in import half_of

ADA = "ada@example.com"


def ask(browser: Browser) -> str:
    """Ask for a link and return the browser's half."""
    return half_of(browser.auth("POST /sign-in/link/request", {"email": ADA}))


@pytest.mark.proves("SEED-A1", "ASVS-6.5.1")
@pytest.mark.parametrize("carrier", ["cookie", "x-link-token"])
def test_a_mailed_link_signs_its_browser_in(host: Host, carrier: str) -> None:
    """The mailed token and the request's cookie (or a header, of clients without cookies) sign in once; the cookie is removed."""
    Browser(host).sign_up(ADA)
    browser = Browser(host, email=ADA)
    half = ask(browser)
    headers = {carrier: f"ctsec_link={half}" if carrier == "cookie" else half}
    body = {"token": browser.mailed_token()}
    reply = browser.auth("POST /sign-in/link", body, headers=headers)
    assert (reply.status, reply.json["status"], reply.json["aal"]) == (200, "signed_in", 1)
    assert "ctsec_link=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax" in reply.headers["set-cookie"].split("\n")
    assert browser.ok("GET /session")["amr"] == ["link"]
    again = browser.auth("POST /sign-in/link", body, headers=headers)
    assert (again.status, again.json["reason"]) == (400, "code_already_used")
    assert named(host.events(), "user.signed_in")[-1].details()["details"] == {"aal": 1, "factors": ["link"], "new_device": True}


@pytest.mark.proves("ASVS-3.5.3")
def test_what_fetches_or_forwards_a_link_uses_nothing_up(host: Host) -> None:
    """GET, HEAD, another browser, another site, two halves at once and a request without one change nothing: the link still signs in."""
    Browser(host).sign_up(ADA)
    browser = Browser(host, email=ADA)
    half = ask(browser)
    body = {"token": browser.mailed_token()}
    right = {"cookie": f"ctsec_link={half}"}
    for method in ("GET", "HEAD"):
        assert browser.auth(f"{method} /sign-in/link", headers=right).status == 405
    other = ask(Browser(host))
    for wrong in (
        {},
        {"cookie": f"ctsec_link={other}"},
        {"x-link-token": other, **right},
        {"cookie": f"ctsec_link={half}; ctsec_link={other}"},
    ):
        refused = Browser(host).auth("POST /sign-in/link", body, headers=wrong)
        assert (refused.status, refused.json["reason"]) == (400, "invalid_token")
    for foreign in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert browser.auth("POST /sign-in/link", body, headers={**right, **foreign}).json["reason"] == "csrf"
        assert browser.auth("POST /sign-in/link/request", {"email": ADA}, headers=foreign).json["reason"] == "csrf"
    assert browser.auth("POST /sign-in/link", body, headers=right).status == 200


@pytest.mark.proves("ASVS-6.3.8")
def test_every_address_gets_the_same_answer(host: Host) -> None:
    """Status, body and headers of the request are the same for an account, nobody, and what is no address; only the half differs."""
    Browser(host).sign_up(ADA)
    replies = [Browser(host).auth("POST /sign-in/link/request", {"email": email}) for email in (ADA, "nobody@example.com", "@")]
    seen = {(r.status, r.body, r.headers["set-cookie"].replace(half_of(r), ""), r.headers["cache-control"]) for r in replies}
    assert len(seen) == 1
    assert len({half_of(reply) for reply in replies}) == 3
