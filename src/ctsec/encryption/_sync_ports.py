# Generated from src/ctsec/encryption/_async_ports.py by tools/twin.py; edit that file.
"""What encryption needs of a store, and what features need of encryption (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.encryption.context import Context
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.kek import KekDescription
from ctsec.ids import DekId
from ctsec.secret import Secret


class DekRecords(Protocol):
    """Wrapped data-encryption keys."""

    def add(self, dek: WrappedDek) -> None:
        """Insert a wrapped key."""
        ...

    def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a wrapped key."""
        ...

    def active(self, scope: str) -> WrappedDek | None:
        """Return the key that new data of `scope` (an organization id, or "deployment") is sealed under."""
        ...


class Sealer(Protocol):
    """Secrets at rest, for the other features: sealed under the deployment's key, bound to a context."""

    def seal(self, plaintext: bytes, *, context: Context) -> bytes:
        """Return a managed blob."""
        ...

    def open(self, blob: bytes, *, context: Context) -> bytes:
        """Return the plaintext; raise DecryptionFailed if the blob belongs to another context."""
        ...


class Kms(Protocol):
    """A key service: it wraps data keys and never gives its own key away. Raises the small set of `KmsError` and `DecryptionFailed`."""

    def describe(self) -> KekDescription:
        """Return the reference of the key-encryption key."""
        ...

    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return a fresh data key of 32 bytes and its wrapped form, bound to `context`."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key."""
        ...

    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew, bound to `new_context`."""
        ...


class DekSource(Protocol):
    """Wrapped keys as ctsec's own short reads see them: committed ones only, so that no cache holds a key that a rollback takes away."""

    def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a committed wrapped key."""
        ...

    def active(self, scope: str) -> WrappedDek | None:
        """Return the committed active key of `scope`."""
        ...
