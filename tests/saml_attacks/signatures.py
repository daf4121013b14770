"""References, transforms, algorithms, keys and digests of signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ctsec.sso.saml import SamlReason as R
from ctsec.sso.saml.algorithms import SHA1
from ctsec.sso.saml.names import DS, DS_NS, EXCLUSIVE_C14N, SAMLP, XENC_NS
from ctsec.testing.saml import SamlKey, Signed, build
from tests.saml_attacks.crafting import C14N, OWN, Craft, crafted
from tests.saml_attacks.stage import (
    ASSERTION,
    ATTACKER,
    CURVE,
    OURS,
    PROVIDER,
    STATUS,
    TOLD,
    TRUST,
    Case,
    Node,
    after,
    find,
    put,
    sent,
    text,
)

MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
PSS: Final = "http://www.w3.org/2007/05/xmldsig-more#"
INCLUSIVE: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
PLAIN: Final = Craft()


@cache
def private(pair: SamlKey) -> Any:
    """Return the private key of a pair."""
    return serialization.load_pem_private_key(pair.private.encode(), None)


def certificate(pair: SamlKey) -> str:
    """Return a certificate in base64."""
    return base64.b64encode(x509.load_pem_x509_certificate(pair.certificate.encode()).public_bytes(serialization.Encoding.DER)).decode()


def rsa(pair: SamlKey, made: Any, *, pss: bool = False) -> Callable[[bytes], bytes]:
    """Return what signs with RSA and a hash."""
    how = padding.PSS(padding.MGF1(made), made.digest_size) if pss else padding.PKCS1v15()
    return lambda message: bytes(private(pair).sign(message, how, made))


def curve(message: bytes) -> bytes:
    """Sign on P-256 in the form of XML Signature."""
    r, s = decode_dss_signature(private(CURVE).sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _padded(message: bytes) -> bytes:
    signed = curve(message)
    return bytes(1) + signed[:32] + bytes(1) + signed[32:]


def reference_cases() -> Iterator[Case]:
    """Yield references to something else, and transforms that leave something out."""
    yield from crafted("as it should be", PLAIN)
    for uri in (
        "", "#", "#_other", "#xpointer(/)", "#xpointer(id('_assertion-1'))", "https://evil.example/a.xml", "file:///etc/hosts",
        "#_assertion-1 ", " #_assertion-1", "#%5Fassertion-1", "_assertion-1", "#_ASSERTION-1", "cid:_assertion-1", "#_request-1",
    ):  # fmt: skip
        yield from crafted(f"reference to {uri!r}", replace(PLAIN, uri=uri), R.BAD_REFERENCE)
    for style in (Signed.ASSERTION, Signed.RESPONSE):
        root = build(TOLD)
        node = root if style is Signed.RESPONSE else find(root, ASSERTION)
        node.attrib.pop("ID")
        replace(PLAIN, uri="#").put_into(node)
        yield Case(f"reference to an element without an id ({style.value})", sent(root), frozenset({R.BAD_REFERENCE}))
    yield from crafted("a reference with a type", replace(PLAIN, reference=f' Type="{DS_NS}Manifest"'), R.BAD_REFERENCE)
    yield from crafted("a reference with an id", replace(PLAIN, reference=' Id="_reference"'), R.BAD_REFERENCE)
    yield from crafted("no reference", replace(PLAIN, references=""), R.BAD_SIGNATURE_SHAPE)
    yield from crafted("the reference twice", replace(PLAIN, references="{reference}{reference}"), R.BAD_SIGNATURE_SHAPE)
    other = '<ds:Reference URI="#_other"><ds:DigestMethod Algorithm="x"/><ds:DigestValue>AA==</ds:DigestValue></ds:Reference>'
    yield from crafted("another reference behind", replace(PLAIN, references="{reference}" + other), R.BAD_SIGNATURE_SHAPE)
    yield from crafted("another reference in front", replace(PLAIN, references=other + "{reference}"), R.BAD_SIGNATURE_SHAPE)
    manifest = "{info}{value}<ds:Object><ds:Manifest/></ds:Object>"
    yield from crafted("a manifest", replace(PLAIN, signature=manifest), R.BAD_SIGNATURE_SHAPE)
    xpath = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(self::node())</ds:XPath></ds:Transform>'
    tricks = {
        "none": "", "an empty list": "<ds:Transforms/>", "enveloped only": f"<ds:Transforms>{OWN}</ds:Transforms>",
        "canonical only": f"<ds:Transforms>{C14N}</ds:Transforms>", "in the other order": f"<ds:Transforms>{C14N}{OWN}</ds:Transforms>",
        "three": f"<ds:Transforms>{OWN}{C14N}{C14N}</ds:Transforms>", "enveloped twice": f"<ds:Transforms>{OWN}{OWN}</ds:Transforms>",
        "XPath": f"<ds:Transforms>{OWN}{xpath}</ds:Transforms>", "XPath before": f"<ds:Transforms>{xpath}{C14N}</ds:Transforms>",
        "XPath to here": f"<ds:Transforms>{OWN}{xpath.replace('not(self::node())', 'here()/ancestor::*')}{C14N}</ds:Transforms>",
        "XPath besides": f"<ds:Transforms>{OWN}{xpath}{C14N}</ds:Transforms>",
        "a list with a name": f'<ds:Transforms Id="_t">{OWN}{C14N}</ds:Transforms>',
        "enveloped with something inside": f"<ds:Transforms>{OWN[:-2]}><x/></ds:Transform>{C14N}</ds:Transforms>",
        "canonical with something inside": f"<ds:Transforms>{OWN}{C14N[:-2]}><x/></ds:Transform></ds:Transforms>",
        "17 prefixes": f"<ds:Transforms>{OWN}{_kept('a ' * 17)}</ds:Transforms>",
        "prefixes twice": f"<ds:Transforms>{OWN}{_kept('xs', twice=True)}</ds:Transforms>",
        "canonical twice": f"<ds:Transforms>{C14N}{C14N}</ds:Transforms>",
        "base64 first": f'<ds:Transforms><ds:Transform Algorithm="{DS_NS}base64"/>{C14N}</ds:Transforms>',
        "prefixes with something inside": _odd("/></ds:T", "><x/></ec:InclusiveNamespaces></ds:T"),
        "prefixes with text": _odd("/></ds:T", ">x</ec:InclusiveNamespaces></ds:T"),
        "prefixes and an attribute": _odd("PrefixList", 'x="y" PrefixList'),
        "other prefixes": _odd("ec:Incl", "ec:Excl"),
        "text between": f"<ds:Transforms>x{OWN}{C14N}</ds:Transforms>",
    }  # fmt: skip
    for uri in (
        f"{EXCLUSIVE_C14N}WithComments", INCLUSIVE, "http://www.w3.org/2006/12/xml-c14n11", f"{DS_NS}base64", "",
        "http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/2002/06/xmldsig-filter2", f"{EXCLUSIVE_C14N} ",
    ):  # fmt: skip
        tricks[uri or "no name"] = f'<ds:Transforms>{OWN}<ds:Transform Algorithm="{uri}"/></ds:Transforms>'
        method = replace(PLAIN, c14n=uri)
        yield from crafted(f"canonicalization method {uri!r}", method, R.BAD_CANONICALIZATION)
    for name, transforms in tricks.items():
        yield from crafted(f"transforms: {name}", replace(PLAIN, transforms=transforms), R.BAD_TRANSFORM, R.BAD_SIGNATURE_SHAPE)
    yield from crafted("transforms: a prefix kept", replace(PLAIN, transforms=f"<ds:Transforms>{OWN}{_kept('xs')}</ds:Transforms>"))
    inside = _kept("xs").partition(">")[2].partition("</ds")[0]
    yield from crafted("canonicalization method: a prefix kept", replace(PLAIN, c14n_inside=inside))
    yield from crafted("canonicalization method: something inside", replace(PLAIN, c14n_inside="<x/>"), R.BAD_TRANSFORM)


def _kept(prefixes: str, *, twice: bool = False) -> str:
    kept = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE_C14N}" PrefixList="{prefixes}"/>' * (2 if twice else 1)
    return f'<ds:Transform Algorithm="{EXCLUSIVE_C14N}">{kept}</ds:Transform>'


def _odd(old: str, new: str) -> str:
    return f"<ds:Transforms>{OWN}{_kept('xs').replace(old, new)}</ds:Transforms>"


def algorithm_cases() -> Iterator[Case]:
    """Yield algorithms that are, and are not, in the list."""
    for bits, made, hashing in ((384, hashes.SHA384(), hashlib.sha384), (512, hashes.SHA512(), hashlib.sha512)):
        strong = replace(PLAIN, method=f"{MORE}rsa-sha{bits}", sign=rsa(PROVIDER, made))
        yield from crafted(f"RSA with SHA-{bits}", strong)
        yield from crafted(
            f"RSA-PSS with SHA-{bits}", replace(PLAIN, method=f"{PSS}sha{bits}-rsa-MGF1", sign=rsa(PROVIDER, made, pss=True))
        )
        digest = f"{MORE}sha384" if bits == 384 else f"{XENC_NS}sha512"
        yield from crafted(f"a digest of SHA-{bits}", replace(PLAIN, digest_method=digest, hash=hashing))
        wrong = replace(PLAIN, digest_method=digest)
        yield from crafted(f"a digest of SHA-256 that says SHA-{bits}", wrong, R.BAD_DIGEST)
    elliptic = replace(TRUST, keys=(CURVE.trusted(),))
    on_curve = replace(PLAIN, method=f"{MORE}ecdsa-sha256", sign=curve)
    yield from crafted("ECDSA", on_curve, trust=elliptic)
    der = replace(on_curve, sign=lambda message: private(CURVE).sign(message, ec.ECDSA(hashes.SHA256())))
    yield from crafted("ECDSA in DER", der, R.BAD_SIGNATURE, trust=elliptic)
    for size in (0, 1, 63, 64, 65, 128):
        psychic = replace(on_curve, sign=lambda message, size=size: bytes(size))
        yield from crafted(f"ECDSA of {size} zeros", psychic, R.BAD_SIGNATURE, trust=elliptic)
    padded = replace(on_curve, sign=_padded)
    yield from crafted("ECDSA with zeros in front", padded, R.BAD_SIGNATURE, trust=elliptic)
    yield from crafted("ECDSA for a key of RSA", on_curve, R.BAD_SIGNATURE, trust=replace(TRUST, keys=(PROVIDER.trusted(),)))
    yield from crafted("RSA for a key of a curve", PLAIN, R.BAD_SIGNATURE, trust=elliptic)
    old = replace(PLAIN, method=f"{DS_NS}rsa-sha1", sign=rsa(PROVIDER, hashes.SHA1()))
    weak = replace(PLAIN, digest_method=SHA1, hash=hashlib.sha1)
    lenient = replace(TRUST, unsafe_sha1=True)
    for name, each in (("a signature", old), ("a digest", weak)):
        yield from crafted(f"SHA-1 in {name}", each, R.SHA1_NOT_ALLOWED)
        yield from crafted(f"SHA-1 in {name}, where it is let in", each, trust=lenient)
    public = x509.load_pem_x509_certificate(PROVIDER.certificate.encode()).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    secrets = {
        "the public key": pem,
        "the certificate": PROVIDER.certificate.encode(),
        "nothing": b"",
        "DER": base64.b64decode(certificate(PROVIDER)),
    }
    for name, secret in secrets.items():
        for uri, named in ((f"{DS_NS}hmac-sha1", "sha1"), (f"{MORE}hmac-sha256", "sha256"), (f"{MORE}hmac-sha512", "sha512")):
            mac = replace(PLAIN, method=uri, sign=lambda message, secret=secret, named=named: hmac.digest(secret, message, named))
            yield from crafted(f"{uri.partition('#')[2]} under {name}", mac, R.ALGORITHM_NOT_ALLOWED)
    short = "<ds:HMACOutputLength>0</ds:HMACOutputLength>"
    yield from crafted("a length of a MAC", replace(PLAIN, method_inside=short), R.BAD_SIGNATURE_SHAPE)
    for uri in (
        "", "none", f"{MORE}rsa-md5", f"{DS_NS}dsa-sha1", f"{MORE}ecdsa-sha1", f"{MORE}rsa-sha224", f"{MORE}rsa-sha256 ",
        f"{MORE}RSA-SHA256", f"{PSS}rsa-pss", f"{MORE}rsa-ripemd160", f"{PSS}sha1-rsa-MGF1", "RS256", "sha256", f"{MORE}eddsa-ed25519",
    ):  # fmt: skip
        yield from crafted(f"signature method {uri!r}", replace(PLAIN, method=uri), R.ALGORITHM_NOT_ALLOWED)
    for uri in ("", f"{MORE}md5", f"{MORE}sha224", f"{XENC_NS}ripemd160", f"{XENC_NS}sha256 ", "sha256", "none"):
        yield from crafted(f"digest method {uri!r}", replace(PLAIN, digest_method=uri), R.ALGORITHM_NOT_ALLOWED)
    yield from crafted("something in the digest method", replace(PLAIN, digest_method_inside="<x/>"), R.BAD_SIGNATURE_SHAPE)


def key_cases() -> Iterator[Case]:
    """Yield signatures of others, with everything that could say that their key is good."""
    mine = replace(PLAIN, sign=rsa(ATTACKER, hashes.SHA256()))
    numbers = private(ATTACKER).public_key().public_numbers()
    modulus = base64.b64encode(numbers.n.to_bytes(256, "big")).decode()
    value = f"<ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue>"
    held = f"<ds:X509Certificate>{certificate(ATTACKER)}</ds:X509Certificate>"
    good = f"<ds:X509Certificate>{certificate(PROVIDER)}</ds:X509Certificate>"
    infos = {
        "nothing": "",
        "their certificate": f"<ds:KeyInfo><ds:X509Data>{held}</ds:X509Data></ds:KeyInfo>",
        "both certificates": f"<ds:KeyInfo><ds:X509Data>{good}{held}</ds:X509Data></ds:KeyInfo>",
        "the provider's certificate": f"<ds:KeyInfo><ds:X509Data>{good}</ds:X509Data></ds:KeyInfo>",
        "their key": f"<ds:KeyInfo><ds:KeyValue>{value}</ds:KeyValue></ds:KeyInfo>",
        "a name": "<ds:KeyInfo><ds:KeyName>idp.example</ds:KeyName></ds:KeyInfo>",
        "an address": '<ds:KeyInfo><ds:RetrievalMethod URI="https://evil.example/key.pem"/></ds:KeyInfo>',
        "a secret": "<ds:KeyInfo><ds:KeyValue><ds:HMACKeyValue>AA==</ds:HMACKeyValue></ds:KeyValue></ds:KeyInfo>",
    }
    for name, info in infos.items():
        yield from crafted(f"signed by the attacker, who shows {name}", replace(mine, key_info=info), R.BAD_SIGNATURE)
        yield from crafted(f"signed by the provider, who shows {name}", replace(PLAIN, key_info=info))
    yield from crafted("signed with our own key", replace(PLAIN, sign=rsa(OURS, hashes.SHA256())), R.BAD_SIGNATURE)
    yield from crafted("the second key of the trust", PLAIN, trust=replace(TRUST, keys=(ATTACKER.trusted(), PROVIDER.trusted())))
    nested = "<ds:KeyInfo><ds:Signature><ds:SignedInfo/></ds:Signature></ds:KeyInfo>"
    yield from crafted("a signature in KeyInfo", replace(PLAIN, key_info=nested), R.MISPLACED_SIGNATURE)
    yield from crafted("KeyInfo twice", replace(PLAIN, key_info="<ds:KeyInfo/><ds:KeyInfo/>"), R.BAD_SIGNATURE_SHAPE)
    for name, made in {
        "nothing": b"", "a zero": bytes(1), "zeros": bytes(256), "a one": bytes(255) + b"\x01", "too many bytes": bytes(512),
    }.items():  # fmt: skip
        yield from crafted(f"a value of {name}", replace(PLAIN, sign=lambda message, made=made: made), R.BAD_SIGNATURE)
    cut = replace(PLAIN, value=lambda signed: base64.b64encode(signed[:-1]).decode())
    yield from crafted("a value that is cut", cut, R.BAD_SIGNATURE)
    wrapped = replace(PLAIN, value=lambda signed: base64.encodebytes(signed).decode())
    yield from crafted("a value in lines", wrapped)
    for name, spell in {"junk": "{}*", "no padding": "{}", "url-safe": "-{}", "a blank inside of nothing": "{}=="}.items():
        odd = replace(PLAIN, value=lambda signed, spell=spell: spell.format(base64.b64encode(signed).decode().rstrip("=")))
        yield from crafted(f"a value with {name}", odd, *((R.BAD_BASE64,) if name != "a blank inside of nothing" else ()))


def signed_info_cases() -> Iterator[Case]:
    """Yield several and misplaced parts of a signature, and digests that are found where they are not read."""
    fake = '<ds:SignedInfo><ds:Reference URI="#_assertion-1"><ds:DigestValue>AA==</ds:DigestValue></ds:Reference></ds:SignedInfo>'
    renamed = fake.replace("<ds:SignedInfo>", '<x:SignedInfo xmlns:x="urn:x">').replace("</ds:S", "</x:S")
    shapes = {
        "a second SignedInfo behind": "{info}" + fake + "{value}",
        "a second SignedInfo in front": fake + "{info}{value}",
        "SignedInfo in an Object": "<ds:Object>{info}</ds:Object>{value}",
        "SignedInfo in an Object besides": "{info}{value}<ds:Object>" + fake + "</ds:Object>",
        "SignedInfo in another element": "<ds:X>{info}</ds:X>{value}",
        "SignatureValue in front": "{value}{info}",
        "SignatureValue twice": "{info}{value}{value}",
        "no SignatureValue": "{info}",
        "no SignedInfo": "{value}",
        "an Object": "{info}{value}<ds:Object/>",
        "text": "{info}text{value}",
        "something else": "{info}{value}<ds:KeyInfo/><x/>",
        "SignedInfo in another namespace": renamed + "{info}{value}",
    }
    for name, shape in shapes.items():
        yield from crafted(f"signature: {name}", replace(PLAIN, signature=shape), R.BAD_SIGNATURE_SHAPE)
    infos = {
        "method before canonicalization": "{method}{c14n}{references}",
        "two methods": "{c14n}{method}{method}{references}",
        "two canonicalizations": "{c14n}{c14n}{method}{references}",
        "no method": "{c14n}{references}",
        "an extension": "{c14n}{method}{references}<x/>",
        "text": "{c14n}text{method}{references}",
        "no canonicalization": "{method}{references}",
    }
    for name, info in infos.items():
        yield from crafted(f"SignedInfo: {name}", replace(PLAIN, info=info), R.BAD_SIGNATURE_SHAPE)
    yield from crafted("SignedInfo: an attribute", replace(PLAIN, declared=' x="y"'), R.BAD_SIGNATURE_SHAPE)
    for part in ("Signature", "SignatureValue", "DigestValue", "DigestMethod", "SignatureMethod"):

        def mark(root: Node, part: str = part) -> None:
            find(root, f"{DS}{part}").set("x", "y")

        yield from after(f"{part}: an attribute", mark, R.BAD_SIGNATURE_SHAPE)
    yield from crafted("an empty digest", replace(PLAIN, digest=""), R.BAD_DIGEST)
    empty = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    yield from crafted("the digest of nothing", replace(PLAIN, digest=empty), R.BAD_DIGEST)
    yield from crafted("a digest with an element", replace(PLAIN, digest="AA<x/>=="), R.BAD_SIGNATURE_SHAPE)
    yield from crafted("two digests", replace(PLAIN, digest="AA==</ds:DigestValue><ds:DigestValue>AA=="), R.BAD_SIGNATURE_SHAPE)
    yield from after("a digest with a comment", _commented, R.COMMENT)
    # A library that looks for a digest in the whole document finds this one (2024-45409); the person is whom the provider signed.
    yield from after("another digest in the status", lambda root: _plant(find(root, STATUS)), styles=(Signed.ASSERTION,))
    yield from after("another digest in KeyInfo", lambda root: _plant(find(root, f"{DS}KeyInfo")), styles=(Signed.ASSERTION,))
    # A relative namespace makes an error of canonicalization, which may be taken for nothing, and nothing is signed (2025-66568).
    for uri in ("1", "x/y", "//host", "#f", "..", ""):
        name = "xmlns:v" if uri else "xmlns"
        yield from crafted(f"SignedInfo with {name}={uri!r}", replace(PLAIN, declared=f' {name}="{uri}"'), R.BAD_NAMESPACE)
    for uri in ("1", "x/y", "//host", "#f", "..", "a b", "urn:x?&lt;", "urn:x'", "urn:&#x78;", "1:x"):
        yield from after(f"a status with the namespace {uri!r}", lambda root, uri=uri: _declare(root, uri), R.BAD_NAMESPACE)


def _plant(place: Node) -> None:
    digest = put(f"{DS}DigestValue")
    digest.text = "AA=="
    place.append(put(f"{SAMLP}StatusDetail", put(f"{DS}Reference", digest, URI="#_assertion-1")))


def _commented(root: Node) -> bytes:
    start, found, rest = text(root).partition(b"DigestValue>")
    return start + found + b"<!--evil-->" + rest


def _declare(root: Node, uri: str) -> bytes:
    return text(root).replace(b"StatusCode ", b'StatusCode xmlns:v="%s" ' % uri.encode(), 1)
