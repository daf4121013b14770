"""A provider with a name of its own, on loopback: what the simulators of this package share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from ctsec.clock import Clock
from ctsec.testing.identity_provider import LocalIdentityProvider

DOCUMENT, KEYS, TOKEN, USERINFO, AUTHORIZE = "document", "keys", "token", "userinfo", "authorize"
_PATHS: Final = {DOCUMENT: "/.well-known/openid-configuration", KEYS: "/keys", TOKEN: "/token", USERINFO: "/userinfo"}


class ProviderSimulator(LocalIdentityProvider):
    """Stands for a provider: `places` are its own addresses by what they are for.

    It listens on loopback, at `at`, and answers there below the name of each of its hosts: `https://api.example/keys` is
    `/api.example/keys`; `RoutedFetcher` asks it so. `hire` makes somebody with the claims that such a provider gives; `people` can be
    changed afterwards. Its key is for ES256, whatever the provider's own is for.
    """

    def __init__(self, *, issuer: str, places: Mapping[str, str], clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.issuer = issuer
        self.places = dict(places)

    @property
    def hosts(self) -> frozenset[str]:
        """The names that it answers for."""
        return frozenset(urlsplit(url).netloc for url in self.places.values())

    def hire(self, person: str, email: str, /, **claims: object) -> None:
        """Have a person, with an address and more claims; `...` leaves one of the usual claims away."""
        whole = {**self.usual(person, email), **claims}
        self.people[person] = {name: value for name, value in whole.items() if value is not ...}

    def usual(self, person: str, email: str) -> dict[str, object]:
        """Return the claims that somebody of this provider usually has."""
        return {"sub": f"{person}-1", "email": email, "email_verified": True, "name": person.capitalize()}

    def document(self) -> Mapping[str, object]:
        """Return what the provider says of itself."""
        return {
            **super().document(),
            "authorization_endpoint": self.places[AUTHORIZE],
            "token_endpoint": self.places[TOKEN],
            "jwks_uri": self.places[KEYS],
            "userinfo_endpoint": self.places[USERINFO],
        }

    def kind(self, place: str) -> str:
        """Return what an address (host and path) is for, empty if for nothing."""
        return next((kind for kind, url in self.places.items() if url == f"https://{place}"), "")

    def answer(self, path: str, *, authorization: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Return status and body of a request to one of its hosts."""
        kind = self.kind(path.removeprefix("/"))
        return self.told(kind, path, authorization=authorization, form=form)

    def told(self, kind: str, path: str, *, authorization: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Return status and body of a request of some kind."""
        return super().answer(_PATHS.get(kind, path), authorization=authorization, form=form)


def without(claims: Mapping[str, object], *names: str) -> dict[str, object]:
    """Return claims without some."""
    return {name: value for name, value in claims.items() if name not in names}


def scopes(asked: Mapping[str, str]) -> frozenset[str]:
    """Return the scopes that a sign-in asked for."""
    return frozenset(asked.get("scope", "").split())
