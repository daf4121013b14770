"""Where a browser lands that comes back from a provider, in both hosts: on a page of the host, which is told once what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from ctsec.rbac.policy import Policy
from ctsec.sso.policy import SsoPolicy
from ctsec.testing import LocalIdentityProvider
from ctsec.testing.saml import SamlKey, answer
from ctsec.testing.saml_provider import LocalSamlProvider, SamlPerson
from ctsec.transport.reach import Reach
from tests.hosts import sso
from tests.hosts.harness import COOKIE, HOSTS, Browser, Host, Reply
from tests.hosts.saml import PROVIDER, Trip, come, found, joined, taken, unasked

NAVIGATES = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
KEY = SamlKey.generate(name="idp.example")


@pytest.fixture(params=sorted(HOSTS))
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host that has a page for who comes back, and one for who has signed out."""
    policy = SsoPolicy(reach=Reach.LOOPBACK, after_sign_in="/welcome", after_sign_out="/bye")
    made = HOSTS[request.param](Policy.preset(), shared=True, single_sign_on=policy)
    yield made
    made.close()


def cookie(reply: Reply) -> str:
    """Return what a browser keeps of where it landed, and require that scripts and other hosts do not see it."""
    (kept,) = re.findall(r"(?m)^(ctsec_landed=[^;]*; Max-Age=.*)$", reply.headers["set-cookie"])
    assert "; Path=/; HttpOnly; SameSite=Lax" in kept
    return str(kept).partition(";")[0]


def landed(host: Host, reply: Reply, page: str = "/welcome") -> tuple[int, Any]:
    """Require that a browser goes on to a page, and return what that page reads there: status and answer."""
    assert (reply.status, reply.headers["location"], reply.body) == (303, f"{host.base_url}{page}", b"")
    told = Browser(host).auth("GET /sso/landed", headers={"cookie": cookie(reply)})
    assert cookie(told) == "ctsec_landed="
    return told.status, told.json


def test_who_comes_back_by_a_form_lands_on_a_page(host: Host) -> None:
    """Signed in, or refused alike for another browser, it goes to the host's address, whatever RelayState says; other clients get JSON."""
    firm = found(host, idp_initiated=True)
    trip = Trip(firm, Browser(host)).begin()
    response = answer(trip.told("ann-1", email="ann@acme.example"), key=PROVIDER.signer())
    reply = trip.back(response, accept=NAVIGATES)
    status, told = landed(host, reply)
    assert (status, told["status"], trip.browser.auth("GET /session").status) == (200, "signed_in", 200)
    again = trip.back(response, accept=NAVIGATES)
    status, told = landed(host, again)
    assert (status, told["reason"], COOKIE in again.headers["set-cookie"]) == (401, "invalid_credentials", False)
    other = Trip(firm, Browser(host))
    words = unasked(other.told("ann-1", email="ann@acme.example"))
    reply = other.back(answer(words, key=PROVIDER.signer()), relay="https://evil.example/", accept=NAVIGATES)
    assert landed(host, reply)[1]["status"] == "signed_in"
    assert Trip(firm, Browser(host)).sign_in("ann-1", email="ann@acme.example").json["status"] == "signed_in"
    assert Browser(host).auth("GET /sso/landed").status == 204


def test_what_waits_for_a_dry_run_is_shown_where_it_came_back(host: Host) -> None:
    """The answer to a dry run is for the eyes of who began it: it is in no cookie."""
    firm = found(host)
    trip = Trip(firm, firm.owner).begin(f"POST {firm.one}/dry-run")
    reply = trip.back(answer(trip.told("ann-1", email="ann@acme.example"), key=PROVIDER.signer()), accept=NAVIGATES)
    assert (reply.status, reply.json["passed"], "ctsec_landed" in reply.headers["set-cookie"]) == (200, True, False)


def test_who_comes_back_with_a_code_lands_on_the_same_page(host: Host) -> None:
    """The callback of other connections does the same: to a browser that navigates, and to nobody else; a refusal is told there too."""
    with LocalIdentityProvider(clock=host.clock) as provider:
        provider.people["ann"] = {"email": "ann@acme.example", "email_verified": True, "name": "Ann"}
        acme = sso.found(host, provider)
        traveller = sso.Traveller(acme, Browser(host))
        path = provider.visit(traveller.begin(), person="ann").removeprefix(host.base_url)
        kept = {"cookie": f"ctsec_sso={traveller.half}", "accept": NAVIGATES}
        reply = traveller.browser.call("GET", path, headers=kept)
        assert landed(host, reply)[1]["status"] == "signed_in"
        assert landed(host, traveller.browser.call("GET", path, headers=kept))[0] == 400
        assert sso.Traveller(acme, Browser(host)).sign_in("ann").json["status"] == "signed_in"


def test_who_has_signed_out_there_lands_where_the_host_says(host: Host) -> None:
    """All over or not, and with an answer that is not accepted, the browser goes on; the page hears of what is not over."""
    with LocalSamlProvider(clock=host.clock, key=KEY) as provider:
        provider.people["ann"] = SamlPerson(attributes={"email": ["ann@acme.example"]})
        firm = joined(host, provider)

        def left() -> Any:
            return provider.signed_out(str(come(firm, provider, "ann").ok("POST /sign-out")["provider_url"]))

        back = left()
        done = taken(firm, back, accept=NAVIGATES)
        assert (done.status, done.headers["location"], "set-cookie" in done.headers) == (303, f"{host.base_url}/bye", False)
        assert landed(host, taken(firm, back, accept=NAVIGATES), "/bye")[0] == 400
        provider.partial = True
        assert landed(host, taken(firm, left(), accept=NAVIGATES), "/bye") == (200, {"status": "signed_out", "complete": False})
        assert taken(firm, left()).json == {"status": "signed_out", "complete": False}
