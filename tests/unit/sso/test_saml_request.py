"""Requests of ours: what is in them, how they are signed, and where they may lead."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.sso.saml import Message, SentRequest, Trust, Wanted, authn_request
from ctsec.sso.saml.names import HTTP_POST, SAML, SAMLP
from ctsec.sso.saml.redirect import read_query
from ctsec.sso.saml.signature import verify_enveloped
from ctsec.sso.saml.wire import decode_field
from ctsec.sso.saml.xml import Element, parse
from tests.saml_attacks.stage import CURVE, NOW, OURS, TRUST

SSO: Final = "https://idp.example/sso?tenant=1"
# What the provider trusts of us.
THEIRS: Final = Trust(connection="c", issuer=TRUST.audience, audience=TRUST.issuer, acs_url=SSO, keys=(OURS.trusted(), CURVE.trusted()))
KEYS: Final = {"RSA": OURS.signer(), "ECDSA": CURVE.signer()}


def random(size: int) -> bytes:
    """Return what can be recognized."""
    return b"\xab" * size


def asked(trust: Trust = TRUST, sso_url: str = SSO, **wanted: Any) -> tuple[Message, SentRequest]:
    """Return a request and what its answer is compared with."""
    return authn_request(trust, sso_url=sso_url, wanted=Wanted(**wanted), now=NOW, random=random)


def inflated(url: str) -> Element:
    """Return the message in an address."""
    return parse(zlib.decompress(base64.b64decode(parse_qs(urlsplit(url).query)["SAMLRequest"][0]), -15))


def test_a_request_says_who_asks_for_what() -> None:
    """Id, time, our name and address, the wanted name and class, and a fresh sign-in are in the request; the id comes back."""
    message, sent = asked(force_authn=True, passive=True, classes=("urn:a", "urn:b"), name_format="urn:f")
    root = inflated(message.redirect(key=None))
    assert dict(root.attrib) == {
        "ID": "_" + "ab" * 16, "Version": "2.0", "IssueInstant": "2026-11-29T12:00:00Z", "Destination": SSO, "ForceAuthn": "true",
        "IsPassive": "true", "ProtocolBinding": HTTP_POST, "AssertionConsumerServiceURL": TRUST.acs_url,
    }  # fmt: skip
    assert root.tag == f"{SAMLP}AuthnRequest"
    assert [each.text for each in root.iter(f"{SAML}Issuer")] == [TRUST.audience]
    assert [each.text for each in root.iter(f"{SAML}AuthnContextClassRef")] == ["urn:a", "urn:b"]
    assert next(root.iter(f"{SAMLP}NameIDPolicy")).get("Format") == "urn:f"
    assert sent == SentRequest(id=root.get("ID"), sent_at=NOW, force_authn=True, classes=frozenset({"urn:a", "urn:b"}))


def test_what_is_not_wanted_is_not_said() -> None:
    """Without wishes there is no attribute and no element of one."""
    root = inflated(asked()[0].redirect(key=None))
    assert {"ForceAuthn", "IsPassive"} & set(root.attrib) == set()
    assert [each.tag for each in root] == [f"{SAML}Issuer", f"{SAMLP}NameIDPolicy"]
    assert "Format" not in root[1].attrib


@pytest.mark.parametrize("key", KEYS)
def test_a_redirect_is_signed(key: str) -> None:
    """The query of an address carries a signature over itself that the provider can verify, with the RelayState; nothing else is added."""
    url = asked()[0].redirect(relay_state="opaque 1", key=KEYS[key])
    assert url.startswith(f"{SSO}&SAMLRequest=")
    query = url.removeprefix(f"{SSO}&")
    data, relay_state = read_query(query, kind="SAMLRequest", trust=THEIRS)
    assert (parse(data).get("ID"), relay_state) == ("_" + "ab" * 16, "opaque 1")
    assert [name for name, _ in parse_qsl(query)] == ["SAMLRequest", "RelayState", "SigAlg", "Signature"]


@pytest.mark.parametrize("key", KEYS)
def test_a_form_is_signed(key: str) -> None:
    """The document in a form is signed as we want others to sign; asking for the form twice signs once."""
    message, _ = asked()
    for _ in range(2):
        form = message.form(relay_state="opaque", key=KEYS[key])
        assert (form.url, form.fields["RelayState"]) == (SSO, "opaque")
        root = parse(decode_field(form.fields["SAMLRequest"]))
        assert verify_enveloped(root, THEIRS).get("ID") == "_" + "ab" * 16


def test_nothing_is_signed_without_a_key() -> None:
    """Without a key there is no signature on either way, and no empty RelayState."""
    message, _ = asked()
    assert [name for name, _ in parse_qsl(urlsplit(message.redirect(key=None)).query)] == ["tenant", "SAMLRequest"]
    assert set(message.form(key=None).fields) == {"SAMLRequest"}


@pytest.mark.parametrize("relay_state", ["https://evil.example", "/path", "//evil.example", "x" * 81, "é" * 41])
def test_relay_state_is_no_address(relay_state: str) -> None:
    """What is sent along is an opaque id of at most 80 bytes: an address is refused where it would be written."""
    message, _ = asked()
    for sending in (message.redirect, message.form):
        with pytest.raises(ValueError, match="opaque"):
            sending(relay_state=relay_state, key=None)


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "data:text/html,x", "http://idp.example/", "https://a@idp.example/", "//idp.example", f"{SSO}#x"]
)
def test_people_are_sent_to_addresses_only(url: str) -> None:
    """An address that is no https one, hides where it leads or has a fragment is refused."""
    with pytest.raises(ValueError, match="expected"):
        asked(sso_url=url)


@settings(max_examples=25)
@given(
    name=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=30),
    state=st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=20),
)
def test_names_and_states_come_back_as_they_were(name: str, state: str) -> None:
    """Whatever stands in our name, our address and the RelayState is escaped in XML and in the address, and read back the same."""
    ours = f"x{name}x"
    trust = replace(TRUST, audience=ours, acs_url=f"https://sp.example/?{name}&<x>")
    message, _ = asked(trust)
    url = message.redirect(relay_state=state, key=KEYS["ECDSA"])
    data, found = read_query(url.removeprefix(f"{SSO}&"), kind="SAMLRequest", trust=THEIRS)
    root = parse(data)
    assert (root[0].text, root.get("AssertionConsumerServiceURL"), found) == (ours, trust.acs_url, state)
