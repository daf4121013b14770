"""An organization that is connected to oidc-provider, and its people there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any, Final

from tests.hosts.harness import Browser, Host
from tests.hosts.sso import Acme, Traveller, found
from tests.peers.running import OidcProvider
from tests.peers.visitor import Visitor

SECRET: Final = "of-forty-characters-which-nobody-guesses"
SCOPES: Final = ("openid", "email", "profile", "groups", "offline_access")
MINUTE: Final = timedelta(minutes=1)
_clients = count(1)


def connect(host: Host, provider: OidcProvider, **changed: object) -> Acme:
    """Found an organization with an enabled connection, and register its client at the provider."""
    name = f"client-{next(_clients)}"
    setup: dict[str, Any] = {"client_id": name, "secret": SECRET, "scopes": list(SCOPES), **changed}
    acme = found(host, provider, **setup)
    register(acme, provider)
    return acme


def register(acme: Acme, provider: OidcProvider, **client: object) -> None:
    """Register the client of a connection at the provider."""
    shown = connection(acme)
    made = {
        "client_id": shown["client_id"],
        "client_secret": SECRET,
        "redirect_uris": [shown["redirect_uri"]],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        **client,
    }
    provider.register({name: value for name, value in made.items() if value is not None})


def connection(acme: Acme) -> dict[str, Any]:
    """Return the connection as its administrators see it."""
    (shown,) = acme.owner.ok(f"GET {acme.home}")["connections"]
    return dict(shown)


def come(acme: Acme, person: str, visitor: Visitor | None = None) -> Browser:
    """Return a browser in which a person has signed in through the provider; `visitor`, if given, is that browser at the provider."""
    browser = Browser(acme.host)
    traveller = Traveller(acme, browser)
    url = traveller.begin()
    callback = acme.provider.visit(url, person=person) if visitor is None else visitor.sign_in(url, person=person)
    reply = traveller.back(callback)
    assert reply.json.get("status") == "signed_in", reply.json
    return browser


def counts(browser: Browser) -> bool:
    """Tell whether the session of a browser counts."""
    return browser.auth("GET /session").status == 200


def pass_by(acme: Acme, provider: OidcProvider, minutes: int) -> None:
    """Let time go by here and there, and the worker run every five minutes."""
    for _ in range(minutes // 5):
        acme.host.clock.advance(5 * MINUTE)
        provider.tell()
        acme.host.mails("nobody")


def told(acme: Acme, name: str) -> list[Mapping[str, Any]]:
    """Return the details of each event of a name in the organization's log."""
    return [each.details()["details"] for each in acme.host.events(acme.organization) if each.name == name]
