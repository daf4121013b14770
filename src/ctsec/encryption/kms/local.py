"""A key service without a server: a key-encryption key in a local file.

Rules that this module keeps:

- a wrapped key is version (1 byte, 0x01), id of the KEK (16), nonce (12), AES-256-GCM of the 32 bytes, tag (16): 77 bytes, with version, id
  and context as associated data;
- a key wrapped under another file's KEK is `KeyNotFound`, a wrong context or changed bytes are `DecryptionFailed`;
- the key of the file is never used itself: wrapping and every named subkey are derived from it under labels of their own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.kek import KekDescription, KmsCapabilities, check_context, check_data_key, fresh_data_key
from ctsec.encryption.kms.local_file import ID_BYTES, KEY_BYTES, create_file, read_file
from ctsec.encryption.primitives import NONCE_BYTES, TAG_BYTES, Aes256Gcm, derive, fresh_nonce
from ctsec.errors import DecryptionFailed, KeyNotFound
from ctsec.ids import Random
from ctsec.secret import Secret

_VERSION: Final = b"\x01"
_HEADER: Final = 1 + ID_BYTES
_BODY: Final = _HEADER + NONCE_BYTES
_WRAPPED: Final = _BODY + KEY_BYTES + TAG_BYTES
_WRAP_LABEL: Final = b"ctsec/local-kms/v1/wrap"
_DERIVE_LABEL: Final = b"ctsec/local-kms/v1/derive/"
_CAPABILITIES: Final = KmsCapabilities(binds_context=True, rewraps_inside=False, reports_state=False, multi_region=False)


class LocalKms:
    """The KMS verbs on a key of 32 bytes in memory; `create` and `load` take it from a file. Shows nothing of the key.

    `ref` is the reference that records hold: `local:` and the id in 32 hex digits.
    """

    __slots__ = ("_cipher", "_header", "_key", "_random", "ref")

    def __init__(self, key_id: bytes, *, key: Secret, random: Random = os.urandom) -> None:
        """Raise ValueError unless the id has 16 and the key 32 bytes."""
        if len(key_id) != ID_BYTES or len(key) != KEY_BYTES:
            raise ValueError(f"expected an id of {ID_BYTES} and a key of {KEY_BYTES} bytes")
        self._header = _VERSION + key_id
        self.ref = f"local:{key_id.hex()}"
        self._key = key
        self._cipher = Aes256Gcm(derive(key, label=_WRAP_LABEL))
        self._random = random

    def __repr__(self) -> str:
        return f"LocalKms({self.ref!r}, <hidden>)"

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, random: Random = os.urandom) -> LocalKms:
        """Write a fresh key to a new file of mode 0600 and return it; raise ConfigurationError if something is there already."""
        create_file(Path(path), random=random)
        return cls.load(path, random=random)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, random: Random = os.urandom) -> LocalKms:
        """Return the key of a file; raise KeyNotFound, which says what is lost, or ConfigurationError, which says what to mend."""
        key_id, key = read_file(Path(path))
        return cls(key_id, key=key, random=random)

    def describe(self) -> KekDescription:
        """Return the reference of the key, `local:` and its id."""
        return KekDescription(ref=self.ref, provider="local", capabilities=_CAPABILITIES)

    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return (a fresh data key of 32 bytes, its wrapped form bound to `context`)."""
        check_context(context)
        plaintext = fresh_data_key(self._random)
        return plaintext, self.wrap(plaintext, context)

    def wrap(self, key: Secret, context: bytes) -> bytes:
        """Return the wrapped form of a data key, bound to `context`; raise ValueError unless it has 32 bytes."""
        check_context(context)
        check_data_key(key)
        nonce = fresh_nonce(self._random(NONCE_BYTES))
        return self._header + nonce + self._cipher.encrypt(nonce, key.reveal(), self._header + context)

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key; raise KeyNotFound if another KEK wrapped it, DecryptionFailed for another context or changed bytes."""
        check_context(context)
        if len(wrapped) != _WRAPPED or wrapped[:1] != _VERSION:
            raise DecryptionFailed("expected a data key that a local key wrapped")
        if wrapped[:_HEADER] != self._header:
            raise KeyNotFound("a data key was wrapped under another local key than the one loaded; load the one that belongs to this store")
        return Secret(self._cipher.decrypt(wrapped[_HEADER:_BODY], wrapped[_BODY:], self._header + context))

    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew and bound to `new_context`; raises as `unwrap` does."""
        return self.wrap(self.unwrap(wrapped, old_context), new_context)

    def derive(self, label: bytes) -> Secret:
        """Return 32 bytes for the purpose `label` (a pepper): the same for the same file and label; raise ValueError if it is empty."""
        if not label:
            raise ValueError("expected a label that names the purpose")
        return derive(self._key, label=_DERIVE_LABEL + label)


class AsyncLocalKms:
    """The same verbs as `async def`, around a `LocalKms`: each takes microseconds, so they run where they are called."""

    __slots__ = ("_kms", "ref")

    def __init__(self, kms: LocalKms) -> None:
        self._kms = kms
        self.ref = kms.ref

    def __repr__(self) -> str:
        return f"Async{self._kms!r}"

    async def describe(self) -> KekDescription:
        """Return the reference of the key, `local:` and its id."""
        return self._kms.describe()

    async def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return (a fresh data key of 32 bytes, its wrapped form bound to `context`)."""
        return self._kms.generate_data_key(context)

    async def wrap(self, key: Secret, context: bytes) -> bytes:
        """Return the wrapped form of a data key, bound to `context`; raise ValueError unless it has 32 bytes."""
        return self._kms.wrap(key, context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key; raise KeyNotFound if another KEK wrapped it, DecryptionFailed for another context or changed bytes."""
        return self._kms.unwrap(wrapped, context)

    async def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew and bound to `new_context`; raises as `unwrap` does."""
        return self._kms.rewrap(wrapped, old_context, new_context)


class AsyncLocalSigner:
    """A signing key in memory as `async def`: a signature takes microseconds, so it is made where it is asked for."""

    __slots__ = ("_signer", "public")

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.public = signer.public

    def __repr__(self) -> str:
        return f"Async{self._signer!r}"

    async def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        return self._signer.sign(message)
