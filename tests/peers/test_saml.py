"""Sign-in and logout through identity providers of SAML that others wrote: npm's samlp, and Debian's simplesamlphp.

They know us by our metadata, and we know them by theirs. simplesamlphp encrypts with AES-CBC, which proves nothing by itself, so its
encrypted assertions are accepted under a signed Response only.
"""

from __future__ import annotations

from itertools import product
from urllib.parse import urlsplit

import pytest

from ctsec.jose.rejection import Rejected
from ctsec.sso.saml import (
    Form,
    LogoutRequest,
    LogoutResponse,
    Message,
    Posted,
    Redirected,
    SamlReason,
    Unsolicited,
    VerifiedAssertion,
    Wanted,
    authn_request,
    logout_request,
    logout_response,
    verify_logout_request,
    verify_logout_response,
)
from ctsec.sso.saml.logout import Arrived
from ctsec.testing.saml import SamlKey, Signed
from tests.peers.saml_running import PEOPLE, SamlPeer
from tests.peers.saml_scene import KEY, RANDOM, STYLES, Scene
from tests.peers.visitor import Visitor

PEERS = [pytest.param(name, marks=pytest.mark.program(name)) for name in ("samlp", "simplesamlphp")]
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


@pytest.fixture(params=PEERS)
def peer(request: pytest.FixtureRequest) -> SamlPeer:
    """Each of the running providers."""
    made: SamlPeer = request.getfixturevalue(request.param)
    return made


def test_people_sign_in(peer: SamlPeer) -> None:
    """In each style, plain and encrypted, by redirect and form, unsigned and signed: who it is, and what is told of them."""
    names = set()
    for (style, encrypts), by_form, signs in zip(product(STYLES, (False, True)), (False, True) * 3, (False, False, True) * 2, strict=True):
        scene = Scene.connect(peer, f"signs-{signs}", signs=signs, style=style, encrypts=encrypts)
        come, sent = scene.ask(by_form=by_form, relay_state="opaque")
        form = peer.visit(come, person="bob")
        found = scene.judge(form, sent)
        if style is Signed.ASSERTION and encrypts and found == Rejected(SamlReason.UNAUTHENTICATED_CIPHER):
            assert type(peer).__name__ == "SimpleSamlPhp"
            continue
        assert isinstance(found, VerifiedAssertion), (style, encrypts, found)
        assert (found.encrypted, found.in_response_to, form.fields["RelayState"]) == (encrypts, sent.id, "opaque")
        assert {name: found.values(name) for name in PEOPLE["bob"]} == PEOPLE["bob"]
        assert (found.name_id.format, found.session_index is None) == (PERSISTENT, False)
        names.add(found.name_id.value)
        # The same message is nothing else.
        assert scene.judge(form, Unsolicited()) == Rejected(SamlReason.UNEXPECTED_REQUEST)
        other = Scene.connect(peer, "other", signs=signs, style=style)
        assert isinstance(other.judge(Form(url=other.trust.acs_url, fields=form.fields), sent), Rejected)
    assert 1 <= len(names) <= 2  # one at each service provider, or everywhere


def test_a_request_with_another_signature_is_refused(peer: SamlPeer) -> None:
    """The provider verifies our signature: by the key of our metadata a request is answered, unsigned or by another it is not."""
    scene = Scene.connect(peer, "strict", signs=True, style=Signed.BOTH)

    def message() -> Message:
        return authn_request(scene.trust, sso_url=scene.document.sign_in.post, wanted=Wanted(), now=scene.now(), random=RANDOM)[0]

    for key, by_form in product((None, SamlKey.generate().signer()), (False, True)):
        come = message().form(key=key) if by_form else message().redirect(key=key)
        with pytest.raises(AssertionError):
            peer.visit(come, person="alice")
    for by_form in (False, True):
        come = message().form(key=KEY) if by_form else message().redirect(key=KEY)
        assert peer.visit(come, person="alice").url == scene.trust.acs_url


@pytest.mark.parametrize("by_form", [False, True], ids=["redirect", "post"])
def test_we_sign_out(peer: SamlPeer, by_form: bool) -> None:
    """The provider believes our signed request, ends its session, and its signed answer is believed here, for this request only."""
    scene = Scene.connect(peer, "out", signs=True, style=Signed.ASSERTION)
    with Visitor(peer.at) as visitor:
        session = _signed_in(scene, visitor)
        url = scene.document.sign_out.post if by_form else scene.document.sign_out.redirect
        message, sent = logout_request(
            scene.trust, slo_url=url, name_id=session.name_id, session_index=session.session_index, now=scene.now(), random=RANDOM
        )
        arrived = _arrived(visitor.carry(scene.carried(message, by_form=by_form, relay_state="back")))
        found = verify_logout_response(arrived, trust=scene.trust, request=sent, now=scene.now())
        assert isinstance(found, LogoutResponse), found
        assert found.complete
        _, other = scene.ask()
        assert isinstance(verify_logout_response(arrived, trust=scene.trust, request=other, now=scene.now()), Rejected)
        pages = len(visitor.pages)
        come, _ = scene.ask()
        visitor.saml(come, fields={"username": "alice", "password": "alice"})
        assert any("username" in page for page in visitor.pages[pages:])  # it asks again who it is


def test_they_sign_out(peer: SamlPeer) -> None:
    """The provider's signed request names the person and the session, and it believes our signed answer."""
    scene = Scene.connect(peer, "out", signs=True, style=Signed.ASSERTION)
    with Visitor(peer.at) as visitor:
        session = _signed_in(scene, visitor)
        arrived = _arrived(visitor.carry(peer.leave_url))
        found = verify_logout_request(arrived, trust=scene.trust, now=scene.now())
        assert isinstance(found, LogoutRequest), found
        assert (found.name_id.value, found.session_indexes) == (session.name_id.value, (session.session_index,))
        url = scene.document.sign_out.answers or scene.document.sign_out.redirect
        message = logout_response(scene.trust, slo_url=url, request=found, complete=True, now=scene.now(), random=RANDOM)
        stranger = message.redirect(relay_state=found.relay_state, key=SamlKey.generate().signer())
        with Visitor(peer.at) as other, pytest.raises(AssertionError):
            other.carry(stranger)
        assert visitor.carry(message.redirect(relay_state=found.relay_state, key=KEY)) is None


def _signed_in(scene: Scene, visitor: Visitor) -> VerifiedAssertion:
    come, sent = scene.ask(Wanted(name_format=PERSISTENT))
    found = scene.judge(scene.peer.visit(come, person="alice", visitor=visitor), sent)
    assert isinstance(found, VerifiedAssertion), found
    return found


def _arrived(come: str | Form | None) -> Arrived:
    assert come is not None
    if isinstance(come, str):
        return Redirected(urlsplit(come).query)
    return Posted(come.fields.get("SAMLRequest") or come.fields["SAMLResponse"])
