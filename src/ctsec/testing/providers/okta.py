"""Okta and OneLogin, simulated."""

from __future__ import annotations

from collections.abc import Mapping

from ctsec.clock import Clock
from ctsec.testing.provider_grants import Visit
from ctsec.testing.providers.base import AUTHORIZE, DOCUMENT, KEYS, TOKEN, USERINFO, ProviderSimulator, ordinal, scopes, without


class Okta(ProviderSimulator):
    """An Okta organization: without `server` its own authorization server, with it a custom one (`default`, `aus…`).

    - The organization's server has the issuer `https://acme.okta.com` and its addresses below `/oauth2/v1`; a custom one has the issuer
      `https://acme.okta.com/oauth2/{server}`, keys of its own, and its addresses below that: developer.okta.com/docs/concepts/auth-servers.
    - An ID token that comes with an access token is a thin one: `name` and `preferred_username`, and neither address nor groups, which
      userinfo tells: support.okta.com/help/s/article/Okta-Groups-or-Attribute-Missing-from-Id-Token.
    - Groups are told only if a claim for them was configured (`groups_configured`):
      developer.okta.com/docs/guides/customize-tokens-groups-claim.
    - `amr` tells how the person signed in, by default: developer.okta.com/docs/guides/configure-amr-claims-mapping.
    """

    def __init__(
        self, *, domain: str = "acme.okta.com", server: str = "", groups_configured: bool = False, clock: Clock | None = None
    ) -> None:
        issuer = f"https://{domain}/oauth2/{server}" if server else f"https://{domain}"
        below = f"{issuer}/v1" if server else f"{issuer}/oauth2/v1"
        names = {AUTHORIZE: "authorize", TOKEN: "token", KEYS: "keys", USERINFO: "userinfo"}
        places = {kind: f"{below}/{name}" for kind, name in names.items()}
        super().__init__(issuer=issuer, places={DOCUMENT: f"{issuer}/.well-known/openid-configuration", **places}, clock=clock)
        self.groups_configured = groups_configured

    def usual(self, person: str, email: str) -> dict[str, object]:
        """Return the claims of somebody in the organization, who signed in with a password."""
        return {**super().usual(person, email), "sub": f"00u{person}", "preferred_username": email, "amr": ["pwd"]}

    def id_claims(self, visit: Visit) -> Mapping[str, object]:
        """Return the claims of a thin ID token."""
        return without(self.people.get(visit.person, {}), "email", "email_verified", "groups")

    def userinfo(self, visit: Visit) -> Mapping[str, object]:
        """Return the rest, groups only if they are configured."""
        return without(super().userinfo(visit), "amr", *(() if self.groups_configured else ("groups",)))


class OneLogin(ProviderSimulator):
    """A OneLogin account: its issuer is `https://{subdomain}.onelogin.com/oidc/2`, and everything is below it.

    - The issuer has a path, and a number in it: docs.posit.co/connect/admin/authentication/oauth2-openid-based/onelogin-openid-connect.
    - Groups are told to who asks for the scope `groups`, if the application maps them; a mapping without a list makes them one text with
      semicolons: the page before, and developers.onelogin.com/openid-connect/api/user-info.
    - Nothing says `email_verified`: the list of claims of that page.
    - `sub` is the number of the person in OneLogin: the same list.
    """

    def __init__(self, *, subdomain: str = "acme", clock: Clock | None = None) -> None:
        issuer = f"https://{subdomain}.onelogin.com/oidc/2"
        names = {DOCUMENT: ".well-known/openid-configuration", AUTHORIZE: "auth", TOKEN: "token", KEYS: "certs", USERINFO: "me"}
        super().__init__(issuer=issuer, places={kind: f"{issuer}/{name}" for kind, name in names.items()}, clock=clock)

    def usual(self, person: str, email: str) -> dict[str, object]:
        """Return the claims of somebody of the account: a number, and an address of which nothing is said."""
        return {**without(super().usual(person, email), "email_verified"), "sub": str(32_916_209 + ordinal(self.people, person))}

    def id_claims(self, visit: Visit) -> Mapping[str, object]:
        """Return the claims of a person, groups only for their scope."""
        return without(self.people.get(visit.person, {}), *(() if "groups" in scopes(visit.asked) else ("groups",)))

    def userinfo(self, visit: Visit) -> Mapping[str, object]:
        """Return the same."""
        return {"sub": visit.person, **self.id_claims(visit)}
