# Generated from src/ctsec/storage/memory/_async_key_owners.py by tools/twin.py; edit that file.
"""Owners of API keys, and what organizations ask of keys, in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.directory.service_account import ServiceAccount
from ctsec.ids import KeyId, OrganizationId, ServiceAccountId
from ctsec.keys.organization_policy import OrganizationKeyPolicy
from ctsec.keys.record import ApiKey
from ctsec.principal import PrincipalKind
from ctsec.storage.memory.state import Transaction, frozen
from ctsec.storage.memory.tables import API_KEYS, KEY_POLICIES, KEY_SECRETS, SERVICE_ACCOUNTS


class MemoryServiceAccounts:
    """See `ctsec.directory.ports.ServiceAccountRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, account: ServiceAccount) -> None:
        """Insert a service account."""
        self._tx.insert(SERVICE_ACCOUNTS, account.id, account)

    def get(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> ServiceAccount | None:
        """Return a service account of this organization."""
        found = self._tx.get(SERVICE_ACCOUNTS, account_id)
        return found if found is not None and found.organization_id == organization_id else None

    def remove(self, organization_id: OrganizationId, account_id: ServiceAccountId) -> bool:
        """Delete it; True if there was one."""
        found = self._tx.current(SERVICE_ACCOUNTS, account_id)
        if found is None or found.organization_id != organization_id:
            return False
        self._tx.put(SERVICE_ACCOUNTS, account_id, None)
        return True

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[ServiceAccount, ...]:
        """Return service accounts with an id above `after`, in the order of ids."""
        found = [each for each in self._tx.scan(SERVICE_ACCOUNTS) if each.organization_id == organization_id and each.id > after]
        return tuple(sorted(found, key=lambda each: each.id)[:limit])


class MemoryKeyLists:
    """See `ctsec.keys.ports.KeyLists`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[tuple[ApiKey, datetime], ...]:
        """Return keys with an id above `after`, each with the time of its newest secret."""
        found = sorted((key for key in self._live(organization_id) if key.id > after), key=lambda key: key.id)[:limit]
        secrets = [self._tx.get(KEY_SECRETS, key.id) for key in found]
        return tuple((key, held[0].created_at) for key, held in zip(found, secrets, strict=True) if held)

    def minted_by(self, organization_id: OrganizationId, minter: str, *, now: datetime) -> tuple[ApiKey, ...]:
        """Return the keys with a secret that `minter` was shown and that has not ended."""

        def shown(key: ApiKey) -> bool:
            secrets = self._tx.get(KEY_SECRETS, key.id) or ()
            return any(each.minted_by == minter and (each.expires_at is None or each.expires_at > now) for each in secrets)

        live = [key for key in self._live(organization_id) if key.expires_at is None or key.expires_at > now]
        return tuple(sorted(filter(shown, live), key=lambda key: key.id))

    def shown_accounts(self, organization_id: OrganizationId, minter: str) -> tuple[ServiceAccountId, ...]:
        """Return the service accounts of which `minter` was ever shown a secret."""
        robots = [key for key in self._tx.scan(API_KEYS) if key.owner_kind is PrincipalKind.SERVICE_ACCOUNT]
        own = [key for key in robots if key.organization_id == organization_id]
        shown = {key.owner_id for key in own if any(each.minted_by == minter for each in self._tx.get(KEY_SECRETS, key.id) or ())}
        return tuple(ServiceAccountId(each) for each in sorted(shown))

    def end_secret(self, key_id: KeyId, generation: int, *, now: datetime) -> bool:
        """End one secret of a key."""
        secrets = self._tx.current(KEY_SECRETS, key_id) or ()
        found = next((each for each in secrets if each.generation == generation), None)
        if found is None or (found.expires_at is not None and found.expires_at <= now):
            return False
        self._tx.put(KEY_SECRETS, key_id, tuple(frozen(replace(each, expires_at=now)) if each is found else each for each in secrets))
        return True

    def to_remind(self, *, now: datetime, before: datetime, limit: int) -> tuple[ApiKey, ...]:
        """Return keys that end soon and whose end nobody was reminded of, the soonest first."""
        ruled = {each.organization_id for each in self._tx.scan(KEY_POLICIES) if each.longest_life is not None}
        free = [key for key in self._live(None) if key.organization_id not in ruled and key.rule_id is None]
        ending = [(key.expires_at, key.id, key) for key in free if key.expires_at is not None and now < key.expires_at <= before]
        return tuple(key for end, _, key in sorted(ending, key=lambda each: each[:2]) if key.reminded_for != end)[:limit]

    def reminded(self, key_id: KeyId, *, end: datetime) -> bool:
        """Write that somebody was reminded of this end."""
        key = self._tx.current(API_KEYS, key_id)
        if key is None or key.revoked_at is not None or key.reminded_for == end:
            return False
        self._tx.put(API_KEYS, key_id, replace(key, reminded_for=end))
        return True

    def _live(self, organization_id: OrganizationId | None) -> list[ApiKey]:
        live = [key for key in self._tx.scan(API_KEYS) if key.revoked_at is None]
        return [key for key in live if organization_id is None or key.organization_id == organization_id]


class MemoryKeyPolicies:
    """See `ctsec.keys.ports.KeyPolicyRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, organization_id: OrganizationId) -> OrganizationKeyPolicy | None:
        """Return an organization's policy."""
        return self._tx.get(KEY_POLICIES, organization_id)

    def put(self, policy: OrganizationKeyPolicy) -> None:
        """Write a policy in place of the one before."""
        self._tx.put(KEY_POLICIES, policy.organization_id, policy)

    def page(self, *, after: str, limit: int) -> tuple[OrganizationKeyPolicy, ...]:
        """Return the policies of organizations with an id above `after`, in the order of ids."""
        found = [each for each in self._tx.scan(KEY_POLICIES) if each.organization_id > after]
        return tuple(sorted(found, key=lambda each: each.organization_id)[:limit])
