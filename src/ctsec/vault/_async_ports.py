"""What the vault needs of a store and of the other features (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.encryption.context import Context
from ctsec.ids import CredentialId, OrganizationId, WorkspaceId
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.vault.record import VaultCredential


class AsyncCredentialRecords(Protocol):
    """Credentials of the vault, and apart from them their sealed secrets."""

    async def add(self, credential: VaultCredential, sealed: bytes) -> bool:
        """Insert a credential with its sealed secret; False if its place has one of that name."""
        ...

    async def get(self, organization: OrganizationId, credential: CredentialId) -> VaultCredential | None:
        """Return a credential of this organization."""
        ...

    async def sealed(self, credential: CredentialId) -> bytes | None:
        """Return the sealed secret."""
        ...

    async def replace(self, credential: VaultCredential, *, sealed: bytes | None = None) -> bool:
        """Write a record, and a new secret if there is one, if the stored version is one less and the name is free in its place.

        The last use and the reminder stay as they are stored.
        """
        ...

    async def remove(self, organization: OrganizationId, credential: CredentialId) -> bool:
        """Delete a credential and its sealed secret; False if there was none."""
        ...

    async def of_organization(self, organization: OrganizationId, *, after: str, limit: int) -> tuple[VaultCredential, ...]:
        """Return credentials with an id above `after`, in the order of their ids."""
        ...

    async def due(self, organization: OrganizationId, *, by: datetime, limit: int) -> tuple[VaultCredential, ...]:
        """Return what is due at `by` or before, the longest due first."""
        ...

    async def to_remind(self, *, now: datetime, limit: int) -> tuple[VaultCredential, ...]:
        """Return credentials of all organizations that are due and were not reminded of it, the longest due first."""
        ...

    async def reminded(self, credential: CredentialId, *, due_at: datetime) -> bool:
        """Note that this due time was reminded of; False if it was already, or is no longer the due time."""
        ...

    async def touch(self, credential: CredentialId, *, at: datetime, by: str) -> None:
        """Write the last use; called coalesced and batched, never for each use."""
        ...


class AsyncVaultRights(Protocol):
    """What somebody may do with credentials, answered by the roles feature."""

    async def may_within(
        self, actor: Principal, *, organization: OrganizationId, workspace: WorkspaceId | None, permission: str, lock: bool = True
    ) -> Refusal | None:
        """Return why `actor` may not use a permission on something of a workspace, or of the whole organization (None), or None."""
        ...


class AsyncVaultSealer(Protocol):
    """Secrets of organizations at rest."""

    async def seal(self, plaintext: bytes, *, context: Context, region: str = ...) -> bytes:
        """Return a managed blob under the data key of the context's organization in `region`."""
        ...

    async def open(self, blob: bytes, *, context: Context) -> bytes:
        """Return the plaintext; raise DecryptionFailed if the blob belongs to another context."""
        ...


class Placed(Protocol):
    """What the vault reads of a workspace."""

    @property
    def organization_id(self) -> OrganizationId:
        """Whose it is."""
        ...

    @property
    def region(self) -> str:
        """Where its content is kept."""
        ...


class AsyncPlaces(Protocol):
    """Workspaces."""

    async def get(self, workspace_id: WorkspaceId) -> Placed | None:
        """Return a workspace."""
        ...
