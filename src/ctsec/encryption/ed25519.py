"""Ed25519 signatures (RFC 8032) by a key of the deployment's own.

Rules that this module keeps:

- a key is 32 secret bytes (the seed); its name is `ed25519:` and the public key in 64 hexadecimal digits, and whoever checks a signature
  names the key that it has to be of: a signature that brings its own key along proves nothing;
- what is signed begins with a label of its purpose, which the caller gives.
"""

from __future__ import annotations

import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ctsec.secret import Secret

SEED_BYTES: Final = 32
PUBLIC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
_NAME: Final = re.compile(r"ed25519:[0-9a-f]{64}")
_PREFIX: Final = "ed25519:"


class Signer:
    """A signing key; `public` is its public key in 32 bytes and `name` what it is called. Shows nothing of the seed."""

    __slots__ = ("_key", "name", "public")

    def __init__(self, seed: Secret) -> None:
        """Raise ValueError unless the seed has 32 bytes."""
        if len(seed) != SEED_BYTES:
            raise ValueError(f"expected a seed of {SEED_BYTES} bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed.reveal())
        self.public = self._key.public_key().public_bytes_raw()
        self.name = signer_name(self.public)

    def __repr__(self) -> str:
        return f"Signer({self.name!r}, <hidden>)"

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._key.sign(message)


def signer_name(public: bytes) -> str:
    """Return the name of a public key."""
    return f"{_PREFIX}{public.hex()}"


def public_key_of(name: str) -> bytes:
    """Return the public key that a name stands for; raise ValueError for what is no name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"expected {_PREFIX} and 64 lower-case hexadecimal digits")
    return bytes.fromhex(name.removeprefix(_PREFIX))


def is_signed(message: bytes, *, signature: bytes, by: bytes) -> bool:
    """Say whether `signature` is one of `message` by the public key `by`."""
    try:
        Ed25519PublicKey.from_public_bytes(by).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
