"""Tokens of workloads, exchanged for API keys under rules (async source).

Rules that this module keeps:

- rules are found by service account, issuer and audience, so a token leads to one organization's rules and to nobody else's;
- an id of a token is used up before its key is made, for exactly one caller, and a host that rolls back does not revive it;
- a key may nothing that who made its rule may not at this moment, and nothing that the organization asks of keys is passed over;
- it makes and changes no key (`ctsec.keys.credential`): or a quarter of an hour would be for ever;
- why a token was refused is in the log of the rule's organization; outward there is one refusal, whatever was wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.errors import StoreError
from ctsec.guard._async_ports import AsyncProofRecords
from ctsec.guard.attempts import Charge
from ctsec.guard.proof import Proof, Purpose
from ctsec.ids import KeyId, ServiceAccountId, new_id
from ctsec.keys._async import AsyncApiKeyParts
from ctsec.keys._async_making import make_secret
from ctsec.keys._async_workload_ports import AsyncExchangeThrottle, AsyncMinterRights, AsyncWorkloadRuleRecords
from ctsec.keys.credential import key_principal
from ctsec.keys.organization_policy import check_minting
from ctsec.keys.policy import MintedKey, check_request
from ctsec.keys.record import ApiKey
from ctsec.keys.workload import WorkloadRule
from ctsec.keys.workload_token import Presented, ProvedWorkload, WorkloadReason
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import PrincipalKind, anonymous

REFUSED: Final = Refusal(Reason.INVALID_TOKEN, "the token was not accepted")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncExchangeParts:
    """The records that rules and keys are kept in, who judges, and what counts tokens and attempts."""

    rules: AsyncWorkloadRuleRecords
    keys: AsyncApiKeyParts
    rights: AsyncMinterRights
    proofs: AsyncProofRecords
    throttle: AsyncExchangeThrottle


class AsyncExchanges:
    """Gives keys for tokens that were proved, and records why others got none."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncExchangeParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def charge(self) -> Outcome[Charge]:
        """Count an exchange against the address block, until it succeeds; THROTTLED where it has tried too many."""
        return await self._parts.throttle.charge_address()

    async def settle(self, charge: Charge) -> None:
        """Give back what an exchange has taken that was in order."""
        await self._parts.throttle.settle(charge)

    async def rules(self, account: ServiceAccountId, found: Presented) -> tuple[WorkloadRule, ...]:
        """Return the rules that a token can be tried under."""
        return await self._parts.rules.matching(account, issuer=found.issuer, audience=found.audience)

    async def take(self, rule: WorkloadRule, proved: ProvedWorkload) -> bool:
        """Use up the id of a token that was proved; True for exactly one caller, and for a token without one."""
        if proved.used is None:
            return True
        now = self._ambient.now()
        used = Proof(
            purpose=Purpose.WORKLOAD_TOKEN,
            digest=proved.used,
            subject=rule.id,
            issued_at=now,
            expires_at=proved.forget_at,
            used_at=now,
        )
        try:
            await self._parts.proofs.issue((used,))
        except StoreError:
            if await self._parts.proofs.peek(Purpose.WORKLOAD_TOKEN, proved.used) is None:
                raise
            return False
        return True

    async def give(self, rule: WorkloadRule, proved: ProvedWorkload) -> Outcome[MintedKey]:
        """Make the key of a rule for a token that was proved and used up."""
        refusal = await self._refusal(rule)
        if refusal is not None:
            return await self.refuse(rule, refusal.reason)
        keys, now = self._parts.keys, self._ambient.now()
        # Judged and counted by one statement: a rule that was changed or removed meanwhile gives nothing.
        if not await self._parts.rules.count(rule.id, version=rule.version, at=now):
            return await self.refuse(rule, WorkloadReason.RULE_CHANGED)
        key = ApiKey(
            id=new_id(KeyId, now=now, random=self._ambient.random),
            organization_id=rule.organization_id,
            owner_id=rule.account_id,
            owner_kind=PrincipalKind.SERVICE_ACCOUNT,
            name=rule.name,
            environment="live",
            scopes=rule.scopes,
            workspaces=rule.workspaces,
            networks=rule.networks,
            created_at=now,
            expires_at=now + timedelta(seconds=rule.life_seconds),
            rule_id=rule.id,
        )
        token, secret = await make_secret(key, rule.made_by, ring=keys.ring, sealer=keys.sealer, ambient=self._ambient)
        await keys.records.add(key, secret)
        await keys.epochs.bump(key.id)
        await self._audit.note(
            EventName.WORKLOAD_TOKEN_EXCHANGED,
            actor=key_principal(key, enrolled=False),
            targets=(Target("api_key", key.id), Target("workload_rule", rule.id)),
            organization=rule.organization_id,
            details={"issuer": rule.issuer, "subject": proved.subject, "minted_by": rule.made_by},
        )
        return MintedKey(key, token)

    async def trim(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` keys that rules gave and that ended before this; return how many."""
        return await self._parts.rules.trim_keys(before=before, limit=limit)

    async def refuse(self, rule: WorkloadRule, why: StrEnum) -> Refusal:
        """Record precisely why a token got no key, and return what is said outward."""
        await self._audit.note_aside(
            EventName.WORKLOAD_TOKEN_REFUSED,
            actor=anonymous(),
            targets=(Target("workload_rule", rule.id), Target("service_account", rule.account_id)),
            organization=rule.organization_id,
            refused=REFUSED.reason,
            details={"why": why.value, "issuer": rule.issuer},
        )
        return REFUSED

    async def _refusal(self, rule: WorkloadRule) -> Refusal | None:
        refusal = await self._parts.rights.may_still_mint_for(
            rule.made_by, organization=rule.organization_id, account=rule.account_id, scopes=rule.scopes, workspaces=rule.workspaces
        )
        if refusal is None:
            refusal = check_request(rule.request(), policy=self._parts.keys.policy)
        if refusal is not None:
            return refusal
        rules = await self._parts.keys.policies.get(rule.organization_id)
        return check_minting(rules, life=timedelta(seconds=rule.life_seconds), networks=rule.networks)
