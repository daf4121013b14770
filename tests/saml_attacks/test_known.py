"""Flaws that verifiers of others had: for each its cases are in the kit, and are refused for what they are."""

from __future__ import annotations

import base64
import hashlib
import tracemalloc
import zlib
from collections.abc import Callable
from copy import deepcopy

import pytest

from ctsec.jose.rejection import Unacceptable
from ctsec.sso.saml import SamlReason as R
from ctsec.sso.saml import redirect, signature, wire, xml
from ctsec.sso.saml.names import DS
from ctsec.testing.saml import Signed
from tests.saml_attacks.kit import family
from tests.saml_attacks.stage import ASSERTION, STYLES, TRUST, VICTIM, Case, find, signed

# Of a flaw: the family, what the names of its cases begin with (or are, where that says enough), and the reasons.
TYPES = frozenset({R.DTD})
CONDITIONS = {R.WRONG_AUDIENCE, R.NO_AUDIENCE, R.EXPIRED, R.NOT_YET_VALID, R.CONFIRMATION_EXPIRED, R.NO_TIMES, R.NO_CONDITIONS}
SHAPES = {R.BAD_SHAPE, R.NO_ASSERTION, R.SEVERAL_ASSERTIONS, R.MISPLACED_SIGNATURE, R.DUPLICATE_ID, R.BAD_REFERENCE, R.UNSIGNED, R.BAD_ID}
WRAPPED = {*SHAPES, R.WRONG_MESSAGE, R.BAD_SIGNATURE_SHAPE, R.BAD_DIGEST, R.NO_SUBJECT, R.UNKNOWN_CONDITION}
FLAWS = (
    pytest.param("texts", ("the victim's name, a comment",), {R.COMMENT}, marks=pytest.mark.proves("CVE-2017-11427")),
    pytest.param("wrapping", ("signed assertion", "signed Response"), WRAPPED, marks=pytest.mark.proves("CVE-2020-5390", "CVE-2025-47949")),
    pytest.param(
        "namespaces",
        ("an assertion of another", "Extensions", "an element of nobody", "text in"),
        {R.BAD_SHAPE},
        marks=pytest.mark.proves("CVE-2021-21238"),
    ),
    pytest.param("keys", ("signed by the attacker, who shows",), {R.BAD_SIGNATURE}, marks=pytest.mark.proves("CVE-2021-21239")),
    pytest.param(
        "texts",
        ("a type", "an entity", "a file", "a parameter entity", "laughs", "a default", "an id of another name"),
        {R.DTD, R.MALFORMED},
        marks=pytest.mark.proves("CVE-2016-10127", "CVE-2025-25291"),
    ),
    pytest.param(
        "signed info",
        ("signature: a second", "signature: SignedInfo in", "two digests", "SignedInfo:"),
        {R.BAD_SIGNATURE_SHAPE},
        marks=pytest.mark.proves("CVE-2025-29774"),
    ),
    pytest.param("signed info", ("a digest with a comment",), {R.COMMENT}, marks=pytest.mark.proves("CVE-2025-29774")),
    pytest.param(
        "identifiers",
        ("the assertion's id as", "an id of", "the id in xml:id", "one id for both"),
        {R.DUPLICATE_ID, R.FORBIDDEN_ATTRIBUTE},
        marks=pytest.mark.proves("CVE-2025-66567"),
    ),
    pytest.param(
        "signed info",
        ("SignedInfo with xmlns", "a status with the namespace"),
        {R.BAD_NAMESPACE},
        marks=pytest.mark.proves("CVE-2025-66568"),
    ),
    pytest.param(
        "algorithms",
        ("signature method", "digest method", "SHA-1 in a signature (", "SHA-1 in a digest ("),
        {R.ALGORITHM_NOT_ALLOWED, R.SHA1_NOT_ALLOWED},
        marks=pytest.mark.proves("CHANGELOG-samlify-2026-04-audit"),
    ),
    pytest.param("algorithms", ("hmac-",), {R.ALGORITHM_NOT_ALLOWED}, marks=pytest.mark.proves("CVE-2026-15013")),
    pytest.param(
        "encryption",
        ("first byte", "last byte", "cut", "a block less", "zeros", "nothing of"),
        {R.NOT_DECRYPTED},
        marks=pytest.mark.proves("GHSA-hwqm-qvj9-4jr2"),
    ),
    pytest.param(
        "references", ("another reference", "the reference twice"), {R.BAD_SIGNATURE_SHAPE}, marks=pytest.mark.proves("CVE-2026-33487")
    ),
    pytest.param(
        "encryption",
        ("an unsigned assertion, encrypted, gcm", "an assertion of the attacker, encrypted, gcm"),
        {R.UNSIGNED, R.BAD_SIGNATURE},
        marks=pytest.mark.proves("CVE-2026-18108"),
    ),
    pytest.param("wrapping", ("a second assertion",), {R.SEVERAL_ASSERTIONS}, marks=pytest.mark.proves("CVE-2026-18092")),
    pytest.param(
        "encryption", ("an encrypted one",), {R.SEVERAL_ASSERTIONS, R.UNSIGNED, R.BAD_DIGEST}, marks=pytest.mark.proves("CVE-2026-2092")
    ),
    pytest.param("comparisons", ("audience", "us in one restriction and"), {R.WRONG_AUDIENCE}, marks=pytest.mark.proves("CVE-2026-9093")),
    pytest.param(
        "times",
        ("NotBefore of Conditions p", "NotOnOrAfter of Conditions at", "NotOnOrAfter of SubjectConfirmationData at"),
        {R.NOT_YET_VALID, R.EXPIRED, R.CONFIRMATION_EXPIRED},
        marks=pytest.mark.proves("CVE-2026-9096"),
    ),
    pytest.param(
        "parts",
        ("no NotBefore", "no NotOnOrAfter of C", "no Conditions", "no Audience"),
        CONDITIONS,
        marks=pytest.mark.proves("CVE-2026-41577"),
    ),
    pytest.param("parts", ("no InResponseTo",), {R.NO_REQUEST}, marks=pytest.mark.proves("CVE-2026-9098")),
)


