"""The one place of `cryptography`: AES-256-GCM and HKDF-SHA-256, with their errors translated."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ctsec.errors import DecryptionFailed
from ctsec.secret import Secret

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


def derive(key: Secret, *, label: bytes, length: int = KEY_BYTES) -> Secret:
    """Return `length` bytes derived from a uniformly random key for the purpose `label` (HKDF-SHA-256 without salt, RFC 5869)."""
    return Secret(HKDF(algorithm=SHA256(), length=length, salt=None, info=label).derive(key.reveal()))


class Aes256Gcm:
    """AES-256-GCM with one key of 32 bytes, 96-bit nonces and 128-bit tags (SP 800-38D); shows nothing of the key."""

    __slots__ = ("_decrypt", "encrypt")

    def __init__(self, key: Secret) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"expected a key of {KEY_BYTES} bytes")
        aead = AESGCM(key.reveal())
        # bound once: encrypt(nonce, plaintext, associated data) -> ciphertext and tag
        self.encrypt = aead.encrypt
        self._decrypt = aead.decrypt

    def __repr__(self) -> str:
        return "Aes256Gcm(<hidden>)"

    def decrypt(self, nonce: bytes, data: bytes | memoryview, associated: bytes) -> bytes:
        """Return the plaintext; raise DecryptionFailed if anything does not fit."""
        try:
            return self._decrypt(nonce, data, associated)
        except (InvalidTag, ValueError):
            raise DecryptionFailed("the ciphertext does not open under this key and context") from None


def fresh_nonce(source: bytes) -> bytes:
    """Return `source` if it is a nonce of 12 bytes; raise ValueError for a broken source of randomness."""
    if len(source) != NONCE_BYTES:
        raise ValueError(f"expected {NONCE_BYTES} bytes from the source of randomness")
    return source
