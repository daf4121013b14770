# Generated from src/ctsec/security/_async_key_unit.py by tools/twin.py; edit that file.
"""The part of a unit of work that has API keys and those who own them (async source)."""

from __future__ import annotations

from ctsec.directory._sync_service_accounts import ServiceAccountParts, ServiceAccounts
from ctsec.keys._sync import ApiKeyParts, ApiKeys
from ctsec.keys._sync_key_rules import KeyRules
from ctsec.security._sync_people import People


class KeyUnit(People):
    """API keys, service accounts and the rules for keys over one transaction."""

    __slots__ = ()

    @property
    def api_keys(self) -> ApiKeys:
        """API keys."""
        parts = ApiKeyParts(
            records=self._store.api_keys,
            policies=self._store.key_policies,
            rights=self._authority,
            epochs=self._store.epochs,
            sealer=self._engines.secrets,
            ring=self._parts.key_peppers,
            policy=self._parts.settings.keys,
        )
        return ApiKeys(parts, audit=self.audit, ambient=self._ambient)

    @property
    def service_accounts(self) -> ServiceAccounts:
        """Service accounts."""
        parts = ServiceAccountParts(
            accounts=self._store.service_accounts,
            memberships=self._store.memberships,
            organizations=self._store.organizations,
            keys=self._store.api_keys,
            authority=self._authority,
            epochs=self._store.epochs,
        )
        return ServiceAccounts(parts, audit=self.audit, ambient=self._ambient)

    @property
    def key_rules(self) -> KeyRules:
        """What organizations ask of API keys, and which are due."""
        return KeyRules(
            policies=self._store.key_policies,
            lists=self._store.key_lists,
            rights=self._authority,
            epochs=self._store.epochs,
            deployment=self._parts.settings.keys,
            audit=self.audit,
            ambient=self._ambient,
        )