@pytest.mark.parametrize(("name", "starts", "expected"), FLAWS)
def test_a_known_flaw_is_not_ours(name: str, starts: tuple[str, ...], expected: set[R]) -> None:
    """Every case of the flaw is refused, for one of its own reasons; each of its kinds has some."""
    cases: dict[str, list[Case]] = {
        start: [case for case in family(name) if case.name.startswith(start) and case.expected] for start in starts
    }
    assert all(cases.values())
    wrong = [case.name for found in cases.values() for case in found if case.problem() is not None or not case.expected & expected]
    assert wrong == []


@pytest.mark.proves("CVE-2024-45409")
def test_a_digest_elsewhere_is_not_looked_at() -> None:
    """A DigestValue or SignedInfo outside of the one signature changes nothing, and a second one inside of it is refused."""
    planted = [case for case in family("signed info") if case.name.startswith("another digest in")]
    inside = [case for case in family("signed info") if case.name.startswith(("two digests", "signature: a second SignedInfo"))]
    assert len(planted) == 2
    assert len(inside) >= 6
    assert [case.problem() for case in planted + inside] == [None] * len(planted + inside)
    assert all(not case.expected for case in planted)


@pytest.mark.proves("CVE-2025-54419", "CVE-2025-54369", "ASVS-1.5.3")
@pytest.mark.parametrize("style", STYLES)
def test_what_is_read_is_what_was_digested(style: Signed) -> None:
    """The element that comes back has exactly the digest that was signed, and is no part of the document that came."""
    root = signed(style)
    node = root if style is Signed.RESPONSE else find(root, ASSERTION)
    digest = find(node, f"{DS}DigestValue").text
    read = signature.verify_enveloped(node, TRUST)
    assert base64.b64encode(hashlib.sha256(xml.canonical(read)).digest()).decode() == digest
    assert read.getroottree().getroot() is read
    find(node, "{urn:oasis:names:tc:SAML:2.0:assertion}NameID").text = VICTIM
    assert VICTIM not in xml.canonical(read).decode()


