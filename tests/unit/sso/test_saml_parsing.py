"""XML is read in one way only, and canonicalized as the specification says."""

from __future__ import annotations

import ast
import base64
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ctsec.sso.saml
from ctsec.jose.rejection import Unacceptable
from ctsec.sso.saml import SamlReason
from ctsec.sso.saml.wire import decode_base64, encode_field
from ctsec.sso.saml.xml import canonical, children, detach, make, parse, parse_own
from ctsec.testing.saml import Signed
from tests.saml_attacks.kit import family
from tests.saml_attacks.stage import STYLES, signed, text

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=40)


@pytest.mark.proves("CVE-2025-25292", "ASVS-1.5.3")
def test_two_parsers_read_the_same() -> None:
    """Whatever of the kit the rules of text let through, libxml2 and expat read as the same canonical document."""
    compared = 0
    for name in ("namespaces", "identifiers", "texts", "wire", "signed info", "wrapping"):
        for case in family(name):
            try:
                data = base64.b64decode(case.message, validate=True)
                ours = canonical(parse(data)).decode()
            except (ValueError, Unacceptable):
                continue
            assert ET.canonicalize(data.decode()) == ET.canonicalize(ours), case.name
            compared += 1
    assert compared > 300


@pytest.mark.parametrize("style", STYLES)
def test_canonical_forms_are_those_of_another_implementation(style: Signed) -> None:
    """The exclusive form of every element of a message is the one that the standard library makes of the whole element."""
    for node in signed(style).iter():
        assert canonical(node).decode() == ET.canonicalize(canonical(node).decode())
    made = canonical(parse_own(b'<a:r xmlns:a="urn:a" xmlns:b="urn:b" z="1" a:y="2"><a:c b:x="3"/>t</a:r>'))
    assert made == b'<a:r xmlns:a="urn:a" z="1" a:y="2"><a:c xmlns:b="urn:b" b:x="3"></a:c>t</a:r>'


def test_prefixes_that_are_kept_may_be_declared_further_out() -> None:
    """A prefix of InclusiveNamespaces is written where it is in scope, declared on the element or around it (Exclusive C14N, 3)."""
    inner = parse_own(b'<a:r xmlns:a="urn:a" xmlns:xs="urn:xs"><a:c t="xs:string"/>tail</a:r>')[0]
    assert canonical(inner) == b'<a:c xmlns:a="urn:a" t="xs:string"></a:c>'
    assert canonical(inner, ["xs"]) == b'<a:c xmlns:a="urn:a" xmlns:xs="urn:xs" t="xs:string"></a:c>'


def test_what_can_not_be_canonicalized_is_an_error() -> None:
    """A relative namespace, which the specification forbids, gives no canonical form and not an empty one."""
    with pytest.raises(Unacceptable, match=SamlReason.BAD_CANONICALIZATION):
        canonical(parse_own(b'<r xmlns:a="relative"><a:b/></r>'))


SPELLED = st.text("ABwxyz019+/=", max_size=14) | st.text("Ab+/=\n -_\u00e9", max_size=10) | st.binary(max_size=20).map(encode_field)


@given(SPELLED)
def test_base64_has_one_spelling(text: str) -> None:
    """Base64 is read if and only if it is what its bytes are written as."""
    try:
        wanted = base64.b64decode(text, validate=True)
    except ValueError:
        wanted = None
    try:
        read = decode_base64(text)
    except Unacceptable:
        read = None
    assert read == (wanted if wanted is not None and encode_field(wanted) == text else None)


@pytest.mark.parametrize("text", ["QR==", "QUJ=", "Q===", "Q", "QQ", "QQ=", "QQ==\n", "=QQ==", "QQ==QQ==", "QUJD=", "===="])
def test_other_spellings_are_refused(text: str) -> None:
    """Bits that are left over, padding that is missing or too much, and whatever follows it, are refused."""
    with pytest.raises(Unacceptable, match=SamlReason.BAD_BASE64):
        decode_base64(text)


def test_text_behind_a_signature_stays() -> None:
    """What is taken out leaves the text behind it, wherever that was."""
    first = parse_own(b"<r>a<s/>b<t/>c</r>")
    detach(first[0])
    assert canonical(first) == b"<r>ab<t></t>c</r>"
    second = parse_own(b"<r>a<t/>b<s/>c</r>")
    detach(second[1])
    assert canonical(second) == b"<r>a<t></t>bc</r>"


@pytest.mark.proves("GHSA-34r5-q4jw-r36m")
@given(value=WORDS, attribute=WORDS)
def test_text_is_text_whatever_is_in_it(value: str, attribute: str) -> None:
    """What is written into a message comes back from it as it was, however much it looks like XML."""
    for hostile in (value, f'{value}</saml:NameID><saml:NameID x="{attribute}">&e;]]>'):
        made = canonical(make("saml", "NameID", {"Format": hostile}, hostile))
        read = parse(made)
        assert read.text == (hostile or None)
        assert read.get("Format") == hostile
        assert len(read) == 0


@pytest.mark.proves("ASVS-1.2.7")
def test_no_expression_is_made_of_a_message() -> None:
    """No module of SAML evaluates XPath, or a path of elements, but for one of its own names in what it has made itself."""
    calls = [
        (path.stem, ast.unparse(node))
        for path in Path(ctsec.sso.saml.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"xpath", "find", "findall", "findtext", "iterfind", "XPath", "evaluate", "ETXPath"}
    ]
    assert calls == [("signing", "signature.find(f'{DS}SignedInfo')")]
    for quote in ("'", '"'):
        with pytest.raises(Unacceptable, match=SamlReason.BAD_ID):
            parse(canonical(make("saml", "Assertion", {"ID": f"_x{quote}or{quote}1"})))


def test_blanks_between_elements_are_nothing_and_text_is() -> None:
    """Elements are listed if there are only blanks between them."""
    assert [each.tag for each in children(parse(b"<r> <a/>\n<b/>\t</r>"))] == ["a", "b"]
    for wrong in (b"<r>x<a/></r>", b"<r><a/>x</r>", "<r>\u00a0<a/></r>".encode()):
        with pytest.raises(Unacceptable, match=SamlReason.BAD_SHAPE):
            children(parse(wrong))


def test_the_limits_are_reached_and_not_passed() -> None:
    """A document at a limit is read, and one past it is not, before a parser had to build it."""
    assert parse(b"<r>" + b"<a/>" * 4_999 + b"</r>") is not None
    assert parse(b"<a>" * 32 + b"</a>" * 32) is not None
    assert parse(b"<r>" + b" " * (256 * 1024 - 7) + b"</r>") is not None
    for data, reason in (
        (b"<r>" + b"<a/>" * 5_000 + b"</r>", SamlReason.TOO_MANY_NODES),
        (b"<a>" * 33 + b"</a>" * 33, SamlReason.TOO_DEEP),
        (b"<r>" + b" " * (256 * 1024 - 6) + b"</r>", SamlReason.TOO_LARGE),
    ):
        with pytest.raises(Unacceptable, match=reason):
            parse(data)
    assert text(signed(Signed.BOTH))
