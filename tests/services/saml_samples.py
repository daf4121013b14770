"""A connection that speaks SAML, and metadata of its provider that announces another key."""

from __future__ import annotations

from dataclasses import replace

from ctsec.sso import ConnectionSettings, ConnectionWish
from ctsec.sso.oidc import Provider
from ctsec.sso.saml.keys import TrustedKey
from ctsec.sso.saml.provider import Endpoint, ProviderDocument
from ctsec.sso.saml.settings import SamlSettings
from ctsec.sso.saml.watching import offered
from ctsec.testing.saml import SamlKey

BELIEVED, ANNOUNCED = (SamlKey.generate(curve=True) for _ in range(2))
SAML = SamlSettings(
    issuer="https://idp.example/metadata",
    sso_redirect="https://idp.example/sso",
    certificates=(BELIEVED.certificate,),
    metadata_url="https://idp.example/metadata",
)
SAML_WISH = ConnectionWish(name="SAML", provider=Provider.SAML, client_id="", settings=ConnectionSettings(saml=SAML))
BEFORE = ProviderDocument(
    entity_id=SAML.issuer, keys=SAML.trusted_keys(), sign_in=Endpoint(redirect=SAML.sso_redirect), sign_out=Endpoint()
)
AFTER = replace(BEFORE, keys=(*BEFORE.keys, TrustedKey.from_certificate(ANNOUNCED.certificate)))
SEEN = offered(SAML, AFTER).name
NEXT_KEY = "k4"  # the connection was drafted, tested and enabled before: its version names the key
