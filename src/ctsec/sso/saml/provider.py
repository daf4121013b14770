"""What a provider says of itself: its metadata, read as the configuration of a connection (SAML Metadata, 2).

Rules that this module keeps:

- the document keeps the rules of `xml`, but for comments, which people write into files and which are taken out whole, and for its size: at
  most 1 MiB and 20,000 elements;
- the entity is the one that was asked for; where none was, the document has one provider and no other;
- nothing that it says lowers what is demanded: signed or not, it turns off no signature, no condition and no algorithm;
- a KeyDescriptor without `use` is for both uses; it has one certificate, and a key that may not be used spoils the document;
- every endpoint is an address that `transport` would accept; bindings other than redirect and form are left out;
- what was valid until now is not taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.jose.rejection import Rejected, Unacceptable, refuse_if
from ctsec.sso.saml.apart import apart
from ctsec.sso.saml.keys import TrustedKey
from ctsec.sso.saml.names import DS, HTTP_POST, HTTP_REDIRECT, MD, PROTOCOL
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.times import read_time
from ctsec.sso.saml.trust import MAX_ENTITY_ID, MAX_KEYS, MAX_METADATA
from ctsec.sso.saml.wire import decode_wrapped
from ctsec.sso.saml.xml import Element, parse, text_of
from ctsec.transport.address import check_url

MAX_METADATA_ELEMENTS: Final = 20_000
_COMMENT: Final = re.compile(rb"<!--(?:[^-]|-[^-])*-->")
_BINDINGS: Final = {HTTP_REDIRECT: "redirect", HTTP_POST: "post"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a provider takes messages; an empty address is none. `answers` is where it takes answers, if elsewhere."""

    redirect: str = ""
    post: str = ""
    answers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDocument:
    """What a connection may be made of; `keys` are not trusted before somebody, or a policy, has said so."""

    entity_id: str
    keys: tuple[TrustedKey, ...]
    sign_in: Endpoint
    sign_out: Endpoint
    wants_signed_requests: bool = False
    valid_until: datetime | None = None


def parse_provider(data: bytes, *, entity_id: str = "", now: datetime) -> ProviderDocument | Rejected:
    """Return what a document says of the provider `entity_id`, or of its only one; or why it is not accepted."""
    return apart(lambda: _parsed(data, entity_id, now))


def _parsed(data: bytes, entity_id: str, now: datetime) -> ProviderDocument | Rejected:
    try:
        refuse_if(len(data) > MAX_METADATA, SamlReason.TOO_LARGE)
        root = parse(_COMMENT.sub(b"", data), limit=MAX_METADATA, elements=MAX_METADATA_ELEMENTS)
        entity = _entity(root, entity_id)
        described = _described(entity)
        until = _valid_until(entity, described)
        refuse_if(until is not None and until <= now, SamlReason.METADATA_EXPIRED)
        sign_in = _endpoint(described, "SingleSignOnService")
        refuse_if(not sign_in.redirect and not sign_in.post, SamlReason.METADATA_NO_ENDPOINT)
        return ProviderDocument(
            entity_id=entity.get("entityID"),
            keys=_keys(described),
            sign_in=sign_in,
            sign_out=_endpoint(described, "SingleLogoutService"),
            wants_signed_requests=described.get("WantAuthnRequestsSigned") in {"true", "1"},
            valid_until=until,
        )
    except Unacceptable as error:
        return Rejected(error.reason)


def _entity(root: Element, entity_id: str) -> Element:
    refuse_if(root.tag not in {f"{MD}EntityDescriptor", f"{MD}EntitiesDescriptor"}, SamlReason.WRONG_MESSAGE)
    entities = list(root.iter(f"{MD}EntityDescriptor"))
    refuse_if(
        any(each.getparent() is not None and each.getparent().tag != f"{MD}EntitiesDescriptor" for each in entities), SamlReason.BAD_SHAPE
    )
    names = [each.get("entityID", "") for each in entities]
    refuse_if(len(set(names)) != len(names), SamlReason.METADATA_DUPLICATE_ENTITY)
    if entity_id:
        found = [each for each in entities if each.get("entityID") == entity_id]
        refuse_if(not found, SamlReason.METADATA_WRONG_ENTITY)
    else:
        found = [each for each in entities if any(inside.tag == f"{MD}IDPSSODescriptor" for inside in each)]
        refuse_if(not found, SamlReason.METADATA_NO_PROVIDER)
        refuse_if(len(found) > 1, SamlReason.METADATA_WRONG_ENTITY)
    refuse_if(not 0 < len(found[0].get("entityID", "")) <= MAX_ENTITY_ID, SamlReason.METADATA_WRONG_ENTITY)
    return found[0]


def _described(entity: Element) -> Element:
    roles = [each for each in entity if each.tag == f"{MD}IDPSSODescriptor"]
    speaking = [each for each in roles if PROTOCOL in each.get("protocolSupportEnumeration", "").split()]
    refuse_if(len(speaking) != 1, SamlReason.METADATA_NO_PROVIDER)
    return speaking[0]


def _valid_until(entity: Element, described: Element) -> datetime | None:
    around = [described, entity, *entity.iterancestors()]
    return min((read_time(each.get("validUntil")) for each in around if "validUntil" in each.attrib), default=None)


def _keys(described: Element) -> tuple[TrustedKey, ...]:
    found: dict[str, TrustedKey] = {}
    for each in described:
        if each.tag == f"{MD}KeyDescriptor" and each.get("use", "signing") != "encryption":
            refuse_if(each.get("use", "signing") != "signing", SamlReason.METADATA_BAD_KEY)
            certificates = list(each.iter(f"{DS}X509Certificate"))
            refuse_if(len(certificates) != 1, SamlReason.METADATA_BAD_KEY)
            key = _key(certificates[0])
            found[key.fingerprint] = key
    refuse_if(not found, SamlReason.METADATA_NO_KEY)
    refuse_if(len(found) > MAX_KEYS, SamlReason.METADATA_BAD_KEY)
    return tuple(found.values())


def _key(certificate: Element) -> TrustedKey:
    try:
        return TrustedKey.from_certificate(decode_wrapped(text_of(certificate)))
    except (ValueError, Unacceptable):
        raise Unacceptable(SamlReason.METADATA_BAD_KEY) from None


def _endpoint(described: Element, name: str) -> Endpoint:
    found: dict[str, str] = {}
    for each in described:
        binding = _BINDINGS.get(each.get("Binding", ""))
        if each.tag == f"{MD}{name}" and binding is not None and binding not in found:
            found[binding] = _address(each.get("Location", ""))
            if each.get("ResponseLocation"):
                found.setdefault("answers", _address(each.get("ResponseLocation")))
    return Endpoint(redirect=found.get("redirect", ""), post=found.get("post", ""), answers=found.get("answers", ""))


def _address(url: str) -> str:
    try:
        check_url(url)
    except ValueError:
        raise Unacceptable(SamlReason.METADATA_BAD_ENDPOINT) from None
    refuse_if("#" in url, SamlReason.METADATA_BAD_ENDPOINT)
    return url
