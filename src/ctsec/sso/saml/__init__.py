"""SAML 2.0: every decision of a sign-in and a logout, without I/O, on lxml (the extra `saml`) and cryptography.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.sso.saml.assertion import NameId as NameId
    from ctsec.sso.saml.assertion import SamlAttribute as SamlAttribute
    from ctsec.sso.saml.assertion import VerifiedAssertion as VerifiedAssertion
    from ctsec.sso.saml.difference import Changed as Changed
    from ctsec.sso.saml.difference import DocumentChange as DocumentChange
    from ctsec.sso.saml.difference import document_change as document_change
    from ctsec.sso.saml.identity import read_assertion as read_assertion
    from ctsec.sso.saml.keys import ServiceKey as ServiceKey
    from ctsec.sso.saml.keys import TrustedKey as TrustedKey
    from ctsec.sso.saml.logout import LogoutRequest as LogoutRequest
    from ctsec.sso.saml.logout import LogoutResponse as LogoutResponse
    from ctsec.sso.saml.logout import Posted as Posted
    from ctsec.sso.saml.logout import Redirected as Redirected
    from ctsec.sso.saml.logout import logout_request as logout_request
    from ctsec.sso.saml.logout import logout_response as logout_response
    from ctsec.sso.saml.logout import verify_logout_request as verify_logout_request
    from ctsec.sso.saml.logout import verify_logout_response as verify_logout_response
    from ctsec.sso.saml.named import Named as Named
    from ctsec.sso.saml.named import kept_name as kept_name
    from ctsec.sso.saml.named import read_name as read_name
    from ctsec.sso.saml.peer import SamlPeer as SamlPeer
    from ctsec.sso.saml.presets import SAML_PRESETS as SAML_PRESETS
    from ctsec.sso.saml.presets import SamlPreset as SamlPreset
    from ctsec.sso.saml.provider import Endpoint as Endpoint
    from ctsec.sso.saml.provider import ProviderDocument as ProviderDocument
    from ctsec.sso.saml.provider import parse_provider as parse_provider
    from ctsec.sso.saml.reason import SamlReason as SamlReason
    from ctsec.sso.saml.request import Form as Form
    from ctsec.sso.saml.request import Message as Message
    from ctsec.sso.saml.request import Wanted as Wanted
    from ctsec.sso.saml.request import authn_request as authn_request
    from ctsec.sso.saml.response import verify as verify
    from ctsec.sso.saml.service import service_metadata as service_metadata
    from ctsec.sso.saml.settings import SamlSettings as SamlSettings
    from ctsec.sso.saml.settings import settings_from as settings_from
    from ctsec.sso.saml.trust import SentRequest as SentRequest
    from ctsec.sso.saml.trust import Trust as Trust
    from ctsec.sso.saml.trust import Unsolicited as Unsolicited

_HOME = {
    "settings_from": "ctsec.sso.saml.settings",
    "read_assertion": "ctsec.sso.saml.identity",
    "SamlSettings": "ctsec.sso.saml.settings",
    "SAML_PRESETS": "ctsec.sso.saml.presets",
    "SamlPreset": "ctsec.sso.saml.presets",
    "SamlPeer": "ctsec.sso.saml.peer",
    "Changed": "ctsec.sso.saml.difference",
    "DocumentChange": "ctsec.sso.saml.difference",
    "Endpoint": "ctsec.sso.saml.provider",
    "Form": "ctsec.sso.saml.request",
    "LogoutRequest": "ctsec.sso.saml.logout",
    "LogoutResponse": "ctsec.sso.saml.logout",
    "Message": "ctsec.sso.saml.request",
    "Named": "ctsec.sso.saml.named",
    "kept_name": "ctsec.sso.saml.named",
    "read_name": "ctsec.sso.saml.named",
    "NameId": "ctsec.sso.saml.assertion",
    "Posted": "ctsec.sso.saml.logout",
    "ProviderDocument": "ctsec.sso.saml.provider",
    "Redirected": "ctsec.sso.saml.logout",
    "SamlAttribute": "ctsec.sso.saml.assertion",
    "SamlReason": "ctsec.sso.saml.reason",
    "SentRequest": "ctsec.sso.saml.trust",
    "ServiceKey": "ctsec.sso.saml.keys",
    "Trust": "ctsec.sso.saml.trust",
    "TrustedKey": "ctsec.sso.saml.keys",
    "Unsolicited": "ctsec.sso.saml.trust",
    "VerifiedAssertion": "ctsec.sso.saml.assertion",
    "Wanted": "ctsec.sso.saml.request",
    "authn_request": "ctsec.sso.saml.request",
    "document_change": "ctsec.sso.saml.difference",
    "logout_request": "ctsec.sso.saml.logout",
    "logout_response": "ctsec.sso.saml.logout",
    "parse_provider": "ctsec.sso.saml.provider",
    "service_metadata": "ctsec.sso.saml.service",
    "verify": "ctsec.sso.saml.response",
    "verify_logout_request": "ctsec.sso.saml.logout",
    "verify_logout_response": "ctsec.sso.saml.logout",
}
__all__ = [
    "SAML_PRESETS",
    "Changed",
    "DocumentChange",
    "Endpoint",
    "Form",
    "LogoutRequest",
    "LogoutResponse",
    "Message",
    "NameId",
    "Named",
    "Posted",
    "ProviderDocument",
    "Redirected",
    "SamlAttribute",
    "SamlPeer",
    "SamlPreset",
    "SamlReason",
    "SamlSettings",
    "SentRequest",
    "ServiceKey",
    "Trust",
    "TrustedKey",
    "Unsolicited",
    "VerifiedAssertion",
    "Wanted",
    "authn_request",
    "document_change",
    "kept_name",
    "logout_request",
    "logout_response",
    "parse_provider",
    "read_assertion",
    "read_name",
    "service_metadata",
    "settings_from",
    "verify",
    "verify_logout_request",
    "verify_logout_response",
]

__getattr__ = face(__name__, _HOME)
