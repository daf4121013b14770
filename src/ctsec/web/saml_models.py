"""What a connection that speaks SAML is told by, and how it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ctsec.jose.rejection import Rejected
from ctsec.sso import saml
from ctsec.sso.saml.keys import TrustedKey
from ctsec.sso.saml.own_key import OwnKey, own_keys
from ctsec.sso.saml.settings import MAX_ADDRESS, MAX_ATTRIBUTE, MAX_PEM, SamlSettings
from ctsec.sso.saml.trust import MAX_ENTITY_ID, MAX_KEYS
from ctsec.sso.saml.watching import Offer
from ctsec.web.models import Body
from ctsec.web.views import View, moment

if TYPE_CHECKING:
    from ctsec.sso.saml.provider import ProviderDocument

MAX_DOCUMENT = 49_152
EntityId = Annotated[str, Field(max_length=MAX_ENTITY_ID)]
Address = Annotated[str, Field(max_length=MAX_ADDRESS)]
Attribute = Annotated[str, Field(max_length=MAX_ATTRIBUTE)]
Certificate = Annotated[str, Field(max_length=MAX_PEM)]


class SamlSetup(Body):
    """A provider by its metadata, or by its entity id, addresses and certificates; what is lowered is off."""

    metadata: Annotated[str, Field(max_length=MAX_DOCUMENT)] = ""
    issuer: EntityId = ""
    sso_redirect: Address = ""
    sso_post: Address = ""
    slo_redirect: Address = ""
    slo_post: Address = ""
    certificates: Annotated[list[Certificate], Field(max_length=MAX_KEYS, default_factory=list)]
    entity_id: EntityId = ""
    subject_attribute: Attribute = ""
    email_attribute: Attribute = ""
    signs_requests: bool = False
    force_authn: bool = False
    vouches_for_addresses: bool = False
    idp_initiated: bool = False
    unsafe_sha1: bool = False
    unsafe_name_id: bool = False
    metadata_url: Address = ""
    follows_metadata: bool = False

    def settings(self, *, now: datetime) -> SamlSettings:
        """Return what is asked for; raise ValueError for what is none, and for metadata that is not accepted."""
        told = {name: getattr(self, name) for name in type(self).model_fields if name not in {"metadata", "certificates"}}
        certificates = tuple(self.certificates)
        if not self.metadata:
            return SamlSettings(**told, certificates=certificates)
        if certificates or any(told[name] for name in ("sso_redirect", "sso_post", "slo_redirect", "slo_post")):
            raise ValueError("expected the provider's metadata, or its addresses and certificates, and not both")
        found = saml.parse_provider(self.metadata.encode(), entity_id=self.issuer, now=now)
        if isinstance(found, Rejected):
            raise ValueError(f"expected metadata of a provider: {found.reason.value}")  # noqa: TRY004 - a wrong value
        return saml.settings_from(found, told)


def saml_view(found: SamlSettings, *, saml_url: str, published: str | None) -> View:
    """Return what a connection believes, and what its provider is to be told; `published` are our keys."""
    shown = {"entity_id": f"{saml_url}/metadata", "metadata_url": f"{saml_url}/metadata", "acs_url": f"{saml_url}/acs"}
    shown["slo_url"] = f"{saml_url}/slo" if found.takes_logouts else ""
    keys = [_key(each) for each in found.trusted_keys()]
    names = [name for name in SamlSetup.model_fields if name not in {"metadata", "entity_id"}]
    rest = {name: getattr(found, name) for name in names}
    own = {"entity_id": found.entity_id} if found.entity_id else {}
    ours = [{"kid": each.kid, "state": each.state.value, **_key(each)} for each in own_keys(published)]
    return {**rest, **shown, **own, "certificates": list(found.certificates), "keys": keys, "own_keys": ours}


class SamlSource(Body):
    """Metadata by its address or as text, and of which provider, if it has several."""

    metadata_url: Address = ""
    metadata: Annotated[str, Field(max_length=MAX_DOCUMENT)] = ""
    issuer: EntityId = ""


class SamlDocument(Body):
    """Metadata of a connection's provider as text; without it that at the connection's address is fetched."""

    metadata: Annotated[str, Field(max_length=MAX_DOCUMENT)] = ""


class SamlKeyName(Body):
    """The name of a key of ours, as the connection shows it."""

    kid: Annotated[str, Field(min_length=1, max_length=32)]


class SamlTrust(Body):
    """A document as it was shown: `seen` is its name there; its text as it was given, or none."""

    metadata: Annotated[str, Field(max_length=MAX_DOCUMENT)] = ""
    seen: Annotated[str, Field(min_length=64, max_length=64)]


def document_view(found: ProviderDocument, *, url: str) -> View:
    """Return what metadata says: as `saml` of a connection's body, and its keys and end."""
    made = saml.settings_from(found, {"metadata_url": url})
    names = ("issuer", "sso_redirect", "sso_post", "slo_redirect", "slo_post", "signs_requests", "metadata_url")
    body = {name: getattr(made, name) for name in names}
    return {
        "saml": {**body, "certificates": list(made.certificates)},
        "keys": [_key(each) for each in found.keys],
        "valid_until": moment(found.valid_until),
    }


def offer_view(found: Offer) -> View:
    """Return how metadata differs from what a connection believes, and under which name it is trusted."""
    change = found.change
    return {
        "seen": found.name,
        "same": change.nothing,
        "widens": change.widens,
        "added": [_key(each) for each in change.added],
        "removed": [_key(each) for each in change.removed],
        "renewed": [_key(each) for each in change.renewed],
        "values": [{"name": name, "before": each.before, "after": each.after} for name, each in change.values],
        "valid_until": moment(found.document.valid_until),
    }


def _key(found: TrustedKey | OwnKey) -> View:
    return {"fingerprint": found.fingerprint, "not_before": moment(found.not_before), "not_after": moment(found.not_after)}
