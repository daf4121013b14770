"""Enveloped signatures (XML Signature 1.1; SAML Core, 5): one shape, and only what was digested is read afterwards.

Rules that this module keeps:

- a signature stands behind the first part of what it signs, which is the issuer; it is SignedInfo, SignatureValue and perhaps KeyInfo, in
  this order, each once; KeyInfo is not looked into;
- SignedInfo is canonicalized, and read from exactly the bytes that the signature is over: one canonicalization method, one signature
  method, one Reference, to the ID of the element that the signature stands in;
- transforms are enveloped-signature and exclusive canonicalization without comments, once each, in this order; a method has nothing
  inside but InclusiveNamespaces with at most 16 prefixes;
- algorithms are those of the list; the key is one of the trust's, and fits the algorithm;
- the signature is verified before the digest; values are compared in constant time;
- what is returned is parsed from the canonical bytes that were digested, is named and identified as the element was, and is not nothing.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from ctsec.jose.rejection import Unacceptable, refuse_if
from ctsec.sso.saml.algorithms import SignatureAlgorithm, digest_of, signature_algorithm
from ctsec.sso.saml.names import DS, ENVELOPED, EXCLUSIVE_C14N
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.trust import Trust
from ctsec.sso.saml.wire import decode_wrapped
from ctsec.sso.saml.xml import Element, canonical, children, detach, only, parse_own, text_of

SIGNATURE: Final = f"{DS}Signature"
_INCLUSIVE: Final = f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces"
_MAX_PREFIXES: Final = 16
_NOTHING: Final[frozenset[str]] = frozenset()
_ALGORITHM: Final = frozenset({"Algorithm"})


@dataclass(frozen=True, slots=True)
class _Signed:
    """What a SignedInfo says."""

    algorithm: SignatureAlgorithm
    digest: bytes
    digest_method: str
    prefixes: tuple[str, ...]


def verify_enveloped(node: Element, trust: Trust) -> Element:
    """Return what a key of the trust signed of `node`, without the signature, from the bytes that were digested.

    `node` is changed. Raises Unacceptable if it is not signed so.
    """
    signatures = [each for each in node if each.tag == SIGNATURE]
    refuse_if(not signatures, SamlReason.UNSIGNED)
    refuse_if(len(signatures) > 1 or node[1] is not signatures[0], SamlReason.MISPLACED_SIGNATURE)
    signature = signatures[0]
    info, value = _parts(signature)
    prefixes = _canonicalization(next(iter(info), None))
    signed_bytes = canonical(info, prefixes)
    signed = _read(parse_own(signed_bytes), trust, name=node.get("ID", ""))
    signature_bytes = _value(value)
    refuse_if(not any(key.verifies(signed_bytes, signature_bytes, signed.algorithm) for key in trust.keys), SamlReason.BAD_SIGNATURE)
    detach(signature)
    covered = canonical(node, signed.prefixes)
    digest = digest_of(signed.digest_method, covered, unsafe_sha1=trust.unsafe_sha1)
    refuse_if(not hmac.compare_digest(digest, signed.digest), SamlReason.BAD_DIGEST)
    read = parse_own(covered)
    refuse_if(read.tag != node.tag or read.get("ID") != node.get("ID"), SamlReason.BAD_CANONICALIZATION)
    return read


def _parts(signature: Element) -> tuple[Element, Element]:
    only(signature, frozenset({"Id"}), SamlReason.BAD_SIGNATURE_SHAPE)
    inside = _inside(signature)
    names = [each.tag for each in inside]
    expected = [f"{DS}SignedInfo", f"{DS}SignatureValue", f"{DS}KeyInfo"]
    refuse_if(names not in (expected, expected[:2]), SamlReason.BAD_SIGNATURE_SHAPE)
    return inside[0], inside[1]


def _read(info: Element, trust: Trust, *, name: str) -> _Signed:
    only(info, frozenset({"Id"}), SamlReason.BAD_SIGNATURE_SHAPE)
    inside = _inside(info)
    expected = [f"{DS}CanonicalizationMethod", f"{DS}SignatureMethod", f"{DS}Reference"]
    refuse_if([each.tag for each in inside] != expected, SamlReason.BAD_SIGNATURE_SHAPE)
    _canonicalization(inside[0])
    refuse_if(len(inside[1]), SamlReason.BAD_SIGNATURE_SHAPE)
    algorithm = signature_algorithm(_algorithm(inside[1]), unsafe_sha1=trust.unsafe_sha1)
    reference = inside[2]
    found = only(reference, frozenset({"URI"}), SamlReason.BAD_REFERENCE)
    refuse_if(not name or found.get("URI") != f"#{name}", SamlReason.BAD_REFERENCE)
    parts = _inside(reference)
    refuse_if([each.tag for each in parts] != [f"{DS}Transforms", f"{DS}DigestMethod", f"{DS}DigestValue"], SamlReason.BAD_SIGNATURE_SHAPE)
    refuse_if(len(parts[1]), SamlReason.BAD_SIGNATURE_SHAPE)
    return _Signed(algorithm, _value(parts[2]), _algorithm(parts[1]), _transforms(parts[0]))


def _transforms(node: Element) -> tuple[str, ...]:
    only(node, _NOTHING, SamlReason.BAD_TRANSFORM)
    inside = _inside(node)
    refuse_if([each.tag for each in inside] != [f"{DS}Transform"] * 2, SamlReason.BAD_TRANSFORM)
    refuse_if(_algorithm(inside[0]) != ENVELOPED or len(inside[0]), SamlReason.BAD_TRANSFORM)
    refuse_if(_algorithm(inside[1]) != EXCLUSIVE_C14N, SamlReason.BAD_TRANSFORM)
    return _prefixes(inside[1])


def _canonicalization(method: Element | None) -> tuple[str, ...]:
    if method is None or method.tag != f"{DS}CanonicalizationMethod":
        raise Unacceptable(SamlReason.BAD_SIGNATURE_SHAPE)
    refuse_if(_algorithm(method) != EXCLUSIVE_C14N, SamlReason.BAD_CANONICALIZATION)
    return _prefixes(method)


def _prefixes(method: Element) -> tuple[str, ...]:
    inside = _inside(method)
    if not inside:
        return ()
    refuse_if(len(inside) > 1 or inside[0].tag != _INCLUSIVE or len(inside[0]) or inside[0].text, SamlReason.BAD_TRANSFORM)
    listed = only(inside[0], frozenset({"PrefixList"}), SamlReason.BAD_TRANSFORM).get("PrefixList", "").split()
    refuse_if(len(listed) > _MAX_PREFIXES, SamlReason.BAD_TRANSFORM)
    return tuple(listed)


def _algorithm(node: Element) -> str:
    return only(node, _ALGORITHM, SamlReason.BAD_SIGNATURE_SHAPE).get("Algorithm", "")


def _inside(node: Element) -> list[Element]:
    try:
        return children(node)
    except Unacceptable:
        raise Unacceptable(SamlReason.BAD_SIGNATURE_SHAPE) from None


def _value(node: Element) -> bytes:
    only(node, frozenset({"Id"}), SamlReason.BAD_SIGNATURE_SHAPE)
    refuse_if(len(node), SamlReason.BAD_SIGNATURE_SHAPE)
    return decode_wrapped(text_of(node))
