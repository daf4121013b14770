"""Credentials of the vault in memory (async source)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ctsec.ids import CredentialId, OrganizationId
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import CREDENTIAL_NAMES, CREDENTIAL_SECRETS, CREDENTIALS
from ctsec.vault.record import VaultCredential


class AsyncMemoryCredentials:
    """See `ctsec.vault.ports.AsyncCredentialRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, credential: VaultCredential, sealed: bytes) -> bool:
        """Insert a credential with its sealed secret; False if its place has one of that name."""
        name = (credential.organization_id, credential.name_digest)
        if self._tx.current(CREDENTIAL_NAMES, name) is not None:
            return False
        self._tx.insert(CREDENTIALS, credential.id, credential)
        self._tx.put(CREDENTIAL_NAMES, name, credential.id)
        self._tx.put(CREDENTIAL_SECRETS, credential.id, sealed)
        return True

    async def get(self, organization: OrganizationId, credential: CredentialId) -> VaultCredential | None:
        """Return a credential of this organization."""
        found = self._tx.get(CREDENTIALS, credential)
        return found if found is not None and found.organization_id == organization else None

    async def sealed(self, credential: CredentialId) -> bytes | None:
        """Return the sealed secret."""
        return self._tx.get(CREDENTIAL_SECRETS, credential)

    async def replace(self, credential: VaultCredential, *, sealed: bytes | None = None) -> bool:
        """Write a record, and a new secret if there is one, if the stored version is one less and the name is free in its place."""
        stored = self._tx.current(CREDENTIALS, credential.id)
        if stored is None or stored.version != credential.version - 1:
            return False
        name = (stored.organization_id, credential.name_digest)
        if self._tx.current(CREDENTIAL_NAMES, name) not in {None, credential.id}:
            return False
        self._tx.put(CREDENTIAL_NAMES, (stored.organization_id, stored.name_digest), None)
        self._tx.put(CREDENTIAL_NAMES, name, credential.id)
        kept = replace(
            credential,
            organization_id=stored.organization_id,
            workspace_id=stored.workspace_id,
            created_by=stored.created_by,
            created_at=stored.created_at,
            last_used_at=stored.last_used_at,
            last_used_by=stored.last_used_by,
            reminded_for=stored.reminded_for,
        )
        self._tx.put(CREDENTIALS, credential.id, kept)
        if sealed is not None:
            self._tx.put(CREDENTIAL_SECRETS, credential.id, sealed)
        return True

    async def remove(self, organization: OrganizationId, credential: CredentialId) -> bool:
        """Delete a credential and its sealed secret; False if there was none."""
        stored = self._tx.current(CREDENTIALS, credential)
        if stored is None or stored.organization_id != organization:
            return False
        self._tx.put(CREDENTIALS, credential, None)
        self._tx.put(CREDENTIAL_NAMES, (organization, stored.name_digest), None)
        self._tx.put(CREDENTIAL_SECRETS, credential, None)
        return True

    async def of_organization(self, organization: OrganizationId, *, after: str, limit: int) -> tuple[VaultCredential, ...]:
        """Return credentials with an id above `after`, in the order of their ids."""
        found = (c for c in self._tx.scan(CREDENTIALS) if c.organization_id == organization and c.id > after)
        return tuple(sorted(found, key=lambda c: c.id)[:limit])

    async def due(self, organization: OrganizationId, *, by: datetime, limit: int) -> tuple[VaultCredential, ...]:
        """Return what is due at `by` or before, the longest due first."""
        return _longest_due((c for c in self._tx.scan(CREDENTIALS) if c.organization_id == organization), by=by)[:limit]

    async def to_remind(self, *, now: datetime, limit: int) -> tuple[VaultCredential, ...]:
        """Return credentials of all organizations that are due and were not reminded of it, the longest due first."""
        return _longest_due((c for c in self._tx.scan(CREDENTIALS) if c.reminded_for != c.due_at), by=now)[:limit]

    async def reminded(self, credential: CredentialId, *, due_at: datetime) -> bool:
        """Note that this due time was reminded of; False if it was already, or is no longer the due time."""
        stored = self._tx.current(CREDENTIALS, credential)
        if stored is None or stored.due_at != due_at or stored.reminded_for == due_at:
            return False
        self._tx.put(CREDENTIALS, credential, replace(stored, reminded_for=due_at))
        return True

    async def touch(self, credential: CredentialId, *, at: datetime, by: str) -> None:
        """Write the last use; called coalesced and batched, never for each use."""
        stored = self._tx.current(CREDENTIALS, credential)
        if stored is not None:
            self._tx.put(CREDENTIALS, credential, replace(stored, last_used_at=at, last_used_by=by))


def _longest_due(credentials: Iterable[VaultCredential], *, by: datetime) -> tuple[VaultCredential, ...]:
    found = ((c.due_at, c.id, c) for c in credentials if c.due_at is not None and c.due_at <= by)
    return tuple(c for _, _, c in sorted(found, key=lambda each: each[:2]))
