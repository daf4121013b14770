"""What a provider's connection speaks: TLS 1.3 with a certificate for its name, or nothing is asked; in both hosts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ctsec.ids import OrganizationId
from ctsec.rbac.policy import Policy
from ctsec.sso import SsoPolicy
from ctsec.transport import Fetcher, HttpRequest, Reach, Transport
from tests.certificates import Authority, Pair
from tests.hosts.harness import HOSTS, Browser, Host
from tests.hosts.sso import RUNNER, Acme, Traveller, enable
from tests.transport.served import answer, served
from tests.unit.jose.forge import compact
from tests.unit.sso.provider import DOCUMENT, ISSUER, KEY, NOW, Simulator, answered, claims_of


@dataclass(frozen=True, slots=True)
class Place:
    """A host that trusts one authority, an organization, and certificates of that authority and of another."""

    host: Host
    owner: Browser
    organization: str
    ours: Authority
    theirs: Authority

    @property
    def home(self) -> str:
        """The connections of the organization."""
        return f"/organizations/{self.organization}/sso/connections"

    def draft(self, issuer: str) -> str:
        """Draft a connection to an issuer, and return its path."""
        body = {"name": "Login", "provider": "oidc", "client_id": "ctsec", "secret": "s3cret", "issuer": issuer}
        made = self.owner.auth(f"POST {self.home}", body)
        assert made.status == 201, made.body
        return f"{self.home}/{made.json['id']}"

    def problems(self) -> list[Any]:
        """Return what came of the tests of connections, as the log tells."""
        events = self.host.events(self.organization)
        return [each.details()["details"]["problem"] for each in events if each.name == "sso_connection.tested"]


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    """The authority that the deployment trusts, and another."""
    folder = tmp_path_factory.mktemp("authorities")
    return Authority.make(folder, "ours"), Authority.make(folder, "theirs")


@pytest.fixture(params=sorted(HOSTS))
def place(request: pytest.FixtureRequest, authorities: tuple[Authority, Authority]) -> Iterator[Place]:
    """The scene in each framework."""
    ours, theirs = authorities
    fetcher = Fetcher(transport=Transport(ca_file=ours.file))
    host = HOSTS[request.param](Policy.preset(), shared=True, single_sign_on=SsoPolicy(fetcher=fetcher, reach=Reach.LOOPBACK))
    host.clock.set(NOW - timedelta(minutes=5))
    owner = Browser(host).sign_up("owner@acme.example", "Olga Owner").enrol()
    organization = owner.found("Acme")
    host.do(lambda unit: unit.domains.record(RUNNER, organization=OrganizationId(organization), domain="acme.example", proof="DNS"))
    yield Place(host, owner, organization, ours, theirs)
    host.close()


def provider(simulator: Simulator) -> Any:
    """Return what a server of the simulator does."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        given = simulator.answer(HttpRequest(url=handler.path))
        answer(handler, given.body, status=given.status, Content_Type=given.media)

    return behave


def at(simulator: Simulator, url: str) -> None:
    """Let the simulator say of itself that it is at an address."""
    local = {name: value.replace(ISSUER, url) if isinstance(value, str) else value for name, value in DOCUMENT.items()}
    simulator.overrides["/.well-known/openid-configuration"] = answered(local)


@pytest.mark.proves("SEED-E1", "ASVS-12.1.1", "ASVS-12.3.1", "ASVS-12.3.2")
def test_a_provider_that_speaks_no_tls_1_3_or_is_another_is_not_asked(place: Place) -> None:
    """TLS 1.2, a certificate of another authority, for another name, or that is over: no byte of a request, no test passes."""
    good: Pair = place.ours.issue("good")
    rows: dict[str, tuple[Pair, str]] = {
        "TLS 1.2": (good, "TLSv1.2"),
        "another authority": (place.theirs.issue("foreign"), "TLSv1.3"),
        "another host's": (place.ours.issue("other", hosts=("login.acme.example",)), "TLSv1.3"),
        "over": (place.ours.issue("old", expired=True), "TLSv1.3"),
    }
    for name, (pair, version) in rows.items():
        place.host.clock.advance(timedelta(milliseconds=1))
        simulator = Simulator()
        with served(provider(simulator), pair=pair, version=version) as (url, seen):
            at(simulator, url)
            one = place.draft(url)
            assert place.owner.ok(f"POST {one}/test")["passed"] is False, name
            assert place.owner.auth(f"POST {one}/enable").status == 409, name
        assert (seen, simulator.seen) == ([], []), name
    assert place.problems() == ["no_tls", *["bad_certificate"] * 3]


@pytest.mark.proves("SEED-E1", "ASVS-12.1.1", "ASVS-12.3.1")
def test_people_sign_in_over_tls_1_3(place: Place) -> None:
    """Document, tokens, keys and userinfo come over TLS 1.3 from a provider whose certificate is the deployment's authority's."""
    simulator = Simulator()
    with served(provider(simulator), pair=place.ours.issue("good")) as (url, seen):
        at(simulator, url)
        one = place.draft(url)
        enable(place.owner, one)
        place.host.clock.set(NOW)
        nowhere: Any = None
        traveller = Traveller(Acme(place.host, nowhere, place.owner, place.organization, one.rpartition("/")[2]), Browser(place.host))
        asked = {name: value for name, (value,) in parse_qs(urlsplit(traveller.begin()).query).items()}
        simulator.id_token = compact(claims_of(iss=url, nonce=asked["nonce"]), key=KEY)
        query = urlencode({"state": asked["state"], "code": "code-1", "iss": url})
        assert traveller.back(f"/auth/sso/{traveller.acme.connection}/callback?{query}").json["status"] == "signed_in"
        assert {"/keys", "/token"} <= {path for path, _ in seen}
