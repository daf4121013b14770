"""An organization that is connected to oidc-provider, and its people there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any, Final

from tests.hosts.harness import BASE, Browser
from tests.hosts.sso import Acme, Traveller, found
from tests.hosts.harness import Host
from tests.peers.running import OidcProvider

SECRET: Final = "of-forty-characters-which-nobody-guesses"
SCOPES: Final = ("openid", "email", "profile", "groups", "offline_access")
MINUTE: Final = timedelta(minutes=1)
_clients = count(1)


def connect(host: Host, provider: OidcProvider, *, client: Mapping[str, object] | None = None, **changed: object) -> Acme:
    """Found an organization with an enabled connection, and register its client at the provider, with more members of `client`."""
    name = f"acme-{next(_clients)}"
    setup = {"client_id": name, "secret": SECRET, "scopes": list(SCOPES), **changed}
    acme = found(host, provider, **setup)
    register(acme, provider, client_id=name, **(client or {}))
    return acme


def register(acme: Acme, provider: OidcProvider, **client: object) -> None:
    """Register the client of a connection at the provider."""
    made = {
        "client_secret": SECRET,
        "redirect_uris": [f"{BASE}/auth/sso/{acme.connection}/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        **client,
    }
    provider.register({name: value for name, value in made.items() if value is not None})
