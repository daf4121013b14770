"""Both protocols behind one face, so that a rule of single sign-on is tested once and holds for each: `PROTOCOLS` makes its provider."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from typing import Final, cast
from urllib.parse import urlencode

from ctsec.clock import Clock
from ctsec.testing import LocalIdentityProvider
from ctsec.testing.saml import SamlKey
from ctsec.testing.saml_provider import LocalSamlProvider, SamlPerson

_KEY: Final = SamlKey.generate(name="idp.example")


class SamlSide:
    """A provider that speaks SAML, told of people in claims as one of OpenID Connect is; its organization vouches for addresses."""

    def __init__(self, provider: LocalSamlProvider) -> None:
        self.people: dict[str, dict[str, object]] = {}
        self.provider = provider
        self.issuer = provider.entity_id

    def setup(self, **changed: object) -> dict[str, object]:
        """Return the body that drafts a connection to it."""
        saml = {"metadata": self.provider.metadata().decode(), "vouches_for_addresses": True}
        return {"name": "Acme login", "provider": "saml", "saml": saml, **changed}

    def visit(self, url: str, *, person: str) -> str:
        """Sign in there as somebody, and return address and fields of the form that the browser posts, as one address."""
        claims = self.people[person]
        told: dict[str, list[str]] = {name: [str(claims[name])] for name in ("email", "name") if name in claims}
        groups = claims.get("groups")
        if isinstance(groups, list):  # there is nothing but texts here: what is no list can not be said
            told["groups"] = [str(each) for each in cast("Iterable[object]", groups)]
        self.provider.people[person] = SamlPerson(attributes=told)
        form = self.provider.visit(url, person=person)
        return f"{form.url}?{urlencode(form.fields)}"


@contextmanager
def _saml(clock: Clock) -> Generator[SamlSide]:
    with LocalSamlProvider(clock=clock, key=_KEY) as provider:
        yield SamlSide(provider)


PROTOCOLS: Final[dict[str, Callable[[Clock], AbstractContextManager[LocalIdentityProvider | SamlSide]]]] = {
    "oidc": lambda clock: LocalIdentityProvider(clock=clock),
    "saml": _saml,
}
