"""Scenes of single sign-on over HTTP: an organization with a verified domain and a connection to the local provider, and its people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from ctsec.ids import OrganizationId
from ctsec.operators import Operator
from ctsec.testing import LocalIdentityProvider
from ctsec.testing.identity_provider import CLIENT_ID, CLIENT_SECRET
from tests.hosts.harness import Browser, Host, Reply
from tests.hosts.protocols import SamlSide

RUNNER = Operator(id="ops", reason="the domain was shown by DNS")


class Provider(Protocol):
    """A provider that a person can visit; `people` are claims by name."""

    people: dict[str, dict[str, object]]

    @property
    def issuer(self) -> str:
        """Its name."""
        ...

    def visit(self, url: str, *, person: str) -> str:
        """Sign in there as somebody, and return the address of the callback."""
        ...


def setup(at: Provider, **changed: object) -> dict[str, object]:
    """Return the body that drafts a connection to the provider."""
    if isinstance(at, SamlSide):
        return at.setup(**changed)
    body: dict[str, object] = {"name": "Acme login", "provider": "oidc", "client_id": CLIENT_ID, "secret": CLIENT_SECRET}
    return {**body, "issuer": at.issuer, **changed}


@dataclass(slots=True)
class Acme:
    """An organization with an owner who has just proved a second factor, and an enabled connection for `acme.example`."""

    host: Host
    provider: Provider
    owner: Browser
    organization: str
    connection: str

    @property
    def home(self) -> str:
        """The connections of the organization."""
        return f"/organizations/{self.organization}/sso/connections"

    @property
    def local(self) -> LocalIdentityProvider:
        """The provider, where it is the local one."""
        assert isinstance(self.provider, LocalIdentityProvider)
        return self.provider

    def change(self, **changed: object) -> None:
        """Change the connection, test it and enable it again."""
        self.owner.ok(f"PUT {self.home}/{self.connection}", setup(self.provider, **changed))
        enable(self.owner, f"{self.home}/{self.connection}")


def enable(owner: Browser, one: str) -> None:
    """Test a connection and enable it."""
    assert owner.ok(f"POST {one}/test")["passed"] is True
    assert owner.ok(f"POST {one}/enable")["state"] == "enabled"


def found(host: Host, provider: Provider, *, name: str = "acme", **changed: object) -> Acme:
    """Found an organization with a verified domain and an enabled connection."""
    owner = Browser(host).sign_up(f"olga@{name}.example", "Olga Owner").enrol()
    organization = owner.found(name)
    host.do(lambda unit: unit.domains.record(RUNNER, organization=OrganizationId(organization), domain=f"{name}.example", proof="DNS"))
    home = f"/organizations/{organization}/sso/connections"
    made = owner.auth(f"POST {home}", setup(provider, **changed))
    assert (made.status, made.json.get("state")) == (201, "draft"), made.body
    enable(owner, f"{home}/{made.json['id']}")
    if isinstance(provider, SamlSide):
        provider.provider.register(Browser(host).call("GET", f"/auth/sso/{made.json['id']}/saml/metadata").body)
    return Acme(host, provider, owner, organization, str(made.json["id"]))


def kept(reply: Reply) -> str:
    """Return what the browser keeps while it is at the provider."""
    match = re.search(r"(?m)^(ctsec_sso|ctsec_saml_[A-Za-z0-9_-]{16})=([^;]*);", reply.headers.get("set-cookie", ""))
    return "" if not match else match[2] if match[1] == "ctsec_sso" else f"{match[1]}={match[2]}"


@dataclass(slots=True)
class Traveller:
    """A browser that goes to the provider and comes back."""

    acme: Acme
    browser: Browser
    half: str = ""

    def begin(self, connection: str = "") -> str:
        """Begin, and return the provider's address."""
        reply = self.browser.auth(f"POST /sso/{connection or self.acme.connection}/begin", {})
        assert reply.status == 200, reply.body
        self.half = kept(reply)
        return str(reply.json["url"])

    def back(self, callback: str) -> Reply:
        """Follow what the provider answered."""
        split = urlsplit(callback)
        headers = {"cookie": self.half if "=" in self.half else f"ctsec_sso={self.half}"} if self.half else {}
        if split.path.endswith("/saml/acs"):
            headers |= {"origin": self.acme.provider.issuer, "content-type": "application/x-www-form-urlencoded"}
            return self.browser.call("POST", split.path, headers=headers, raw=split.query.encode())
        return self.browser.call("GET", f"{split.path}?{split.query}", headers=headers)

    def sign_in(self, person: str) -> Reply:
        """Go there and come back as somebody."""
        return self.back(self.acme.provider.visit(self.begin(), person=person))


def whys(acme: Acme) -> list[Any]:
    """Return why sign-ins were refused, as the organization's log tells."""
    return [each.details()["details"]["why"] for each in acme.host.events(acme.organization) if each.name == "sso.sign_in_refused"]
