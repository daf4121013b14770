"""Microsoft Entra ID, simulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from ctsec.clock import Clock
from ctsec.testing.provider_grants import Visit
from ctsec.testing.providers.base import AUTHORIZE, DOCUMENT, KEYS, TOKEN, USERINFO, ProviderSimulator, without

LOGIN: Final = "https://login.microsoftonline.com"
MOST_GROUPS: Final = 200
_GRAPH: Final = "https://graph.microsoft.com"


class EntraId(ProviderSimulator):
    """Directories of Entra: `directory` is the one of people who are hired without `tid`, `groups_configured` whether tokens tell groups.

    - The document for several directories (`/organizations`) has the issuer `…/{tenantid}/v2.0`, which no token has; a directory's own
      document has its own: github.com/MicrosoftDocs/azure-docs/issues/38427, github.com/thesaadmirza/django-bastion/issues/38.
    - The issuer of a token names the directory of the person, which `tid` repeats; `oid` is the person in this directory, and `sub` is so
      for one application only: learn.microsoft.com/entra/identity-platform/id-token-claims-reference.
    - `email` can be any text of the directory's administrator, and there is no `email_verified`; `xms_edov` is an optional claim that tells
      whether the domain is the directory's: learn.microsoft.com/entra/identity-platform/optional-claims-reference and the page before.
    - Above 200 groups the claim is left out, and `_claim_names` and `_claim_sources` say where they are (`implicit`: `hasgroups` does):
      learn.microsoft.com/troubleshoot/entra/entra-id/app-integration/get-signed-in-users-groups-in-access-token; jira.mongodb.org
      SERVER-105483.
    - `amr` is one more optional claim of sign-ins with a second factor: hire with `amr=["pwd", "mfa"]`.
    - No callback carries `iss`, and no document speaks of PKCE, which is done all the same:
      learn.microsoft.com/entra/identity-platform/v2-protocols-oidc and v2-oauth2-auth-code-flow.
    """

    def __init__(self, *, directory: str, groups_configured: bool = True, implicit: bool = False, clock: Clock | None = None) -> None:
        places = {
            DOCUMENT: f"{LOGIN}/organizations/v2.0/.well-known/openid-configuration",
            AUTHORIZE: f"{LOGIN}/organizations/oauth2/v2.0/authorize",
            TOKEN: f"{LOGIN}/organizations/oauth2/v2.0/token",
            KEYS: f"{LOGIN}/organizations/discovery/v2.0/keys",
            USERINFO: f"{_GRAPH}/oidc/userinfo",
        }
        super().__init__(issuer=f"{LOGIN}/{{tenantid}}/v2.0", places=places, clock=clock)
        self.directory = directory
        self.groups_configured = groups_configured
        self.implicit = implicit

    def usual(self, person: str, email: str) -> dict[str, object]:
        """Return the claims of somebody of a directory; nobody's address is said to be verified."""
        own = {"tid": self.directory, "oid": f"{person}-object", "preferred_username": email, "ver": "2.0"}
        return {**without(super().usual(person, email), "email_verified"), "sub": f"{person}-pairwise", **own}

    def id_claims(self, visit: Visit) -> Mapping[str, object]:
        """Return the claims of a person, from the issuer of their directory, with groups if they are configured and not too many."""
        known = self.people.get(visit.person, {})
        claims = {"iss": f"{LOGIN}/{known.get('tid', self.directory)}/v2.0", **without(known, "groups")}
        groups = cast("list[str]", known.get("groups", []))
        if not self.groups_configured:
            return claims
        if len(groups) <= MOST_GROUPS:
            return {**claims, "groups": groups}
        if self.implicit:
            return {**claims, "hasgroups": True}
        source = {"endpoint": f"{_GRAPH}/v1.0/users/{known.get('oid')}/getMemberObjects"}
        return {**claims, "_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": source}}

    def userinfo(self, visit: Visit) -> Mapping[str, object]:
        """Return the little that the Graph's userinfo tells: subject, name, address."""
        return {name: value for name, value in super().userinfo(visit).items() if name in {"sub", "name", "email"}}

    def kind(self, place: str) -> str:
        """Return what an address is for: each directory has the same paths below its own id."""
        host, _, path = place.partition("/")
        _, _, rest = path.partition("/")
        return super().kind(f"{host}/organizations/{rest}" if host == "login.microsoftonline.com" else place)

    def told(self, kind: str, path: str, *, authorization: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Answer as every provider does; a document is that of the directory in its path, and keys name their issuer."""
        status, told = super().told(kind, path, authorization=authorization, form=form)
        asked = path.split("/")[2] if path.count("/") > 1 else ""
        if kind == DOCUMENT:
            own = without(told, "code_challenge_methods_supported", "authorization_response_iss_parameter_supported")
            if asked not in {"organizations", "common"}:
                own = {name: _of(value, asked) for name, value in own.items()}
            return status, own
        if kind == KEYS:
            keys = cast("list[dict[str, object]]", told["keys"])
            return status, {"keys": [{**each, "issuer": self.issuer} for each in keys]}
        return status, told


def _of(value: object, directory: str) -> object:
    return value.replace("/organizations/", f"/{directory}/").replace("{tenantid}", directory) if isinstance(value, str) else value
