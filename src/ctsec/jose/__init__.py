"""Signed tokens and public keys: keys typed with their algorithm, and one verifier that fails closed.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.jose.jwks import KeySet as KeySet
    from ctsec.jose.jwks import parse_jwks as parse_jwks
    from ctsec.jose.jws import Kind as Kind
    from ctsec.jose.jws import verify_jws as verify_jws
    from ctsec.jose.keys import Algorithm as Algorithm
    from ctsec.jose.keys import PublicKey as PublicKey
    from ctsec.jose.rejection import KeyReason as KeyReason
    from ctsec.jose.rejection import Rejected as Rejected
    from ctsec.jose.rejection import TokenReason as TokenReason
    from ctsec.jose.signing import SigningKey as SigningKey

_HOME = {
    "Algorithm": "ctsec.jose.keys",
    "KeyReason": "ctsec.jose.rejection",
    "KeySet": "ctsec.jose.jwks",
    "Kind": "ctsec.jose.jws",
    "PublicKey": "ctsec.jose.keys",
    "Rejected": "ctsec.jose.rejection",
    "SigningKey": "ctsec.jose.signing",
    "TokenReason": "ctsec.jose.rejection",
    "parse_jwks": "ctsec.jose.jwks",
    "verify_jws": "ctsec.jose.jws",
}
__all__ = [
    "Algorithm",
    "KeyReason",
    "KeySet",
    "Kind",
    "PublicKey",
    "Rejected",
    "SigningKey",
    "TokenReason",
    "parse_jwks",
    "verify_jws",
]

__getattr__ = face(__name__, _HOME)
