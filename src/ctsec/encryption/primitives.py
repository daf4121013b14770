"""The one place of `cryptography`: AES-256-GCM, HKDF with SHA-256, HKDF-Expand and HMAC with SHA-512, and their errors translated."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from ctsec.errors import DecryptionFailed
from ctsec.secret import Secret

Octets: TypeAlias = bytes | bytearray | memoryview
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
DOES_NOT_OPEN: Final = "the ciphertext does not open under this key and context"
# for the hot paths, which call them without a wrapper in between
RawAesGcm: TypeAlias = AESGCM
NOT_AUTHENTIC: Final = (InvalidTag, ValueError)


def derive(key: Secret, *, label: bytes, length: int = KEY_BYTES) -> Secret:
    """Return `length` bytes derived from a uniformly random key for the purpose `label` (HKDF-SHA-256 without salt, RFC 5869)."""
    return Secret(HKDF(algorithm=SHA256(), length=length, salt=None, info=label).derive(key.reveal()))


def expand(key: Secret, *, info: bytes, length: int) -> bytes:
    """Return `length` bytes of HKDF-Expand with SHA-512 (RFC 5869, 2.3), where `key` is uniformly random and serves as the PRK."""
    return HKDFExpand(algorithm=SHA512(), length=length, info=info).derive(key.reveal())


def keyed_hmac(key: Secret, *, start: bytes) -> Callable[[], HMAC]:
    """Return what copies an HMAC-SHA-512 that has its key and `start` already; a copy costs a third of keying anew."""
    state = HMAC(key.reveal(), SHA512())
    state.update(start)
    return state.copy


class Aes256Gcm:
    """AES-256-GCM with one key of 32 bytes, 96-bit nonces and 128-bit tags (SP 800-38D); shows nothing of the key."""

    __slots__ = ("_decrypt", "_decrypt_into", "_encrypt_into", "encrypt")

    def __init__(self, key: Secret) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"expected a key of {KEY_BYTES} bytes")
        aead = AESGCM(key.reveal())
        # bound once: encrypt(nonce, plaintext, associated data) -> ciphertext and tag
        self.encrypt = aead.encrypt
        self._decrypt = aead.decrypt
        # newer than the oldest `cryptography` that ctsec runs with
        self._encrypt_into = getattr(aead, "encrypt_into", None)
        self._decrypt_into = getattr(aead, "decrypt_into", None)

    def __repr__(self) -> str:
        return "Aes256Gcm(<hidden>)"

    def decrypt(self, nonce: bytes, data: bytes | memoryview, associated: bytes) -> bytes:
        """Return the plaintext; raise DecryptionFailed if anything does not fit."""
        try:
            return self._decrypt(nonce, data, associated)
        except NOT_AUTHENTIC:
            raise DecryptionFailed(DOES_NOT_OPEN) from None

    def encrypt_into(self, nonce: bytes, plaintext: Octets, out: memoryview) -> None:
        """Write ciphertext and tag to `out`, which is 16 bytes longer than the plaintext; there is no associated data."""
        if self._encrypt_into is None:
            out[:] = self.encrypt(nonce, plaintext, None)
        else:
            self._encrypt_into(nonce, plaintext, None, out)

    def decrypt_into(self, nonce: bytes, data: Octets, out: memoryview) -> None:
        """Write the plaintext to `out`, which is 16 bytes shorter than `data`; raise DecryptionFailed, with zeros in `out`."""
        try:
            if self._decrypt_into is None:
                out[:] = self._decrypt(nonce, data, None)
            else:
                self._decrypt_into(nonce, data, None, out)
        except NOT_AUTHENTIC:
            out[:] = bytes(len(out))
            raise DecryptionFailed(DOES_NOT_OPEN) from None


def encrypt_behind(aead: RawAesGcm, head: bytes, nonce: bytes, plaintext: bytes, associated: bytes | None) -> bytes:
    """Return `head`, ciphertext and tag, encrypted to their place: to join them would copy a long ciphertext once more."""
    encrypt_into = getattr(aead, "encrypt_into", None)
    if encrypt_into is None:
        return head + aead.encrypt(nonce, plaintext, associated)
    # what nobody else refers to is taken over by BytesIO, and given back by it, without a copy
    buffer = BytesIO(bytes(len(head) + len(plaintext) + TAG_BYTES))
    with buffer.getbuffer() as view:
        view[: len(head)] = head
        encrypt_into(nonce, plaintext, associated, view[len(head) :])
    return buffer.getvalue()


def broken_source(size: int) -> ValueError:
    """Return the error for a source of randomness that did not give `size` bytes."""
    return ValueError(f"expected {size} bytes from the source of randomness")


def fresh_nonce(source: bytes) -> bytes:
    """Return `source` if it is a nonce of 12 bytes; raise ValueError for a broken source of randomness."""
    if len(source) != NONCE_BYTES:
        raise broken_source(NONCE_BYTES)
    return source
