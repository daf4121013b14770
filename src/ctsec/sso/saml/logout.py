"""Single logout in both directions (SAML Core, 3.7; SAML Profiles, 4.4).

Rules that this module keeps:

- a logout is signed, in the query of a redirect or in the document of a form, or it is refused: otherwise anybody could end sessions;
- issuer, destination, version and time are judged as those of a sign-in; a request was issued at most five minutes ago, and its id is to be
  consumed once, until `forget_at`;
- a request names somebody plainly; a response names the request that was sent;
- that a provider has ended only some of its sessions is said, and is no success.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from ctsec.ids import Random
from ctsec.jose.rejection import Rejected, Unacceptable, refuse_if
from ctsec.sso.saml.apart import apart
from ctsec.sso.saml.assertion import NameId, read_name_id
from ctsec.sso.saml.conditions import Expected
from ctsec.sso.saml.names import SAML, SAMLP, STATUS, SUCCESS
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.redirect import read_query
from ctsec.sso.saml.request import Message, header, message_id
from ctsec.sso.saml.signature import SIGNATURE, verify_enveloped
from ctsec.sso.saml.status import check_status
from ctsec.sso.saml.times import read_time
from ctsec.sso.saml.trust import SentRequest, Trust, Unsolicited
from ctsec.sso.saml.wire import decode_field
from ctsec.sso.saml.xml import Element, children, count, make, only, parse, text_of

LOGOUT_LIFE: Final = timedelta(minutes=5)
MAX_SESSIONS: Final = 100
_PARTIAL: Final = f"{STATUS}PartialLogout"
_HEADER: Final = frozenset({"ID", "Version", "IssueInstant", "Destination", "Consent"})


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as it arrived in the field of a form."""

    field: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Redirected:
    """A message as it arrived in an address: the whole query, without `?`, undecoded."""

    query: str = field(repr=False)


Arrived: TypeAlias = Posted | Redirected


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """What a provider wants to end: everything of a person, or the sessions that it names. `relay_state` goes back with the answer."""

    connection: str
    issuer: str
    id: str
    forget_at: datetime
    name_id: NameId = field(repr=False)
    session_indexes: tuple[str, ...] = ()
    relay_state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutResponse:
    """How the logout went that we asked for; `complete` says that everything has ended."""

    id: str
    in_response_to: str
    complete: bool


def verify_logout_request(arrived: Arrived, *, trust: Trust, now: datetime) -> LogoutRequest | Rejected:
    """Return what a provider wants to end, or why it is not accepted."""
    return apart(lambda: _judge_request(arrived, trust, now))


def _judge_request(arrived: Arrived, trust: Trust, now: datetime) -> LogoutRequest | Rejected:
    try:
        root, relay_state = _opened(arrived, "SAMLRequest", f"{SAMLP}LogoutRequest", trust)
        only(root, _HEADER | {"NotOnOrAfter", "Reason"})
        expected = Expected(trust, Unsolicited(), now)
        issuer, *inside = children(root) or [None]
        end = _check_header(root, issuer, expected) + LOGOUT_LIFE
        if "NotOnOrAfter" in root.attrib:
            end = min(end, read_time(root.get("NotOnOrAfter")))
        expected.check_lasts(end, SamlReason.EXPIRED)
        named, *sessions = inside or [None]
        if named is None or any(each.tag != f"{SAMLP}SessionIndex" for each in sessions) or len(sessions) > MAX_SESSIONS:
            raise Unacceptable(SamlReason.BAD_SHAPE)
        return LogoutRequest(
            connection=trust.connection,
            issuer=trust.issuer,
            id=root.get("ID"),
            forget_at=end + trust.skew,
            name_id=read_name_id(named),
            session_indexes=tuple(text_of(each) for each in sessions),
            relay_state=relay_state,
        )
    except Unacceptable as error:
        return Rejected(error.reason)


def verify_logout_response(arrived: Arrived, *, trust: Trust, request: SentRequest, now: datetime) -> LogoutResponse | Rejected:
    """Return how the logout went that `request` asked for, or why the answer is not accepted."""
    return apart(lambda: _judge_response(arrived, request, Expected(trust, request, now)))


