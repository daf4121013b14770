"""An organization's administrators reset the second factors of a member (async source).

Rules that this module keeps:

- a person does it, in a session with a fresh second factor, for somebody else whose rights are within the administrator's own, now and at
  every later moment; the same is asked of whoever approves, who is another person again;
- the member's address is of a domain that the organization has verified, and the member belongs to no other organization; anybody else is a
  case for the support (`ctsec.recovery._async_support`);
- the organization's terms say whether a second administrator approves and how long it waits. Where one person alone may not decide by the
  rule of `ctsec.recovery.separation`, a second one approves whatever the terms say.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.change import diff
from ctsec.audit.event import EventName, Target
from ctsec.ids import OrganizationId, RecoveryId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Principal
from ctsec.recovery._async_cases import ELSEWHERE, NOT_FOUND, AsyncCases, AsyncRecoveryParts
from ctsec.recovery.record import Recovery, RecoveryState, RecoveryTerms, parse_reason, parse_terms

MAX_PAGE: Final = 500
_MEMBERS: Final = "members:manage"
_ORGANIZATION: Final = "organization:manage"
_SIGN_IN: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in yourself to do this; an API key can not")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again first")
_SAME: Final = Refusal(Reason.SELF_CHANGE, "a reset is approved by somebody else than who asked for it")


class AsyncMfaResets:
    """Resets of members' second factors, and an organization's terms for them."""

    __slots__ = ("_ambient", "_audit", "_cases", "_parts")

    def __init__(self, parts: AsyncRecoveryParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._cases = AsyncCases(parts, audit=audit, ambient=ambient)
        self._audit = audit
        self._ambient = ambient

    async def request(self, actor: Principal, *, organization: OrganizationId, user: UserId, reason: str) -> Outcome[Recovery]:
        """Ask for the reset of a member's second factors and say why; it is carried out at once where the terms ask for nothing more.

        Among the reasons: STEP_UP_REQUIRED, BEYOND_OWN_RIGHTS, SUPPORT_REQUIRED (a case for the support), ON_HOLD with `retry_after` (the
        password or the address was replaced lately), MFA_NOT_ENROLLED, CONFLICT (one is under way).
        """
        try:
            words = parse_reason(reason).encode()
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        refusal = await self._parts.administrators.may_reset(actor, organization=organization, user=user)
        if refusal is None:
            refusal = self._proved(actor)
        if refusal is not None:
            return await self._refuse(refusal, actor, organization, user, attempted="mfa.reset_request")
        account = await self._parts.accounts.get(user)
        # Asked first: of somebody whom the organization does not speak for, its administrators learn nothing more.
        if account is None or not await self._parts.belonging.vouches(organization, account):
            return await self._refuse(ELSEWHERE, actor, organization, user, attempted="mfa.reset_request")
        found = await self._cases.resettable(user)
        if isinstance(found, Refusal):
            return await self._refuse(found, actor, organization, user, attempted="mfa.reset_request")
        person, trail = found
        terms = await self.terms(organization=organization)
        waits = terms.approvals > 0 or await self._cases.takes_two(person, trail)
        state = RecoveryState.REQUESTED if waits else RecoveryState.APPROVED
        made = await self._cases.made(person, by=actor, organization=organization, words=words, delay=terms.delay, state=state)
        await self._cases.note(EventName.MFA_RESET_REQUESTED, made, by=actor, personal={"reason": words.decode()})
        if not waits and not terms.delay_seconds:
            return await self._cases.carry_out(made.id, by=actor)
        await self._cases.announce(made, person, who="an administrator of your organization")
        return made

    async def approve(self, actor: Principal, *, organization: OrganizationId, recovery: RecoveryId) -> Outcome[Recovery]:
        """Approve a reset that somebody else asked for; it is judged like asking for one, and what is due is carried out."""
        found = await self._parts.records.get(recovery)
        if found is None or found.organization_id != organization:
            return NOT_FOUND
        refusal = await self._parts.administrators.may_reset(actor, organization=organization, user=found.user_id)
        if refusal is None:
            refusal = self._proved(actor)
        if refusal is None and actor.id == found.requested_by:
            refusal = _SAME
        if refusal is not None:
            return await self._refuse(refusal, actor, organization, found.user_id, attempted="mfa.reset_approve")
        approved = await self._cases.approved(recovery, by=actor)
        if isinstance(approved, Refusal):
            return await self._refuse(approved, actor, organization, found.user_id, attempted="mfa.reset_approve")
        await self._cases.note(EventName.MFA_RESET_APPROVED, approved, by=actor)
        if approved.due_at <= self._ambient.now():
            return await self._cases.carry_out(approved.id, by=actor)
        return approved

    async def cancel(self, actor: Principal, *, organization: OrganizationId, recovery: RecoveryId) -> Outcome[Recovery]:
        """End a reset before it is carried out: whoever manages the members may, and the person whom it is about."""
        found = await self._parts.records.get(recovery)
        if found is None or found.organization_id != organization:
            return NOT_FOUND
        own = actor.id == found.user_id and actor.credential.kind is CredentialKind.SESSION
        if not own:
            refusal = await self._parts.administrators.may(actor, organization=organization, permission=_MEMBERS)
            if refusal is not None:
                return await self._refuse(refusal, actor, organization, found.user_id, attempted="mfa.reset_cancel")
        return await self._cases.cancel(recovery, by=actor, why="canceled")

    async def of_organization(self, *, organization: OrganizationId, after: str = "", limit: int = 100) -> tuple[Recovery, ...]:
        """Return the resets of an organization with an id above `after`, at most 500, those that are over too."""
        return await self._parts.records.page(organization, after=after, limit=min(limit, MAX_PAGE))

    async def reason(self, recovery: Recovery) -> str:
        """Return the reason that was given for a reset of `of_organization`, for who is to decide it."""
        return (await self._cases.words(recovery)).decode()

    async def terms(self, *, organization: OrganizationId) -> RecoveryTerms:
        """Return what an organization asks of a reset: its own terms, or the deployment's (version 0)."""
        found = await self._parts.terms.get(organization)
        if found is not None:
            return found
        policy = self._parts.policy
        return RecoveryTerms(
            organization_id=organization,
            approvals=policy.approvals,
            delay_seconds=int(policy.delay.total_seconds()),
            changed_by="",
            changed_at=self._ambient.now(),
            version=0,
        )

    async def set_terms(
        self, actor: Principal, *, organization: OrganizationId, approvals: int, delay: timedelta
    ) -> Outcome[RecoveryTerms]:
        """Have resets wait for `approvals` (0 or 1) of a second administrator and for `delay` (at most 14 days).

        Needs `organization:manage` and a fresh second factor. What waits already goes on under the terms that it was asked for with.
        """
        try:
            seconds = parse_terms(approvals, delay)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        refusal = await self._parts.administrators.may(actor, organization=organization, permission=_ORGANIZATION)
        if refusal is None:
            refusal = self._proved(actor)
        if refusal is not None:
            return await self._refuse(refusal, actor, organization, UserId(actor.id), attempted="recovery_terms.change")
        before = await self.terms(organization=organization)
        after = RecoveryTerms(
            organization_id=organization,
            approvals=approvals,
            delay_seconds=seconds,
            changed_by=actor.id,
            changed_at=self._ambient.now(),
            version=before.version + 1,
        )
        if not await self._parts.terms.put(after):
            return Refusal(Reason.CONFLICT, "the terms were changed by somebody else meanwhile")
        await self._audit.note(
            EventName.RECOVERY_TERMS_CHANGED,
            actor=actor,
            targets=(Target("organization", organization),),
            organization=organization,
            changes=diff(_told(before), _told(after)),
        )
        return after

    def _proved(self, actor: Principal) -> Refusal | None:
        if actor.credential.kind is not CredentialKind.SESSION:
            return _SIGN_IN
        return None if actor.credential.second_factor_fresh(now=self._ambient.now()) else _STEP_UP

    async def _refuse(self, refusal: Refusal, actor: Principal, organization: OrganizationId, user: UserId, *, attempted: str) -> Refusal:
        return await self._cases.refuse(refusal, by=actor, user=user, organization=organization, attempted=attempted)


def _told(terms: RecoveryTerms) -> dict[str, object]:
    return {"approvals": terms.approvals, "delay_seconds": terms.delay_seconds}
