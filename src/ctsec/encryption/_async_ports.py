"""What encryption needs of a store, and what features need of encryption (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, TypeAlias

from ctsec.encryption.blind_index import IndexKey
from ctsec.encryption.context import Context
from ctsec.encryption.customer_key import CustomerKey
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.kek import KekDescription
from ctsec.encryption.reencryption import Reencryption, SealedRow, Stored, StoredValue
from ctsec.encryption.subject_key import SubjectKey
from ctsec.ids import DekId, OrganizationId
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.secret import Secret

Key: TypeAlias = tuple[str | int, ...]


class AsyncDekRecords(Protocol):
    """Wrapped data-encryption keys."""

    async def add(self, dek: WrappedDek) -> None:
        """Insert a wrapped key."""
        ...

    async def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a wrapped key."""
        ...

    async def active(self, scope: str, region: str) -> WrappedDek | None:
        """Return the newest active key of `scope` (an organization id, or "deployment") in `region`: what new data is sealed under."""
        ...

    async def of_scope(self, scope: str) -> tuple[WrappedDek, ...]:
        """Return every key of `scope`, in the order of their ids."""
        ...

    async def under(self, kek: str, *, after: str, limit: int) -> tuple[WrappedDek, ...]:
        """Return keys of any scope that `kek` wrapped, with an id above `after`, in the order of their ids; none that is destroyed."""
        ...

    async def active_page(self, *, after: str, limit: int) -> tuple[WrappedDek, ...]:
        """Return active keys of every scope with an id above `after`, in the order of their ids: for the job that rotates them."""
        ...

    async def retired_scopes(self, *, after: str, limit: int) -> tuple[str, ...]:
        """Return scopes above `after` that have keys which only open, in their order."""
        ...

    async def of_scopes(self, scopes: tuple[str, ...]) -> tuple[WrappedDek, ...]:
        """Return every key of some scopes, in the order of scopes and ids."""
        ...

    async def change(self, dek: WrappedDek) -> bool:
        """Write a record whose version is one above the stored one, by one compare-and-set; True if it was written."""
        ...


class AsyncCustomerKeyRecords(Protocol):
    """The keys of organizations' own."""

    async def get(self, organization: OrganizationId, region: str, *, fresh: bool = False) -> CustomerKey | None:
        """Return the key of an organization for a region; `fresh` locks it, so that it is what is committed now, not a snapshot."""
        ...

    async def of_organization(self, organization: OrganizationId) -> tuple[CustomerKey, ...]:
        """Return the keys of an organization, in the order of their regions."""
        ...

    async def add(self, key: CustomerKey) -> None:
        """Insert the key of a region that has none."""
        ...

    async def change(self, key: CustomerKey) -> bool:
        """Write a record whose version is one above the stored one, by one compare-and-set; True if it was written."""
        ...

    async def remove(self, organization: OrganizationId, region: str) -> bool:
        """Delete the key of a region; False if there was none."""
        ...

    async def holders(self, ref: str) -> tuple[CustomerKey, ...]:
        """Return the records that name `ref`, at most 100."""
        ...

    async def page(self, *, after: tuple[str, str], limit: int) -> tuple[CustomerKey, ...]:
        """Return keys of all organizations behind (organization, region), in that order: for the job that checks them."""
        ...


class AsyncEpochRecords(Protocol):
    """See the directory's port of the same name."""

    async def bump(self, scope: str) -> None:
        """Change the epoch of `scope` in this transaction, and have caches forget it after commit."""
        ...


class AsyncOrganizationLock(Protocol):
    """The row of an organization, as a lock."""

    async def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the organization until the transaction ends; False if there is none."""
        ...


class AsyncKeyRights(Protocol):
    """Who may manage the keys of an organization; answered by the roles feature."""

    async def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None; without `lock` as far as can be told without waiting."""
        ...

    async def may_destroy(self, actor: Principal, *, organization: OrganizationId) -> Refusal | None:
        """Return why `actor` may not destroy what the organization never gets back, or None."""
        ...


