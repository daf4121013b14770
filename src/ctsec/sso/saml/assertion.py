"""What an assertion says, as values: read from what was signed, bounded, and nothing guessed (SAML Core, 2).

Rules that this module keeps:

- the text of an element counts only whole: nothing stands inside of it, and no space around a name identifier;
- a name identifier is plain: 1 to 256 characters without control characters; an encrypted one is refused;
- attributes of one name are one attribute; there are at most 100 names and 2,000 values of at most 4,096 characters each;
- a value that has elements inside, or is nil, is left out: it is no text; one that is nil and has a text is refused, since others read the
  text; encrypted attributes are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ctsec.jose.rejection import Unacceptable, refuse_if
from ctsec.sso.saml.names import SAML, UNSPECIFIED, XSI
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.xml import Element, children, only

MAX_NAME_ID: Final = 256
MAX_ATTRIBUTES: Final = 100
MAX_VALUES: Final = 2_000
MAX_VALUE: Final = 4_096
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_NIL: Final = frozenset({"true", "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NameId:
    """How a provider names somebody; `format` says what kind of name it is (SAML Core, 8.3)."""

    value: str
    format: str = UNSPECIFIED
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlAttribute:
    """An attribute with its texts, in the order of the assertion."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAssertion:
    """What a provider signed about a person who signs in.

    `assertion_id` is to be consumed once and remembered until `forget_at`, whatever `one_time` says: a one-time assertion moreover is not
    to be kept for later decisions (SAML Core, 2.5.1.5). `session_until` is when the provider wants the session to end.
    """

    connection: str
    issuer: str
    assertion_id: str
    response_id: str
    forget_at: datetime
    name_id: NameId = field(repr=False)
    authenticated_at: datetime
    context_class: str
    session_index: str | None = None
    session_until: datetime | None = None
    in_response_to: str | None = None
    one_time: bool = False
    encrypted: bool = False
    attributes: tuple[SamlAttribute, ...] = field(default=(), repr=False)

    def values(self, name: str) -> tuple[str, ...] | None:
        """Return the texts of an attribute, None if the provider did not tell it."""
        return next((each.values for each in self.attributes if each.name == name), None)


def read_name_id(node: Element) -> NameId:
    """Return who an element names; raise Unacceptable if it is no plain name identifier."""
    refuse_if(node.tag != f"{SAML}NameID", SamlReason.BAD_NAME_ID)
    allowed = frozenset({"Format", "NameQualifier", "SPNameQualifier", "SPProvidedID"})
    found = only(node, allowed, SamlReason.BAD_NAME_ID)
    value = node.text or ""
    refuse_if(len(node) or not 0 < len(value) <= MAX_NAME_ID or value != value.strip(), SamlReason.BAD_NAME_ID)
    refuse_if(_CONTROL.search(value) or any(len(each) > 1024 for each in found.values()), SamlReason.BAD_NAME_ID)
    return NameId(
        value=value,
        format=found.get("Format", UNSPECIFIED),
        name_qualifier=found.get("NameQualifier"),
        sp_name_qualifier=found.get("SPNameQualifier"),
    )


def read_attributes(statements: Iterable[Element]) -> tuple[SamlAttribute, ...]:
    """Return the attributes of some statements; raise Unacceptable for one that can not be read, or too many."""
    found: dict[str, list[str]] = {}
    seen = 0
    for statement in statements:
        only(statement, frozenset(), SamlReason.BAD_ATTRIBUTE)
        for attribute in children(statement):
            refuse_if(attribute.tag != f"{SAML}Attribute", SamlReason.BAD_ATTRIBUTE)
            name = attribute.get("Name", "")
            refuse_if(not 0 < len(name) <= MAX_NAME_ID or _CONTROL.search(name), SamlReason.BAD_ATTRIBUTE)
            values = found.setdefault(name, [])
            inside = children(attribute)
            seen += len(inside)
            refuse_if(seen > MAX_VALUES or len(found) > MAX_ATTRIBUTES, SamlReason.TOO_MANY_ATTRIBUTES)
            values += [text for value in inside if (text := _text(value)) is not None]
    return tuple(SamlAttribute(name=name, values=tuple(values)) for name, values in found.items())


def _text(value: Element) -> str | None:
    if value.tag != f"{SAML}AttributeValue":
        raise Unacceptable(SamlReason.BAD_ATTRIBUTE)
    if len(value):
        return None
    text: str = value.text or ""
    nil = value.get(f"{XSI}nil") in _NIL
    refuse_if(len(text) > MAX_VALUE or (nil and text != ""), SamlReason.BAD_ATTRIBUTE)
    return None if nil else text
