"""A unit of work: the services of programs, which act with keys and tokens (async source)."""

from __future__ import annotations

from abc import abstractmethod

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAuditLog
from ctsec.connections._async import AsyncConnectedApps
from ctsec.directory._async_alarm import AsyncOwnerAlarm
from ctsec.directory._async_service_accounts import AsyncServiceAccounts
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.keys._async import AsyncApiKeyParts, AsyncApiKeys
from ctsec.keys._async_exchanges import AsyncExchangeParts, AsyncExchanges
from ctsec.keys._async_key_rules import AsyncKeyRules
from ctsec.keys._async_leaks import AsyncLeaks
from ctsec.keys._async_usage import AsyncKeyUsage
from ctsec.keys._async_workload_rules import AsyncWorkloadRuleParts, AsyncWorkloadRules
from ctsec.lazy import kept
from ctsec.mail._async import AsyncOutbox
from ctsec.rbac._async_absent import AsyncAbsentMinters
from ctsec.rbac._async_acting import AsyncActing
from ctsec.rbac._async_authority import AsyncAuthority
from ctsec.recovery._async_cases import AsyncRecoveryParts
from ctsec.security._async_app_work import AsyncAppWork, app_work
from ctsec.security._async_engines import AsyncEngines
from ctsec.security._async_key_parts import account_parts, key_parts, rules_of_keys
from ctsec.security._async_leaks import AsyncLeakWork, leaks_of
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AsyncStore


class AsyncPrograms:
    """API keys, who owns them and what is asked of them, and connected apps; a part of `AsyncUnit`, over the same transaction."""

    __slots__ = ()

    _store: AsyncStore
    _guard: AsyncGuardStore
    _engines: AsyncEngines
    _parts: Parts
    _ambient: Ambient

    @kept
    def api_keys(self) -> AsyncApiKeys:
        """API keys."""
        return AsyncApiKeys(self._key_parts, audit=self.audit, ambient=self._ambient)

    @kept
    def service_accounts(self) -> AsyncServiceAccounts:
        """Service accounts."""
        parts = account_parts(self._store, authority=self._authority, acting=self._acting)
        return AsyncServiceAccounts(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def key_rules(self) -> AsyncKeyRules:
        """What organizations ask of API keys, and which are due."""
        return rules_of_keys(self._store, rights=self._authority, parts=self._parts, audit=self.audit, ambient=self._ambient)

    @kept
    def workload_rules(self) -> AsyncWorkloadRules:
        """Rules of workload identity."""
        parts = AsyncWorkloadRuleParts(records=self._store.workload_rules, rights=self._authority, keys=self._key_parts)
        return AsyncWorkloadRules(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def exchanges(self) -> AsyncExchanges:
        """Tokens of workloads, exchanged for keys; `security.workload` calls it."""
        parts = AsyncExchangeParts(
            rules=self._store.workload_rules,
            keys=self._key_parts,
            rights=AsyncAbsentMinters(self._acting, accounts=self._store.users),
            proofs=self._guard.proofs,
            throttle=self._throttle,
        )
        return AsyncExchanges(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def apps(self) -> AsyncConnectedApps:
        """Connected apps of people and organizations."""
        return self.app_work.apps

    @kept
    def app_work(self) -> AsyncAppWork:
        """Tokens of connected apps, and what is on its way; `security.apps` calls it."""
        ring, guard = self._engines.secrets, self._guard
        return app_work(self._store, guard=guard, rights=self._authority, ring=ring, audit=self.audit, ambient=self._ambient)

    @kept
    def key_usage(self) -> AsyncKeyUsage:
        """The use of API keys."""
        return AsyncKeyUsage(
            records=self._store.api_keys,
            days=self._store.key_days,
            each_request=self._parts.settings.keys.audit_each_request,
            audit=self.audit,
            ambient=self._ambient,
        )

    @kept
    def leaks(self) -> AsyncLeaks:
        """Credentials that were found in public: keys, SCIM's, sessions, devices and mailed links."""
        work = AsyncLeakWork(
            store=self._store,
            guard=self._guard,
            sealer=self._engines.secrets,
            recovery=self._recovery,
            alarm=self._alarm,
            post=self._outbox,
            parts=self._parts,
        )
        return leaks_of(work, audit=self.audit, ambient=self._ambient)

    @kept
    def _key_parts(self) -> AsyncApiKeyParts:
        return key_parts(self._store, rights=self._authority, sealer=self._engines.secrets, parts=self._parts)

    @property
    @abstractmethod
    def audit(self) -> AsyncAuditLog:
        """The audit log."""

    @property
    @abstractmethod
    def _authority(self) -> AsyncAuthority: ...

    @property
    @abstractmethod
    def _acting(self) -> AsyncActing: ...

    @property
    @abstractmethod
    def _outbox(self) -> AsyncOutbox: ...

    @property
    @abstractmethod
    def _throttle(self) -> AsyncThrottle: ...

    @property
    @abstractmethod
    def _alarm(self) -> AsyncOwnerAlarm: ...

    @property
    @abstractmethod
    def _recovery(self) -> AsyncRecoveryParts: ...
