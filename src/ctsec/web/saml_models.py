"""What a connection that speaks SAML is told by, and how it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ctsec.jose.rejection import Rejected
from ctsec.sso import saml
from ctsec.sso.saml.settings import MAX_ADDRESS, MAX_ATTRIBUTE, MAX_PEM, SamlSettings
from ctsec.sso.saml.trust import MAX_ENTITY_ID, MAX_KEYS
from ctsec.web.models import Body
from ctsec.web.views import View, moment

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


def saml_view(found: SamlSettings, *, saml_url: str) -> View:
    """Return what a connection believes, and what its provider is to be told."""
    shown = {"entity_id": f"{saml_url}/metadata", "metadata_url": f"{saml_url}/metadata", "acs_url": f"{saml_url}/acs"}
    shown["slo_url"] = f"{saml_url}/slo" if found.takes_logouts else ""
    keys = [
        {"fingerprint": each.fingerprint, "not_before": moment(each.not_before), "not_after": moment(each.not_after)}
        for each in found.trusted_keys()
    ]
    names = [name for name in SamlSetup.model_fields if name not in {"metadata", "entity_id"}]
    rest = {name: getattr(found, name) for name in names}
    own = {"entity_id": found.entity_id} if found.entity_id else {}
    return {**rest, **shown, **own, "certificates": list(found.certificates), "keys": keys}
