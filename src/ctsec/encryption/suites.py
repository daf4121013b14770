"""The two suites of the managed blob: what they derive from a DEK, and the bytes that they write and read.

Rules that this module keeps:

- default, 0x11: magic (1 byte, 0xC7), suite (1), DEK id (16), commitment (32), nonce (12), ciphertext, tag (16): 78 bytes more than the
  plaintext. One key and one commitment of the DEK; associated data are the header (the first 50 bytes) and the context;
- strict, 0x12: magic, suite, DEK id, salt (24), commitment (32), ciphertext, tag: 90 bytes more. Key and commitment are of the message,
  both out of one HMAC-SHA-512 over salt and context: the commitment commits to the DEK, the salt and the context at once;
- AES-GCM itself commits to no key: the commitment is compared before anything is decrypted, in constant time;
- a suite's keys come from the DEK under labels of its own that hold the DEK's id, so no byte of one suite opens in the other.
"""

from __future__ import annotations

from enum import IntEnum
from hmac import compare_digest
from typing import Final, Protocol

from ctsec.encryption.dek import DEK_ID_BYTES
from ctsec.encryption.primitives import (
    DOES_NOT_OPEN,
    KEY_BYTES,
    NONCE_BYTES,
    NOT_AUTHENTIC,
    TAG_BYTES,
    RawAesGcm,
    broken_source,
    derive,
    encrypt_behind,
    fresh_nonce,
    keyed_hmac,
)
from ctsec.errors import CorruptRecord, DecryptionFailed
from ctsec.ids import Random
from ctsec.secret import Secret

MAGIC: Final = 0xC7
COMMITMENT_BYTES: Final = 32
SALT_BYTES: Final = 24
ID_END: Final = 2 + DEK_ID_BYTES
_HEADER: Final = ID_END + COMMITMENT_BYTES
_BODY: Final = _HEADER + NONCE_BYTES
_SALT_END: Final = ID_END + SALT_BYTES
_STRICT_BODY: Final = _SALT_END + COMMITMENT_BYTES
OVERHEAD: Final = _BODY + TAG_BYTES
STRICT_OVERHEAD: Final = _STRICT_BODY + TAG_BYTES
MAX_PLAINTEXT: Final = 64 * 1024 * 1024
_LONGEST: Final = OVERHEAD + MAX_PLAINTEXT
_STRICT_LONGEST: Final = STRICT_OVERHEAD + MAX_PLAINTEXT
_ZEROS: Final = bytes(NONCE_BYTES)
# below this a copy is faster than a view
_COPIED: Final = 16 * 1024

_KEY_LABEL: Final = b"ctsec/managed/v1/aes-256-gcm/"
_COMMITMENT_LABEL: Final = b"ctsec/managed/v1/commitment/"
_STRICT_LABEL: Final = b"ctsec/managed/v1/strict/"


class Suite(IntEnum):
    """The suites of a managed blob, by their second byte: one key for many messages, or a key and a commitment for each message."""

    DEFAULT = 0x11
    STRICT = 0x12


class Sealing(Protocol):
    """A suite with its keys; `bound` is what a blob belongs to."""

    def seal(self, plaintext: bytes, bound: bytes, random: Random, /) -> bytes:
        """Return the blob of `plaintext`."""
        ...

    def seal_long(self, plaintext: bytes, bound: bytes, random: Random, /) -> bytes:
        """Return the same bytes, faster for tens of kilobytes and more."""
        ...

    def open(self, blob: bytes, bound: bytes, /) -> bytes:
        """Return the plaintext; raise DecryptionFailed if anything does not fit, CorruptRecord for what is no blob."""
        ...


def suite_of(blob: bytes) -> Suite:
    """Return the suite of a managed blob; raise CorruptRecord if it is none."""
    for suite, shortest, longest in ((Suite.DEFAULT, OVERHEAD, _LONGEST), (Suite.STRICT, STRICT_OVERHEAD, _STRICT_LONGEST)):
        if blob[:2] == bytes((MAGIC, suite)) and shortest <= len(blob) <= longest:
            return suite
    raise CorruptRecord("expected a managed blob of version 1, in the default or the strict suite")


def not_opened(blob: bytes) -> DecryptionFailed:
    """Return the error for a blob that does not open; raise CorruptRecord if it is none."""
    suite_of(blob)
    return DecryptionFailed(DOES_NOT_OPEN)


def start_of(suite: Suite, *, raw_id: bytes) -> bytes:
    """Return the first 18 bytes of every blob of a DEK in a suite."""
    return bytes((MAGIC, suite)) + raw_id


def commitment_of(material: Secret, *, raw_id: bytes) -> bytes:
    """Return the commitment to a DEK: 32 bytes that the DEK's record and the default suite's header show."""
    return derive(material, label=_COMMITMENT_LABEL + raw_id, length=COMMITMENT_BYTES).reveal()


