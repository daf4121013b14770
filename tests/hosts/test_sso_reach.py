"""What a provider's addresses lead to: nothing inside, nothing elsewhere, nothing without end; through a connection, in both hosts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from ctsec.testing.providers import RoutedFetcher
from ctsec.transport import Fetcher, HttpAnswer, HttpRequest, Reach
from tests.hosts.harness import HOSTS, Browser
from tests.hosts.providers import Providers, providers
from tests.hosts.sso import Traveller, kept
from tests.transport.served import Behaviour, served
from tests.transport.test_fetch import HOSTILE, INSIDE, watched

PLACES = {
    "discovery": "/.well-known/openid-configuration",
    "keys": "/oauth/discovery/keys",
    "token": "/oauth/token",
    "userinfo": "/oauth/userinfo",
}
ANSWERS = (
    "redirect",
    "redirect to another host",
    "redirect inside",
    "huge by its own word",
    "huge in chunks",
    "endless headers",
    "no length",
)
EXPECTED = {**{name: HOSTILE[name][0].value for name in ANSWERS}, "silent": "too_slow", "private": "address_not_allowed"}


class Detour:
    """A fetcher that asks the simulators, but for one path, for which something else is done; `asked` has every address and its hosts."""

    def __init__(self, routed: RoutedFetcher) -> None:
        self.routed = routed
        self.path = ""
        self.instead: Callable[[HttpRequest, Reach, frozenset[str] | None], HttpAnswer] = lambda request, *_: routed.fetch(request)
        self.asked: list[tuple[str, frozenset[str] | None]] = []

    def fetch(self, request: HttpRequest, *, reach: Reach = Reach.PUBLIC, hosts: frozenset[str] | None = None) -> HttpAnswer:
        """Return what the simulator answers, or what is done instead."""
        parts = urlsplit(request.url)
        self.asked.append((str(parts.hostname), hosts))
        if parts.path == self.path:
            return self.instead(request, reach, hosts)
        return self.routed.fetch(request, reach=reach, hosts=hosts)


LEADING: list[str] = []
GUARDED, HASTY = Fetcher(), Fetcher(seconds=0.2)
INSIDE_OUT = Fetcher(resolve=lambda host, port: tuple(LEADING))


def private(request: HttpRequest, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
    """Ask the guarded fetcher, in a network where the name leads to the addresses of LEADING."""
    return INSIDE_OUT.fetch(request, reach=reach, hosts=hosts)


@pytest.fixture(params=sorted(HOSTS))
def at(request: pytest.FixtureRequest) -> Iterator[tuple[Providers, Detour]]:
    """An organization with a connection to gitlab.com, and the detour on the way there."""
    detours: list[Detour] = []

    def around(routed: RoutedFetcher) -> Detour:
        detours.append(Detour(routed))
        return detours[0]

    with providers(request.param, names=["gitlab"], around=around) as made:
        made.at["gitlab"].hire("ann", "ann@acme.example", groups=["staff"])
        yield made, detours[0]


def ended(at: Providers) -> tuple[str, int]:
    """Return where a sign-in ends, an hour later, when nothing of the provider is known any more, and with which status."""
    at.host.clock.advance(timedelta(minutes=61))
    traveller = Traveller(at.acme("gitlab"), Browser(at.host))
    begun = traveller.browser.auth(f"POST /sso/{at.connections['gitlab']}/begin", {})
    if begun.status != 200:
        return "begin", begun.status
    traveller.half = kept(begun)
    return "callback", traveller.back(at.at["gitlab"].visit(begun.json["url"], person="ann")).status


@pytest.mark.proves("ASVS-1.3.6", "ASVS-13.2.4", "ASVS-15.3.2")
def test_what_answers_without_end_or_elsewhere_signs_nobody_in(at: tuple[Providers, Detour]) -> None:
    """Document, keys, tokens and userinfo that redirect, are huge, silent, endless or inside end the sign-in, and nobody else is asked."""
    acme, detour = at
    over, behaviour = threading.Event(), dict[str, Behaviour]()
    LEADING[:] = ["10.0.0.1"]

    def silent(handler: object) -> None:
        over.wait(60)

    def away(request: HttpRequest, _reach: Reach, _hosts: object) -> HttpAnswer:
        asking = HASTY if behaviour["now"] is silent else GUARDED
        return asking.fetch(replace(request, url=here), reach=Reach.LOOPBACK)

    def now(handler: BaseHTTPRequestHandler) -> None:
        behaviour["now"](handler)

    rows, statuses = [], set()
    with served(now) as (here, _), ExitStack() as stack:
        stack.callback(over.set)
        for place, path in PLACES.items():
            for answer in EXPECTED:
                behaviour["now"] = HOSTILE[answer][1] if answer in HOSTILE else silent
                detour.path, detour.instead = path, private if answer == "private" else away
                rows.append((place, answer))
                statuses.add(ended(acme))
        detour.path = ""
        assert ended(acme) == ("callback", 200)
    whys = dict(zip(rows, acme.whys(), strict=True))
    assert whys == {(place, answer): "keys_unavailable" if place == "keys" else EXPECTED[answer] for place, answer in rows}
    assert statuses == {("begin", 409), ("callback", 401)}
    assert set(detour.asked) == {("gitlab.com", frozenset({"gitlab.com"}))}


@pytest.mark.proves("ASVS-1.3.6", "ASVS-13.2.4", "GHSA-5rr4-8452-hf4v")
def test_a_connection_that_leads_inside_is_never_connected_to(at: tuple[Providers, Detour]) -> None:
    """A name with an address that is not public, and an address that is not, do not pass the test, before anything connects."""
    acme, detour = at
    one, path = acme.draft("gitlab"), PLACES["discovery"]
    detour.path = path
    with watched() as seen:
        for addresses in INSIDE:
            LEADING[:], detour.instead = addresses, private
            assert acme.owner.ok(f"POST {one}/test")["passed"] is False, addresses
        acme.owner.ok(f"DELETE {one}")
        detour.instead = lambda request, reach, hosts: GUARDED.fetch(request, reach=reach, hosts=hosts)
        for host in ("127.0.0.1", "127.0.0.1:22", "[::1]", "10.0.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "[fd00:ec2::254]"):
            one = acme.draft("gitlab", issuer=f"https://{host}")
            assert acme.owner.ok(f"POST {one}/test")["passed"] is False, host
            assert acme.owner.auth(f"POST {one}/enable").status == 409, host
            acme.owner.ok(f"DELETE {one}")
    assert seen == []
    tested = [each.details()["details"] for each in acme.host.events(acme.organization) if each.name == "sso_connection.tested"]
    assert {each["problem"] for each in tested if not each["passed"]} == {"address_not_allowed"}


@pytest.mark.proves("ASVS-1.2.2", "ASVS-1.3.6", "CVE-2026-29192")
def test_addresses_that_are_no_https_make_no_connection(at: tuple[Providers, Detour]) -> None:
    """Plain http, other schemes, credentials, and what parsers read differently are refused when the connection is written."""
    acme, detour = at
    asked = len(detour.asked)
    home = f"/organizations/{acme.organization}/sso/connections"
    for issuer in (
        "http://gitlab.com", "http://127.0.0.1:8000", "file:///etc/passwd", "ftp://gitlab.com", "gopher://127.0.0.1:6379/_x", "https://",
        "https://a:b@gitlab.com", "https://gitlab.com\\@evil.example", "https://gitlab.com#x", "https://gitlab.com?x=1", "//gitlab.com",
        "https://gitlab.com:0", "https://git lab.com", "javascript:alert(1)", "",
    ):  # fmt: skip
        body = {"name": "X", "provider": "gitlab", "client_id": "ctsec", "secret": "a secret for tests", "issuer": issuer}
        assert acme.owner.auth(f"POST {home}", body).status == 422, issuer
    assert len(detour.asked) == asked
