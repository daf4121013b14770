"""Metadata: ours as a provider reads it, a provider's as we do, and what a new document would change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from ctsec.jose.rejection import Rejected
from ctsec.sso.saml import Changed, Endpoint, ProviderDocument, SamlReason, ServiceKey, document_change, parse_provider, service_metadata
from ctsec.sso.saml import SamlReason as R
from ctsec.sso.saml.names import HTTP_POST, HTTP_REDIRECT, MD, PROTOCOL
from ctsec.sso.saml.signature import verify_enveloped
from ctsec.sso.saml.signing import key_info
from ctsec.sso.saml.times import write_time
from ctsec.sso.saml.xml import Element, canonical, make, parse
from ctsec.testing.saml import SamlKey
from tests.saml_attacks.stage import ATTACKER, CURVE, NOW, OURS, PROVIDER, TRUST, Node, find

SSO: Final = "https://idp.example/sso"
KEY: Final = PROVIDER.signer()


def descriptor(key: ServiceKey = KEY, use: str | None = "signing") -> Element:
    """Return a KeyDescriptor."""
    return make("md", "KeyDescriptor", {"use": use}, key_info(key.certificate))


def provider(*keys: Element, entity_id: str = TRUST.issuer, until: str | None = None, **more: str | None) -> Element:
    """Return an EntityDescriptor of a provider."""
    ends = [
        make("md", "SingleLogoutService", {"Binding": HTTP_REDIRECT, "Location": f"{SSO}/out", "ResponseLocation": f"{SSO}/done"}),
        make("md", "SingleSignOnService", {"Binding": HTTP_REDIRECT, "Location": f"{SSO}/redirect"}),
        make("md", "SingleSignOnService", {"Binding": HTTP_POST, "Location": f"{SSO}/post"}),
        make("md", "SingleSignOnService", {"Binding": "urn:oasis:names:tc:SAML:2.0:bindings:SOAP", "Location": "ftp://other"}),
    ]
    role = make("md", "IDPSSODescriptor", {"protocolSupportEnumeration": PROTOCOL, **more}, *(keys or (descriptor(),)), *ends)
    return make("md", "EntityDescriptor", {"entityID": entity_id, "validUntil": until}, role)


def read(root: Element, **given: Any) -> ProviderDocument | Rejected:
    """Return what a document says."""
    return parse_provider(canonical(root), **{"now": NOW, **given})


def test_a_provider_is_understood() -> None:
    """Name, keys, addresses on both ways, and what it wants of us come out; bindings that are not spoken are left out."""
    root = provider(descriptor(), descriptor(CURVE.signer(), None), descriptor(OURS.signer(), "encryption"), WantAuthnRequestsSigned="true")
    root.set("validUntil", write_time(NOW + timedelta(days=1)))
    assert read(root, entity_id=TRUST.issuer) == ProviderDocument(
        entity_id=TRUST.issuer,
        keys=(PROVIDER.trusted(), CURVE.trusted()),
        sign_in=Endpoint(redirect=f"{SSO}/redirect", post=f"{SSO}/post"),
        sign_out=Endpoint(redirect=f"{SSO}/out", answers=f"{SSO}/done"),
        wants_signed_requests=True,
        valid_until=NOW + timedelta(days=1),
    )


@pytest.mark.proves("CVE-2026-16443")
def test_a_document_lowers_nothing() -> None:
    """A key without `use` is for both, none is left out for it, and a document without a key, or with wishes for less, is not taken so."""
    whole = read(provider(descriptor(use=None)))
    assert isinstance(whole, ProviderDocument)
    assert whole.keys == (PROVIDER.trusted(),)
    keyless = provider(descriptor(use="encryption"))
    assert read(keyless) == Rejected(R.METADATA_NO_KEY)
    lower = read(provider(WantAuthnRequestsSigned="false", WantAssertionsSigned="false"))
    assert lower == replace(whole, wants_signed_requests=False)
    with pytest.raises(ValueError, match="keys"):
        replace(TRUST, keys=())


def _drop(tag: str) -> Callable[[Node], None]:
    def edit(root: Node) -> None:
        for each in list(root.iter(f"{MD}{tag}")):
            each.getparent().remove(each)

    return edit


def _set(tag: str, name: str, value: str) -> Callable[[Node], None]:
    return lambda root: find(root, f"{MD}{tag}").set(name, value)


def _weak(root: Node) -> None:
    find(root, "{http://www.w3.org/2000/09/xmldsig#}X509Certificate").text = "AAAA"


def _double(root: Node) -> None:
    data = find(root, "{http://www.w3.org/2000/09/xmldsig#}X509Data")
    data.append(make("ds", "X509Certificate", None, ATTACKER.signer().certificate))


WRONG: Final[dict[str, tuple[Callable[[Node], object], SamlReason]]] = {
    "no role": (_drop("IDPSSODescriptor"), R.METADATA_NO_PROVIDER),
    "SAML 1.1 only": (
        _set("IDPSSODescriptor", "protocolSupportEnumeration", "urn:oasis:names:tc:SAML:1.1:protocol"),
        R.METADATA_NO_PROVIDER,
    ),
    "no name": (_set("EntityDescriptor", "entityID", ""), R.METADATA_WRONG_ENTITY),
    "a long name": (_set("EntityDescriptor", "entityID", "x" * 1025), R.METADATA_WRONG_ENTITY),
    "no key": (_drop("KeyDescriptor"), R.METADATA_NO_KEY),
    "a key for something else": (_set("KeyDescriptor", "use", "both"), R.METADATA_BAD_KEY),
    "a certificate that is none": (_weak, R.METADATA_BAD_KEY),
    "two certificates for one use": (_double, R.METADATA_BAD_KEY),
    "nowhere to sign in": (_drop("SingleSignOnService"), R.METADATA_NO_ENDPOINT),
    "an address without TLS": (_set("SingleSignOnService", "Location", "http://idp.example/"), R.METADATA_BAD_ENDPOINT),
    "an address that is a program": (_set("SingleSignOnService", "Location", "javascript:alert(1)"), R.METADATA_BAD_ENDPOINT),
    "an address with a fragment": (_set("SingleSignOnService", "Location", f"{SSO}#x"), R.METADATA_BAD_ENDPOINT),
    "an answer elsewhere": (_set("SingleLogoutService", "ResponseLocation", "data:x"), R.METADATA_BAD_ENDPOINT),
    "over": (_set("EntityDescriptor", "validUntil", write_time(NOW)), R.METADATA_EXPIRED),
    "a role that is over": (_set("IDPSSODescriptor", "validUntil", write_time(NOW)), R.METADATA_EXPIRED),
    "an end that is none": (_set("EntityDescriptor", "validUntil", "tomorrow"), R.BAD_TIME),
    "two roles": (lambda root: root.append(find(provider(), f"{MD}IDPSSODescriptor")), R.METADATA_NO_PROVIDER),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_document_that_lacks_something_is_refused(name: str) -> None:
    """A document without a part, or with one that may not be used, is refused for it."""
    edit, reason = WRONG[name]
    root = provider()
    edit(root)
    assert read(root) == Rejected(reason)


def test_one_way_is_enough() -> None:
    """A provider that takes requests by redirect only, or by a form only, can be signed in through."""
    for binding, expected in ((HTTP_POST, Endpoint(redirect=f"{SSO}/redirect")), (HTTP_REDIRECT, Endpoint(post=f"{SSO}/post"))):
        root = provider()
        for each in [end for end in root.iter(f"{MD}SingleSignOnService") if end.get("Binding") == binding]:
            each.getparent().remove(each)
        found = read(root)
        assert isinstance(found, ProviderDocument)
        assert found.sign_in == expected


def test_there_are_not_too_many_keys() -> None:
    """Eight keys are taken, the ninth spoils the document, and the same key twice is one."""
    keys = [descriptor(SamlKey.generate(curve=True).signer()) for _ in range(9)]
    found = read(provider(*keys[:7], descriptor(), descriptor()))
    assert isinstance(found, ProviderDocument)
    assert len(found.keys) == 8
    assert read(provider(*keys)) == Rejected(R.METADATA_BAD_KEY)


def test_one_of_several_is_chosen_by_name() -> None:
    """Of several providers the one with the given name is read; without a name, twice the same name or an unknown one it is an error."""
    names = (TRUST.issuer, "https://idp-2.example")
    several = make("md", "EntitiesDescriptor", None, *(provider(entity_id=name) for name in names))
    outer = make("md", "EntitiesDescriptor", {"validUntil": write_time(NOW + timedelta(days=1))}, several)
    for name in names:
        found = read(outer, entity_id=name)
        assert isinstance(found, ProviderDocument)
        assert (found.entity_id, found.valid_until) == (name, NOW + timedelta(days=1))
    assert read(outer) == Rejected(R.METADATA_WRONG_ENTITY)
    assert read(outer, entity_id="https://idp-3.example") == Rejected(R.METADATA_WRONG_ENTITY)
    outer.set("validUntil", write_time(NOW))
    assert read(outer, entity_id=names[0]) == Rejected(R.METADATA_EXPIRED)
    several.append(provider())
    assert read(outer, entity_id=names[1]) == Rejected(R.METADATA_DUPLICATE_ENTITY)
    hidden = provider()
    find(hidden, f"{MD}IDPSSODescriptor").append(provider(entity_id="https://inner.example"))
    assert read(hidden) == Rejected(R.BAD_SHAPE)


def test_documents_are_parsed_with_the_same_care() -> None:
    """Types, sections and instructions are refused, and so is what is too much; comments are taken out, and hide nothing."""
    plain = canonical(provider())
    for start, reason in ((b"<!DOCTYPE x>", R.DTD), (b"<?x?>", R.INSTRUCTION), (b"<![CDATA[x]]>", R.CDATA), (b"<!-- -- -->", R.COMMENT)):
        assert parse_provider(start + plain, now=NOW) == Rejected(reason)
    assert parse_provider(b" " * (1024 * 1024 + 1), now=NOW) == Rejected(R.TOO_LARGE)
    assert parse_provider(b"<md:x/>", now=NOW) == Rejected(R.MALFORMED)
    assert parse_provider(b"<x/>", now=NOW) == Rejected(R.WRONG_MESSAGE)
    commented = b"<!-- - from us - -->" + plain.replace(b">", b"><!---->", 3)
    assert parse_provider(commented, now=NOW) == read(provider())
    split = plain.replace(b"</ds:X509Certificate>", b"<!-- x --></ds:X509Certificate>")
    assert parse_provider(split, now=NOW) == read(provider())


def test_ours_says_what_is_demanded() -> None:
    """Our document has our name, addresses and keys, both while they are replaced; it wants signed assertions, and is signed if asked."""
    trust = replace(TRUST, openers=(OURS.signer(), ATTACKER.signer()))
    made = service_metadata(trust, signs=(CURVE.signer(), OURS.signer()), valid_until=NOW, sign_with=CURVE.signer(), random=bytes)
    root = parse(made)
    role = root[1]
    assert (root.get("entityID"), root.get("validUntil"), root.get("ID")) == (TRUST.audience, "2026-11-29T12:00:00Z", "_" + "00" * 16)
    assert (role.get("WantAssertionsSigned"), role.get("AuthnRequestsSigned")) == ("true", "true")
    uses = [(each.get("use"), "".join(each.itertext())) for each in role.iter(f"{MD}KeyDescriptor")]
    expected = [("signing", CURVE), ("signing", OURS), ("encryption", OURS), ("encryption", ATTACKER)]
    assert uses == [(use, pair.signer().certificate) for use, pair in expected]
    assert find(role, f"{MD}AssertionConsumerService").get("Location") == TRUST.acs_url
    assert {each.get("Location") for each in role.iter(f"{MD}SingleLogoutService")} == {TRUST.slo_url}
    with pytest.raises(Exception, match=R.MISPLACED_SIGNATURE):  # metadata has its signature in front: it passes for no message
        verify_enveloped(root, TRUST)
    bare = parse(service_metadata(replace(TRUST, slo_url=""), signs=(), random=bytes))
    assert bare[0].get("AuthnRequestsSigned") == "false"
    assert list(bare[0].iter(f"{MD}SingleLogoutService")) == []


def document(**changes: Any) -> ProviderDocument:
    """Return a document with changes."""
    plain = read(provider())
    assert isinstance(plain, ProviderDocument)
    return replace(plain, **changes)


def test_what_a_new_document_would_change() -> None:
    """Keys that come, go and are certified anew are told apart, and so is every address; what widens trust says so."""
    same = document_change(document(), document())
    assert (same.nothing, same.widens) == (True, False)
    rolled = document_change(document(), document(keys=(PROVIDER.trusted(), CURVE.trusted())))
    assert (rolled.added, rolled.removed, rolled.widens) == ((CURVE.trusted(),), (), True)
    gone = document_change(document(keys=(PROVIDER.trusted(), CURVE.trusted())), document())
    assert (gone.added, gone.removed, gone.widens, gone.nothing) == ((), (CURVE.trusted(),), False, False)
    again = replace(PROVIDER.trusted(), not_after=NOW)
    renewed = document_change(document(), document(keys=(again,)))
    assert (renewed.renewed, renewed.added, renewed.removed, renewed.nothing, renewed.widens) == ((again,), (), (), True, False)
    moved = document_change(document(), document(sign_in=Endpoint(redirect="https://evil.example/"), entity_id="https://evil.example"))
    assert dict(moved.values)["sign_in.redirect"] == Changed(before=f"{SSO}/redirect", after="https://evil.example/")
    assert {name for name, _ in moved.values} == {"entity_id", "sign_in.redirect", "sign_in.post"}
    assert moved.widens
    wants = document_change(document(), document(wants_signed_requests=True))
    assert (wants.values, wants.widens) == ((("wants_signed_requests", Changed(before="false", after="true")),), False)
