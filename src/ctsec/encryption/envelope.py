"""The managed blob: data sealed under a cached data key.

Rules that this module keeps:

- a blob is magic (1 byte, 0xC7), version and suite (1 byte: 0x11), DEK id (16), commitment (32), nonce (12), ciphertext, tag (16): 78 bytes
  more than the plaintext. Suite 0x12 (a key for each message) is reserved and refused;
- the encryption key and the commitment come from the DEK by HKDF labels that name the DEK: AES-GCM itself commits to no key, so a blob is
  opened only if its commitment is the key's own, which is compared first, in constant time;
- magic, version, suite, DEK id, commitment and the context are associated data; the context is never stored;
- nonces are random, 96 bits: a key seals at most 2^32 messages (SP 800-38D, 8.3), 2^24 by default, of 64 MiB each at most;
- what is no managed blob is a corrupt record; whatever else does not fit is one and the same `DecryptionFailed`.
"""

from __future__ import annotations

from datetime import datetime
from hmac import compare_digest
from itertools import count
from typing import ClassVar, Final

from ctsec.encryption.context import Context
from ctsec.encryption.dek import DEK_ID_BYTES, dek_id_bytes, dek_id_from_bytes
from ctsec.encryption.primitives import KEY_BYTES, NONCE_BYTES, TAG_BYTES, Aes256Gcm, derive, fresh_nonce
from ctsec.errors import CorruptRecord, CtsecError, DecryptionFailed
from ctsec.ids import DekId, Random
from ctsec.secret import Secret

MAGIC: Final = 0xC7
SUITE_DEFAULT: Final = 0x11
SUITE_STRICT: Final = 0x12
COMMITMENT_BYTES: Final = 32
MAX_PLAINTEXT: Final = 64 * 1024 * 1024
MAX_MESSAGES: Final = 1 << 32
DEFAULT_MESSAGES: Final = 1 << 24

_START: Final = bytes((MAGIC, SUITE_DEFAULT))
_ID_END: Final = 2 + DEK_ID_BYTES
_HEADER: Final = _ID_END + COMMITMENT_BYTES
_BODY: Final = _HEADER + NONCE_BYTES
OVERHEAD: Final = _BODY + TAG_BYTES
_KEY_LABEL: Final = b"ctsec/managed/v1/aes-256-gcm/"
_COMMITMENT_LABEL: Final = b"ctsec/managed/v1/commitment/"


class DataKeyExhausted(CtsecError):
    """The data key has sealed as many messages as it may, or may only open; nothing was sealed, take an active one and try again."""

    code: ClassVar[str] = "data_key_exhausted"
    retryable: ClassVar[bool] = True


class NoDataKey(CtsecError):
    """There is no data key to seal under, or the one that sealed this is not in the store."""

    code: ClassVar[str] = "no_data_key"


class DataKey:
    """An unwrapped DEK, prepared: cipher, commitment and header are made once, and what it seals is counted.

    The bound on messages holds for this object; its owner bounds how many objects and how long (`not_after`, asked by `may_seal`).
    """

    __slots__ = ("_retired", "_sealed", "_sealing", "cipher", "commitment", "dek_id", "header", "max_messages", "not_after")

    def __init__(
        self,
        dek_id: DekId,
        *,
        material: Secret,
        max_messages: int = DEFAULT_MESSAGES,
        not_after: datetime | None = None,
        decrypt_only: bool = False,
    ) -> None:
        """Raise ValueError for material that has not 32 bytes, an id that is no DEK's, or a bound outside 0 to 2^32."""
        if len(material) != KEY_BYTES or not 0 <= max_messages <= MAX_MESSAGES:
            raise ValueError(f"expected {KEY_BYTES} bytes of key material and a bound of 0 to 2^32 messages")
        raw_id = dek_id_bytes(dek_id)
        self.dek_id = dek_id
        self.cipher = Aes256Gcm(derive(material, label=_KEY_LABEL + raw_id))
        self.commitment = derive(material, label=_COMMITMENT_LABEL + raw_id, length=COMMITMENT_BYTES).reveal()
        self.header = _START + raw_id + self.commitment
        self.max_messages = max_messages
        self.not_after = not_after
        self._retired = decrypt_only
        self._sealing = not decrypt_only and max_messages > 0
        self._sealed = count(1)

    def __repr__(self) -> str:
        return f"DataKey({self.dek_id!r}, <hidden>)"

    def may_seal(self, *, now: datetime) -> bool:
        """Say whether the key may seal at `now`: not decrypt-only, not exhausted, not older than `not_after`."""
        return self._sealing and (self.not_after is None or now < self.not_after)

    def allow(self, messages: int) -> None:
        """Let the key seal `messages` more, unless it may only open; raise ValueError beyond 2^32 in all."""
        if not 0 < messages <= MAX_MESSAGES - self.max_messages:
            raise ValueError("expected a bound of at most 2^32 messages in all")
        self.max_messages += messages
        self._sealing = not self._retired

    def count_message(self) -> None:
        """Count one message; raise DataKeyExhausted beyond the bound. `count` hands each number out once, to one thread."""
        if not self._sealing or next(self._sealed) > self.max_messages:
            self._sealing = False
            raise DataKeyExhausted("the data key may seal nothing more; take an active one")


def seal(plaintext: bytes, *, key: DataKey, context: Context, random: Random) -> bytes:
    """Return the managed blob of `plaintext`, bound to `context`; `random(12)` gives the nonce.

    Raises ValueError for more than 64 MiB, DataKeyExhausted when the key has reached its bound.
    """
    if len(plaintext) > MAX_PLAINTEXT:
        raise ValueError(f"expected at most {MAX_PLAINTEXT} bytes; longer data goes through a stream")
    key.count_message()
    nonce = fresh_nonce(random(NONCE_BYTES))
    return b"".join((key.header, nonce, key.cipher.encrypt(nonce, plaintext, key.header + context.encoded)))


def _check_shape(blob: bytes) -> None:
    if not OVERHEAD <= len(blob) <= OVERHEAD + MAX_PLAINTEXT or blob[:2] != _START:
        raise CorruptRecord("expected a managed blob of version 1 in the default suite")


def dek_id_of(blob: bytes) -> DekId:
    """Return the id of the DEK that sealed `blob`; raise CorruptRecord if it is no managed blob."""
    _check_shape(blob)
    return dek_id_from_bytes(blob[2:_ID_END])


def open_blob(blob: bytes, *, key: DataKey, context: Context) -> bytes:
    """Return the plaintext of a managed blob; raise DecryptionFailed if key, context or bytes do not fit, CorruptRecord if it is none."""
    _check_shape(blob)
    if not compare_digest(blob[:_HEADER], key.header):
        raise DecryptionFailed("the ciphertext does not open under this key and context")
    return key.cipher.decrypt(blob[_HEADER:_BODY], memoryview(blob)[_BODY:], key.header + context.encoded)
