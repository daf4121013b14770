"""GitLab, simulated."""

from __future__ import annotations

from collections.abc import Mapping

from ctsec.clock import Clock
from ctsec.testing.provider_grants import Visit
from ctsec.testing.providers.base import AUTHORIZE, DOCUMENT, KEYS, TOKEN, USERINFO, ProviderSimulator, ordinal, without


class GitLab(ProviderSimulator):
    """gitlab.com, or a self-managed instance at `host` (and the `path` that it may have).

    - The issuer is the address of the instance: docs.gitlab.com/integration/openid_connect_provider ("Settings discovery").
    - `groups`, with those above them, are told by userinfo only; the ID token has `groups_direct`: the table of that page.
    - `email_verified` is false for an address that was not confirmed; an administrator of a self-managed instance confirms any:
      the same table, and gitlab.com/gitlab-org/gitlab/-/issues/463474 (a test of the product says so).
    - `sub` is the number of the account, `sub_legacy` an old form of it: the same table.
    """

    def __init__(self, *, host: str = "gitlab.com", path: str = "", clock: Clock | None = None) -> None:
        issuer = f"https://{host}{path}"
        names = {
            DOCUMENT: ".well-known/openid-configuration",
            AUTHORIZE: "oauth/authorize",
            TOKEN: "oauth/token",
            KEYS: "oauth/discovery/keys",
            USERINFO: "oauth/userinfo",
        }
        super().__init__(issuer=issuer, places={kind: f"{issuer}/{name}" for kind, name in names.items()}, clock=clock)

    def usual(self, person: str, email: str) -> dict[str, object]:
        """Return the claims of an account of the instance."""
        own = {"sub": str(1000 + ordinal(self.people, person)), "sub_legacy": "0" * 64, "nickname": person, "preferred_username": person}
        return {**super().usual(person, email), **own}

    def id_claims(self, visit: Visit) -> Mapping[str, object]:
        """Return the claims of a person, with the groups that they are directly in under another name."""
        known = self.people.get(visit.person, {})
        return {**without(known, "groups"), **({"groups_direct": known["groups"]} if "groups" in known else {})}
