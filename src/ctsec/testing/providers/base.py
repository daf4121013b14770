"""A provider with a name of its own, on loopback: what the simulators of this package share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import urlsplit

from ctsec.clock import Clock
from ctsec.testing.identity_provider import LocalIdentityProvider
from ctsec.testing.provider_grants import SignIns, Visit

DOCUMENT, KEYS, TOKEN, USERINFO, AUTHORIZE = "document", "keys", "token", "userinfo", "authorize"
_PATHS: Final = {DOCUMENT: "/.well-known/openid-configuration", KEYS: "/keys", TOKEN: "/token", USERINFO: "/userinfo"}


class ProviderSimulator:
    """Stands for a provider: `places` are its own addresses by what they are for.

    It listens on loopback, at `at`, and answers there below the name of each of its hosts: `https://api.example/keys` is
    `/api.example/keys`; `RoutedFetcher` asks it so. `hire` makes somebody with the claims that such a provider gives; `people` can be
    changed afterwards, and `claims` go into every ID token, over all others (None: left out). `asked` are the paths that were asked for,
    `codes` whose they are, `sign_ins` what came of them. Its key is for ES256, whatever the provider's own is for.
    """

    names_issuer = False

    def __init__(self, *, issuer: str, places: Mapping[str, str], clock: Clock | None = None) -> None:
        self.issuer = issuer
        self.places = dict(places)
        self._listening = _Listening(self, clock=clock)
        self.at = self._listening.at
        self.people, self.claims, self.asked = self._listening.people, self._listening.claims, self._listening.asked
        self.codes, self.sign_ins = self._listening.held()

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._listening.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._listening.__exit__()

    def visit(self, url: str, *, person: str) -> str:
        """Return where the provider sends a browser back to that came to `url`, once `person` has signed in there."""
        return self._listening.visit(url, person=person)

    def hire(self, person: str, email: str, /, **claims: object) -> None:
        """Have a person, with an address and more claims; `...` leaves one of the usual claims away."""
        whole = {**self.usual(person, email), **claims}
        self.people[person] = {name: value for name, value in whole.items() if value is not ...}

    def usual(self, person: str, email: str) -> dict[str, object]:
        """Return the claims that somebody of this provider usually has."""
        return {"sub": f"{person}-1", "email": email, "email_verified": True, "name": person.capitalize()}

    def document(self) -> Mapping[str, object]:
        """Return what the provider says of itself."""
        names = {AUTHORIZE: "authorization_endpoint", TOKEN: "token_endpoint", KEYS: "jwks_uri", USERINFO: "userinfo_endpoint"}
        return {**self._listening.plain_document(), **{name: self.places[kind] for kind, name in names.items()}}

    def id_claims(self, visit: Visit) -> Mapping[str, object]:
        """Return what the ID token says of a person beside what every ID token says."""
        return self.people.get(visit.person, {})

    def userinfo(self, visit: Visit) -> Mapping[str, object]:
        """Return what the userinfo endpoint says of a person."""
        return {"sub": visit.person, **self.people.get(visit.person, {})}

    def kind(self, place: str) -> str:
        """Return what an address (host and path) is for, empty if for nothing."""
        return next((kind for kind, url in self.places.items() if url == f"https://{place}"), "")

    def told(self, kind: str, path: str, *, authorization: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Return status and body of a request of some kind."""
        return self._listening.plain_answer(_PATHS.get(kind, path), authorization=authorization, form=form)

    def written(self, told: Mapping[str, object], *, path: str, accept: str) -> tuple[Mapping[str, str], bytes]:  # noqa: ARG002 - a hook
        """Return the headers and the body that tell something at a path, to who accepts some types."""
        return {"content-type": "application/json"}, json.dumps(told).encode()


class _Listening(LocalIdentityProvider):
    """The local provider, which listens and keeps codes and tokens, in the words of the simulator."""

    def __init__(self, voice: ProviderSimulator, *, clock: Clock | None) -> None:
        super().__init__(clock=clock)
        self._voice = voice
        self.issuer, self.names_issuer = voice.issuer, voice.names_issuer

    def held(self) -> tuple[dict[str, Visit], SignIns]:
        """Return the codes that are out, with whose they are, and the sign-ins that were made."""
        return self._codes, self._sign_ins

    def document(self) -> Mapping[str, object]:
        """Return what the simulator says of itself."""
        return self._voice.document()

    def plain_document(self) -> Mapping[str, object]:
        """Return what the local provider would say of itself under the simulator's issuer."""
        return super().document()

    def id_claims(self, visit: Visit) -> Mapping[str, object]:
        """Return what the simulator says of a person."""
        return self._voice.id_claims(visit)

    def userinfo(self, visit: Visit) -> Mapping[str, object]:
        """Return what the simulator says of a person."""
        return self._voice.userinfo(visit)

    def written(self, told: Mapping[str, object], *, path: str, accept: str) -> tuple[Mapping[str, str], bytes]:
        """Write as the simulator does."""
        return self._voice.written(told, path=path, accept=accept)

    def answer(self, path: str, *, authorization: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Return status and body of a request to one of the simulator's hosts."""
        return self._voice.told(self._voice.kind(path.removeprefix("/")), path, authorization=authorization, form=form)

    def plain_answer(self, path: str, *, authorization: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Return what the local provider answers at one of its own paths."""
        return super().answer(path, authorization=authorization, form=form)


def hosts_of(provider: ProviderSimulator) -> frozenset[str]:
    """Return the names that a simulator answers for, with their ports if they have one."""
    return frozenset(urlsplit(url).netloc for url in provider.places.values())


def ordinal(people: Mapping[str, object], person: str) -> int:
    """Return the number that a person keeps, however often they are hired: their place among the people."""
    return list(people).index(person) if person in people else len(people)


def without(claims: Mapping[str, object], *names: str) -> dict[str, object]:
    """Return claims without some."""
    return {name: value for name, value in claims.items() if name not in names}


def scopes(asked: Mapping[str, str]) -> frozenset[str]:
    """Return the scopes that a sign-in asked for."""
    return frozenset(asked.get("scope", "").split())