class AsyncSealedTable(Protocol):
    """A table that holds sealed values of organizations, in transactions of its own: the worker seals them anew after a rotation.

    `scope` is the id of an organization (or `deployment`, of which a host's table holds nothing). A value is under one of `keys` if
    `dek_id_of` says so: bytes 2 to 17 of its blob are the id.
    """

    @property
    def name(self) -> str:
        """The name that progress is kept under, at most 256 bytes: it stays the same, and no other table has it."""
        ...

    async def under(self, scope: str, *, keys: tuple[DekId, ...], after: str, limit: int) -> tuple[SealedRow, ...]:
        """Return rows of `scope` under one of `keys` behind a position (empty: from the first on), in the order of positions."""
        ...

    async def count(self, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """Return how many rows of `scope` are under one of `keys`, copies included that can not be written here."""
        ...

    async def replace(self, changes: tuple[tuple[SealedRow, bytes], ...]) -> int:
        """Write each new blob if its row still holds what the old one says, all in one transaction; return how many were written."""
        ...


class AsyncReencryptionRecords(Protocol):
    """What the store itself keeps sealed under data keys, and how far all sealing anew has come."""

    async def under(self, table: Stored, scope: str, *, keys: tuple[DekId, ...], after: Key, limit: int) -> tuple[StoredValue, ...]:
        """Return values of `scope` under one of `keys` behind a key (empty: from the first on), in the order of keys."""
        ...

    async def count(self, table: Stored, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """Return how many values of `scope` are under one of `keys`."""
        ...

    async def replace(self, table: Stored, scope: str, *, key: Key, before: bytes, after: bytes) -> bool:
        """Write the same value under another seal if `before` is stored there; True if it was written."""
        ...

    async def of_scopes(self, scopes: tuple[str, ...]) -> tuple[Reencryption, ...]:
        """Return how far each table of these scopes is, in the order of scopes and tables."""
        ...

    async def unfinished(self, *, limit: int) -> tuple[Reencryption, ...]:
        """Return what has not ended, or has left rows behind, of every scope, in the order of scopes and tables."""
        ...

    async def put(self, progress: Reencryption) -> bool:
        """Insert version 0, or write over the record of the version before, by one compare-and-set; True if it was written."""
        ...


class AsyncSealer(Protocol):
    """Secrets at rest, for the other features: sealed under the deployment's key, bound to a context."""

    async def seal(self, plaintext: bytes, *, context: Context) -> bytes:
        """Return a managed blob."""
        ...

    async def open(self, blob: bytes, *, context: Context) -> bytes:
        """Return the plaintext; raise DecryptionFailed if the blob belongs to another context."""
        ...


class AsyncSubjectSealer(Protocol):
    """What identifies persons, sealed under keys of their own, for the audit log."""

    async def seal(self, plaintext: bytes, *, subject: str, context: Context) -> bytes:
        """Return a managed blob under a key of the person."""
        ...

    async def open(self, blob: bytes, *, context: Context) -> bytes | None:
        """Return the plaintext of a blob of a person's or of the deployment's; None if its person was erased."""
        ...


class AsyncSubjectKeyRecords(Protocol):
    """The wrapped keys of persons, each write committed before it returns."""

    async def add(self, key: SubjectKey) -> None:
        """Insert one row."""
        ...

    async def get(self, key_id: DekId) -> SubjectKey | None:
        """Return a key, a destroyed one too."""
        ...

    async def of_subject(self, subject: str) -> tuple[SubjectKey, ...]:
        """Return the keys of a person, destroyed ones too, in the order of their ids."""
        ...

    async def alive(self, subjects: tuple[str, ...]) -> tuple[SubjectKey, ...]:
        """Return the keys of some persons that are not destroyed, in the order of their ids."""
        ...

    async def destroy(self, until: Mapping[str, datetime], *, now: datetime) -> Mapping[str, int]:
        """In one commit take the key out of every row that has one and was made by the moment of its person; return how many of each."""
        ...


class AsyncKms(Protocol):
    """A key service with one of its keys: it wraps data keys and never gives its own key away.

    A context has 1 to 4096 bytes, else ValueError. What fails is one of the small set of `KmsError`, or `DecryptionFailed`: another
    context, changed bytes, or wrapped by another key. A key that can not serve (of another kind, not safe where it is) is a
    `ConfigurationError`.
    """

    @property
    def ref(self) -> str:
        """The reference of the key-encryption key, known without asking the service."""
        ...

    async def describe(self) -> KekDescription:
        """Return what the service says of the key; raises as a use of it would, so this is also the check before a key is taken on."""
        ...

    async def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return a fresh data key of 32 bytes and its wrapped form (at most 6144 bytes), bound to `context`."""
        ...

    async def wrap(self, key: Secret, context: bytes) -> bytes:
        """Return the wrapped form of a data key of 32 bytes that another key wrapped before, bound to `context`."""
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

    async def active(self, scope: str, region: str) -> WrappedDek | None:
        """Return the committed active key of `scope` in `region`."""
        ...

    async def reserve(self, dek_id: DekId, *, messages: int, most: int) -> bool:
        """Count `messages` more as sealed under a key, committed before this returns; False if that would be more than `most`."""
        ...


class AsyncIndexKeyRecords(Protocol):
    """The sealed keys of blind indexes."""

    async def of_place(self, organization: OrganizationId, place: str, *, fresh: bool = False) -> tuple[IndexKey, ...]:
        """Return the keys of a column's index, the oldest generation first; `fresh` is a locking read."""
        ...

    async def add(self, key: IndexKey) -> bool:
        """Insert a key; False if there is one of this generation."""
        ...

    async def remove(self, organization: OrganizationId, place: str, *, below: int) -> int:
        """Delete the generations below one; return how many there were."""
        ...
