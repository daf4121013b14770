"""What an administrator tells of a provider that speaks SAML, as data: a part of the settings of a connection.

Rules that this module keeps:

- what is taken from a provider's document is taken once, and shown: a document that changes changes nothing by itself;
- whatever lowers what is demanded is a field that is off, and has a name that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ctsec.sso.saml.keys import TrustedKey
from ctsec.sso.saml.trust import MAX_ENTITY_ID, MAX_KEYS

if TYPE_CHECKING:
    from ctsec.sso.saml.provider import ProviderDocument  # it brings lxml

MAX_ADDRESS: Final = 1_024
MAX_ATTRIBUTE: Final = 255
MAX_PEM: Final = 6_144
_ADDRESSES: Final = ("sso_redirect", "sso_post", "slo_redirect", "slo_post", "metadata_url")
_ATTRIBUTES: Final = ("subject_attribute", "email_attribute")
_FLAGS: Final = (
    "signs_requests",
    "force_authn",
    "vouches_for_addresses",
    "idp_initiated",
    "unsafe_sha1",
    "unsafe_name_id",
    "follows_metadata",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlSettings:
    """A provider by its entity id, the addresses where it takes messages, and the certificates that it signs with (PEM).

    `entity_id` is ours, if it is not the address of the connection's metadata. `subject_attribute` names the attribute that never goes to
    somebody else, `email_attribute` that of the address, where they are not the preset's. `signs_requests` signs what we send,
    `force_authn` asks for a fresh sign-in. `vouches_for_addresses` says that the organization alone gives the addresses there, so that
    one of its verified domains finds an account. `idp_initiated` lets a sign-in in that was begun at the provider. `unsafe_sha1` lets
    signatures with SHA-1 in, `unsafe_name_id` takes a name identifier for an identity that may be given to somebody else.
    `metadata_url` is where the provider's metadata is looked at again; `follows_metadata` takes the keys that it announces there without
    an administrator.

    Raises ValueError for too many or too long ones, for a certificate that can not be read, and for none.
    """

    issuer: str
    sso_redirect: str = ""
    sso_post: str = ""
    slo_redirect: str = ""
    slo_post: str = ""
    certificates: tuple[str, ...] = ()
    entity_id: str = ""
    subject_attribute: str = ""
    email_attribute: str = ""
    signs_requests: bool = False
    force_authn: bool = False
    vouches_for_addresses: bool = False
    idp_initiated: bool = False
    unsafe_sha1: bool = False
    unsafe_name_id: bool = False
    metadata_url: str = ""
    follows_metadata: bool = False

    def __post_init__(self) -> None:
        limits = {each: MAX_ADDRESS for each in _ADDRESSES} | {each: MAX_ATTRIBUTE for each in _ATTRIBUTES}
        limits |= {"issuer": MAX_ENTITY_ID, "entity_id": MAX_ENTITY_ID}
        for name, most in limits.items():
            text: str = getattr(self, name)
            if len(text) > most or not text.isprintable():
                raise ValueError(f"expected a printable {name} of at most {most:,} characters")
        if not self.sso_redirect and not self.sso_post:
            raise ValueError("expected an address of the provider to send people to")
        if not 0 < len(self.certificates) <= MAX_KEYS or any(len(each) > MAX_PEM for each in self.certificates):
            raise ValueError(f"expected 1 to {MAX_KEYS} certificates of the provider, each of at most {MAX_PEM:,} characters")
        if self.follows_metadata and not self.metadata_url:
            raise ValueError("expected the address of the metadata that is to be followed")
        if len({key.fingerprint for key in self.trusted_keys()}) != len(self.certificates):
            raise ValueError("expected each key of the provider once")

    def trusted_keys(self) -> tuple[TrustedKey, ...]:
        """Return the keys of the provider; raise ValueError for a certificate that holds none that may sign."""
        return tuple(TrustedKey.from_certificate(each) for each in self.certificates)

    @property
    def takes_logouts(self) -> bool:
        """Whether the provider has an address for logouts; one without is sent none, and has nowhere to take our answers."""
        return bool(self.slo_redirect or self.slo_post)

    def told(self) -> dict[str, object]:
        """Return what an event says of this: whom the connection believes, and each demand that is lowered."""
        return {
            "issuer": self.issuer,
            "keys": tuple(key.fingerprint for key in self.trusted_keys()),
            "lowered": self.lowered(),
        }

    def lowered(self) -> tuple[str, ...]:
        """Return the names of what an administrator has lowered."""
        return tuple(name for name in _FLAGS[2:] if getattr(self, name))

    def record(self) -> dict[str, object]:
        """Return this as members of a JSON object, those that say something."""
        names = ("issuer", "entity_id", *_ADDRESSES, *_ATTRIBUTES, *_FLAGS)
        made: dict[str, object] = {name: getattr(self, name) for name in names}
        return {name: value for name, value in (made | {"certificates": list(self.certificates)}).items() if value}

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> SamlSettings:
        """Return what a stored object says."""
        told: dict[str, Any] = {**found, "certificates": tuple(found.get("certificates", ()))}
        return cls(**told)


def settings_from(document: ProviderDocument, told: Mapping[str, Any]) -> SamlSettings:
    """Return the settings that a provider's document and an administrator (`told`, without addresses) make together."""
    made: dict[str, Any] = {
        **told,
        "issuer": document.entity_id,
        "sso_redirect": document.sign_in.redirect,
        "sso_post": document.sign_in.post,
        "slo_redirect": document.sign_out.redirect,
        "slo_post": document.sign_out.post,
        "certificates": tuple(key.certificate for key in document.keys),
        "signs_requests": bool(told.get("signs_requests")) or document.wants_signed_requests,
    }
    return SamlSettings(**made)
