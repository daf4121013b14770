"""What encryption needs of a store, and what features need of encryption (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.encryption.context import Context
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.kek import KekDescription
from ctsec.ids import DekId
from ctsec.secret import Secret


class AsyncDekRecords(Protocol):
    """Wrapped data-encryption keys."""

    async def add(self, dek: WrappedDek) -> None:
        """Insert a wrapped key."""
        ...

    async def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a wrapped key."""
        ...

    async def active(self, scope: str) -> WrappedDek | None:
        """Return the key that new data of `scope` (an organization id, or "deployment") is sealed under."""
        ...


class AsyncSealer(Protocol):
    """Secrets at rest, for the other features: sealed under the deployment's key, bound to a context."""

    async def seal(self, plaintext: bytes, *, context: Context) -> bytes:
        """Return a managed blob."""
        ...

    async def open(self, blob: bytes, *, context: Context) -> bytes:
        """Return the plaintext; raise DecryptionFailed if the blob belongs to another context."""
        ...


class AsyncKms(Protocol):
    """A key service with one of its keys: it wraps data keys and never gives its own key away.

    A context has 1 to 4096 bytes, else ValueError. What fails is one of the small set of `KmsError`, or `DecryptionFailed`: another
    context, changed bytes, or wrapped by another key. A key that can not serve (of another kind, not safe where it is) is a
    `ConfigurationError`.
    """

    async def describe(self) -> KekDescription:
        """Return what the service says of the key; raises as a use of it would, so this is also the check before a key is taken on."""
        ...

    async def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return a fresh data key of 32 bytes and its wrapped form (at most 6144 bytes), bound to `context`."""
        ...

    async def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key."""
        ...

    async def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew, bound to `new_context`."""
        ...


class AsyncKeyServices(Protocol):
    """The key services that a deployment is connected to, customers' own among them."""

    def open(self, ref: str) -> AsyncKms:
        """Return the service with the key of a stored reference (`local:…`, `arn:aws:kms:…`, `pkcs11:…`); nothing is asked of it yet.

        Raises ConfigurationError, which says what to configure, for a reference that no service here knows.
        """
        ...


class AsyncDekSource(Protocol):
    """Wrapped keys as ctsec's own short reads see them: committed ones only, so that no cache holds a key that a rollback takes away."""

    async def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a committed wrapped key."""
        ...

    async def active(self, scope: str) -> WrappedDek | None:
        """Return the committed active key of `scope`."""
        ...
