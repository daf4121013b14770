"""What we send to a provider: a request to sign somebody in, by redirect or by a form (SAML Core, 3.4.1; SAML Bindings, 3.4 and 3.5).

Rules that this module keeps:

- the id of a message is 128 random bits and is remembered by the caller: an answer has to name it;
- RelayState is an opaque id of at most 80 bytes, never an address; with an answer goes that of the request, as it came;
- text of the configuration is escaped where it is written, in XML as in addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.ids import Random
from ctsec.sso.saml.keys import ServiceKey
from ctsec.sso.saml.names import HTTP_POST
from ctsec.sso.saml.redirect import signed_query
from ctsec.sso.saml.signing import sign_enveloped
from ctsec.sso.saml.times import write_time
from ctsec.sso.saml.trust import MAX_RELAY_STATE, SentRequest, Trust
from ctsec.sso.saml.wire import encode_field
from ctsec.sso.saml.xml import Element, canonical, make
from ctsec.transport.address import check_url

MAX_OPAQUE: Final = 80
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of a sign-in: a fresh one, one without asking the person, one of some classes, a kind of name."""

    force_authn: bool = False
    passive: bool = False
    classes: tuple[str, ...] = ()
    name_format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form that the browser posts to `url` by itself; its fields are to be escaped by whoever writes the page."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of ours before it is sent; `kind` is the parameter that it travels in."""

    kind: str
    id: str
    destination: str
    root: Element

    def redirect(self, *, relay_state: str = "", key: ServiceKey | None) -> str:
        """Return the address that carries it; signed by `key`, and not at all if that is None."""
        self._check(relay_state)
        query = signed_query(self.kind, canonical(self.root), relay_state=relay_state, key=key)
        return f"{self.destination}{'&' if '?' in self.destination else '?'}{query}"

    def form(self, *, relay_state: str = "", key: ServiceKey | None) -> Form:
        """Return the form that carries it; signed by `key`, and not at all if that is None."""
        self._check(relay_state)
        if key is not None and not any(each.tag.endswith("}Signature") for each in self.root):
            sign_enveloped(self.root, key)
        fields = {self.kind: encode_field(canonical(self.root)), **({"RelayState": relay_state} if relay_state else {})}
        return Form(url=self.destination, fields=fields)

    def _check(self, relay_state: str) -> None:
        if self.kind == "SAMLRequest":
            _check_opaque(relay_state)
        elif len(relay_state) > MAX_RELAY_STATE:
            raise ValueError(f"expected a RelayState of at most {MAX_RELAY_STATE:,} characters")


def message_id(random: Random) -> str:
    """Return a new id of a message: 128 random bits in the form of an XML name."""
    return f"_{random(_ID_BYTES).hex()}"


def header(*, id: str, destination: str, now: datetime) -> dict[str, str | None]:  # noqa: A002 - its name in SAML
    """Return the attributes that every message of ours has; raise ValueError if `destination` is no address to send somebody to."""
    check_url(destination)
    if "#" in destination:
        raise ValueError("expected an address without a fragment")
    return {"ID": id, "Version": "2.0", "IssueInstant": write_time(now), "Destination": destination}


def authn_request(trust: Trust, *, sso_url: str, wanted: Wanted, now: datetime, random: Random) -> tuple[Message, SentRequest]:
    """Return a request to sign somebody in, and what its answer is compared with.

    Raises ValueError if `sso_url` is no address to send somebody to.
    """
    made = message_id(random)
    attributes = {
        **header(id=made, destination=sso_url, now=now),
        "ForceAuthn": "true" if wanted.force_authn else None,
        "IsPassive": "true" if wanted.passive else None,
        "ProtocolBinding": HTTP_POST,
        "AssertionConsumerServiceURL": trust.acs_url,
    }
    policy = make("samlp", "NameIDPolicy", {"Format": wanted.name_format or None, "AllowCreate": "true"})
    classes = [make("saml", "AuthnContextClassRef", None, each) for each in wanted.classes]
    asked = [make("samlp", "RequestedAuthnContext", {"Comparison": "exact"}, *classes)] if classes else []
    root = make("samlp", "AuthnRequest", attributes, make("saml", "Issuer", None, trust.audience), policy, *asked)
    sent = SentRequest(id=made, sent_at=now, force_authn=wanted.force_authn, classes=frozenset(wanted.classes))
    return Message(kind="SAMLRequest", id=made, destination=sso_url, root=root), sent


def _check_opaque(relay_state: str) -> None:
    if len(relay_state.encode("utf-8")) > MAX_OPAQUE or "/" in relay_state:
        raise ValueError(f"expected a RelayState that is an opaque id of at most {MAX_OPAQUE} bytes, and no address")
