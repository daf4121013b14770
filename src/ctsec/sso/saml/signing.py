"""Signatures that we make: on what we send, and in the tests on what a provider sends (XML Signature 1.1; SAML Core, 5.4).

Rules that this module keeps:

- what is signed has an ID, and the signature stands behind its issuer, in the one shape that `signature` accepts;
- what is sent is the canonical form of what was signed.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Protocol

from ctsec.sso.saml.algorithms import SHA256, SignatureAlgorithm, digest_of
from ctsec.sso.saml.names import DS, ENVELOPED, EXCLUSIVE_C14N
from ctsec.sso.saml.xml import Element, canonical, make


class Signer(Protocol):
    """What signs: a `ServiceKey`, or what stands for a provider's key in a test."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """With which algorithm."""
        ...

    @property
    def certificate(self) -> str:
        """The certificate, in base64 without its frame."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature of some bytes."""
        ...


def sign_enveloped(node: Element, key: Signer, *, digest: str = SHA256, prefixes: Sequence[str] = (), place: int = 1) -> None:
    """Put a signature of `key` into an element with an ID, behind its first child; `prefixes` are kept by InclusiveNamespaces.

    `place` is 0 where the schema wants it first, which is in metadata only.
    """
    value = digest_of(digest, canonical(node, prefixes), unsafe_sha1=True)
    kept = [make("ec", "InclusiveNamespaces", {"PrefixList": " ".join(prefixes)})] if prefixes else []
    reference = make(
        "ds",
        "Reference",
        {"URI": f"#{node.get('ID')}"},
        make(
            "ds",
            "Transforms",
            None,
            make("ds", "Transform", {"Algorithm": ENVELOPED}),
            make("ds", "Transform", {"Algorithm": EXCLUSIVE_C14N}, *kept),
        ),
        make("ds", "DigestMethod", {"Algorithm": digest}),
        make("ds", "DigestValue", None, base64.b64encode(value).decode("ascii")),
    )
    info = make(
        "ds",
        "SignedInfo",
        None,
        make("ds", "CanonicalizationMethod", {"Algorithm": EXCLUSIVE_C14N}),
        make("ds", "SignatureMethod", {"Algorithm": key.algorithm.uri}),
        reference,
    )
    signature = make("ds", "Signature", None, info)
    node.insert(place, signature)
    signed = key.sign(canonical(signature.find(f"{DS}SignedInfo")))
    signature.append(make("ds", "SignatureValue", None, base64.b64encode(signed).decode("ascii")))
    signature.append(key_info(key.certificate))


def key_info(certificate: str) -> Element:
    """Return a KeyInfo with one certificate."""
    return make("ds", "KeyInfo", None, make("ds", "X509Data", None, make("ds", "X509Certificate", None, certificate)))
