"""Google Workspace, simulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctsec.clock import Clock
from ctsec.testing.provider_grants import Visit
from ctsec.testing.providers.base import AUTHORIZE, DOCUMENT, KEYS, TOKEN, USERINFO, ProviderSimulator, without

_PLACES: Final = {
    DOCUMENT: "https://accounts.google.com/.well-known/openid-configuration",
    AUTHORIZE: "https://accounts.google.com/o/oauth2/v2/auth",
    TOKEN: "https://oauth2.googleapis.com/token",
    KEYS: "https://www.googleapis.com/oauth2/v3/certs",
    USERINFO: "https://openidconnect.googleapis.com/v1/userinfo",
}


class GoogleWorkspace(ProviderSimulator):
    """Google's accounts: four hosts, one issuer for every customer, and the customer in `hd`.

    - `hd` is in the ID token of people of a Workspace or Cloud organization only; a consumer account has none, whatever its address:
      developers.google.com/identity/openid-connect/openid-connect ("An ID token's payload", "Validating an ID token").
    - The address is never the key, and `email_verified` tells whether Google knows it: the same page; an address and an `hd` come back
      under another `sub` once somebody else buys the domain: github.com/oauth2-proxy/oauth2-proxy/issues/2363, and the article named there.
    - There is no groups claim: developers.google.com/identity/openid-connect/reference (the list of claims).
    - A refresh token is given where `access_type=offline` was asked for, and again only with `prompt=consent`: the same reference.
    - Callbacks carry `iss`, and the document announces it (RFC 9207): the same reference.
    """

    names_issuer = True

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(issuer="https://accounts.google.com", places=_PLACES, clock=clock)
        self._consented: set[str] = set()

    def usual(self, person: str, email: str) -> dict[str, object]:
        """Return the claims of somebody of a Workspace: `hd` is the domain of the address."""
        return {**super().usual(person, email), "hd": email.rpartition("@")[2]}

    def id_claims(self, visit: Visit) -> Mapping[str, object]:
        """Return the claims of a person, which never tell groups."""
        return {"azp": visit.asked.get("client_id", ""), **without(self.people.get(visit.person, {}), "groups")}

    def userinfo(self, visit: Visit) -> Mapping[str, object]:
        """Return the same, which tell no groups either."""
        return without(super().userinfo(visit), "groups")

    def told(self, kind: str, path: str, *, authorization: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Answer as every provider does, with a refresh token only for who asked for offline access, once, or with consent anew."""
        visit = self.codes.get(form.get("code", ""), Visit("", {}))
        status, told = super().told(kind, path, authorization=authorization, form=form)
        if kind != TOKEN or status != 200 or visit.asked.get("access_type") != "offline":
            return status, without(told, "refresh_token") if kind == TOKEN else told
        again = visit.person in self._consented and visit.asked.get("prompt") != "consent"
        self._consented.add(visit.person)
        return status, without(told, "refresh_token") if again else told
