"""What the attack kit plays on: a provider, a connection that trusts it, an attacker with a key of their own, and cases with an oracle.

The attacker holds a message that the provider signed for `PERSON`, and wants to be `VICTIM`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, Final

from lxml import etree

from ctsec.jose.rejection import Rejected
from ctsec.sso.saml import SamlReason, SentRequest, Trust, Unsolicited
from ctsec.sso.saml.names import DS, SAML, SAMLP
from ctsec.sso.saml.response import verify
from ctsec.sso.saml.wire import encode_field
from ctsec.testing.saml import SamlAnswer, SamlKey, Signed, build, seal

NOW: Final = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
PERSON: Final = "mallory@acme.example"
VICTIM: Final = "admin@acme.example"
PROVIDER: Final = SamlKey.generate()
ATTACKER: Final = SamlKey.generate(name="evil.example")
CURVE: Final = SamlKey.generate(curve=True)
OURS: Final = SamlKey.generate(name="sp.example")
SIGNER: Final = CURVE.signer()  # the quick one: most cases are about something else
TRUST: Final = Trust(
    connection="connection-1",
    issuer="https://idp.example/metadata",
    audience="https://sp.example/saml",
    acs_url="https://sp.example/sso/saml/acs",
    slo_url="https://sp.example/sso/saml/slo",
    keys=(PROVIDER.trusted(), CURVE.trusted()),
    openers=(OURS.signer(),),
)
REQUEST: Final = SentRequest(id="_request-1", sent_at=NOW - timedelta(minutes=1))
TOLD: Final = SamlAnswer(
    issuer=TRUST.issuer,
    audience=TRUST.audience,
    acs_url=TRUST.acs_url,
    now=NOW,
    request=REQUEST.id,
    person=PERSON,
    attributes={"email": [PERSON], "groups": ["staff", "sales"]},
)
STYLES: Final = (Signed.ASSERTION, Signed.RESPONSE, Signed.BOTH)
SIGNATURE: Final = f"{DS}Signature"
ASSERTION: Final = f"{SAML}Assertion"
STATUS: Final = f"{SAMLP}Status"
Node = Any
Edit = Callable[..., object]  # of a root
ANY_REASON: Final = frozenset(SamlReason)


class Outcome(Enum):
    """How a verifier can be wrong about a case."""

    FORGED = "somebody else came out"
    ACCEPTED = "accepted what must be refused"
    REFUSED = "refused what must be accepted"
    REASON = "refused for another reason"
    CRASHED = "raised"


@dataclass(frozen=True)
class Case:
    """A message and what must become of it: `expected` are the reasons for which it may be refused, none that it must be accepted."""

    name: str
    message: str = field(repr=False)
    expected: frozenset[SamlReason]
    trust: Trust = field(default=TRUST, repr=False)
    request: SentRequest | Unsolicited = field(default=REQUEST, repr=False)
    now: datetime = field(default=NOW, repr=False)
    person: str = PERSON

    def problem(self) -> tuple[Outcome, str] | None:
        """Return what the verifier does wrong about this case."""
        try:
            found = verify(self.message, trust=self.trust, request=self.request, now=self.now)
        except Exception as error:
            return Outcome.CRASHED, f"{type(error).__name__}: {error}"
        if isinstance(found, Rejected):
            if not self.expected:
                return Outcome.REFUSED, found.reason
            return None if found.reason in self.expected else (Outcome.REASON, f"{found.reason}, not {'/'.join(sorted(self.expected))}")
        if found.name_id.value != self.person:
            return Outcome.FORGED, found.name_id.value
        return (Outcome.ACCEPTED, "") if self.expected else None


def reasons(*each: SamlReason) -> frozenset[SamlReason]:
    """Return the reasons of a case; none means that it must be accepted."""
    return frozenset(each)


@cache
def _sealed(style: Signed) -> bytes:
    return seal(build(TOLD), key=SIGNER, style=style)


def signed(style: Signed) -> Node:
    """Return the tree of a message that the provider signed."""
    return tree(_sealed(style))


def tree(data: bytes) -> Node:
    """Return the root of some bytes, as a parser with every liberty reads them."""
    return etree.fromstring(data, etree.XMLParser(huge_tree=True, collect_ids=False))


def text(node: Node) -> bytes:
    """Return a tree as it would be sent: not canonicalized again."""
    made: bytes = etree.tostring(node)
    return made


def sent(node: Node) -> str:
    """Return the field that carries a tree or some bytes."""
    return encode_field(node if isinstance(node, bytes) else text(node))


def before(name: str, edit: Edit, *expected: SamlReason, styles: tuple[Signed, ...] = STYLES, **more: Any) -> Iterator[Case]:
    """Yield a message in each style that the provider itself made so and signed."""
    for style in styles:
        root = build(TOLD)
        edit(root)
        yield Case(f"{name} ({style.value})", sent(seal(root, key=SIGNER, style=style)), frozenset(expected), **more)


def after(name: str, edit: Edit, *expected: SamlReason, styles: tuple[Signed, ...] = STYLES, **more: Any) -> Iterator[Case]:
    """Yield a message in each style that was changed after it was signed; an edit may return another root, or bytes."""
    for style in styles:
        root = signed(style)
        changed = edit(root)
        yield Case(f"{name} ({style.value})", sent(root if changed is None else changed), frozenset(expected), **more)


def find(root: Node, tag: str) -> Node:
    """Return the first element of this name; raise LookupError if there is none."""
    found = next(root.iter(tag), None)
    if found is None:
        raise LookupError(tag)
    return found


def forged(node: Node, identifier: str | None) -> Node:
    """Return a copy of a signed element that speaks of the victim, without signatures."""
    copy = deepcopy(node)
    copy.tail = None
    for each in list(copy.iter(SIGNATURE)):
        each.getparent().remove(each)
    for each in copy.iter(f"{SAML}NameID"):
        each.text = VICTIM
    if identifier is None:
        del copy.attrib["ID"]
    else:
        copy.set("ID", identifier)
    return copy


def put(tag: str, *inside: Node, **attributes: str) -> Node:
    """Return an element with others inside."""
    made = etree.Element(tag, attrib=attributes)
    made.extend(inside)
    return made
