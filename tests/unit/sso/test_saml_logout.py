"""Single logout: signed on both ways and in both directions, or refused."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, unquote

import pytest

from ctsec.jose.rejection import Rejected
from ctsec.sso.saml import (
    LogoutRequest,
    LogoutResponse,
    Message,
    NameId,
    Posted,
    Redirected,
    SamlReason,
    SentRequest,
    Trust,
    logout_request,
    logout_response,
    verify,
    verify_logout_request,
    verify_logout_response,
)
from ctsec.sso.saml import SamlReason as R
from ctsec.sso.saml.names import SAML, SAMLP, STATUS
from ctsec.sso.saml.redirect import signed_query
from ctsec.sso.saml.signing import sign_enveloped
from ctsec.sso.saml.times import write_time
from ctsec.sso.saml.wire import encode_field
from ctsec.sso.saml.xml import canonical, make
from ctsec.testing.saml import Signed, answer
from tests.saml_attacks.stage import ATTACKER, CURVE, NOW, PERSON, PROVIDER, REQUEST, TOLD, TRUST, Node, put

# The provider's side of the connection: who we are to it.
THEIRS: Final = Trust(
    connection="theirs",
    issuer=TRUST.audience,
    audience=TRUST.issuer,
    acs_url="https://idp.example/acs",
    slo_url="https://idp.example/slo",
    keys=(ATTACKER.trusted(),),
)
NAME: Final = NameId(value=PERSON, sp_name_qualifier="x")
KEY: Final = PROVIDER.signer()


def random(size: int) -> bytes:
    """Return no randomness."""
    return bytes(size)


def asked(**changes: Any) -> tuple[Message, SentRequest]:
    """Return a provider's request to log somebody out."""
    given = {"slo_url": TRUST.slo_url, "name_id": NAME, "session_index": "_session-1", "now": NOW, "random": random, **changes}
    return logout_request(THEIRS, **given)


def answered(request: LogoutRequest, *, complete: bool = True) -> Message:
    """Return a provider's answer to a request of ours."""
    return logout_response(THEIRS, slo_url=TRUST.slo_url, request=request, complete=complete, now=NOW, random=lambda size: b"\x01" * size)


def posted(message: Message, key: Any = KEY) -> Posted:
    """Return a message as a form brings it."""
    return Posted(message.form(key=key).fields[message.kind])


def redirected(message: Message, key: Any = KEY, relay_state: str = "") -> Redirected:
    """Return a message as an address brings it."""
    return Redirected(message.redirect(relay_state=relay_state, key=key).partition("?")[2])


