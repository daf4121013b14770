# Generated from src/ctsec/keys/_async_workload_ports.py by tools/twin.py; edit that file.
"""What workload identity needs of a store and of the other features (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.guard.attempts import Charge
from ctsec.ids import OrganizationId, ServiceAccountId, WorkloadRuleId, WorkspaceId
from ctsec.keys.workload import WorkloadRule
from ctsec.outcome import Outcome, Refusal
from ctsec.principal import Principal


class WorkloadRuleRecords(Protocol):
    """Rules of workload identity, and the keys that they gave."""

    def add(self, rule: WorkloadRule) -> None:
        """Insert a rule."""
        ...

    def get(self, organization_id: OrganizationId, rule_id: WorkloadRuleId) -> WorkloadRule | None:
        """Return a rule of this organization."""
        ...

    def replace(self, rule: WorkloadRule) -> bool:
        """Write what a rule says if the stored version is one less; what was counted stays."""
        ...

    def remove(self, organization_id: OrganizationId, rule_id: WorkloadRuleId) -> bool:
        """Delete a rule; True if there was one."""
        ...

    def of_organization(self, organization_id: OrganizationId) -> tuple[WorkloadRule, ...]:
        """Return the rules of an organization, in the order of ids."""
        ...

    def matching(self, account_id: ServiceAccountId, *, issuer: str, audience: str) -> tuple[WorkloadRule, ...]:
        """Return the rules of a service account for an issuer and an audience, in the order of ids."""
        ...

    def count(self, rule_id: WorkloadRuleId, *, version: int, at: datetime) -> bool:
        """Count one key that this version of a rule gave, in one statement; False if it is not there any more."""
        ...

    def trim_keys(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` keys that rules gave and that ended before this, with their secrets; return how many."""
        ...


class RuleRights(Protocol):
    """Who may make a rule, and what its keys may, answered by the roles feature."""

    def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None."""
        ...

    def may_mint_for(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        account: ServiceAccountId,
        scopes: frozenset[str] | None,
        workspaces: frozenset[WorkspaceId] | None,
    ) -> Refusal | None:
        """Return why `actor` may not be shown a key of the service account with this narrowing, or None."""
        ...


class MinterRights(Protocol):
    """What who made a rule still may, answered by the roles feature."""

    def may_still_mint_for(
        self,
        minter: str,
        *,
        organization: OrganizationId,
        account: ServiceAccountId,
        scopes: frozenset[str] | None,
        workspaces: frozenset[WorkspaceId] | None,
    ) -> Refusal | None:
        """Return why a key of an enabled service account may not be made in the name of who let it be made before, or None."""
        ...


class ExchangeThrottle(Protocol):
    """Counts what address blocks try."""

    def charge_address(self) -> Outcome[Charge]:
        """Count one attempt against the address block."""
        ...

    def settle(self, *charges: Charge) -> None:
        """Give back what an attempt has taken that was in order."""
        ...