@pytest.mark.proves("CVE-2025-54572")
def test_the_size_is_judged_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field, a query or a document that is too long is refused by its length alone: nothing of it is read."""
    for name in ("_LINES", "decode_base64", "zlib"):
        monkeypatch.setattr(wire, name, None)
    for name in ("_split", "signature_algorithm"):
        monkeypatch.setattr(redirect, name, None)
    for name in ("_check_text", "parse_own"):
        monkeypatch.setattr(xml, name, None)
    long = "A" * (wire.MAX_FIELD + 1)
    readings: tuple[Callable[[], object], ...] = (
        lambda: wire.decode_field(long),
        lambda: wire.inflate(long),
        lambda: redirect.read_query(long, kind="SAMLRequest", trust=TRUST),
        lambda: xml.parse(bytes(xml.MAX_MESSAGE + 1)),
    )
    for reading in readings:
        with pytest.raises(Unacceptable, match=R.TOO_LARGE):
            reading()


@pytest.mark.proves("CVE-2025-25293")
def test_inflating_ends_at_the_limit() -> None:
    """A bomb is inflated to the limit and no further, though its packed form is small."""
    packed = zlib.compressobj(9, wbits=-15)
    bomb = packed.compress(bytes(64 * 1024 * 1024)) + packed.flush()
    text = base64.b64encode(bomb).decode()
    assert len(text) < wire.MAX_FIELD
    tracemalloc.start()
    with pytest.raises(Unacceptable, match=R.TOO_LARGE):
        wire.inflate(text)
    assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    tracemalloc.stop()


@pytest.mark.proves("ASVS-1.5.1")
def test_types_are_refused_before_a_parser_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents with types, entities and inclusions are refused by their text, and the parser would resolve nothing of them either."""
    cases = [case for case in family("texts") if case.expected == TYPES]
    assert len(cases) > 50
    with monkeypatch.context() as parsing:
        parsing.setattr(xml, "parse_own", None)
        assert [case.problem() for case in cases] == [None] * len(cases)
    root = xml.parse_own(b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hosts'><!ENTITY f 'text'>]><x>&e;&f;</x>")
    assert root.text is None
    assert "localhost" not in xml.etree.tostring(root).decode()


def test_a_signed_element_has_one_signature() -> None:
    """An element with two signatures, or with its one in another place, is not verified, whoever asks for it."""
    node = find(signed(Signed.ASSERTION), ASSERTION)
    node.append(deepcopy(find(node, f"{DS}Signature")))
    with pytest.raises(Unacceptable, match=R.MISPLACED_SIGNATURE):
        signature.verify_enveloped(node, TRUST)
    bare = find(signed(Signed.RESPONSE), ASSERTION)
    with pytest.raises(Unacceptable, match=R.UNSIGNED):
        signature.verify_enveloped(bare, TRUST)


@pytest.mark.proves("CVE-2025-66568")
@pytest.mark.parametrize(
    "made", [b'<x ID="_assertion-1"></x>', b'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_x"></saml:Assertion>']
)
def test_what_was_digested_is_the_element(monkeypatch: pytest.MonkeyPatch, made: bytes) -> None:
    """Should canonicalization ever give something else than the element, even with a digest that fits, it is refused."""
    node = find(signed(Signed.ASSERTION), ASSERTION)
    digest = find(node, f"{DS}DigestValue").text
    kept = xml.canonical
    monkeypatch.setattr(signature, "canonical", lambda each, prefixes=(): made if each is node else kept(each, prefixes))
    monkeypatch.setattr(signature, "digest_of", lambda uri, data, unsafe_sha1: base64.b64decode(digest))
    with pytest.raises(Unacceptable, match=R.BAD_CANONICALIZATION):
        signature.verify_enveloped(node, TRUST)


def test_nothing_is_no_canonical_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty canonical form is an error, and so is one that is no element."""

    class Void:
        LxmlError = xml.etree.LxmlError

        @staticmethod
        def tostring(node: object, **options: object) -> bytes:
            return forms.pop()

    forms = [b"", b"text", b"<a>text"]
    monkeypatch.setattr(xml, "etree", Void)
    for _ in range(3):
        with pytest.raises(Unacceptable, match=R.BAD_CANONICALIZATION):
            xml.canonical(None)
