"""What comes out of an assertion: every value, and until when it has to be remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.jose.rejection import Rejected
from ctsec.sso.saml import NameId, SamlAttribute, SamlReason, Trust, Unsolicited, VerifiedAssertion, verify
from ctsec.sso.saml.algorithms import SHA1
from ctsec.sso.saml.names import EMAIL_ADDRESS, PERSISTENT, SAML, XSI
from ctsec.sso.saml.xml import canonical
from ctsec.testing.saml import SamlKey, Signed, answer, build, seal
from tests.saml_attacks.stage import (
    ASSERTION,
    ATTACKER,
    CURVE,
    NOW,
    OURS,
    PERSON,
    PROVIDER,
    REQUEST,
    SIGNER,
    STYLES,
    TOLD,
    TRUST,
    find,
    put,
    sent,
    signed,
)

FIELDS = {style: answer(TOLD, key=SIGNER, style=style) for style in STYLES}


def accepted(field: str, **changes: object) -> VerifiedAssertion:
    """Return what comes out of a message that must be accepted."""
    found = verify(field, **{"trust": TRUST, "request": REQUEST, "now": NOW, **changes})  # type: ignore[arg-type]
    assert isinstance(found, VerifiedAssertion), found
    return found


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("encrypted", [False, True])
def test_everything_that_was_signed_comes_out(style: Signed, *, encrypted: bool) -> None:
    """Each value of the assertion is in the record, whatever of it was signed and whether it was encrypted."""
    told = replace(TOLD, one_time=True, session_until=NOW + timedelta(hours=8))
    field = answer(told, key=SIGNER, style=style, encrypt_for=OURS.certificate if encrypted else "")
    assert accepted(field) == VerifiedAssertion(
        connection="connection-1",
        issuer=TRUST.issuer,
        assertion_id="_assertion-1",
        response_id="_response-1",
        forget_at=NOW + timedelta(minutes=6),
        name_id=NameId(value=PERSON, format=PERSISTENT),
        authenticated_at=NOW,
        context_class=told.context_class,
        session_index="_session-1",
        session_until=NOW + timedelta(hours=8),
        in_response_to=REQUEST.id,
        one_time=True,
        encrypted=encrypted,
        attributes=(SamlAttribute(name="email", values=(PERSON,)), SamlAttribute(name="groups", values=("staff", "sales"))),
    )


def test_the_least_that_is_accepted() -> None:
    """Without a session, attributes or a request there is None and nothing, and no value is made up."""
    told = replace(TOLD, request=None, session_index=None, attributes={}, name_format=None)
    found = accepted(answer(told, key=SIGNER), request=Unsolicited())
    assert (found.session_index, found.session_until, found.in_response_to) == (None, None, None)
    assert (found.one_time, found.encrypted, found.attributes) == (False, False, ())
    assert found.name_id.format == "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
    assert found.values("email") is None


def test_a_record_does_not_show_the_person() -> None:
    """Name and attributes are left out of the text of a record, which ends up in logs."""
    assert PERSON not in repr(accepted(FIELDS[Signed.ASSERTION]))


def test_attributes_of_one_name_are_one() -> None:
    """Values of attributes with one name are joined in their order (Keycloak); what is nil or has elements inside is no value."""
    root = build(replace(TOLD, attributes={"groups": ["a"]}))
    statement = find(root, f"{SAML}AttributeStatement")
    nil, deep = put(f"{SAML}AttributeValue"), put(f"{SAML}AttributeValue", put(f"{SAML}NameID"))
    nil.set(f"{XSI}nil", "true")
    typed = put(f"{SAML}AttributeValue")
    typed.set(f"{XSI}type", "xs:string")
    typed.text = "b"
    statement.append(put(f"{SAML}Attribute", typed, nil, deep, Name="groups", FriendlyName="g"))
    find(root, ASSERTION).append(put(f"{SAML}AttributeStatement", put(f"{SAML}Attribute", Name="none")))
    found = accepted(sent(seal(root, key=SIGNER, style=Signed.BOTH)))
    assert found.values("groups") == ("a", "b")
    assert found.values("none") == ()
    assert found.values("g") is None


def test_a_name_has_its_qualifiers() -> None:
    """Format and qualifiers of a name identifier come out beside it."""
    root = build(replace(TOLD, name_format=EMAIL_ADDRESS))
    find(root, f"{SAML}NameID").set("NameQualifier", "a")
    find(root, f"{SAML}NameID").set("SPNameQualifier", "b")
    found = accepted(sent(seal(root, key=SIGNER, style=Signed.ASSERTION))).name_id
    assert found == NameId(value=PERSON, format=EMAIL_ADDRESS, name_qualifier="a", sp_name_qualifier="b")


@pytest.mark.proves("ASVS-6.8.3", "CVE-2026-18967")
@given(shift=st.integers(-200, 1000), life=st.integers(1, 600), style=st.sampled_from(STYLES), solicited=st.booleans())
def test_what_is_accepted_is_to_be_remembered(shift: int, life: int, style: Signed, *, solicited: bool) -> None:
    """At every moment at which a message is accepted its id is still to be remembered, on every way and whatever it says of one use."""
    now = NOW + timedelta(seconds=shift)
    told = replace(TOLD, life=timedelta(seconds=life), request=REQUEST.id if solicited else None)
    found = verify(answer(told, key=SIGNER, style=style), trust=TRUST, request=REQUEST if solicited else Unsolicited(), now=now)
    if isinstance(found, VerifiedAssertion):
        assert (found.assertion_id, found.connection) == ("_assertion-1", TRUST.connection)
        assert now < found.forget_at <= told.now + told.life + TRUST.skew
    else:
        assert found.reason in {SamlReason.CONFIRMATION_EXPIRED, SamlReason.ISSUED_IN_FUTURE}


def test_an_assertion_in_another_envelope_is_the_same_one() -> None:
    """A signed assertion that is put into another Response has the id that it had, so that it is seen to be used."""
    root = signed(Signed.ASSERTION)
    root.set("ID", "_another")
    found = accepted(sent(root))
    assert (found.assertion_id, found.response_id) == ("_assertion-1", "_another")


@pytest.mark.proves("ASVS-6.8.2")
@given(place=st.integers(0), bit=st.integers(0, 7), style=st.sampled_from(STYLES))
def test_no_bit_of_what_is_signed_can_be_turned(place: int, bit: int, style: Signed) -> None:
    """A message with one bit turned is refused, or says exactly what the provider signed: a signature that is not good lets nobody in."""
    data = bytearray(canonical(signed(style)))
    data[place % len(data)] ^= 1 << bit
    found = verify(sent(bytes(data)), trust=TRUST, request=REQUEST, now=NOW)
    if isinstance(found, VerifiedAssertion):
        assert replace(found, response_id="_response-1") == accepted(FIELDS[style])


@pytest.mark.parametrize("style", STYLES)
def test_verifying_twice_is_the_same(style: Signed) -> None:
    """The verifier keeps nothing: the same arguments give the same record, whatever was verified between."""
    first = accepted(FIELDS[style])
    assert isinstance(verify(FIELDS[style], trust=replace(TRUST, issuer="https://other.example"), request=REQUEST, now=NOW), Rejected)
    assert accepted(FIELDS[style]) == first


@pytest.mark.proves("ASVS-11.6.1")
def test_sha1_is_let_in_by_name_only() -> None:
    """Signatures and digests with SHA-1 are refused, and accepted by a trust that says so (OneLogin's old applications)."""
    root = build(TOLD)
    field = sent(seal(root, key=SIGNER, style=Signed.RESPONSE, digest=SHA1))
    found = verify(field, trust=TRUST, request=REQUEST, now=NOW)
    assert found == Rejected(SamlReason.SHA1_NOT_ALLOWED)
    assert accepted(field, trust=replace(TRUST, unsafe_sha1=True)).name_id.value == PERSON


@pytest.mark.proves("CVE-2026-86304", "CVE-2026-89042")
@pytest.mark.parametrize(
    "change",
    [
        {"keys": ()},
        {"keys": (PROVIDER.trusted(),) * 9},
        {"connection": ""},
        {"issuer": ""},
        {"issuer": " https://idp.example"},
        {"issuer": "x" * 1025},
        {"audience": ""},
        {"audience": TRUST.issuer},
        {"acs_url": ""},
        {"skew": timedelta(minutes=5, seconds=1)},
        {"skew": timedelta(seconds=-1)},
        {"openers": (CURVE.signer(),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_trust_without_what_it_rests_on(change: dict[str, object]) -> None:
    """A trust without a key, a name or an address, with too many keys or too much patience, can not be made."""
    with pytest.raises(ValueError, match="expected"):
        replace(TRUST, **change)  # type: ignore[arg-type]
    assert isinstance(replace(TRUST, keys=(ATTACKER.trusted(),)), Trust)


def test_keys_are_told_apart() -> None:
    """A key is the same in a new certificate, and another key is another one."""
    assert PROVIDER.trusted() == PROVIDER.trusted()
    assert len({key.trusted().fingerprint for key in (PROVIDER, ATTACKER, CURVE, OURS, SamlKey.generate(curve=True))}) == 5
