"""What a connection is made of, as data: read from text, checked, and turned into the client that the protocol's steps take.

Rules that this module keeps:

- what does not fit a provider is refused when it is written, not when somebody signs in;
- a provider's word for a second factor counts only where the connection names the very method (`amr`) or class (`acr`);
- a preview runs the same functions as a sign-in, on claims that somebody pasted, and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from ctsec.jose.rejection import Rejected
from ctsec.rbac.role import MEMBER
from ctsec.secret import SecretText
from ctsec.sso.client_key import WITH_KEYS, signing_key
from ctsec.sso.oidc.client import ClientProof, GitHubOrganization, OidcClient, PrivateKeyJwt, SecretBasic, SecretPost
from ctsec.sso.oidc.id_token import IdToken
from ctsec.sso.oidc.identity import ExternalIdentity, in_domains, read_identity
from ctsec.sso.oidc.presets import PRESETS, Provider
from ctsec.sso.provisioning import ProvisioningSettings
from ctsec.sso.record import Connection
from ctsec.sso.saml.settings import SamlSettings
from ctsec.transport.reach import Reach

MAX_LISTED: Final = 50
MAX_TEXT: Final = 255
MAX_SETTINGS: Final = 16_384
MAX_SAML_SETTINGS: Final = 65_536
MAX_NAME: Final = 100
MAX_CLIENT_ID: Final = 255
MAX_SECRET: Final = 1024
_LISTS: Final = ("scopes", "directories", "hosts", "trusted_methods", "trusted_classes")
_OIDC: Final = ("issuer", "discovery", "scopes", "directories", "hosts", "github_login", "github_id")
_TEXTS: Final = ("issuer", "discovery", "github_login", "groups_claim")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """What an administrator tells of a provider beside its name and the client's id and secret.

    `directories` are the Entra directories that are let in, `github_login` and `github_id` the organization at GitHub, `hosts` names of
    hosts beside the issuer's. `trusted_methods` and `trusted_classes` are values of `amr` and `acr` that count as a second factor.
    `secret_in_form` sends the secret in the form and not in the header; with `private_key` there is no secret, and a key of the
    connection's own signs (`private_key_jwt`). `saml` is what a provider that speaks SAML is told by; of the others then count
    `groups_claim`, an attribute, and what is trusted. Raises ValueError for too many or too long ones.
    """

    issuer: str = ""
    discovery: str = ""
    scopes: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    github_login: str = ""
    github_id: int = 0
    hosts: tuple[str, ...] = ()
    groups_claim: str = ""
    trusted_methods: tuple[str, ...] = ()
    trusted_classes: tuple[str, ...] = ()
    secret_in_form: bool = False
    private_key: bool = False
    saml: SamlSettings | None = None

    def __post_init__(self) -> None:
        lists = [getattr(self, name) for name in _LISTS]
        texts = [getattr(self, name) for name in _TEXTS]
        if any(len(each) > MAX_LISTED for each in lists):
            raise ValueError(f"expected at most {MAX_LISTED} of each kind")
        if any(len(text) > MAX_TEXT or not text.isprintable() for text in texts) or any(
            not 0 < len(text) <= MAX_TEXT or not text.isprintable() for each in lists for text in each
        ):
            raise ValueError(f"expected printable texts of at most {MAX_TEXT} characters")
        if self.private_key and self.secret_in_form:
            raise ValueError("expected a secret in the form, or a private key, and not both")
        if self.saml is not None and (self.secret_in_form or self.private_key or any(getattr(self, each) for each in _OIDC)):
            raise ValueError(
                "expected of a provider that speaks SAML what SAML knows: no issuer, scopes, directories, hosts and secrets beside"
            )
        most = MAX_SETTINGS if self.saml is None else MAX_SAML_SETTINGS
        if not 0 <= self.github_id < 1 << 53 or len(self.text()) > most:
            raise ValueError(f"expected settings of at most {most:,} characters")

    def text(self) -> str:
        """Return the settings as the store keeps them."""
        made = {name: getattr(self, name) for name in (*_TEXTS, *_LISTS, "github_id", "secret_in_form", "private_key")}
        kept = {name: value for name, value in made.items() if value}
        return json.dumps(kept | ({"saml": self.saml.record()} if self.saml is not None else {}), sort_keys=True)

    @classmethod
    def read(cls, text: str) -> ConnectionSettings:
        """Return the settings in a stored text."""
        found: dict[str, Any] = json.loads(text)
        saml = found.pop("saml", None)
        told: dict[str, Any] = {name: tuple(value) if name in _LISTS else value for name, value in found.items()}
        return cls(**told, saml=SamlSettings.read(saml) if saml is not None else None)

    def trusts(self, identity: ExternalIdentity) -> bool:
        """Tell whether the provider's word about this sign-in counts as a second factor."""
        return not set(self.trusted_methods).isdisjoint(identity.methods) or identity.acr in self.trusted_classes


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionWish:
    """What a connection is to be: everything but its secret."""

    name: str
    provider: Provider
    client_id: str
    settings: ConnectionSettings = field(default_factory=ConnectionSettings)
    default_role: str = MEMBER
    provisioning: ProvisioningSettings = field(default_factory=ProvisioningSettings)

    @property
    def has_key(self) -> bool:
        """Whether it proves itself by a key that is made for it, and by no secret."""
        return self.settings.private_key or self.provider.saml


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a client takes from outside of its connection: its redirect URI, the organization's verified domains, and how far it may go.

    `saml_url` is where its addresses of SAML begin: `/metadata` and `/acs` behind it.
    """

    redirect_uri: str
    domains: frozenset[str]
    reach: Reach
    saml_url: str = ""


def client_of(connection: Connection, secret: SecretText, around: Surroundings) -> OidcClient:
    """Return the client of a connection; raise ValueError for what fits no provider."""
    settings = ConnectionSettings.read(connection.settings)
    github = GitHubOrganization(login=settings.github_login, id=settings.github_id) if settings.github_login else None
    return OidcClient(
        connection=connection.id,
        client_id=connection.client_id,
        redirect_uri=around.redirect_uri,
        proof=_proof(connection, settings, secret),
        preset=PRESETS[connection.provider],
        issuer=settings.issuer,
        discovery=settings.discovery,
        scopes=settings.scopes,
        domains=around.domains,
        directories=frozenset(settings.directories),
        github=github,
        hosts=frozenset(settings.hosts),
        groups_claim=settings.groups_claim,
        mapping=ProvisioningSettings.read(connection.provisioning).claims,
        reach=around.reach,
    )


def _proof(connection: Connection, settings: ConnectionSettings, secret: SecretText) -> ClientProof:
    if not settings.private_key:
        return SecretPost(secret) if settings.secret_in_form else SecretBasic(secret)
    if connection.provider not in WITH_KEYS:
        raise ValueError("expected a secret: this provider takes no key of ours")
    return PrivateKeyJwt(signing_key(secret, connection.public_keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a sign-in with some claims would be: who, whether the address is one of the organization's, and what the second factor is worth.

    `may_link` says that an account of this very address would be found by it.
    """

    identity: ExternalIdentity
    own_address: bool
    may_link: bool
    second_factor: bool


def preview(client: OidcClient, settings: ConnectionSettings, claims: Mapping[str, object]) -> Preview | Rejected:
    """Return what the connection reads from claims, as if its provider had signed them."""
    subject, acr, amr = claims.get("sub"), claims.get("acr"), claims.get("amr")
    listed = cast("list[object]", amr) if isinstance(amr, list) else []
    token = IdToken(
        issuer=client.name_of_issuer,
        subject=subject if isinstance(subject, str) else "",
        claims={"sub": "", **claims},
        acr=acr if isinstance(acr, str) else None,
        methods=tuple(each for each in listed if isinstance(each, str)),
    )
    identity = read_identity(token, client=client)
    if isinstance(identity, Rejected):
        return identity
    own = in_domains(identity.email, client.domains)
    return Preview(identity=identity, own_address=own, may_link=own and identity.email_verified, second_factor=settings.trusts(identity))
