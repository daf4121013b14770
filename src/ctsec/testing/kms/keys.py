"""The keys of the stand-in: where they are, whose they are, what state they are in and who may use them."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final

from ctsec.encryption.kms.arn import KeyArn
from ctsec.encryption.primitives import NONCE_BYTES, Aes256Gcm
from ctsec.errors import DecryptionFailed
from ctsec.secret import Secret
from ctsec.testing.kms.refusal import KmsRefusal

_MARK: Final = b"fake-kms/1"
_ID_BYTES: Final = 16
_HEADER: Final = len(_MARK) + _ID_BYTES


class KeyState(StrEnum):
    """The states of a key that the stand-in knows, as the service spells them."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeKey:
    """A key. `denied` are operations that its policy denies to everybody, `trusted` the other accounts that may use it."""

    arn: KeyArn
    material: Secret
    primary_region: str
    state: KeyState = KeyState.ENABLED
    usage: str = "ENCRYPT_DECRYPT"
    spec: str = "SYMMETRIC_DEFAULT"
    denied: frozenset[str] = frozenset()
    trusted: frozenset[str] = frozenset()

    @property
    def mark(self) -> bytes:
        """The bytes that name the key inside its ciphertexts; replicas share them."""
        return _MARK + sha256(f"{self.arn.account}/{self.arn.key_id}".encode()).digest()[:_ID_BYTES]


def context_bytes(context: Mapping[str, str]) -> bytes:
    """Return an encryption context as bytes: every name and value behind its length, in the order of the names."""
    parts = (part.encode() for name in sorted(context) for part in (name, context[name]))
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def encrypt(key: FakeKey, plaintext: bytes, context: Mapping[str, str]) -> bytes:
    """Return the ciphertext of this key for this context."""
    nonce = os.urandom(NONCE_BYTES)
    return key.mark + nonce + Aes256Gcm(key.material).encrypt(nonce, plaintext, key.mark + context_bytes(context))


def decrypt(key: FakeKey, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
    """Return the plaintext; raise KmsRefusal as the service does: another key's ciphertext, or one that does not open."""
    if ciphertext[: len(_MARK)] == _MARK and len(ciphertext) > _HEADER and ciphertext[:_HEADER] != key.mark:
        raise KmsRefusal("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
    nonce, body = ciphertext[_HEADER : _HEADER + NONCE_BYTES], ciphertext[_HEADER + NONCE_BYTES :]
    try:
        return Aes256Gcm(key.material).decrypt(nonce, body, ciphertext[:_HEADER] + context_bytes(context))
    except DecryptionFailed:
        raise KmsRefusal("InvalidCiphertextException", "") from None


class FakeKeys:
    """The keys of every region and account, and what their owners do with them; a key is named by its ARN."""

    __slots__ = ("_keys", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, FakeKey] = {}

    def create(
        self,
        region: str = "eu-central-1",
        *,
        account: str = "111122223333",
        multi_region: bool = False,
        usage: str = "ENCRYPT_DECRYPT",
        spec: str = "SYMMETRIC_DEFAULT",
    ) -> str:
        """Return the ARN of a new key; raise ValueError for a region or account that is none."""
        key_id = f"mrk-{uuid.uuid4().hex}" if multi_region else str(uuid.uuid4())
        partition = next((p for p, start in (("aws-cn", "cn-"), ("aws-us-gov", "us-gov-")) if region.startswith(start)), "aws")
        arn = KeyArn(partition=partition, region=region, account=account, key_id=key_id)
        with self._lock:
            self._keys[str(arn)] = FakeKey(arn=arn, material=Secret(os.urandom(32)), primary_region=region, usage=usage, spec=spec)
        return str(arn)

    def replicate(self, arn: str, region: str) -> str:
        """Return the ARN of a new replica in another region; raise ValueError for a key that can have none, KmsRefusal if it is there."""
        key = self.get(arn)
        copy = replace(key, arn=key.arn.replica(region), state=KeyState.ENABLED)
        with self._lock:
            if str(copy.arn) in self._keys:
                raise KmsRefusal("AlreadyExistsException", f"{copy.arn} already exists")
            self._keys[str(copy.arn)] = copy
        return str(copy.arn)

    def set_state(self, arn: str, state: KeyState) -> None:
        """Put a key into a state: disable it, enable it, schedule its deletion."""
        self._change(arn, lambda key: replace(key, state=state))

    def delete(self, arn: str) -> None:
        """Destroy a key at once, without a waiting period."""
        with self._lock:
            del self._keys[arn]

    def deny(self, arn: str, *operations: str) -> None:
        """Let the key's policy deny exactly these operations (`Decrypt`, `GenerateDataKey`, …); none: allow everything again."""
        self._change(arn, lambda key: replace(key, denied=frozenset(operations)))

    def trust(self, arn: str, *accounts: str) -> None:
        """Let the key's policy admit exactly these other accounts."""
        self._change(arn, lambda key: replace(key, trusted=frozenset(accounts)))

    def get(self, arn: str) -> FakeKey:
        """Return a key; raise KmsRefusal (`NotFoundException`) if there is none."""
        with self._lock:
            found = self._keys.get(arn)
        if found is None:
            raise KmsRefusal("NotFoundException", f"Key '{arn}' does not exist")
        return found

    def replicas(self, key: FakeKey) -> tuple[FakeKey, ...]:
        """Return the keys that share their id and account with this one, itself among them, in the order of their regions."""
        with self._lock:
            alike = [each for each in self._keys.values() if each.mark == key.mark]
        return tuple(sorted(alike, key=lambda each: each.arn.region))

    def _change(self, arn: str, change: Callable[[FakeKey], FakeKey]) -> None:
        with self._lock:
            if arn not in self._keys:
                raise KmsRefusal("NotFoundException", f"Key '{arn}' does not exist")
            self._keys[arn] = change(self._keys[arn])
