"""Whether an assertion is for us, for this sign-in, and now (SAML Core, 2.4, 2.5 and 2.7; SAML Profiles, 4.1.4).

Rules that this module keeps, none of which a message can leave out:

- every issuer is the trust's, in full, and speaks of itself as an entity;
- a bearer confirmation names our address as Recipient, the request that we sent (none, if we sent none) and an end that is to come;
- conditions have a beginning and an end with now between them; every AudienceRestriction names us; one that is not known is refused;
- there is one statement that somebody authenticated, not in the future, whose session is not over; where a fresh sign-in or a class was
  asked for, the statement says that it was so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.jose.rejection import Unacceptable, refuse_if
from ctsec.sso.saml.names import BEARER, ENTITY, SAML
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.times import read_time
from ctsec.sso.saml.trust import SentRequest, Trust, Unsolicited
from ctsec.sso.saml.xml import Element, children, only, text_of

VERSION: Final = "2.0"
_MAX_TEXT: Final = 1024


@dataclass(frozen=True, slots=True)
class Expected:
    """What a message is compared with."""

    trust: Trust
    request: SentRequest | Unsolicited
    now: datetime

    def check_begun(self, moment: datetime, reason: SamlReason) -> None:
        """Raise Unacceptable if a moment is to come, by more than clocks may differ."""
        refuse_if(moment - self.trust.skew > self.now, reason)

    def check_lasts(self, moment: datetime, reason: SamlReason) -> None:
        """Raise Unacceptable if a moment is over, by as much as clocks may differ."""
        refuse_if(self.now >= moment + self.trust.skew, reason)

    def check_header(self, found: Element) -> None:
        """Raise Unacceptable unless a message or an assertion is of this version, has an id, and was issued by now."""
        refuse_if(found.get("Version") != VERSION, SamlReason.WRONG_VERSION)
        refuse_if(not found.get("ID"), SamlReason.BAD_ID)
        self.check_begun(read_time(found.get("IssueInstant", "")), SamlReason.ISSUED_IN_FUTURE)

    def check_issuer(self, node: Element) -> None:
        """Raise Unacceptable unless an Issuer is the trust's (SAML Core, 2.2.5)."""
        found = only(node, frozenset({"Format"}), SamlReason.WRONG_ISSUER)
        refuse_if(found.get("Format", ENTITY) != ENTITY or len(node) or node.text != self.trust.issuer, SamlReason.WRONG_ISSUER)

    def check_request(self, found: str | None) -> None:
        """Raise Unacceptable unless an InResponseTo is of the request that was sent; where none was, it is not there."""
        if isinstance(self.request, Unsolicited):
            refuse_if(found is not None, SamlReason.UNEXPECTED_REQUEST)
        else:
            refuse_if(found is None, SamlReason.NO_REQUEST)
            refuse_if(found != self.request.id, SamlReason.WRONG_REQUEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """What an AuthnStatement says."""

    at: datetime
    context_class: str
    session_index: str | None
    session_until: datetime | None


def check_confirmations(nodes: list[Element], expected: Expected) -> datetime:
    """Return until when a bearer is confirmed; raise Unacceptable if no confirmation is one, or one that is does not hold."""
    bearers = [each for each in nodes if each.get("Method") == BEARER]
    refuse_if(not bearers, SamlReason.NOT_BEARER)
    return min(_check_bearer(each, expected) for each in bearers)


def _check_bearer(node: Element, expected: Expected) -> datetime:
    only(node, frozenset({"Method"}), SamlReason.NOT_BEARER)
    inside = children(node)
    if [each.tag for each in inside] != [f"{SAML}SubjectConfirmationData"]:
        raise Unacceptable(SamlReason.NOT_BEARER)
    allowed = frozenset({"Recipient", "NotOnOrAfter", "NotBefore", "InResponseTo", "Address"})
    found = only(inside[0], allowed, SamlReason.NOT_BEARER)
    refuse_if(len(inside[0]), SamlReason.NOT_BEARER)
    refuse_if(found.get("Recipient") != expected.trust.acs_url, SamlReason.WRONG_RECIPIENT)
    expected.check_request(found.get("InResponseTo"))
    refuse_if("NotOnOrAfter" not in found, SamlReason.CONFIRMATION_NO_EXPIRY)
    end = read_time(found["NotOnOrAfter"])
    expected.check_lasts(end, SamlReason.CONFIRMATION_EXPIRED)
    if "NotBefore" in found:
        expected.check_begun(read_time(found["NotBefore"]), SamlReason.NOT_YET_VALID)
    return end


def check_conditions(node: Element, expected: Expected) -> tuple[datetime, bool]:
    """Return until when an assertion is valid and whether it is for one use; raise Unacceptable if its conditions do not hold."""
    found = only(node, frozenset({"NotBefore", "NotOnOrAfter"}), SamlReason.UNKNOWN_CONDITION)
    refuse_if(len(found) != 2, SamlReason.NO_TIMES)
    start, end = read_time(found["NotBefore"]), read_time(found["NotOnOrAfter"])
    expected.check_begun(start, SamlReason.NOT_YET_VALID)
    expected.check_lasts(end, SamlReason.EXPIRED)
    refuse_if(start >= end, SamlReason.EXPIRED)
    audiences = one_time = 0
    for each in children(node):
        match each.tag.removeprefix(SAML):
            case "AudienceRestriction":
                audiences += 1
                _check_audience(each, expected.trust.audience)
            case "OneTimeUse":
                one_time += 1
                refuse_if(one_time > 1 or len(each), SamlReason.UNKNOWN_CONDITION)
            case "ProxyRestriction":  # about what others may issue on the strength of this one: we issue nothing
                pass
            case _:
                raise Unacceptable(SamlReason.UNKNOWN_CONDITION)
    refuse_if(not audiences, SamlReason.NO_AUDIENCE)
    return end, bool(one_time)


def _check_audience(node: Element, ours: str) -> None:
    only(node, frozenset(), SamlReason.UNKNOWN_CONDITION)
    inside = children(node)
    refuse_if(any(each.tag != f"{SAML}Audience" for each in inside), SamlReason.UNKNOWN_CONDITION)
    refuse_if(ours not in [text_of(each) for each in inside], SamlReason.WRONG_AUDIENCE)


def check_authentication(node: Element, expected: Expected) -> Authentication:
    """Return what a statement says of a sign-in; raise Unacceptable if that is not what was asked for, or no longer so."""
    allowed = frozenset({"AuthnInstant", "SessionIndex", "SessionNotOnOrAfter"})
    found = only(node, allowed, SamlReason.NO_AUTHN_STATEMENT)
    at, until = read_time(found.get("AuthnInstant", "")), found.get("SessionNotOnOrAfter")
    expected.check_begun(at, SamlReason.ISSUED_IN_FUTURE)
    ends = None if until is None else read_time(until)
    if ends is not None:
        expected.check_lasts(ends, SamlReason.SESSION_EXPIRED)
    index = found.get("SessionIndex")
    refuse_if(index is not None and not 0 < len(index) <= _MAX_TEXT, SamlReason.NO_AUTHN_STATEMENT)
    named = _context_class(children(node))
    if isinstance(expected.request, SentRequest):
        fresh_from = expected.request.sent_at - expected.trust.skew
        refuse_if(expected.request.force_authn and at < fresh_from, SamlReason.SIGN_IN_TOO_OLD)
        refuse_if(expected.request.classes and named not in expected.request.classes, SamlReason.WRONG_CLASS)
    return Authentication(at=at, context_class=named, session_index=index, session_until=ends)


def _context_class(inside: list[Element]) -> str:
    contexts = [each for each in inside if each.tag == f"{SAML}AuthnContext"]
    others = [each for each in inside if each.tag not in {f"{SAML}AuthnContext", f"{SAML}SubjectLocality"}]
    refuse_if(len(contexts) != 1 or others or len(inside) > 2, SamlReason.NO_AUTHN_STATEMENT)
    classes = [each for each in children(contexts[0]) if each.tag == f"{SAML}AuthnContextClassRef"]
    refuse_if(len(classes) != 1, SamlReason.NO_AUTHN_STATEMENT)
    named = text_of(classes[0]).strip()
    refuse_if(not 0 < len(named) <= _MAX_TEXT, SamlReason.NO_AUTHN_STATEMENT)
    return named
