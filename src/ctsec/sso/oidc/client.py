"""How this deployment is known to one provider: the configuration of one connection, checked when it is made.

Rules that this module keeps:

- the issuer, the redirect URI and every host are fixed here, by whoever configures the connection, and no answer adds to them;
- a secret goes into the one header or field that its method names (RFC 6749, 2.3.1; RFC 7523, 2.2), and shows itself nowhere;
- a connection has a redirect URI of its own, so that an answer meant for another provider does not arrive here (RFC 9700, 4.4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ctsec.ids import Random
from ctsec.jose.claims import SKEW
from ctsec.jose.client_proof import ClientProof, PrivateKeyJwt, SecretBasic, SecretPost, prove
from ctsec.jose.keys import Algorithm
from ctsec.sso.oidc.mapping import ClaimMap
from ctsec.sso.oidc.presets import GENERIC, Preset
from ctsec.transport.address import check_url
from ctsec.transport.reach import Reach

__all__ = ["TENANT", "ClientProof", "GitHubOrganization", "OidcClient", "PrivateKeyJwt", "SecretBasic", "SecretPost", "prove_client"]

TENANT: Final = "{tenantid}"  # as Entra's own document writes it
_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubOrganization:
    """An organization at GitHub: its name in addresses, and the number that stays when the name goes to somebody else."""

    login: str
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcClient:
    """One connection to one provider.

    `connection` is its id here. `issuer` is compared byte by byte (with `{tenantid}` in it for several directories of Entra); `discovery`
    is where its document stands, if not at the issuer. `domains` are the e-mail domains that the organization has verified, `directories`
    the Entra directories that are let in, `github` the organization at GitHub. `hosts` are names of hosts beside the issuer's. `audiences`
    may stand in an ID token beside this client. `algorithm` is that of RSA keys that name none. `mapping` says where name, address and
    attributes stand.

    Raises ValueError for what fits no provider.
    """

    connection: str
    client_id: str
    redirect_uri: str
    proof: ClientProof
    preset: Preset = GENERIC
    issuer: str = ""
    discovery: str = ""
    scopes: tuple[str, ...] = ()
    domains: frozenset[str] = frozenset()
    directories: frozenset[str] = frozenset()
    github: GitHubOrganization | None = None
    hosts: frozenset[str] = frozenset()
    audiences: frozenset[str] = frozenset()
    algorithm: Algorithm = Algorithm.RS256
    groups_claim: str = ""
    mapping: ClaimMap = field(default_factory=ClaimMap)
    max_age: timedelta | None = None
    acr: frozenset[str] = frozenset()
    skew: timedelta = SKEW
    reach: Reach = field(default=Reach.PUBLIC)

    def __post_init__(self) -> None:
        self._check_provider()
        if not self.connection or not 0 < len(self.client_id) <= 255 or not self.client_id.isascii():
            raise ValueError("expected the id of a connection and a client id of 1 to 255 characters")
        for url in (self.redirect_uri, self.document):
            check_url(url)
        if "#" in self.redirect_uri or (self.reach is not Reach.LOOPBACK and not self.document.startswith("https://")):
            raise ValueError("expected https, and a redirect URI without a fragment")
        if not all(_SCOPE.fullmatch(scope) for scope in self.asked):
            raise ValueError("expected scopes as RFC 6749 writes them")
        if self.preset.oidc != ("openid" in self.asked):
            raise ValueError("expected the scope openid where the provider makes ID tokens, and there only")
        if any(name != name.lower() or "@" in name for name in self.domains | self.hosts):
            raise ValueError("expected domains and hosts in lower case")
        if self.max_age is not None and self.max_age < timedelta():
            raise ValueError("expected an age that is not negative")

    def _check_provider(self) -> None:
        if self.preset.issuer and self.issuer not in {"", self.preset.issuer}:
            raise ValueError("expected the issuer of this provider, or none")
        if not self.preset.issuer:
            _check_issuer(self.issuer)
        if self.preset.domain_claim and not self.domains:
            raise ValueError("expected the verified domains that people of this provider may come from")
        if self.preset.tenant_claim and not self.directories:
            raise ValueError("expected the directories that people of this provider may come from")
        if any(each in self.issuer for each in "{}") and (not self.preset.tenant_claim or self.issuer.count(TENANT) != 1):
            raise ValueError("expected an issuer, and {tenantid} for Entra only")

    @property
    def name_of_issuer(self) -> str:
        """The issuer that the connection names."""
        return self.issuer or self.preset.issuer

    @property
    def document(self) -> str:
        """Where the provider's document stands (OpenID Connect Discovery 1.0, 4)."""
        return self.discovery or self.preset.discovery or f"{self.name_of_issuer.rstrip('/')}/.well-known/openid-configuration"

    @property
    def asked(self) -> tuple[str, ...]:
        """The scopes that are asked for."""
        return self.scopes or self.preset.scopes

    @property
    def known_hosts(self) -> frozenset[str]:
        """Every host that this connection may lead to."""
        return frozenset({check_url(self.document).host}) | self.hosts | self.preset.hosts

    def issuers(self) -> frozenset[str]:
        """Return each issuer that a token of this connection may have."""
        name = self.name_of_issuer
        return frozenset(name.replace(TENANT, each) for each in self.directories) if TENANT in name else frozenset({name})


def prove_client(client: OidcClient, *, endpoint: str, now: datetime, random: Random) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers and the fields of the form by which the client proves itself at a token endpoint."""
    return prove(client.client_id, client.proof, endpoint=endpoint, now=now, random=random)


def _check_issuer(issuer: str) -> None:
    """Refuse an issuer that is no https address without query and fragment (OpenID Connect Core, 2)."""
    check_url(issuer.replace(TENANT, "0"))
    if "?" in issuer or "#" in issuer:
        raise ValueError("expected an issuer without a query and a fragment")
