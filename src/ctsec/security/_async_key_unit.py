"""The part of a unit of work that has API keys and those who own them (async source)."""

from __future__ import annotations

from ctsec.directory._async_service_accounts import AsyncServiceAccountParts, AsyncServiceAccounts
from ctsec.keys._async import AsyncApiKeyParts, AsyncApiKeys
from ctsec.keys._async_key_rules import AsyncKeyRules
from ctsec.security._async_people import AsyncPeople


class AsyncKeyUnit(AsyncPeople):
    """API keys, service accounts and the rules for keys over one transaction."""

    __slots__ = ()

    @property
    def api_keys(self) -> AsyncApiKeys:
        """API keys."""
        parts = AsyncApiKeyParts(
            records=self._store.api_keys,
            policies=self._store.key_policies,
            rights=self._authority,
            epochs=self._store.epochs,
            sealer=self._engines.secrets,
            ring=self._parts.key_peppers,
            policy=self._parts.settings.keys,
        )
        return AsyncApiKeys(parts, audit=self.audit, ambient=self._ambient)

    @property
    def service_accounts(self) -> AsyncServiceAccounts:
        """Service accounts."""
        parts = AsyncServiceAccountParts(
            accounts=self._store.service_accounts,
            memberships=self._store.memberships,
            organizations=self._store.organizations,
            keys=self._store.api_keys,
            authority=self._authority,
            epochs=self._store.epochs,
        )
        return AsyncServiceAccounts(parts, audit=self.audit, ambient=self._ambient)

    @property
    def key_rules(self) -> AsyncKeyRules:
        """What organizations ask of API keys, and which are due."""
        return AsyncKeyRules(
            policies=self._store.key_policies,
            lists=self._store.key_lists,
            rights=self._authority,
            epochs=self._store.epochs,
            deployment=self._parts.settings.keys,
            audit=self.audit,
            ambient=self._ambient,
        )
