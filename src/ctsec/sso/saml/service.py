"""What we tell a provider of ourselves: metadata of a service provider (SAML Metadata, 2.4.4).

Rules that this module keeps:

- it says what is demanded anyway (signed assertions), and nothing that would be accepted beyond;
- it takes public keys alone: whoever asks for it has no private key opened;
- while our keys are replaced both are in it: the one that signs from now on stands first, and both open what is encrypted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from ctsec.ids import Random
from ctsec.sso.saml.keys import ServiceKey
from ctsec.sso.saml.names import EMAIL_ADDRESS, HTTP_POST, HTTP_REDIRECT, PERSISTENT, PROTOCOL
from ctsec.sso.saml.request import message_id
from ctsec.sso.saml.signing import key_info, sign_enveloped
from ctsec.sso.saml.times import write_time
from ctsec.sso.saml.trust import Trust
from ctsec.sso.saml.xml import Element, canonical, make

_FORMATS: Final = (PERSISTENT, EMAIL_ADDRESS)


class Certified(Protocol):
    """A key of ours, as far as others see it."""

    @property
    def certificate(self) -> str:
        """Its certificate, in base64 without its frame."""
        ...


def service_metadata(
    trust: Trust,
    *,
    signs: Sequence[Certified],
    opens: Sequence[Certified] | None = None,
    asks_signed: bool = True,
    valid_until: datetime | None = None,
    sign_with: ServiceKey | None = None,
    random: Random,
) -> bytes:
    """Return the document for the provider of a connection: `signs` are our keys that sign, `opens` those that open (the trust's openers).

    `asks_signed` says that requests to sign in are signed too, not logouts alone. The document is signed if there is a key for that.
    """
    opening: Sequence[Certified] = trust.openers if opens is None else opens
    keys = [_descriptor("signing", each) for each in signs] + [_descriptor("encryption", each) for each in opening]
    logout = [_endpoint("SingleLogoutService", binding, trust.slo_url) for binding in (HTTP_REDIRECT, HTTP_POST) if trust.slo_url]
    formats = [make("md", "NameIDFormat", None, each) for each in _FORMATS]
    consumer = _endpoint("AssertionConsumerService", HTTP_POST, trust.acs_url, {"index": "0", "isDefault": "true"})
    asks = "true" if signs and asks_signed else "false"
    says = {
        "AuthnRequestsSigned": asks,
        "WantAssertionsSigned": "true",
        "protocolSupportEnumeration": PROTOCOL,
    }
    described = make("md", "SPSSODescriptor", says, *keys, *logout, *formats, consumer)
    until = None if valid_until is None else write_time(valid_until)
    root = make("md", "EntityDescriptor", {"ID": message_id(random), "entityID": trust.audience, "validUntil": until}, described)
    if sign_with is not None:
        sign_enveloped(root, sign_with, place=0)
    return canonical(root)


def _descriptor(use: str, key: Certified) -> Element:
    return make("md", "KeyDescriptor", {"use": use}, key_info(key.certificate))


def _endpoint(name: str, binding: str, location: str, more: dict[str, str] | None = None) -> Element:
    return make("md", name, {"Binding": binding, "Location": location, **(more or {})})
