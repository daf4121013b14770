"""What is particular to each provider, as data.

Rules that this module keeps:

- an identity is made of what the provider never gives to somebody else: never an e-mail address, a name or a login;
- an address counts as verified only where the provider verifies it and says so; Entra's never does, its directory's owner typed it;
- groups that are absent, or said to be too many to tell, are unknown, and unknown is not none.

Sources: developers.google.com/identity/openid-connect; learn.microsoft.com/entra/identity-platform (id-token claims,
groups overage); docs.gitlab.com/integration/openid_connect_provider; docs.github.com/rest/users/emails and /orgs/members.
Of refresh tokens: developers.google.com/identity/protocols/oauth2/web-server (access_type, prompt);
learn.microsoft.com/entra/identity-platform/scopes-oidc (offline_access); developer.okta.com/docs/guides/refresh-tokens;
developers.onelogin.com/openid-connect (a setting of the application).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Provider(StrEnum):
    """The providers that have a preset; those with `saml` in their name speak SAML 2.0 (`ctsec.sso.saml.presets`), the others OIDC."""

    GENERIC = "oidc"
    GOOGLE = "google"
    ENTRA = "entra"
    OKTA = "okta"
    ONELOGIN = "onelogin"
    GITLAB = "gitlab"
    GITHUB = "github"
    SAML = "saml"
    GOOGLE_SAML = "google_saml"
    ENTRA_SAML = "entra_saml"
    OKTA_SAML = "okta_saml"
    ONELOGIN_SAML = "onelogin_saml"

    @property
    def saml(self) -> bool:
        """Whether connections to it speak SAML."""
        return self.value.endswith("saml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One provider: its fixed addresses, if it has any, and how its claims are read.

    `subject` are the claims that make an identity together. `verifies_email` says whether `email_verified` means anything. `domain_claim`
    must name a verified domain, `tenant_claim` a directory of the connection. `overflow` are members that say that groups were left out.
    `offline` is what a sign-in asks for beside, where the provider gives a refresh token only then; `consents` says that the scope
    `offline_access` counts on a consent page only (OpenID Connect Core 1.0, 11), so that one is asked for with it.
    """

    provider: Provider
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    issuer: str = ""
    discovery: str = ""
    hosts: frozenset[str] = frozenset()
    subject: tuple[str, ...] = ("sub",)
    verifies_email: bool = True
    domain_claim: str = ""
    tenant_claim: str = ""
    groups_claim: str = ""
    overflow: frozenset[str] = frozenset()
    oidc: bool = True
    offline: tuple[tuple[str, str], ...] = ()
    consents: bool = False


GENERIC: Final = Preset(provider=Provider.GENERIC, groups_claim="groups", consents=True)
GOOGLE: Final = Preset(
    provider=Provider.GOOGLE,
    issuer="https://accounts.google.com",
    hosts=frozenset({"oauth2.googleapis.com", "openidconnect.googleapis.com", "www.googleapis.com"}),
    domain_claim="hd",
    # Without the consent page only the first of all sign-ins of a person gets a refresh token.
    offline=(("access_type", "offline"), ("prompt", "consent")),
)
ENTRA: Final = Preset(
    provider=Provider.ENTRA,
    hosts=frozenset({"login.microsoftonline.com", "graph.microsoft.com"}),
    scopes=("openid", "email", "profile", "offline_access"),
    subject=("tid", "oid"),
    verifies_email=False,
    tenant_claim="tid",
    groups_claim="groups",
    overflow=frozenset({"_claim_names", "_claim_sources", "hasgroups"}),
)
OKTA: Final = Preset(provider=Provider.OKTA, groups_claim="groups", scopes=("openid", "email", "profile", "offline_access"))
ONELOGIN: Final = Preset(provider=Provider.ONELOGIN, groups_claim="groups")
GITLAB: Final = Preset(provider=Provider.GITLAB, groups_claim="groups")
GITHUB: Final = Preset(
    provider=Provider.GITHUB,
    scopes=("read:user", "user:email", "read:org"),
    issuer="https://github.com",
    discovery="https://github.com",
    hosts=frozenset({"github.com", "api.github.com"}),
    subject=("id",),
    oidc=False,
)
PRESETS: Final[Mapping[Provider, Preset]] = MappingProxyType(
    {each.provider: each for each in (GENERIC, GOOGLE, ENTRA, OKTA, ONELOGIN, GITLAB, GITHUB)}
)
