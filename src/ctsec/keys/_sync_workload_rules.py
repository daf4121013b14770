# Generated from src/ctsec/keys/_async_workload_rules.py by tools/twin.py; edit that file.
"""Rules of workload identity: made, changed and removed by who manages service accounts (async source).

Rules that this module keeps:

- a rule gives keys, so making and changing one is judged as minting such a key is, with authority read after the organization is locked;
- it takes a whole credential: a key that is narrowed, or that a rule gave itself, makes no rule that would outlive its narrowing;
- a rule that is changed or removed ends the keys that it gave, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import NOTHING, Detail, EventName, Target
from ctsec.ids import OrganizationId, ServiceAccountId, WorkloadRuleId, new_id
from ctsec.keys._sync import ApiKeyParts
from ctsec.keys._sync_workload_ports import RuleRights, WorkloadRuleRecords
from ctsec.keys.organization_policy import check_minting
from ctsec.keys.workload import MAX_RULES, RuleTerms, WorkloadRule, check_rule
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.transport.reach import Reach
from ctsec.user import parse_name

_MANAGE: Final = "service_accounts:manage"
_NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such rule")
_NARROW: Final = Refusal(Reason.BEYOND_OWN_RIGHTS, "a key that is narrowed, or that a rule gave, makes and changes no rule")
_MANY: Final = Refusal(Reason.CEILING_EXCEEDED, f"an organization has at most {MAX_RULES} rules")
_CHANGED: Final = Refusal(Reason.CONFLICT, "the rule was changed by somebody else meanwhile")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadRuleParts:
    """The records that rules are kept in, those of the keys that they give, and who judges."""

    records: WorkloadRuleRecords
    rights: RuleRights
    keys: ApiKeyParts


class WorkloadRules:
    """The rules of organizations."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: WorkloadRuleParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def of_organization(self, actor: Principal, *, organization: OrganizationId) -> Outcome[tuple[WorkloadRule, ...]]:
        """Return the rules, in the order of ids; it takes the permission to manage service accounts."""
        refusal = self._parts.rights.may(actor, organization=organization, permission=_MANAGE, lock=False)
        return refusal if refusal is not None else self._parts.records.of_organization(organization)

    def create(
        self, actor: Principal, *, organization: OrganizationId, account: ServiceAccountId, terms: RuleTerms
    ) -> Outcome[WorkloadRule]:
        """Make a rule that gives keys of a service account, which may nothing that `actor` may not, now or when they are given."""
        refusal = self._judge(actor, organization, account, terms)
        if refusal is None and len(self._parts.records.of_organization(organization)) >= MAX_RULES:
            refusal = _MANY
        if refusal is not None:
            return self._refuse(actor, organization, refusal, attempted="workload_rule.create", target=account)
        now = self._ambient.now()
        rule = WorkloadRule(
            id=new_id(WorkloadRuleId, now=now, random=self._ambient.random),
            organization_id=organization,
            account_id=account,
            name=parse_name(terms.name),
            preset=terms.preset,
            issuer=terms.issuer,
            audience=terms.audience,
            claims=MappingProxyType(dict(terms.claims)),
            scopes=terms.scopes,
            workspaces=terms.workspaces,
            networks=terms.networks,
            life_seconds=int(terms.life.total_seconds()),
            made_by=actor.id,
            created_at=now,
            changed_at=now,
        )
        self._parts.records.add(rule)
        self._note(EventName.WORKLOAD_RULE_CREATED, actor, rule, _said(rule))
        return rule

    def change(self, actor: Principal, rule: WorkloadRuleId, *, organization: OrganizationId, terms: RuleTerms) -> Outcome[WorkloadRule]:
        """Have a rule say something else, of the same service account; the keys that it gave end."""
        found = self._found(actor, rule, organization)
        refusal = found if isinstance(found, Refusal) else self._judge(actor, organization, found.account_id, terms)
        if isinstance(found, Refusal) or refusal is not None:
            refused = refusal if refusal is not None else _NOT_FOUND
            return self._refuse(actor, organization, refused, attempted="workload_rule.change", target=rule)
        changed = replace(
            found,
            name=parse_name(terms.name),
            preset=terms.preset,
            issuer=terms.issuer,
            audience=terms.audience,
            claims=MappingProxyType(dict(terms.claims)),
            scopes=terms.scopes,
            workspaces=terms.workspaces,
            networks=terms.networks,
            life_seconds=int(terms.life.total_seconds()),
            made_by=actor.id,
            changed_at=self._ambient.now(),
            version=found.version + 1,
        )
        if not self._parts.records.replace(changed):
            return _CHANGED
        self._end_keys(actor, changed)
        self._note(EventName.WORKLOAD_RULE_CHANGED, actor, changed, _said(changed))
        return changed

    def remove(self, actor: Principal, rule: WorkloadRuleId, *, organization: OrganizationId) -> Outcome[bool]:
        """Remove a rule, and end the keys that it gave."""
        found = self._found(actor, rule, organization)
        if not isinstance(found, Refusal) and not self._parts.records.remove(organization, rule):
            found = _NOT_FOUND
        if isinstance(found, Refusal):
            return self._refuse(actor, organization, found, attempted="workload_rule.remove", target=rule)
        self._end_keys(actor, found)
        self._note(EventName.WORKLOAD_RULE_REMOVED, actor, found, NOTHING)
        return True

    def _judge(self, actor: Principal, organization: OrganizationId, account: ServiceAccountId, terms: RuleTerms) -> Refusal | None:
        keys = self._parts.keys
        refusal = check_rule(terms, policy=keys.policy, loopback=keys.policy.workload.reach is Reach.LOOPBACK)
        if refusal is not None:
            return refusal
        credential = actor.credential
        if credential.derived or credential.scopes is not None or credential.workspaces is not None:
            return _NARROW
        refusal = self._parts.rights.may_mint_for(
            actor, organization=organization, account=account, scopes=terms.scopes, workspaces=terms.workspaces
        )
        if refusal is not None:
            return refusal
        return check_minting(keys.policies.get(organization), life=terms.life, networks=terms.networks)

    def _found(self, actor: Principal, rule: WorkloadRuleId, organization: OrganizationId) -> Outcome[WorkloadRule]:
        """Return a rule; who may not know of any is told that, whether it is there or not."""
        refusal = self._parts.rights.may(actor, organization=organization, permission=_MANAGE)
        if refusal is not None:
            return refusal
        if actor.credential.derived:
            return _NARROW
        found = self._parts.records.get(organization, rule)
        return found if found is not None else _NOT_FOUND

    def _end_keys(self, actor: Principal, rule: WorkloadRule) -> None:
        keys, now = self._parts.keys, self._ambient.now()
        for key in keys.records.of_owner(rule.organization_id, rule.account_id):
            live = key.rule_id == rule.id and key.revoked_at is None and (key.expires_at is None or key.expires_at > now)
            if live and keys.records.revoke(rule.organization_id, key.id, now=now):
                keys.epochs.bump(key.id)
                self._audit.note(
                    EventName.API_KEY_REVOKED, actor=actor, targets=(Target("api_key", key.id),), organization=rule.organization_id
                )

    def _note(self, name: EventName, actor: Principal, rule: WorkloadRule, details: Mapping[str, Detail]) -> None:
        targets = (Target("workload_rule", rule.id), Target("service_account", rule.account_id))
        self._audit.note(name, actor=actor, targets=targets, organization=rule.organization_id, details=details)

    def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str, target: str) -> Refusal:
        self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("workload_rule" if target.startswith("wlr_") else "service_account", target),),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": attempted},
        )
        return refusal


def _said(rule: WorkloadRule) -> Mapping[str, Detail]:
    return {
        "issuer": rule.issuer,
        "audience": rule.audience,
        "claims": tuple(f"{name}={value}" for name, value in sorted(rule.claims.items())),
        "scopes": tuple(sorted(rule.scopes)) if rule.scopes is not None else None,
        "life_seconds": rule.life_seconds,
    }