class DefaultSuite:
    """One key for many messages, each with a random nonce."""

    __slots__ = ("_aead", "_decrypt", "_encrypt", "_header")

    def __init__(self, material: Secret, *, raw_id: bytes) -> None:
        self._aead = RawAesGcm(derive(material, label=_KEY_LABEL + raw_id).reveal())
        self._encrypt = self._aead.encrypt
        self._decrypt = self._aead.decrypt
        self._header = start_of(Suite.DEFAULT, raw_id=raw_id) + commitment_of(material, raw_id=raw_id)

    def __repr__(self) -> str:
        return "DefaultSuite(<hidden>)"

    def seal(self, plaintext: bytes, bound: bytes, random: Random, /) -> bytes:
        """Return the blob of `plaintext`."""
        header = self._header
        nonce = random(NONCE_BYTES)
        if len(nonce) != NONCE_BYTES:
            raise broken_source(NONCE_BYTES)
        return b"".join((header, nonce, self._encrypt(nonce, plaintext, header + bound)))

    def seal_long(self, plaintext: bytes, bound: bytes, random: Random, /) -> bytes:
        """Return the blob of `plaintext`, encrypted in place."""
        nonce = fresh_nonce(random(NONCE_BYTES))
        return encrypt_behind(self._aead, self._header + nonce, nonce, plaintext, self._header + bound)

    def open(self, blob: bytes, bound: bytes, /) -> bytes:
        """Return the plaintext; raise DecryptionFailed if anything does not fit, CorruptRecord for what is no blob."""
        header = self._header
        if compare_digest(blob[:_HEADER], header):
            if len(blob) < _COPIED:
                body: bytes | memoryview = blob[_BODY:]
            elif len(blob) <= _LONGEST:
                body = memoryview(blob)[_BODY:]
            else:
                raise not_opened(blob)
            try:
                return self._decrypt(blob[_HEADER:_BODY], body, header + bound)
            except NOT_AUTHENTIC:
                pass
        raise not_opened(blob)


class StrictSuite:
    """A key and a commitment for each message, out of a random salt and the context.

    Both are the KDF in counter mode of SP 800-108r1 (4.1) with HMAC-SHA-512: one block, its counter in one byte before the salt and the
    context. The key serves for one message, so its nonce is zeros, and nothing is left to be associated data.
    """

    __slots__ = ("_keyed", "_start")

    def __init__(self, material: Secret, *, raw_id: bytes) -> None:
        self._keyed = keyed_hmac(derive(material, label=_STRICT_LABEL + raw_id), start=b"\x01")
        self._start = start_of(Suite.STRICT, raw_id=raw_id)

    def __repr__(self) -> str:
        return "StrictSuite(<hidden>)"

    def seal(self, plaintext: bytes, bound: bytes, random: Random, /) -> bytes:
        """Return the blob of `plaintext`."""
        salt = random(SALT_BYTES)
        if len(salt) != SALT_BYTES:
            raise broken_source(SALT_BYTES)
        keyed = self._keyed()
        keyed.update(salt + bound)
        derived = keyed.finalize()
        return b"".join((self._start, salt, derived[KEY_BYTES:], RawAesGcm(derived[:KEY_BYTES]).encrypt(_ZEROS, plaintext, None)))

    def seal_long(self, plaintext: bytes, bound: bytes, random: Random, /) -> bytes:
        """Return the blob of `plaintext`, encrypted in place."""
        salt = random(SALT_BYTES)
        if len(salt) != SALT_BYTES:
            raise broken_source(SALT_BYTES)
        keyed = self._keyed()
        keyed.update(salt + bound)
        derived = keyed.finalize()
        head = self._start + salt + derived[KEY_BYTES:]
        return encrypt_behind(RawAesGcm(derived[:KEY_BYTES]), head, _ZEROS, plaintext, None)

    def open(self, blob: bytes, bound: bytes, /) -> bytes:
        """Return the plaintext; raise DecryptionFailed if anything does not fit, CorruptRecord for what is no blob."""
        if blob[:ID_END] != self._start or len(blob) > _STRICT_LONGEST:
            raise not_opened(blob)
        keyed = self._keyed()
        keyed.update(blob[ID_END:_SALT_END] + bound)
        derived = keyed.finalize()
        if compare_digest(blob[_SALT_END:_STRICT_BODY], derived[KEY_BYTES:]):
            body = blob[_STRICT_BODY:] if len(blob) < _COPIED else memoryview(blob)[_STRICT_BODY:]
            try:
                return RawAesGcm(derived[:KEY_BYTES]).decrypt(_ZEROS, body, None)
            except NOT_AUTHENTIC:
                pass
        derived = b""  # a traceback that shows variables would show the message's key
        raise not_opened(blob)
