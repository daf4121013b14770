"""The identity provider of SAML that hosts test with: it signs in as providers do, and is wrong on demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import pytest

from ctsec.jose.rejection import Rejected
from ctsec.sso.saml import (
    Form,
    LogoutRequest,
    LogoutResponse,
    Message,
    NameId,
    Posted,
    ProviderDocument,
    Redirected,
    SentRequest,
    Trust,
    Unsolicited,
    VerifiedAssertion,
    Wanted,
    authn_request,
    logout_request,
    logout_response,
    parse_provider,
    service_metadata,
    verify,
    verify_logout_request,
    verify_logout_response,
)
from ctsec.sso.saml import SamlReason as R
from ctsec.testing import FixedClock, UnsafeSeededRandom
from ctsec.testing.saml import SamlKey, Signed
from ctsec.testing.saml_client import RequestRefused
from ctsec.testing.saml_provider import LocalSamlProvider, SamlPerson
from ctsec.testing.saml_wrongs import Wrong
from tests.peers.visitor import Visitor

KEY: Final = SamlKey.generate(name="sp.example").signer()
THEIRS: Final = SamlKey.generate()
STRANGER: Final = SamlKey.generate(curve=True).signer()
SP: Final = "https://sp.example"
RANDOM: Final = UnsafeSeededRandom(5)
TOLD: Final = {"email": ("alice@acme.example",), "groups": ("staff", "a < b & c")}
ALL: Final = (Signed.ASSERTION, Signed.RESPONSE, Signed.BOTH)
EXPECTED: Final = {
    Wrong.AUDIENCE: R.WRONG_AUDIENCE,
    Wrong.RECIPIENT: R.WRONG_RECIPIENT,
    Wrong.DESTINATION: R.WRONG_DESTINATION,
    Wrong.ISSUER: R.WRONG_ISSUER,
    Wrong.REQUEST: R.WRONG_REQUEST,
    Wrong.STALE: R.CONFIRMATION_EXPIRED,
    Wrong.EARLY: R.ISSUED_IN_FUTURE,
    Wrong.UNSIGNED: R.UNSIGNED,
    Wrong.KEY: R.BAD_SIGNATURE,
    Wrong.TAMPERED: R.BAD_DIGEST,
    Wrong.TWO_ASSERTIONS: R.SEVERAL_ASSERTIONS,
    Wrong.REPLAYED: R.WRONG_REQUEST,
    Wrong.ANOTHER_CLIENT: R.WRONG_DESTINATION,
    Wrong.FAILED: R.STATUS_FAILED,
}


class Connected:
    """A service provider that is connected: it knows of the provider only what its metadata says."""

    def __init__(self, provider: LocalSamlProvider) -> None:
        self.provider = provider
        document = parse_provider(provider.metadata(), now=provider.clock.now())
        assert isinstance(document, ProviderDocument)
        self.document = document
        self.trust = Trust(
            connection="c", issuer=document.entity_id, audience=f"{SP}/saml", acs_url=f"{SP}/acs", slo_url=f"{SP}/slo",
            keys=document.keys, openers=(KEY,),
        )  # fmt: skip
        provider.register(service_metadata(self.trust, signs=[KEY], random=RANDOM))

    def ask(self, wanted: Wanted | None = None, **more: Trust) -> tuple[Message, SentRequest]:
        """Return a request to sign in."""
        asked = wanted or Wanted()
        url, now = self.document.sign_in.redirect, self.provider.clock.now()
        return authn_request(more.get("trust", self.trust), sso_url=url, wanted=asked, now=now, random=RANDOM)

    def judge(self, form: Form, request: SentRequest | Unsolicited) -> VerifiedAssertion | Rejected:
        """Return what comes of what a browser posts."""
        return verify(form.fields["SAMLResponse"], trust=self.trust, request=request, now=self.provider.clock.now())


@pytest.fixture
def provider() -> Iterator[LocalSamlProvider]:
    """A running provider with two people."""
    with LocalSamlProvider(clock=FixedClock(), key=THEIRS) as made:
        made.people["alice"] = SamlPerson(attributes=TOLD)
        made.people["bob"] = SamlPerson(name_id="bob@acme.example", name_format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
        yield made


@pytest.fixture
def connected(provider: LocalSamlProvider) -> Connected:
    """A service provider that is connected to it."""
    return Connected(provider)


@pytest.mark.parametrize("style", ALL)
@pytest.mark.parametrize("encrypts", [False, True])
def test_it_signs_people_in(connected: Connected, style: Signed, encrypts: bool) -> None:
    """In each style, plain or encrypted, by redirect and form, signed or not: who it is, what is told of them, and what was asked for."""
    provider = connected.provider
    provider.style, provider.encrypts = style, encrypts
    for key in (None, KEY):
        for by_form in (False, True):
            message, sent = connected.ask(Wanted(force_authn=True))
            come = message.form(relay_state="state", key=key) if by_form else message.redirect(relay_state="state", key=key)
            form = provider.visit(come, person="alice")
            found = connected.judge(form, sent)
            assert isinstance(found, VerifiedAssertion)
            assert (form.url, form.fields["RelayState"]) == (connected.trust.acs_url, "state")
            assert (found.encrypted, {each.name: each.values for each in found.attributes}) == (encrypts, TOLD)
            asked = provider.asked[-1]
            assert (asked.id, asked.force_authn, asked.signed) == (sent.id, True, key is not None)
    names = {each.name_id.value for each in provider.sessions}
    assert len(names) == 1
    assert "alice" not in names.pop()


def test_a_browser_signs_in(connected: Connected) -> None:
    """Over http: metadata, the question who it is, the form that the page sends off, and what a browser gets that was not asked to come."""
    provider = connected.provider
    with Visitor(provider.at) as visitor:
        for by_form in (False, True):
            message, sent = connected.ask()
            come = message.form(relay_state="x", key=KEY) if by_form else message.redirect(relay_state="x", key=KEY)
            form = visitor.saml(come, fields={"person": "bob"})
            found = connected.judge(form, sent)
            assert isinstance(found, VerifiedAssertion)
            assert (found.name_id.value, form.fields["RelayState"]) == ("bob@acme.example", "x")
        form = visitor.saml(f"{provider.at}/start?client={connected.trust.audience}&RelayState=y", fields={"person": "alice"})
        assert isinstance(connected.judge(form, Unsolicited()), VerifiedAssertion)
        assert connected.judge(form, sent) == Rejected(R.NO_REQUEST)
        assert visitor.go(f"{provider.at}/sso?SAMLRequest=x").startswith(provider.sso_url)
    assert provider.refused == [R.BAD_BASE64]


@pytest.mark.parametrize("wrong", Wrong)
def test_it_is_wrong_on_demand(connected: Connected, wrong: Wrong) -> None:
    """Each thing that it does wrong is exactly that: without it the same sign-in is accepted, with it the one reason is given."""
    provider = connected.provider
    other = replace(connected.trust, audience="https://other.example/saml", acs_url="https://other.example/acs")
    provider.register(service_metadata(other, signs=[], random=RANDOM))
    for style in ALL:
        provider.style, provider.wrong = style, None
        message, sent = connected.ask()
        before = connected.judge(provider.visit(message.redirect(key=None), person="bob"), sent)
        assert isinstance(before, VerifiedAssertion)
        provider.wrong = wrong
        message, sent = connected.ask()
        found = connected.judge(provider.visit(message.redirect(key=None), person="bob"), sent)
        if wrong is Wrong.SAME_ID:  # a pure function remembers nothing
            assert isinstance(found, VerifiedAssertion)
            assert found.assertion_id == before.assertion_id
        else:
            assert found == Rejected(EXPECTED[wrong])


def test_it_answers_no_other_requests(connected: Connected) -> None:
    """A request of a stranger, for another address, from before, to another endpoint, unsigned where it must not be, or changed."""
    provider, key = connected.provider, KEY
    stranger = replace(connected.trust, audience="https://stranger.example/saml")
    elsewhere = replace(connected.trust, acs_url="https://sp.example/other")
    right, _ = connected.ask()
    refused: list[str | Form] = [
        connected.ask(trust=stranger)[0].redirect(key=key),
        connected.ask(trust=elsewhere)[0].redirect(key=key),
        right.redirect(key=STRANGER),
        right.redirect(relay_state="a", key=key).replace("RelayState=a", "RelayState=b"),
        Form(url=provider.sso_url, fields={"SAMLRequest": "PHg+"}),
        authn_request(connected.trust, sso_url=provider.slo_url, wanted=Wanted(), now=provider.clock.now(), random=RANDOM)[0].redirect(
            key=key
        ),
    ]
    for each in refused:
        with pytest.raises(RequestRefused):
            provider.visit(each, person="alice")
    with pytest.raises(RequestRefused):
        provider.visit(right.redirect(key=key), person="nobody")
    assert isinstance(provider.clock, FixedClock)
    provider.clock.advance(timedelta(minutes=6))
    with pytest.raises(RequestRefused):
        provider.visit(right.redirect(key=key), person="alice")
    provider.wants_signed = True
    document = parse_provider(provider.metadata(), now=provider.clock.now())
    assert isinstance(document, ProviderDocument)
    assert document.wants_signed_requests
    with pytest.raises(RequestRefused):
        provider.visit(connected.ask()[0].redirect(key=None), person="alice")
    provider.visit(connected.ask()[0].redirect(key=key), person="alice")
    assert len(provider.asked) == 1


@pytest.mark.parametrize("by_form", [False, True])
def test_a_logout_that_we_ask_for(connected: Connected, by_form: bool) -> None:
    """Ends the session that it names and no other, and is answered to what was asked, whole or in part; over http too."""
    provider, key = connected.provider, KEY
    for _ in range(2):
        provider.visit(connected.ask()[0].redirect(key=None), person="alice")
    session, other = provider.sessions
    message, sent = logout_request(
        connected.trust, slo_url=provider.slo_url, name_id=session.name_id, session_index=session.index, now=provider.clock.now(),
        random=RANDOM,
    )  # fmt: skip
    provider.partial = by_form
    with Visitor(provider.at) as visitor:
        come = message.form(relay_state="r", key=key) if by_form else message.redirect(relay_state="r", key=key)
        arrived = _arrived(visitor.saml(come) if by_form else visitor.go(str(come)), "SAMLResponse")
    found = verify_logout_response(arrived, trust=connected.trust, request=sent, now=provider.clock.now())
    assert isinstance(found, LogoutResponse)
    assert found.complete is not by_form
    assert provider.sessions == [other]
    forged = message.redirect(key=STRANGER)
    with pytest.raises(RequestRefused):
        provider.signed_out(forged)
    assert len(provider.ended) == 1


@pytest.mark.parametrize("by_form", [False, True])
def test_a_logout_that_it_asks_for(connected: Connected, by_form: bool) -> None:
    """Names the person and the session, is signed, and believes our answer once, and no other's."""
    provider, key = connected.provider, KEY
    provider.visit(connected.ask()[0].redirect(key=None), person="alice")
    session = provider.sessions[0]
    come = provider.sign_out(person="alice", client=connected.trust.audience, by_form=by_form)
    found = verify_logout_request(_arrived(come, "SAMLRequest"), trust=connected.trust, now=provider.clock.now())
    assert isinstance(found, LogoutRequest)
    assert (found.name_id, found.session_indexes, provider.sessions) == (session.name_id, (session.index,), [])
    message = logout_response(
        connected.trust, slo_url=provider.slo_url, request=found, complete=True, now=provider.clock.now(), random=RANDOM
    )
    with pytest.raises(RequestRefused):
        provider.signed_out(message.redirect(key=STRANGER))
    assert provider.signed_out(message.form(key=key) if by_form else message.redirect(key=key)) is None
    assert [type(each) for each in provider.answers] == [Rejected, LogoutResponse]
    with pytest.raises(RequestRefused):
        provider.sign_out(person="alice", client=connected.trust.audience)


def test_names_are_persistent_and_of_one_client(connected: Connected) -> None:
    """A person has the same name at each sign-in, and another at another service provider."""
    provider = connected.provider
    other = replace(connected.trust, audience="https://other.example/saml")
    provider.register(service_metadata(other, signs=[], random=RANDOM))
    for client in (connected.trust.audience, connected.trust.audience, other.audience):
        provider.start(person="alice", client=client)
    names: list[NameId] = [each.name_id for each in provider.sessions]
    assert names[0] == names[1] != names[2]


def _arrived(come: str | Form | None, kind: str) -> Posted | Redirected:
    assert come is not None
    return Redirected(urlsplit(come).query) if isinstance(come, str) else Posted(come.fields[kind])
