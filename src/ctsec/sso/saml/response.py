"""A sign-in through SAML 2.0 (SAML Profiles, 4.1): the one way from a field of a form to who somebody is.

Rules that this module keeps, besides those of what it calls (`wire`, `xml`, `signature`, `encryption`, `conditions` …):

- a Response has the parts that the schema gives it, in its order and no others: Issuer, Signature, Status, and one assertion;
- there is one Response, one assertion and no signature elsewhere in the whole document, wherever somebody could have put another;
- what is not signed itself is inside of what is: the assertion's own signature, the Response's, or both, and then both hold;
- an encrypted assertion is one more way of writing it: what was opened is judged as what was not, and must be signed itself unless the
  Response around its ciphertext was;
- after a signature was verified, its element is read only from the bytes that were digested;
- nothing but the arguments decides: no clock, no network, no process, no state; and nothing of the message stays (`apart`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.jose.rejection import Rejected, Unacceptable, refuse_if
from ctsec.sso.saml.apart import apart
from ctsec.sso.saml.assertion import VerifiedAssertion, read_attributes, read_name_id
from ctsec.sso.saml.conditions import Expected, check_authentication, check_conditions, check_confirmations
from ctsec.sso.saml.encryption import open_assertion
from ctsec.sso.saml.names import SAML, SAMLP
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.signature import SIGNATURE, verify_enveloped
from ctsec.sso.saml.status import check_status
from ctsec.sso.saml.trust import SentRequest, Trust, Unsolicited
from ctsec.sso.saml.wire import decode_field
from ctsec.sso.saml.xml import Element, children, count, identifiers, only, parse

_RESPONSE: Final = frozenset({"ID", "Version", "IssueInstant", "Destination", "Consent", "InResponseTo"})
_ASSERTION: Final = frozenset({"ID", "Version", "IssueInstant"})
_SEALED: Final = f"{SAML}EncryptedAssertion"
_PLAIN: Final = f"{SAML}Assertion"


@dataclass(frozen=True, slots=True)
class _Opened:
    """What may be read: a Response and its assertion, each from what was signed of it where it was."""

    response: Element
    assertion: Element
    encrypted: bool


def verify(field: str, *, trust: Trust, request: SentRequest | Unsolicited, now: datetime) -> VerifiedAssertion | Rejected:
    """Return what a provider signed in the `SAMLResponse` of a form, or why it is not accepted.

    `request` is what was asked for; Unsolicited says that nothing was, and that the connection accepts that. Replays are the caller's to
    refuse: by consuming `assertion_id` once, and the request too.
    """
    return apart(lambda: _verified(field, Expected(trust, request, now)))


def _verified(field: str, expected: Expected) -> VerifiedAssertion | Rejected:
    try:
        root = parse(decode_field(field))
        return _judge(_open(root, expected.trust), expected)
    except Unacceptable as error:
        return Rejected(error.reason)


def _open(root: Element, trust: Trust) -> _Opened:
    parts = _parts(root)
    counted = count(root, _PLAIN) + count(root, _SEALED)
    refuse_if(counted > 1 or count(root, f"{SAMLP}Response") > 1, SamlReason.SEVERAL_ASSERTIONS)
    if counted != len(parts) - 2 or not counted:
        # A failure is told without an assertion, and perhaps without a signature: it lets nobody in.
        check_status(parts[1])
        raise Unacceptable(SamlReason.NO_ASSERTION)
    inner = next((each for each in root.iter(_PLAIN)), None)
    signed = [node for node in (root, inner) if node is not None and any(each.tag == SIGNATURE for each in node)]
    refuse_if(count(root, SIGNATURE) != len(signed), SamlReason.MISPLACED_SIGNATURE)
    covered = root in signed
    if covered:
        root = verify_enveloped(root, trust)
        parts = _parts(root)
    assertion = parts[2]
    encrypted = assertion.tag == _SEALED
    if encrypted:
        assertion = open_assertion(assertion, trust, covered=covered, taken=identifiers(root))
    if any(each.tag == SIGNATURE for each in assertion):
        assertion = verify_enveloped(assertion, trust)
    else:
        refuse_if(not covered, SamlReason.UNSIGNED)
    return _Opened(root, assertion, encrypted)


def _parts(root: Element) -> list[Element]:
    """Return Issuer, Status and the assertions of a Response that has what the schema says."""
    refuse_if(root.tag != f"{SAMLP}Response", SamlReason.WRONG_MESSAGE)
    only(root, _RESPONSE)
    inside = _without_signature(children(root))
    names = [each.tag for each in inside]
    refuse_if(names[:2] != [f"{SAML}Issuer", f"{SAMLP}Status"], SamlReason.BAD_SHAPE)
    refuse_if(any(name not in {_PLAIN, _SEALED} for name in names[2:]), SamlReason.BAD_SHAPE)
    return inside


def _without_signature(inside: list[Element]) -> list[Element]:
    """Return the parts of a message without the signature behind its issuer; one that stands elsewhere stays."""
    return [each for place, each in enumerate(inside) if each.tag != SIGNATURE or place != 1]


def _judge(opened: _Opened, expected: Expected) -> VerifiedAssertion:
    response, assertion = opened.response, opened.assertion
    issuer, status = _parts(response)[:2]
    expected.check_header(response)
    expected.check_issuer(issuer)
    check_status(status)
    refuse_if(response.get("Destination") != expected.trust.acs_url, SamlReason.WRONG_DESTINATION)
    expected.check_request(response.get("InResponseTo"))
    only(assertion, _ASSERTION)
    expected.check_header(assertion)
    inside = _without_signature(children(assertion))
    names = [each.tag.removeprefix(SAML) for each in inside]
    refuse_if(names[:1] != ["Issuer"], SamlReason.BAD_SHAPE)
    expected.check_issuer(inside[0])
    refuse_if(names[1:2] != ["Subject"], SamlReason.NO_SUBJECT)
    refuse_if(names[2:3] != ["Conditions"], SamlReason.NO_CONDITIONS)
    refuse_if(any(name not in {"AuthnStatement", "AttributeStatement"} for name in names[3:]), SamlReason.BAD_SHAPE)
    refuse_if(names[3:].count("AuthnStatement") != 1, SamlReason.NO_AUTHN_STATEMENT)
    named, *confirmations = children(inside[1]) or [None]
    if named is None or any(each.tag != f"{SAML}SubjectConfirmation" for each in confirmations):
        raise Unacceptable(SamlReason.NO_SUBJECT)
    name_id = read_name_id(named)
    confirmed = check_confirmations(confirmations, expected)
    valid, one_time = check_conditions(inside[2], expected)
    authentication = check_authentication(inside[3 + names[3:].index("AuthnStatement")], expected)
    return VerifiedAssertion(
        connection=expected.trust.connection,
        issuer=expected.trust.issuer,
        assertion_id=assertion.get("ID"),
        response_id=response.get("ID"),
        forget_at=min(confirmed, valid) + expected.trust.skew,
        name_id=name_id,
        authenticated_at=authentication.at,
        context_class=authentication.context_class,
        session_index=authentication.session_index,
        session_until=authentication.session_until,
        in_response_to=response.get("InResponseTo"),
        one_time=one_time,
        encrypted=opened.encrypted,
        attributes=read_attributes(each for each in inside[3:] if each.tag == f"{SAML}AttributeStatement"),
    )
