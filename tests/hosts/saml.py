"""Scenes of SAML over HTTP: an organization with a verified domain and a connection, and a provider that says what it is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from lxml import etree

from ctsec.ids import OrganizationId
from ctsec.sso.saml.request import Form
from ctsec.sso.saml.wire import decode_field, inflate
from ctsec.testing.saml import SamlAnswer, SamlKey, Signed, answer
from ctsec.testing.saml_provider import LocalSamlProvider
from tests.hosts.harness import Browser, Host, Reply
from tests.hosts.sso import RUNNER, enable

ISSUER: Final = "https://idp.example/metadata"
PROVIDER: Final = SamlKey.generate(curve=True)
POSTED: Final = ("content-type", "application/x-www-form-urlencoded")


def setup(**changed: object) -> dict[str, object]:
    """Return the body that drafts a connection to the provider; what is not of SAML itself is known by its name."""
    saml: dict[str, object] = {"issuer": ISSUER, "sso_redirect": "https://idp.example/sso", "certificates": [PROVIDER.certificate]}
    body: dict[str, object] = {"name": "Acme SAML", "provider": "saml"}
    for name, value in changed.items():
        (body if name in {"name", "provider", "default_role", "provisioning", "groups_claim", "trusted_classes"} else saml)[name] = value
    return {**body, "saml": {name: value for name, value in saml.items() if value is not None}}


@dataclass(slots=True)
class Firm:
    """An organization with an owner who has just proved a second factor, and an enabled connection for its domain."""

    host: Host
    owner: Browser
    organization: str
    connection: str
    saml: Mapping[str, str]

    @property
    def one(self) -> str:
        """The path of the connection."""
        return f"/organizations/{self.organization}/sso/connections/{self.connection}"

    def change(self, **changed: object) -> None:
        """Change the connection, test it and enable it again."""
        self.owner.ok(f"PUT {self.one}", setup(**changed))
        enable(self.owner, self.one)

    def whys(self) -> list[str]:
        """Return why sign-ins were refused, as the organization's log tells."""
        return [each.details()["details"]["why"] for each in self.host.events(self.organization) if each.name == "sso.sign_in_refused"]


def found(host: Host, *, name: str = "acme", **changed: object) -> Firm:
    """Found an organization with a verified domain and an enabled connection."""
    owner = Browser(host).sign_up(f"olga@{name}.example", "Olga Owner").enrol()
    organization = owner.found(name)
    host.do(lambda unit: unit.domains.record(RUNNER, organization=OrganizationId(organization), domain=f"{name}.example", proof="DNS"))
    made = owner.auth(f"POST /organizations/{organization}/sso/connections", setup(**changed))
    assert (made.status, made.json.get("state")) == (201, "draft"), made.body
    firm = Firm(host, owner, organization, str(made.json["id"]), made.json["saml"])
    enable(owner, firm.one)
    return firm


