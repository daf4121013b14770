# Generated from src/ctsec/security/_async_programs.py by tools/twin.py; edit that file.
"""A unit of work: the services of programs, which act with keys and tokens (async source)."""

from __future__ import annotations

from abc import abstractmethod

from ctsec.ambient import Ambient
from ctsec.audit._sync import AuditLog
from ctsec.connections._sync import ConnectedApps
from ctsec.directory._sync_alarm import OwnerAlarm
from ctsec.directory._sync_service_accounts import ServiceAccounts
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import GuardStore
from ctsec.keys._sync import ApiKeyParts, ApiKeys
from ctsec.keys._sync_exchanges import ExchangeParts, Exchanges
from ctsec.keys._sync_key_rules import KeyRules
from ctsec.keys._sync_leaks import Leaks
from ctsec.keys._sync_usage import KeyUsage
from ctsec.keys._sync_workload_rules import WorkloadRuleParts, WorkloadRules
from ctsec.lazy import kept
from ctsec.mail._sync import Outbox
from ctsec.rbac._sync_absent import AbsentMinters
from ctsec.rbac._sync_acting import Acting
from ctsec.rbac._sync_authority import Authority
from ctsec.recovery._sync_cases import RecoveryParts
from ctsec.security._sync_app_work import AppWork, app_work
from ctsec.security._sync_engines import Engines
from ctsec.security._sync_key_parts import account_parts, key_parts, rules_of_keys
from ctsec.security._sync_leaks import LeakWork, leaks_of
from ctsec.security.parts import Parts
from ctsec.storage._sync_ports import Store


class Programs:
    """API keys, who owns them and what is asked of them, and connected apps; a part of `Unit`, over the same transaction."""

    __slots__ = ()

    _store: Store
    _guard: GuardStore
    _engines: Engines
    _parts: Parts
    _ambient: Ambient

    @kept
    def api_keys(self) -> ApiKeys:
        """API keys."""
        return ApiKeys(self._key_parts, audit=self.audit, ambient=self._ambient)

    @kept
    def service_accounts(self) -> ServiceAccounts:
        """Service accounts."""
        parts = account_parts(self._store, authority=self._authority, acting=self._acting)
        return ServiceAccounts(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def key_rules(self) -> KeyRules:
        """What organizations ask of API keys, and which are due."""
        return rules_of_keys(self._store, rights=self._authority, parts=self._parts, audit=self.audit, ambient=self._ambient)

    @kept
    def workload_rules(self) -> WorkloadRules:
        """Rules of workload identity."""
        parts = WorkloadRuleParts(records=self._store.workload_rules, rights=self._authority, keys=self._key_parts)
        return WorkloadRules(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def exchanges(self) -> Exchanges:
        """Tokens of workloads, exchanged for keys; `security.workload` calls it."""
        parts = ExchangeParts(
            rules=self._store.workload_rules,
            keys=self._key_parts,
            rights=AbsentMinters(self._acting, accounts=self._store.users),
            proofs=self._guard.proofs,
            throttle=self._throttle,
        )
        return Exchanges(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def apps(self) -> ConnectedApps:
        """Connected apps of people and organizations."""
        return self.app_work.apps

    @kept
    def app_work(self) -> AppWork:
        """Tokens of connected apps, and what is on its way; `security.apps` calls it."""
        ring, guard = self._engines.secrets, self._guard
        return app_work(self._store, guard=guard, rights=self._authority, ring=ring, audit=self.audit, ambient=self._ambient)

    @kept
    def key_usage(self) -> KeyUsage:
        """The use of API keys."""
        return KeyUsage(
            records=self._store.api_keys,
            days=self._store.key_days,
            each_request=self._parts.settings.keys.audit_each_request,
            audit=self.audit,
            ambient=self._ambient,
        )

    @kept
    def leaks(self) -> Leaks:
        """Credentials that were found in public: keys, SCIM's, sessions, devices and mailed links."""
        work = LeakWork(
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
    def _key_parts(self) -> ApiKeyParts:
        return key_parts(self._store, rights=self._authority, sealer=self._engines.secrets, parts=self._parts)

    @property
    @abstractmethod
    def audit(self) -> AuditLog:
        """The audit log."""

    @property
    @abstractmethod
    def _authority(self) -> Authority: ...

    @property
    @abstractmethod
    def _acting(self) -> Acting: ...

    @property
    @abstractmethod
    def _outbox(self) -> Outbox: ...

    @property
    @abstractmethod
    def _throttle(self) -> Throttle: ...

    @property
    @abstractmethod
    def _alarm(self) -> OwnerAlarm: ...

    @property
    @abstractmethod
    def _recovery(self) -> RecoveryParts: ...
