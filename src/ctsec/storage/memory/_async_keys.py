"""API keys and wrapped data keys in memory (async source)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from ctsec.ids import KeyId, OrganizationId
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.storage.memory.state import Transaction, frozen
from ctsec.storage.memory.tables import API_KEYS, KEY_SECRETS


class AsyncMemoryKeys:
    """See `ctsec.keys.ports.AsyncKeyRecords`; a key's secrets are one row, newest first."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, key: ApiKey, secret: KeySecret) -> None:
        """Insert a key with its first secret."""
        self._tx.insert(API_KEYS, key.id, key)
        self._tx.put(KEY_SECRETS, key.id, (frozen(secret),))

    async def get(self, key_id: KeyId) -> tuple[ApiKey, tuple[KeySecret, ...]] | None:
        """Return a key with its secrets, newest first."""
        key = self._tx.get(API_KEYS, key_id)
        return None if key is None else (key, self._tx.get(KEY_SECRETS, key_id) or ())

    async def of_owner(self, organization_id: OrganizationId, owner_id: str) -> tuple[ApiKey, ...]:
        """Return the keys of an owner in an organization, newest first."""
        found = [k for k in self._tx.scan(API_KEYS) if k.organization_id == organization_id and k.owner_id == owner_id]
        return tuple(sorted(found, key=lambda k: k.id, reverse=True))

    async def revoke(self, organization_id: OrganizationId, key_id: KeyId, *, now: datetime) -> bool:
        """Mark the key revoked if it is not."""
        key = self._tx.current(API_KEYS, key_id)
        if key is None or key.organization_id != organization_id or key.revoked_at is not None:
            return False
        self._tx.put(API_KEYS, key_id, replace(key, revoked_at=now))
        return True

    async def rotate(self, secret: KeySecret, *, overlap_until: datetime) -> bool:
        """Add the next generation and end every earlier one by `overlap_until`; False if another rotation came first."""
        secrets = self._tx.current(KEY_SECRETS, secret.key_id)
        if not secrets or secrets[0].generation != secret.generation - 1:
            return False
        ended = (replace(s, expires_at=min(s.expires_at or overlap_until, overlap_until)) for s in secrets)
        self._tx.put(KEY_SECRETS, secret.key_id, tuple(frozen(s) for s in (secret, *ended)))
        return True

    async def end_earlier(self, key_id: KeyId, *, now: datetime) -> bool:
        """End every generation but the newest at `now`, if one would live longer."""
        newest, *earlier = self._tx.current(KEY_SECRETS, key_id) or (None,)
        if newest is None or not any(each.expires_at is None or each.expires_at > now for each in earlier):
            return False
        ended = (replace(each, expires_at=min(each.expires_at or now, now)) for each in earlier)
        self._tx.put(KEY_SECRETS, key_id, tuple(frozen(each) for each in (newest, *ended)))
        return True

    async def touch(self, key_id: KeyId, *, at: datetime, address: str) -> None:
        """Write the last use."""
        key = self._tx.current(API_KEYS, key_id)
        if key is not None:
            self._tx.put(API_KEYS, key_id, replace(key, last_used_at=at, last_used_address=address))

    async def remac(self, secret: KeySecret, *, was: str) -> bool:
        """Write MAC and pepper of this generation if its pepper is still `was`."""
        secrets = self._tx.current(KEY_SECRETS, secret.key_id) or ()
        if not any(each.generation == secret.generation and each.pepper_id == was for each in secrets):
            return False
        changed = (
            replace(each, mac=secret.mac, pepper_id=secret.pepper_id) if each.generation == secret.generation else each for each in secrets
        )
        self._tx.put(KEY_SECRETS, secret.key_id, tuple(frozen(each) for each in changed))
        return True

    async def peppers(self, *, now: datetime) -> tuple[tuple[str, int], ...]:
        """Return how many secrets that may still work are under each pepper."""
        working = [key for key in self._tx.scan(API_KEYS) if key.revoked_at is None and (key.expires_at is None or key.expires_at > now)]
        secrets = [each for key in working for each in self._tx.get(KEY_SECRETS, key.id) or ()]
        found = Counter(each.pepper_id for each in secrets if each.expires_at is None or each.expires_at > now)
        return tuple(sorted(found.items()))