def _judge_response(arrived: Arrived, request: SentRequest, expected: Expected) -> LogoutResponse | Rejected:
    try:
        root, _ = _opened(arrived, "SAMLResponse", f"{SAMLP}LogoutResponse", expected.trust)
        only(root, _HEADER | {"InResponseTo"})
        inside = children(root)
        refuse_if(len(inside) != 2 or inside[1].tag != f"{SAMLP}Status", SamlReason.BAD_SHAPE)
        _check_header(root, inside[0], expected)
        expected.check_request(root.get("InResponseTo"))
        return LogoutResponse(id=root.get("ID"), in_response_to=request.id, complete=not _partial(inside[1]))
    except Unacceptable as error:
        return Rejected(error.reason)


def logout_request(
    trust: Trust, *, slo_url: str, name_id: NameId, session_index: str | None, now: datetime, random: Random
) -> tuple[Message, SentRequest]:
    """Return a request to end a session at the provider, and what its answer is compared with; ValueError if `slo_url` is no address."""
    made = message_id(random)
    qualifiers = {"Format": name_id.format, "NameQualifier": name_id.name_qualifier, "SPNameQualifier": name_id.sp_name_qualifier}
    inside = [make("saml", "Issuer", None, trust.audience), make("saml", "NameID", qualifiers, name_id.value)]
    if session_index is not None:
        inside.append(make("samlp", "SessionIndex", None, session_index))
    root = make("samlp", "LogoutRequest", header(id=made, destination=slo_url, now=now), *inside)
    return Message(kind="SAMLRequest", id=made, destination=slo_url, root=root), SentRequest(id=made, sent_at=now)


def logout_response(trust: Trust, *, slo_url: str, request: LogoutRequest, complete: bool, now: datetime, random: Random) -> Message:
    """Return the answer to a provider's request; ValueError if `slo_url` is no address."""
    made = message_id(random)
    code = make("samlp", "StatusCode", {"Value": SUCCESS}) if complete else _partly()
    attributes = {**header(id=made, destination=slo_url, now=now), "InResponseTo": request.id}
    root = make("samlp", "LogoutResponse", attributes, make("saml", "Issuer", None, trust.audience), make("samlp", "Status", None, code))
    return Message(kind="SAMLResponse", id=made, destination=slo_url, root=root)


def _partly() -> Element:
    return make("samlp", "StatusCode", {"Value": f"{STATUS}Responder"}, make("samlp", "StatusCode", {"Value": _PARTIAL}))


def _opened(arrived: Arrived, kind: str, tag: str, trust: Trust) -> tuple[Element, str]:
    """Return the root of a message that is signed as its binding wants, and the RelayState that was signed with it."""
    relay_state = ""
    if isinstance(arrived, Redirected):
        data, relay_state = read_query(arrived.query, kind=kind, trust=trust)
        root = parse(data)
        refuse_if(count(root, SIGNATURE), SamlReason.MISPLACED_SIGNATURE)
    else:
        root = parse(decode_field(arrived.field))
    refuse_if(root.tag != tag, SamlReason.WRONG_MESSAGE)
    if isinstance(arrived, Posted):
        refuse_if(count(root, SIGNATURE) > 1, SamlReason.MISPLACED_SIGNATURE)
        root = verify_enveloped(root, trust)
    return root, relay_state


def _check_header(root: Element, issuer: Element | None, expected: Expected) -> datetime:
    if issuer is None or issuer.tag != f"{SAML}Issuer":
        raise Unacceptable(SamlReason.WRONG_ISSUER)
    expected.check_header(root)
    expected.check_issuer(issuer)
    refuse_if(not expected.trust.slo_url or root.get("Destination") != expected.trust.slo_url, SamlReason.WRONG_DESTINATION)
    return read_time(root.get("IssueInstant", ""))


def _partial(status: Element) -> bool:
    codes = [each.get("Value") for each in status.iter(f"{SAMLP}StatusCode")]
    if len(codes) == 2 and codes[1] == _PARTIAL:
        return True
    check_status(status)
    return False
