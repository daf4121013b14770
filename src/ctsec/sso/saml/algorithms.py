"""The algorithms of signatures and digests that are accepted (RFC 6931, RFC 9231): a closed list.

Rules that this module keeps:

- a name is looked up in the list, whole; there is no MAC, no DSA, no MD5 and no truncation in it;
- SHA-1 is there only for a trust that says so, for signatures and digests alike;
- an algorithm is for one kind of key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ctsec.jose.rejection import Unacceptable, refuse_if
from ctsec.sso.saml.names import DS_NS, XENC_NS
from ctsec.sso.saml.reason import SamlReason

_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_MGF1: Final = "http://www.w3.org/2007/05/xmldsig-more#"


class Scheme(StrEnum):
    """How a key signs."""

    PKCS1 = "pkcs1"
    PSS = "pss"
    ECDSA = "ecdsa"


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """A scheme with the hash that it signs."""

    uri: str
    scheme: Scheme
    hash: str


_SIGNATURES: Final = {
    each.uri: each
    for bits in ("256", "384", "512")
    for each in (
        SignatureAlgorithm(f"{_MORE}rsa-sha{bits}", Scheme.PKCS1, f"sha{bits}"),
        SignatureAlgorithm(f"{_MGF1}sha{bits}-rsa-MGF1", Scheme.PSS, f"sha{bits}"),
        SignatureAlgorithm(f"{_MORE}ecdsa-sha{bits}", Scheme.ECDSA, f"sha{bits}"),
    )
}
RSA_SHA1: Final = SignatureAlgorithm(f"{DS_NS}rsa-sha1", Scheme.PKCS1, "sha1")
SHA1: Final = f"{DS_NS}sha1"
RSA_SHA256: Final = _SIGNATURES[f"{_MORE}rsa-sha256"]
ECDSA_SHA256: Final = _SIGNATURES[f"{_MORE}ecdsa-sha256"]
SHA256: Final = f"{XENC_NS}sha256"
_DIGESTS: Final[Mapping[str, Any]] = {
    SHA256: hashlib.sha256,
    f"{_MORE}sha384": hashlib.sha384,
    f"{XENC_NS}sha512": hashlib.sha512,
    SHA1: hashlib.sha1,
}


def signature_algorithm(uri: str, *, unsafe_sha1: bool) -> SignatureAlgorithm:
    """Return the algorithm of this name; raise Unacceptable if it is not in the list."""
    if uri == RSA_SHA1.uri:
        refuse_if(not unsafe_sha1, SamlReason.SHA1_NOT_ALLOWED)
        return RSA_SHA1
    if uri not in _SIGNATURES:
        raise Unacceptable(SamlReason.ALGORITHM_NOT_ALLOWED)
    return _SIGNATURES[uri]


def digest_of(uri: str, data: bytes, *, unsafe_sha1: bool) -> bytes:
    """Return the digest of some bytes by the algorithm of this name; raise Unacceptable if it is not in the list."""
    refuse_if(uri == SHA1 and not unsafe_sha1, SamlReason.SHA1_NOT_ALLOWED)
    if uri not in _DIGESTS:
        raise Unacceptable(SamlReason.ALGORITHM_NOT_ALLOWED)
    made: bytes = _DIGESTS[uri](data).digest()
    return made
