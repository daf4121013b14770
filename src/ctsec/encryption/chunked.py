"""C2SP chunked encryption (c2sp.org/chunked-encryption, v1) with AES-256-GCM and SHA-512, known as Cobblestone-256.

Rules that this module keeps:

- a message is salt (24 bytes), commitment (32), then chunks of 16 KiB of plaintext, each followed by its tag (16); the last chunk is
  shorter than 16 KiB and may be empty, so that every message has exactly one chunking and a lost end shows;
- key (32), base nonce (12) and commitment (32) are HKDF-Expand (SHA-512) of the input key over the scheme's name, the cipher's, the salt
  and the context; the commitment is compared, in constant time, before any chunk is looked at;
- the nonce of a chunk is the base nonce XOR its number, so a chunk opens at its own place only; there is no associated data;
- there are at most 2^38 chunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from hmac import compare_digest
from typing import Final

from ctsec.encryption.primitives import DOES_NOT_OPEN, KEY_BYTES, NONCE_BYTES, TAG_BYTES, Aes256Gcm, Octets, expand
from ctsec.errors import DecryptionFailed
from ctsec.secret import Secret

SALT_BYTES: Final = 24
COMMITMENT_BYTES: Final = 32
HEADER_BYTES: Final = SALT_BYTES + COMMITMENT_BYTES
CHUNK: Final = 16 * 1024
SEALED_CHUNK: Final = CHUNK + TAG_BYTES
MAX_CHUNKS: Final = 1 << 38
_COMMITMENT_START: Final = KEY_BYTES + NONCE_BYTES
_NAME: Final = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"


class Chunks:
    """The keys of one message; `header` is what stands before its chunks. Shows nothing of a key."""

    __slots__ = ("_base", "_cipher", "header")

    def __init__(self, input_key: Secret, *, salt: bytes, context: bytes) -> None:
        """Raise ValueError for an input key that has not 32 or a salt that has not 24 bytes."""
        if len(input_key) != KEY_BYTES or len(salt) != SALT_BYTES:
            raise ValueError(f"expected an input key of {KEY_BYTES} and a salt of {SALT_BYTES} bytes")
        derived = expand(input_key, info=_NAME + salt + context, length=_COMMITMENT_START + COMMITMENT_BYTES)
        self._cipher = Aes256Gcm(Secret(derived[:KEY_BYTES]))
        self._base = int.from_bytes(derived[KEY_BYTES:_COMMITMENT_START], "big")
        self.header = salt + derived[_COMMITMENT_START:]

    def __repr__(self) -> str:
        return "Chunks(<hidden>)"

    @classmethod
    def of(cls, header: bytes, *, input_key: Secret, context: bytes) -> Chunks:
        """Return the keys of the message that starts with these 56 bytes; raise DecryptionFailed if its commitment is another."""
        if len(header) != HEADER_BYTES:
            raise DecryptionFailed(DOES_NOT_OPEN)
        found = cls(input_key, salt=header[:SALT_BYTES], context=context)
        if not compare_digest(header, found.header):
            raise DecryptionFailed(DOES_NOT_OPEN)
        return found

    def seal(self, number: int, chunk: Octets, out: memoryview) -> None:
        """Write chunk `number` and its tag to `out`; raise ValueError beyond the last number."""
        if number >= MAX_CHUNKS:
            raise ValueError("expected at most 4 PiB in a stream")
        self._cipher.encrypt_into((self._base ^ number).to_bytes(NONCE_BYTES, "big"), chunk, out)

    def open(self, number: int, sealed: Octets, out: memoryview) -> None:
        """Write the plaintext of chunk `number` to `out`; raise DecryptionFailed, with zeros in `out`."""
        if number >= MAX_CHUNKS:
            raise DecryptionFailed(DOES_NOT_OPEN)
        self._cipher.decrypt_into((self._base ^ number).to_bytes(NONCE_BYTES, "big"), sealed, out)


class Pieces:
    """Bytes that come as they come, cut into pieces of one size; what does not fill a piece is kept."""

    __slots__ = ("_kept", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept = bytearray()

    def count(self, more: int) -> int:
        """Return how many pieces there are with so many more bytes."""
        return (len(self._kept) + more) // self._size

    def feed(self, data: memoryview) -> Iterator[memoryview]:
        """Yield the pieces that are whole with `data`, and keep the rest."""
        size, start = self._size, 0
        if self._kept:
            start = min(size - len(self._kept), len(data))
            self._kept += data[:start]
            if len(self._kept) < size:
                return
            yield memoryview(self._kept)
            self._kept = bytearray()
        whole = len(data) - (len(data) - start) % size
        for place in range(start, whole, size):
            yield data[place : place + size]
        self._kept += data[whole:]

    def rest(self) -> bytes:
        """Return what does not fill a piece."""
        return bytes(self._kept)