@dataclass(slots=True)
class Trip:
    """A browser that goes to the provider and comes back; `cookies` is what it keeps for this one sign-in."""

    firm: Firm
    browser: Browser
    request: str = ""
    relay: str = ""
    cookies: dict[str, str] = field(default_factory=dict[str, str])

    def begin(self, line: str = "") -> Trip:
        """Begin, and read the request as the provider does."""
        reply = self.browser.auth(line or f"POST /sso/{self.firm.connection}/begin", {})
        assert reply.status == 200, reply.body
        self.read(reply.json)
        self.cookies = dict(re.findall(r"(?m)^(ctsec_saml_[A-Za-z0-9_-]{16})=([^;]+);", reply.headers["set-cookie"]))
        return self

    def read(self, begun: Mapping[str, Any]) -> Trip:
        """Read the request as the provider does."""
        sent = begun.get("form") or {name: values[0] for name, values in parse_qs(urlsplit(str(begun["url"])).query).items()}
        message = sent["SAMLRequest"]
        root = etree.fromstring(decode_field(message) if "form" in begun else inflate(message))
        self.request, self.relay = root.get("ID", ""), sent["RelayState"]
        return self

    def told(self, person: str, **attributes: str | Sequence[str]) -> SamlAnswer:
        """Return what the provider says of somebody to this request."""
        texts = {name: [value] if isinstance(value, str) else list(value) for name, value in attributes.items()}
        return SamlAnswer(
            issuer=ISSUER,
            audience=self.firm.saml["entity_id"],
            acs_url=self.firm.saml["acs_url"],
            now=self.browser.host.clock.now(),
            request=self.request or None,
            person=person,
            attributes=texts,
            assertion_id=f"_a{self.relay[:20]}{person}".replace("@", "-"),
        )

    def back(self, response: str, *, connection: str = "", relay: str | None = None, accept: str = "*/*") -> Reply:
        """Post the form of the provider's page, as a browser does from another site; `accept` is what the client wants to see."""
        fields = {"SAMLResponse": response, "RelayState": self.relay if relay is None else relay}
        # The session's cookie is Lax: a browser leaves it away here.
        cookie = "; ".join(f"{name}={value}" for name, value in {"other": "1", **self.cookies}.items())
        headers = {
            "origin": "https://idp.example",
            "sec-fetch-site": "cross-site",
            POSTED[0]: POSTED[1],
            "cookie": cookie,
            "accept": accept,
        }
        path = f"/auth/sso/{connection or self.firm.connection}/saml/acs"
        body = urlencode({name: value for name, value in fields.items() if value})
        return self.browser.call("POST", path, headers=headers, raw=body.encode())

    def sign_in(self, person: str, *, style: Signed = Signed.ASSERTION, **attributes: str | Sequence[str]) -> Reply:
        """Go there and come back as somebody."""
        self.begin()
        return self.back(answer(self.told(person, **attributes), key=PROVIDER.signer(), style=style))


def unasked(told: SamlAnswer) -> SamlAnswer:
    """Return the same words to nobody's request."""
    return replace(told, request=None)


def joined(host: Host, provider: LocalSamlProvider, *, name: str = "acme", **changed: object) -> Firm:
    """Found an organization with a connection to a provider that answers; each knows the other by its metadata."""
    bare = {"issuer": "", "sso_redirect": None, "certificates": None}
    firm = found(host, name=name, **{**bare, "metadata": provider.metadata().decode(), **changed})
    provider.register(Browser(host).call("GET", f"/auth/sso/{firm.connection}/saml/metadata").body)
    return firm


def come(firm: Firm, provider: LocalSamlProvider, person: str) -> Browser:
    """Return a browser in which a person has signed in through the provider."""
    browser = Browser(firm.host)
    trip = Trip(firm, browser)
    reply = browser.auth(f"POST /sso/{firm.connection}/begin", {})
    assert reply.status == 200, reply.body
    trip.cookies = dict(re.findall(r"(?m)^(ctsec_saml_[A-Za-z0-9_-]{16})=([^;]+);", reply.headers["set-cookie"]))
    form = provider.visit(str(reply.json["url"]), person=person)
    done = trip.back(form.fields["SAMLResponse"], relay=form.fields["RelayState"])
    assert done.json.get("status") == "signed_in", (done.body, firm.whys())
    return browser


def counts(browser: Browser) -> bool:
    """Tell whether the session of a browser counts."""
    return browser.auth("GET /session").status == 200


def taken(firm: Firm, brought: str | Form, *, connection: str = "", accept: str = "*/*") -> Reply:
    """Bring what a provider sent a browser with to the address for logouts, in a browser that keeps nothing of ours."""
    path = f"/auth/sso/{connection or firm.connection}/saml/slo"
    if isinstance(brought, str):
        return Browser(firm.host).call(
            "GET", f"{path}?{urlsplit(brought).query}", headers={"sec-fetch-site": "cross-site", "accept": accept}
        )
    headers = {"origin": "https://idp.example", "sec-fetch-site": "cross-site", POSTED[0]: POSTED[1], "accept": accept}
    return Browser(firm.host).call("POST", path, headers=headers, raw=urlencode(brought.fields).encode())
