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
    """A key service with one of its keys: it wraps data keys and never gives its own key away.

    A context has 1 to 4096 bytes, else ValueError. What fails is one of the small set of `KmsError`, or `DecryptionFailed`: another
    context, changed bytes, or wrapped by another key. A key that can not serve (of another kind, not safe where it is) is a
    `ConfigurationError`.
    """

    def describe(self) -> KekDescription:
        """Return what the service says of the key; raises as a use of it would, so this is also the check before a key is taken on."""
        ...

    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return a fresh data key of 32 bytes and its wrapped form (at most 6144 bytes), bound to `context`."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key."""
        ...

    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew, bound to `new_context`."""
        ...


class KeyServices(Protocol):
    """The key services that a deployment is connected to, customers' own among them."""

    def open(self, ref: str) -> Kms:
        """Return the service with the key of a stored reference (`local:…`, `arn:aws:kms:…`, `pkcs11:…`); nothing is asked of it yet.

        Raises ConfigurationError, which says what to configure, for a reference that no service here knows.
        """
        ...


class DekSource(Protocol):
    """Wrapped keys as ctsec's own short reads see them: committed ones only, so that no cache holds a key that a rollback takes away."""

    def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a committed wrapped key."""
        ...

    def active(self, scope: str) -> WrappedDek | None:
        """Return the committed active key of `scope`."""
        ...
