"""Signatures of ECDSA on P-256 with SHA-256 over bytes that are no token, as scanners of leaked secrets sign their reports.

Rules that this module keeps:

- a key is a PEM text and on P-256, or it is none; a signature is DER (RFC 3279, 2.2.3) in base64, at most 256 characters;
- a signature that does not decode proves nothing, as a wrong one does.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

MAX_SIGNATURE: Final = 256


class P256Key:
    """A public key that verifies; shows itself as what it is, since it is no secret."""

    __slots__ = ("_key",)

    def __init__(self, pem: str) -> None:
        """Raise ValueError for a text that is no PEM of a public key on P-256."""
        key = serialization.load_pem_public_key(pem.encode("ascii"))
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("expected a public key on the curve P-256")  # noqa: TRY004 - a key of another kind is a wrong value
        self._key = key

    def proves(self, signature: str, message: bytes) -> bool:
        """Say whether `signature` is this key's of `message`."""
        if not 0 < len(signature) <= MAX_SIGNATURE:
            return False
        try:
            self._key.verify(b64decode(signature, validate=True), message, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True
