"""Cases of the support: the second factors of people whom no administrator can reset (async source).

Rules that this module keeps:

- operators decide, whom the host names in its code; they have no right in any organization by it, and no session becomes one;
- a case is opened with recorded evidence of who the person is, approved by a second operator, and waits for the deployment's delay, which
  begins with the notice to the person; each of the two is somebody else, and neither is the person;
- who reads the evidence is an event;
- the password stays as it is, and nothing is reset by mail for the separation that follows.
"""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName
from ctsec.ids import RecoveryId, UserId
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.recovery._async_cases import NO_ACCOUNT, NOT_FOUND, AsyncCases, AsyncRecoveryParts
from ctsec.recovery.record import Evidence, Recovery, RecoveryState
from ctsec.user import parse_email

MAX_PAGE: Final = 500
_OWN: Final = Refusal(Reason.SELF_CHANGE, "nobody decides a case of their own")
_SAME: Final = Refusal(Reason.SELF_CHANGE, "a case is approved by another operator than the one who opened it")


class AsyncSupport:
    """Cases of the support."""

    __slots__ = ("_cases", "_parts")

    def __init__(self, parts: AsyncRecoveryParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._cases = AsyncCases(parts, audit=audit, ambient=ambient)

    async def open(self, operator: Operator, *, email: str, evidence: Evidence) -> Outcome[Recovery]:
        """Open a case for the person of an address whose identity was looked at; every known address is told, with a link that cancels it.

        Reasons: INVALID_INPUT, SELF_CHANGE, NOT_FOUND, MFA_NOT_ENROLLED, CONFLICT (a reset is under way), ON_HOLD with `retry_after`.
        """
        try:
            account = await self._parts.accounts.by_email(parse_email(email)[1])
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        if account is None:
            return await self._refuse(operator, None, NO_ACCOUNT, attempted="support_case.open")
        found = _OWN if await self._own(operator, account.id) else await self._cases.resettable(account.id)
        if isinstance(found, Refusal):
            return await self._refuse(operator, account.id, found, attempted="support_case.open")
        person, _ = found
        case = await self._cases.made(
            person,
            by=operator.principal,
            organization=None,
            words=evidence.to_bytes(),
            delay=self._parts.policy.support_delay,
            state=RecoveryState.REQUESTED,
        )
        await self._cases.announce(case, person, who="the support")
        personal = {"reason": operator.reason, "reference": evidence.reference}
        details = {"evidence": evidence.kind.value}
        await self._cases.note(EventName.SUPPORT_CASE_OPENED, case, by=operator.principal, details=details, personal=personal)
        return case

    async def view(self, operator: Operator, *, case: RecoveryId) -> Outcome[tuple[Recovery, Evidence]]:
        """Return a case with its evidence, for who is to approve it; that it was read is an event."""
        found = await self._case(case)
        if found is None:
            return await self._refuse(operator, None, NOT_FOUND, attempted="support_case.view")
        evidence = Evidence.from_bytes(await self._cases.words(found))
        await self._cases.note(EventName.SUPPORT_CASE_VIEWED, found, by=operator.principal, personal={"reason": operator.reason})
        return found, evidence

    async def approve(self, operator: Operator, *, case: RecoveryId) -> Outcome[Recovery]:
        """Approve a case that another operator opened; it is carried out when its delay is over."""
        found = await self._case(case)
        if found is None:
            return await self._refuse(operator, None, NOT_FOUND, attempted="support_case.approve")
        refusal = _SAME if operator.id == found.requested_by else None
        if refusal is None and await self._own(operator, found.user_id):
            refusal = _OWN
        approved = await self._cases.approved(case, by=operator.principal) if refusal is None else refusal
        if isinstance(approved, Refusal):
            return await self._refuse(operator, found.user_id, approved, attempted="support_case.approve")
        await self._cases.note(EventName.SUPPORT_CASE_APPROVED, approved, by=operator.principal, personal={"reason": operator.reason})
        return approved

    async def cancel(self, operator: Operator, *, case: RecoveryId) -> Outcome[Recovery]:
        """End a case before it is carried out; every operator may."""
        if await self._case(case) is None:
            return await self._refuse(operator, None, NOT_FOUND, attempted="support_case.cancel")
        return await self._cases.cancel(case, by=operator.principal, why="canceled", personal={"reason": operator.reason})

    async def cases(self, *, after: str = "", limit: int = 100) -> tuple[Recovery, ...]:
        """Return the cases with an id above `after`, at most 500, those that are over too."""
        return await self._parts.records.page(None, after=after, limit=min(limit, MAX_PAGE))

    async def _case(self, case: RecoveryId) -> Recovery | None:
        found = await self._parts.records.get(case)
        return found if found is not None and found.organization_id is None else None

    async def _own(self, operator: Operator, user: UserId) -> bool:
        account = await self._parts.accounts.get(user)
        return account is not None and operator.id in {account.id, account.email_key}

    async def _refuse(self, operator: Operator, user: UserId | None, refusal: Refusal, *, attempted: str) -> Refusal:
        return await self._cases.refuse(refusal, by=operator.principal, user=user, organization=None, attempted=attempted)
