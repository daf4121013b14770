"""SAML 2.0: every decision of a sign-in, without I/O, on lxml (the extra `saml`) and cryptography.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.sso.saml.assertion import NameId as NameId
    from ctsec.sso.saml.assertion import SamlAttribute as SamlAttribute
    from ctsec.sso.saml.assertion import VerifiedAssertion as VerifiedAssertion
    from ctsec.sso.saml.keys import ServiceKey as ServiceKey
    from ctsec.sso.saml.keys import TrustedKey as TrustedKey
    from ctsec.sso.saml.reason import SamlReason as SamlReason
    from ctsec.sso.saml.response import verify as verify
    from ctsec.sso.saml.trust import SentRequest as SentRequest
    from ctsec.sso.saml.trust import Trust as Trust
    from ctsec.sso.saml.trust import Unsolicited as Unsolicited

_HOME = {
    "NameId": "ctsec.sso.saml.assertion",
    "SamlAttribute": "ctsec.sso.saml.assertion",
    "SamlReason": "ctsec.sso.saml.reason",
    "SentRequest": "ctsec.sso.saml.trust",
    "ServiceKey": "ctsec.sso.saml.keys",
    "Trust": "ctsec.sso.saml.trust",
    "TrustedKey": "ctsec.sso.saml.keys",
    "Unsolicited": "ctsec.sso.saml.trust",
    "VerifiedAssertion": "ctsec.sso.saml.assertion",
    "verify": "ctsec.sso.saml.response",
}
__all__ = [
    "NameId",
    "SamlAttribute",
    "SamlReason",
    "SentRequest",
    "ServiceKey",
    "Trust",
    "TrustedKey",
    "Unsolicited",
    "VerifiedAssertion",
    "verify",
]

__getattr__ = face(__name__, _HOME)
