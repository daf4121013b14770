# Generated from src/ctsec/storage/memory/_async_workload.py by tools/twin.py; edit that file.
"""Rules of workload identity in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.ids import OrganizationId, ServiceAccountId, WorkloadRuleId
from ctsec.keys.workload import WorkloadRule
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import API_KEYS, KEY_SECRETS, WORKLOAD_RULES


class MemoryWorkloadRules:
    """See `ctsec.keys.ports.WorkloadRuleRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, rule: WorkloadRule) -> None:
        """Insert a rule."""
        self._tx.insert(WORKLOAD_RULES, rule.id, rule)

    def get(self, organization_id: OrganizationId, rule_id: WorkloadRuleId) -> WorkloadRule | None:
        """Return a rule of this organization."""
        found = self._tx.get(WORKLOAD_RULES, rule_id)
        return found if found is not None and found.organization_id == organization_id else None

    def replace(self, rule: WorkloadRule) -> bool:
        """Write what a rule says if the stored version is one less; what was counted stays."""
        stored = self._tx.current(WORKLOAD_RULES, rule.id)
        if stored is None or stored.version != rule.version - 1:
            return False
        kept = replace(rule, exchanged=stored.exchanged, last_exchanged_at=stored.last_exchanged_at)
        self._tx.put(WORKLOAD_RULES, rule.id, kept)
        return True

    def remove(self, organization_id: OrganizationId, rule_id: WorkloadRuleId) -> bool:
        """Delete a rule; True if there was one."""
        stored = self._tx.current(WORKLOAD_RULES, rule_id)
        if stored is None or stored.organization_id != organization_id:
            return False
        self._tx.put(WORKLOAD_RULES, rule_id, None)
        return True

    def of_organization(self, organization_id: OrganizationId) -> tuple[WorkloadRule, ...]:
        """Return the rules of an organization, in the order of ids."""
        found = [each for each in self._tx.scan(WORKLOAD_RULES) if each.organization_id == organization_id]
        return tuple(sorted(found, key=lambda each: each.id))

    def matching(self, account_id: ServiceAccountId, *, issuer: str, audience: str) -> tuple[WorkloadRule, ...]:
        """Return the rules of a service account for an issuer and an audience, in the order of ids."""
        wanted = (account_id, issuer, audience)
        found = [each for each in self._tx.scan(WORKLOAD_RULES) if (each.account_id, each.issuer, each.audience) == wanted]
        return tuple(sorted(found, key=lambda each: each.id))

    def count(self, rule_id: WorkloadRuleId, *, version: int, at: datetime) -> bool:
        """Count one key that this version of a rule gave."""
        stored = self._tx.current(WORKLOAD_RULES, rule_id)
        if stored is None or stored.version != version:
            return False
        self._tx.put(WORKLOAD_RULES, rule_id, replace(stored, exchanged=stored.exchanged + 1, last_exchanged_at=at))
        return True

    def trim_keys(self, *, before: datetime, limit: int) -> int:
        """Delete keys that rules gave and that ended before this, with their secrets."""
        given = [each for each in self._tx.scan(API_KEYS) if each.rule_id is not None]
        ended = sorted(each.id for each in given if each.expires_at is not None and each.expires_at < before)[:limit]
        for key_id in ended:
            self._tx.put(API_KEYS, key_id, None)
            self._tx.put(KEY_SECRETS, key_id, None)
        return len(ended)