WAYS: Final[dict[str, Callable[..., Posted | Redirected]]] = {"post": posted, "redirect": redirected}
OURS_TO_THEM: Final = LogoutRequest(connection="c", issuer="i", id="_00000000000000000000000000000000", forget_at=NOW, name_id=NAME)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", [KEY, CURVE.signer()], ids=["RSA", "ECDSA"])
def test_a_signed_request_is_understood(way: str, key: Any) -> None:
    """Whom a provider wants to end, and which sessions, comes out, with until when its id is to be remembered."""
    message, sent = asked()
    assert verify_logout_request(WAYS[way](message, key), trust=TRUST, now=NOW) == LogoutRequest(
        connection=TRUST.connection,
        issuer=TRUST.issuer,
        id=sent.id,
        forget_at=NOW + timedelta(minutes=6),
        name_id=NAME,
        session_indexes=("_session-1",),
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("complete", [True, False])
def test_a_signed_response_is_understood(way: str, *, complete: bool) -> None:
    """Whether everything has ended comes out, and the request that is answered."""
    found = verify_logout_response(WAYS[way](answered(OURS_TO_THEM, complete=complete)), trust=TRUST, request=_sent(), now=NOW)
    assert found == LogoutResponse(id="_" + "01" * 16, in_response_to=OURS_TO_THEM.id, complete=complete)


def _sent(name: str = OURS_TO_THEM.id) -> SentRequest:
    return SentRequest(id=name, sent_at=NOW)


@pytest.mark.proves("GHSA-pcgw-qcv5-h8ch", "CHANGELOG-better-auth-6682", "ASVS-6.8.2")
@pytest.mark.parametrize("way", WAYS)
def test_nothing_that_is_unsigned_is_accepted(way: str) -> None:
    """Without a signature a request, a response and a sign-in are refused, on every way that they have."""
    assert verify_logout_request(WAYS[way](asked()[0], None), trust=TRUST, now=NOW) == Rejected(R.UNSIGNED)
    unsigned = WAYS[way](answered(OURS_TO_THEM), None)
    assert verify_logout_response(unsigned, trust=TRUST, request=_sent(), now=NOW) == Rejected(R.UNSIGNED)
    field = answer(TOLD, key=KEY, style=Signed.NOTHING)
    assert verify(field, trust=TRUST, request=REQUEST, now=NOW) == Rejected(R.UNSIGNED)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_else_can_sign_for_a_provider(way: str) -> None:
    """A message that another key signed is refused."""
    assert verify_logout_request(WAYS[way](asked()[0], ATTACKER.signer()), trust=TRUST, now=NOW) == Rejected(R.BAD_SIGNATURE)
    other = WAYS[way](answered(OURS_TO_THEM), ATTACKER.signer())
    assert verify_logout_response(other, trust=TRUST, request=_sent(), now=NOW) == Rejected(R.BAD_SIGNATURE)


EDITS: Final[dict[str, tuple[Callable[[Node], object], SamlReason | None]]] = {
    "another issuer": (lambda root: _say(root[0], "https://other.example"), R.WRONG_ISSUER),
    "no issuer": (lambda root: root.remove(root[0]), R.WRONG_ISSUER),
    "another destination": (lambda root: root.set("Destination", TRUST.acs_url), R.WRONG_DESTINATION),
    "no destination": (lambda root: root.attrib.pop("Destination"), R.WRONG_DESTINATION),
    "another version": (lambda root: root.set("Version", "1.1"), R.WRONG_VERSION),
    "no id": (lambda root: root.attrib.pop("ID"), R.BAD_ID),
    "no time": (lambda root: root.attrib.pop("IssueInstant"), R.BAD_TIME),
    "a time to come": (lambda root: root.set("IssueInstant", write_time(NOW + timedelta(seconds=61))), R.ISSUED_IN_FUTURE),
    "a time at the skew": (lambda root: root.set("IssueInstant", write_time(NOW + timedelta(seconds=60))), None),
    "an old time": (lambda root: root.set("IssueInstant", write_time(NOW - timedelta(minutes=6))), R.EXPIRED),
    "a time that just counts": (lambda root: root.set("IssueInstant", write_time(NOW - timedelta(minutes=6, seconds=-1))), None),
    "an end": (lambda root: root.set("NotOnOrAfter", write_time(NOW - timedelta(seconds=60))), R.EXPIRED),
    "an end to come": (lambda root: root.set("NotOnOrAfter", write_time(NOW + timedelta(hours=1))), None),
    "an attribute of nobody": (lambda root: root.set("x", "y"), R.BAD_SHAPE),
    "no name": (lambda root: root.remove(root[1]), R.BAD_NAME_ID),
    "nobody": (lambda root: [root.remove(each) for each in list(root)[1:]], R.BAD_SHAPE),
    "an encrypted name": (lambda root: _rename(root[1], f"{SAML}EncryptedID"), R.BAD_NAME_ID),
    "no session": (lambda root: root.remove(root[2]), None),
    "101 sessions": (lambda root: root.extend(put(f"{SAMLP}SessionIndex") for _ in range(100)), R.BAD_SHAPE),
    "an extension": (lambda root: root.insert(1, put(f"{SAMLP}Extensions")), R.BAD_SHAPE),
    "another message": (lambda root: _rename(root, f"{SAMLP}AuthnRequest"), R.WRONG_MESSAGE),
}


def _say(node: Node, text: str) -> None:
    node.text = text


def _rename(node: Node, tag: str) -> None:
    node.tag = tag


@pytest.mark.parametrize("name", EDITS)
def test_every_part_of_a_request_is_judged(name: str) -> None:
    """A well signed request with a part that is missing, wrong, late or early is refused for it; at the borders it is accepted."""
    edit, reason = EDITS[name]
    message, _ = asked()
    edit(message.root)
    found = verify_logout_request(redirected(message), trust=TRUST, now=NOW)
    assert isinstance(found, LogoutRequest) if reason is None else found == Rejected(reason)


def test_a_response_answers_the_request() -> None:
    """A response to another request, to none, or about a failure is refused; so is a logout where none can arrive."""
    message = answered(OURS_TO_THEM)
    for request in ("_other", OURS_TO_THEM.id.upper() + "x"):
        assert verify_logout_response(redirected(message), trust=TRUST, request=_sent(request), now=NOW) == Rejected(R.WRONG_REQUEST)
    nowhere = replace(TRUST, slo_url="")
    assert verify_logout_response(redirected(message), trust=nowhere, request=_sent(), now=NOW) == Rejected(R.WRONG_DESTINATION)
    message.root.attrib.pop("InResponseTo")
    assert verify_logout_response(redirected(message), trust=TRUST, request=_sent(), now=NOW) == Rejected(R.NO_REQUEST)
    failed = answered(OURS_TO_THEM)
    next(failed.root.iter(f"{SAMLP}StatusCode")).set("Value", f"{STATUS}Responder")
    assert verify_logout_response(redirected(failed), trust=TRUST, request=_sent(), now=NOW) == Rejected(R.STATUS_FAILED)


ANSWERS: Final[dict[str, tuple[Callable[[Node], object], SamlReason]]] = {
    "an attribute of nobody": (lambda root: root.set("x", "y"), R.BAD_SHAPE),
    "an extension": (lambda root: root.insert(1, put(f"{SAMLP}Extensions")), R.BAD_SHAPE),
    "no status": (lambda root: root.remove(root[1]), R.BAD_SHAPE),
    "something for a status": (lambda root: _rename(root[1], f"{SAMLP}Extensions"), R.BAD_SHAPE),
    "another issuer": (lambda root: _say(root[0], "https://other.example"), R.WRONG_ISSUER),
    "another destination": (lambda root: root.set("Destination", TRUST.acs_url), R.WRONG_DESTINATION),
    "a time to come": (lambda root: root.set("IssueInstant", write_time(NOW + timedelta(seconds=61))), R.ISSUED_IN_FUTURE),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_part_of_a_response_is_judged(name: str) -> None:
    """A well signed response with a part that is missing, doubled or wrong is refused for it."""
    edit, reason = ANSWERS[name]
    message = answered(OURS_TO_THEM)
    edit(message.root)
    assert verify_logout_response(redirected(message), trust=TRUST, request=_sent(), now=NOW) == Rejected(reason)


def test_nothing_and_nowhere_are_refused() -> None:
    """A message without any part, and one to no address where we have none, are refused."""
    message, _ = asked()
    message.root.set("Destination", "")
    assert verify_logout_request(redirected(message), trust=replace(TRUST, slo_url=""), now=NOW) == Rejected(R.WRONG_DESTINATION)
    for each in list(message.root):
        message.root.remove(each)
    assert verify_logout_request(redirected(message), trust=TRUST, now=NOW) == Rejected(R.WRONG_ISSUER)


def test_a_message_of_the_other_kind_is_refused() -> None:
    """A request does not pass for a response, or a response to a sign-in for a logout, or the other way around."""
    request = redirected(asked()[0])
    assert verify_logout_response(request, trust=TRUST, request=_sent(), now=NOW) == Rejected(R.WRONG_MESSAGE)
    response = redirected(answered(OURS_TO_THEM))
    assert verify_logout_request(response, trust=TRUST, now=NOW) == Rejected(R.WRONG_MESSAGE)
    field = answer(TOLD, key=KEY, style=Signed.RESPONSE)
    assert verify_logout_response(Posted(field), trust=TRUST, request=_sent(), now=NOW) == Rejected(R.WRONG_MESSAGE)
    root = asked()[0].root
    sign_enveloped(root, KEY)
    assert verify(encode_field(canonical(root)), trust=TRUST, request=REQUEST, now=NOW) == Rejected(R.WRONG_MESSAGE)


QUERY: Final = redirected(asked()[0], relay_state="opaque").query
PARTS: Final = dict(part.split("=") for part in QUERY.split("&"))
QUERIES: Final[dict[str, tuple[str, SamlReason]]] = {
    "no signature": (QUERY.rpartition("&")[0], R.UNSIGNED),
    "an empty signature": (QUERY.rpartition("=")[0] + "=", R.UNSIGNED),
    "no algorithm": ("&".join(f"{k}={v}" for k, v in PARTS.items() if k != "SigAlg"), R.UNSIGNED),
    "another algorithm": (
        QUERY.replace(PARTS["SigAlg"], quote("http://www.w3.org/2000/09/xmldsig#hmac-sha1", safe="")),
        R.ALGORITHM_NOT_ALLOWED,
    ),
    "SHA-1": (QUERY.replace(PARTS["SigAlg"], quote("http://www.w3.org/2000/09/xmldsig#rsa-sha1", safe="")), R.SHA1_NOT_ALLOWED),
    "another algorithm of the list": (QUERY.replace("rsa-sha256", "rsa-sha512"), R.BAD_SIGNATURE),
    "another RelayState": (QUERY.replace("opaque", "evil"), R.BAD_SIGNATURE),
    "no RelayState": (QUERY.replace("&RelayState=opaque", ""), R.BAD_SIGNATURE),
    "two RelayStates": (QUERY + "&RelayState=evil", R.QUERY_DUPLICATE),
    "two messages": (QUERY + "&SAMLRequest=x", R.QUERY_DUPLICATE),
    "a request and a response": (QUERY + "&SAMLResponse=x", R.WRONG_MESSAGE),
    "a response": (QUERY.replace("SAMLRequest", "SAMLResponse"), R.WRONG_MESSAGE),
    "an escaped name": (QUERY + "&%52elayState=evil", R.QUERY_MALFORMED),
    "another encoding": (QUERY + "&SAMLEncoding=x", R.QUERY_MALFORMED),
    "other escapes": (QUERY.replace("%3D", "%3d"), R.BAD_SIGNATURE),
    "a lone percent sign": (QUERY + "%", R.QUERY_MALFORMED),
    "a blank": (QUERY + " ", R.QUERY_MALFORMED),
    "a letter beyond ASCII": (QUERY + "&x=é", R.QUERY_MALFORMED),
    "nothing": ("", R.WRONG_MESSAGE),
    "a signature that is no base64": (QUERY.replace("Signature=", "Signature=*"), R.BAD_BASE64),
    "too much": (QUERY + "&x=" + "y" * 400_000, R.TOO_LARGE),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_judged_as_it_arrived(name: str) -> None:
    """A query that is changed, spelled otherwise, doubled or cut is refused for it, before its message is inflated."""
    query, reason = QUERIES[name]
    assert verify_logout_request(Redirected(query), trust=TRUST, now=NOW) == Rejected(reason)


def test_other_parameters_and_orders_are_let_be() -> None:
    """Parameters of others are passed over, and the order in the address does not matter: that of the signature is fixed."""
    moved = "&".join(reversed(QUERY.split("&")))
    for query in (
        QUERY,
        f"a=1&{QUERY}&b=2",
        moved,
        QUERY + "&SAMLEncoding=" + quote("urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"),
    ):
        found = verify_logout_request(Redirected(query), trust=TRUST, now=NOW)
        assert isinstance(found, LogoutRequest)
        assert found.relay_state == "opaque"


def _signed(deflated: str) -> Redirected:
    told = f"SAMLRequest={quote(deflated, safe='')}&SigAlg={PARTS['SigAlg']}"
    return Redirected(f"{told}&Signature={quote(base64.b64encode(KEY.sign(told.encode())).decode(), safe='')}")


def test_what_is_signed_is_still_inflated_with_care() -> None:
    """A stream that is none, goes on, ends early or is a bomb is refused though it is signed well."""
    good = base64.b64decode(unquote(PARTS["SAMLRequest"]))
    packed = zlib.compressobj(9, wbits=-15)
    bomb = packed.compress(bytes(8 * 1024 * 1024)) + packed.flush()
    for data, reason in (
        (b"", R.BAD_DEFLATE),
        (good[:-1], R.BAD_DEFLATE),
        (good + b"x", R.BAD_DEFLATE),
        (b"\xff" * 9, R.BAD_DEFLATE),
        (bomb, R.TOO_LARGE),
    ):
        assert verify_logout_request(_signed(base64.b64encode(data).decode()), trust=TRUST, now=NOW) == Rejected(reason)
    assert isinstance(verify_logout_request(_signed(base64.b64encode(good).decode()), trust=TRUST, now=NOW), LogoutRequest)


def test_a_long_relay_state_is_not_carried() -> None:
    """A RelayState of 1,024 characters goes back, a longer one is refused though it is signed."""
    data = canonical(asked()[0].root)
    for size, accepted in ((1_024, True), (1_025, False)):
        found = verify_logout_request(Redirected(signed_query("SAMLRequest", data, relay_state="x" * size, key=KEY)), trust=TRUST, now=NOW)
        assert (isinstance(found, LogoutRequest) and len(found.relay_state) == size) if accepted else found == Rejected(R.QUERY_MALFORMED)


def test_a_signature_in_a_redirected_document_is_none() -> None:
    """In the redirect binding the signature is the query's; one in the document is refused, and one in a form has to be its only one."""
    message, _ = asked()
    sign_enveloped(message.root, KEY)
    assert verify_logout_request(redirected(message), trust=TRUST, now=NOW) == Rejected(R.MISPLACED_SIGNATURE)
    query = signed_query("SAMLRequest", canonical(message.root), key=None)
    assert verify_logout_request(Redirected(query), trust=TRUST, now=NOW) == Rejected(R.UNSIGNED)
    message.root.append(make("ds", "Signature"))
    found = verify_logout_request(Posted(encode_field(canonical(message.root))), trust=TRUST, now=NOW)
    assert found == Rejected(R.MISPLACED_SIGNATURE)
