"""Small records sealed under a ring of named keys of the deployment itself.

Rules that this module keeps:

- a record is version (1 byte, 0x01), length of the key's name (1), the name, nonce (12), ciphertext, tag (16), in AES-256-GCM;
- version, name and the caller's context are associated data: a record opens only where it belongs;
- tags, keyed digests that are not stored, are made under a key derived for them alone;
- new records are made under the current key, old ones open under theirs; rotation re-wraps them one by one;
- a record under a key that the ring does not hold is `KeyNotFound`, not a failed decryption: the operator has to bring the key back.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

from ctsec.encryption.primitives import NONCE_BYTES, TAG_BYTES, Aes256Gcm, derive, fresh_nonce
from ctsec.errors import CorruptRecord, KeyNotFound
from ctsec.ids import Random
from ctsec.secret import Secret

MAX_NAME: Final = 64
MAX_PLAINTEXT: Final = 64 * 1024
_VERSION: Final = 1
_LABEL: Final = b"ctsec/sealing/v1"
_TAG_LABEL: Final = b"ctsec/sealing/v1/tag"


class SealingRing:
    """Named keys of 32 bytes; the current one seals, all of them open. Shows nothing of the keys."""

    __slots__ = ("_ciphers", "_current", "_tags")

    def __init__(self, *, current: str, keys: Mapping[str, Secret]) -> None:
        """Raise ValueError if the current key is not in the ring, a key has not 32 bytes, or a name not 1 to 64 ASCII characters."""
        if current not in keys:
            raise ValueError("expected the current key to be one of the ring")
        if any(len(key) != 32 for key in keys.values()):
            raise ValueError("expected keys of 32 bytes")
        if not all(name.isascii() and 1 <= len(name) <= MAX_NAME for name in keys):
            raise ValueError(f"expected names of keys of 1 to {MAX_NAME} ascii characters")
        self._current = current
        self._ciphers = {name: Aes256Gcm(derive(key, label=_LABEL)) for name, key in keys.items()}
        self._tags = derive(keys[current], label=_TAG_LABEL)

    def __repr__(self) -> str:
        return f"SealingRing(current={self._current!r}, keys=<{len(self._ciphers)} hidden>)"

    def seal(self, plaintext: bytes, *, context: bytes, random: Random) -> bytes:
        """Return the record of `plaintext` under the current key, bound to `context`; raise ValueError for more than 64 KiB."""
        if len(plaintext) > MAX_PLAINTEXT:
            raise ValueError(f"expected at most {MAX_PLAINTEXT} bytes")
        name = self._current.encode("ascii")
        header = bytes((_VERSION, len(name))) + name
        nonce = fresh_nonce(random(NONCE_BYTES))
        return header + nonce + self._ciphers[self._current].encrypt(nonce, plaintext, header + context)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the keys, the current one first."""
        return (self._current, *(name for name in self._ciphers if name != self._current))

    def tag(self, message: bytes) -> bytes:
        """Return 32 bytes that follow from `message` and the current key: HMAC-SHA-256 under a key of its own."""
        return hmac.digest(self._tags.reveal(), message, "sha256")

    def key_of(self, sealed: bytes) -> str:
        """Return the name of the key that a record is under; raise CorruptRecord if it is none."""
        return self._split(sealed)[0]

    def needs_rewrap(self, sealed: bytes) -> bool:
        """Say whether a record is under another than the current key; raise CorruptRecord if it is none."""
        return self.key_of(sealed) != self._current

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """Return the plaintext; raise DecryptionFailed, KeyNotFound (a key that the ring has not) or CorruptRecord."""
        name, header, nonce, body = self._split(sealed)
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise KeyNotFound("a record was sealed under a key that is not in the ring; add that key again to open it")
        return cipher.decrypt(nonce, body, header + context)

    @staticmethod
    def _split(sealed: bytes) -> tuple[str, bytes, bytes, bytes]:
        start = 2 + sealed[1] if len(sealed) > 1 and sealed[0] == _VERSION else 0
        body = start + NONCE_BYTES
        name = sealed[2:start]
        if not name or len(name) > MAX_NAME or not name.isascii() or not TAG_BYTES <= len(sealed) - body <= TAG_BYTES + MAX_PLAINTEXT:
            raise CorruptRecord("expected a sealed record of version 1")
        return name.decode("ascii"), sealed[:start], sealed[start:body], sealed[body:]
