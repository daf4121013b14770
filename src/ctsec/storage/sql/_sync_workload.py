# Generated from src/ctsec/storage/sql/_async_workload.py by tools/twin.py; edit that file.
"""Rules of workload identity in SQL (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update

from ctsec.ids import OrganizationId, ServiceAccountId, WorkloadRuleId
from ctsec.keys.workload import WorkloadRule
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables

_COUNTED: Final = frozenset({"exchanged", "last_exchanged_at"})


class SqlWorkloadRules:
    """See `ctsec.keys.ports.WorkloadRuleRecords`."""

    __slots__ = ("_run", "_table", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables
        self._table = tables.workload_rule

    def add(self, rule: WorkloadRule) -> None:
        """Insert a rule."""
        self._run.change(added(self._table, rule))

    def get(self, organization_id: OrganizationId, rule_id: WorkloadRuleId) -> WorkloadRule | None:
        """Return a rule of this organization."""
        t = self._table
        return made(WorkloadRule, self._run.row(select(t).where(t.c.id == rule_id, t.c.organization_id == organization_id)))

    def replace(self, rule: WorkloadRule) -> bool:
        """Write what a rule says if the stored version is one less; what was counted stays."""
        return self._run.change(replaced(self._table, rule, keep=_COUNTED)) == 1

    def remove(self, organization_id: OrganizationId, rule_id: WorkloadRuleId) -> bool:
        """Delete a rule; True if there was one."""
        t = self._table
        return self._run.change(delete(t).where(t.c.id == rule_id, t.c.organization_id == organization_id)) == 1

    def of_organization(self, organization_id: OrganizationId) -> tuple[WorkloadRule, ...]:
        """Return the rules of an organization, in the order of ids."""
        t = self._table
        return all_made(WorkloadRule, self._run.rows(select(t).where(t.c.organization_id == organization_id).order_by(t.c.id)))

    def matching(self, account_id: ServiceAccountId, *, issuer: str, audience: str) -> tuple[WorkloadRule, ...]:
        """Return the rules of a service account for an issuer and an audience, in the order of ids."""
        t = self._table
        wanted = (t.c.account_id == account_id, t.c.issuer == issuer, t.c.audience == audience)
        return all_made(WorkloadRule, self._run.rows(select(t).where(*wanted).order_by(t.c.id)))

    def count(self, rule_id: WorkloadRuleId, *, version: int, at: datetime) -> bool:
        """Count one key that this version of a rule gave."""
        t = self._table
        one_more = {"exchanged": t.c.exchanged + 1, "last_exchanged_at": at}
        return self._run.change(update(t).where(t.c.id == rule_id, t.c.version == version).values(one_more)) == 1

    def trim_keys(self, *, before: datetime, limit: int) -> int:
        """Delete keys that rules gave and that ended before this, with their secrets."""
        t, s = self._tables.api_key, self._tables.api_key_secret
        ended = select(t.c.id).where(t.c.rule_id.is_not(None), t.c.expires_at < before).order_by(t.c.expires_at, t.c.id).limit(limit)
        ids = [row["id"] for row in self._run.rows(ended)]
        if ids:
            self._run.change(delete(s).where(s.c.key_id.in_(ids)))
            self._run.change(delete(t).where(t.c.id.in_(ids)))
        return len(ids)
