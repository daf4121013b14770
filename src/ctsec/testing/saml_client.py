"""A service provider as an identity provider of tests knows it: read from its metadata, and what it asks for (SAML Core, 3.4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from ctsec.jose.rejection import Unacceptable
from ctsec.sso.saml.keys import TrustedKey, pem_of
from ctsec.sso.saml.logout import Arrived, Posted
from ctsec.sso.saml.names import DS, HTTP_POST, MD, SAML, SAMLP
from ctsec.sso.saml.redirect import read_query
from ctsec.sso.saml.signature import SIGNATURE, verify_enveloped
from ctsec.sso.saml.times import read_time
from ctsec.sso.saml.trust import Trust
from ctsec.sso.saml.wire import decode_field, decode_wrapped, inflate
from ctsec.sso.saml.xml import Element, parse

_LIFE: Final = timedelta(minutes=5)


class RequestRefused(ValueError):
    """A message that an identity provider of tests does not answer; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlClient:
    """What a service provider says of itself: `certificates` (PEM) are of the keys that it signs with.

    `encryption` is the one that assertions are encrypted for, empty for none.
    """

    entity_id: str
    acs_url: str
    slo_url: str = ""
    certificates: tuple[str, ...] = ()
    encryption: str = ""

    @classmethod
    def from_metadata(cls, data: bytes) -> SamlClient:
        """Read it; raise RequestRefused if that is no metadata of one service provider."""
        try:
            root = parse(data)
            described = root.find(f"{MD}SPSSODescriptor")
            consumers = [each for each in described.findall(f"{MD}AssertionConsumerService") if each.get("Binding") == HTTP_POST]
            logouts = [each.get("Location") for each in described.findall(f"{MD}SingleLogoutService")]
            return cls(
                entity_id=root.get("entityID"),
                acs_url=consumers[0].get("Location"),
                slo_url=logouts[0] if logouts else "",
                certificates=tuple(_certificates(described, "signing")),
                encryption=next((each for each in _certificates(described, "encryption")), ""),
            )
        except (Unacceptable, AttributeError, LookupError) as error:
            raise RequestRefused(f"expected metadata of a service provider ({type(error).__name__})") from None

    def trust(self, *, provider: str, slo_url: str) -> Trust:
        """Return what its messages are judged by, as those of somebody who signs; raise RequestRefused if it never told a key."""
        if not self.certificates:
            raise RequestRefused("expected a service provider whose metadata has a key")
        keys = tuple(TrustedKey.from_certificate(each) for each in self.certificates)
        return Trust(connection="client", issuer=self.entity_id, audience=provider, acs_url=slo_url, slo_url=slo_url, keys=keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRequest:
    """An AuthnRequest that was accepted; `id` is empty if nobody asked."""

    client: SamlClient
    id: str = ""
    relay_state: str = field(default="", repr=False)
    force_authn: bool = False
    passive: bool = False
    classes: tuple[str, ...] = ()
    signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """An identity provider as it reads AuthnRequests: its clients, where they have to arrive, and whether they have to be signed."""

    provider: str
    sso_url: str
    clients: Mapping[str, SamlClient]
    wants_signed: bool

    def read(self, arrived: Arrived, *, relay_state: str = "", now: datetime) -> SignInRequest:
        """Return what is asked for; raise RequestRefused unless it is to be answered."""
        try:
            return self._read(arrived, relay_state, now)
        except Unacceptable as error:
            raise RequestRefused(error.reason) from None

    def _read(self, arrived: Arrived, relay_state: str, now: datetime) -> SignInRequest:
        if isinstance(arrived, Posted):
            root = parse(decode_field(arrived.field))
        else:
            told = dict(parse_qsl(arrived.query))
            root, relay_state = parse(inflate(told.get("SAMLRequest", ""))), told.get("RelayState", "")
        if root.tag != f"{SAMLP}AuthnRequest":
            raise RequestRefused("expected an AuthnRequest")
        client = self.clients.get(root.findtext(f"{SAML}Issuer") or "")
        if client is None:
            raise RequestRefused("expected a service provider that is registered")
        signed = self._signed(arrived, root, client)
        self._check(root, client, now)
        classes = tuple(each.text or "" for each in root.iter(f"{SAML}AuthnContextClassRef"))
        flags = {name: root.get(name) in {"true", "1"} for name in ("ForceAuthn", "IsPassive")}
        return SignInRequest(
            client=client, id=root.get("ID"), relay_state=relay_state, signed=signed, classes=classes,
            force_authn=flags["ForceAuthn"], passive=flags["IsPassive"],
        )  # fmt: skip

    def _signed(self, arrived: Arrived, root: Element, client: SamlClient) -> bool:
        """Return whether it is signed; a signature that is there has to hold."""
        there = any(each.tag == SIGNATURE for each in root) if isinstance(arrived, Posted) else "Signature=" in arrived.query
        if not there:
            if self.wants_signed:
                raise RequestRefused("expected a signed request")
            return False
        trust = client.trust(provider=self.provider, slo_url=self.sso_url)
        if isinstance(arrived, Posted):
            verify_enveloped(root, trust)
        else:
            read_query(arrived.query, kind="SAMLRequest", trust=trust)
        return True

    def _check(self, root: Element, client: SamlClient, now: datetime) -> None:
        wrong = {
            "Version": root.get("Version") != "2.0",
            "ID": not root.get("ID"),
            "Destination": root.get("Destination") != self.sso_url,
            "AssertionConsumerServiceURL": root.get("AssertionConsumerServiceURL", client.acs_url) != client.acs_url,
            "ProtocolBinding": root.get("ProtocolBinding", HTTP_POST) != HTTP_POST,
            "IssueInstant": abs(read_time(root.get("IssueInstant", "")) - now) > _LIFE,
        }
        found = [name for name, is_wrong in wrong.items() if is_wrong]
        if found:
            raise RequestRefused(f"expected another {', '.join(found)}")


def _certificates(described: Element, use: str) -> list[str]:
    found = [each for each in described.findall(f"{MD}KeyDescriptor") if each.get("use", use) == use]
    return [pem_of(decode_wrapped(inside.text or "")) for each in found for inside in each.iter(f"{DS}X509Certificate")]
