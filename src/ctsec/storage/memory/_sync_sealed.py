# Generated from src/ctsec/storage/memory/_async_sealed.py by tools/twin.py; edit that file.
"""Values under data keys, and how far they are sealed anew, in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ctsec.encryption._sync_ports import Key
from ctsec.encryption.context import DEPLOYMENT
from ctsec.encryption.reencryption import Reencryption, Stored, StoredValue
from ctsec.ids import AuthenticatorId, ConnectionId, CredentialId, DekId, OrganizationId
from ctsec.storage.memory.sealed import under_keys
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import AUTHENTICATORS, CONNECTIONS, CREDENTIAL_SECRETS, CREDENTIALS, INDEX_KEYS, REENCRYPTIONS


class MemoryReencryptions:
    """See `ctsec.encryption.ports.ReencryptionRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def under(self, table: Stored, scope: str, *, keys: tuple[DekId, ...], after: Key, limit: int) -> tuple[StoredValue, ...]:
        """Return values of `scope` under one of `keys` behind a key, in the order of keys."""
        found = [each for each in self._values(table, scope) if under_keys(each.blob, keys) and each.key > after]
        return tuple(sorted(found, key=lambda each: each.key)[:limit])

    def count(self, table: Stored, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """Return how many values of `scope` are under one of `keys`."""
        return sum(under_keys(each.blob, keys) for each in self._values(table, scope))

    def replace(self, table: Stored, scope: str, *, key: Key, before: bytes, after: bytes) -> bool:
        """Write the same value under another seal if `before` is stored there."""
        name: Any = key[0]
        if table is Stored.VAULT:
            return self._put_secret(CredentialId(name), before, after)
        if table is Stored.CONNECTION:
            return self._put_client_secret(ConnectionId(name), scope, before, after)
        if table is Stored.INDEX_KEY:
            place = (OrganizationId(scope), *key)
            return self._put_index_key(place, before, after)
        found = self._tx.current(AUTHENTICATORS, AuthenticatorId(name)) if scope == DEPLOYMENT else None
        if found is None or found.sealed_seed != before:
            return False
        self._tx.put(AUTHENTICATORS, found.id, replace(found, sealed_seed=after, version=found.version + 1))
        return True

    def of_scopes(self, scopes: tuple[str, ...]) -> tuple[Reencryption, ...]:
        """Return how far each table of these scopes is, in the order of scopes and tables."""
        return _ordered([each for each in self._tx.scan(REENCRYPTIONS) if each.scope in scopes])

    def unfinished(self, *, limit: int) -> tuple[Reencryption, ...]:
        """Return what has not ended, or has left rows behind, in the order of scopes and tables."""
        return _ordered([each for each in self._tx.scan(REENCRYPTIONS) if each.ended_at is None or each.remaining])[:limit]

    def put(self, progress: Reencryption) -> bool:
        """Insert version 0, or write over the record of the version before."""
        place = (progress.scope, progress.place)
        stored = self._tx.current(REENCRYPTIONS, place)
        if (stored.version if stored is not None else -1) != progress.version - 1:
            return False
        self._tx.put(REENCRYPTIONS, place, progress)
        return True

    def _values(self, table: Stored, scope: str) -> list[StoredValue]:
        if table is Stored.VAULT:
            ids = [each.id for each in self._tx.scan(CREDENTIALS) if each.organization_id == scope]
            pairs = [(each, self._tx.get(CREDENTIAL_SECRETS, each)) for each in ids]
            return [StoredValue(key=(each,), blob=blob) for each, blob in pairs if blob is not None]
        if table is Stored.INDEX_KEY:
            keys = [each for each in self._tx.scan(INDEX_KEYS) if each.organization_id == scope]
            return [StoredValue(key=(each.place, each.generation), blob=each.sealed) for each in keys]
        if table is Stored.CONNECTION:
            own = [each for each in self._tx.scan(CONNECTIONS) if each.organization_id == scope]
            return [StoredValue(key=(each.id,), blob=each.sealed_secret) for each in own]
        if scope != DEPLOYMENT:
            return []
        return [StoredValue(key=(each.id,), blob=each.sealed_seed, owner=each.user_id) for each in self._tx.scan(AUTHENTICATORS)]

    def _put_secret(self, credential: CredentialId, before: bytes, after: bytes) -> bool:
        if self._tx.current(CREDENTIAL_SECRETS, credential) != before:
            return False
        self._tx.put(CREDENTIAL_SECRETS, credential, after)
        return True

    def _put_client_secret(self, connection: ConnectionId, scope: str, before: bytes, after: bytes) -> bool:
        found = self._tx.current(CONNECTIONS, connection)
        if found is None or found.organization_id != scope or found.sealed_secret != before:
            return False
        self._tx.put(CONNECTIONS, connection, replace(found, sealed_secret=after, version=found.version + 1))
        return True

    def _put_index_key(self, place: Any, before: bytes, after: bytes) -> bool:
        found = self._tx.current(INDEX_KEYS, place)
        if found is None or found.sealed != before:
            return False
        self._tx.put(INDEX_KEYS, place, replace(found, sealed=after))
        return True


def _ordered(found: list[Reencryption]) -> tuple[Reencryption, ...]:
    return tuple(sorted(found, key=lambda each: (each.scope, each.place)))
