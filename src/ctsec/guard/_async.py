"""Counting attempts before secrets are compared (async source).

Rules that this module keeps:

- an attempt is counted and committed before its secret is compared; nobody's transaction takes that back;
- a device that the person has used before has its own counter and is held back by nothing that strangers do; all others share the counter
  of the authenticator, and an allowance with everybody of their address block;
- a device that reached its limit is a stranger;
- what a complete journey forgives is what it charged itself: the counters of its own lane, and its own share of the allowance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.errors import StoreBusy
from ctsec.guard._async_allowances import AsyncAllowances
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.guard.allowance import LONGEST, AllowancePolicy, address_block
from ctsec.guard.attempts import LOCKED, Attempts, Charge, ThrottlePolicy, charge, charge_along, rebase
from ctsec.guard.counters import block_counter, counted, device_counter, invitation_counter, mail_counter, notice_counter
from ctsec.ids import DeviceId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal, anonymous

_TRIES = 16
_NOTICES: Final = AllowancePolicy(burst=1, every=LONGEST)
_Rule: TypeAlias = Callable[..., Outcome[Attempts]]


class AsyncThrottle:
    """Charges an attempt before anything is compared, and forgets the charges when a journey is complete."""

    __slots__ = ("_addresses", "_ambient", "_attempts", "_audit", "_mails", "_notices", "_policy")

    def __init__(self, guard: AsyncGuardStore, *, policy: ThrottlePolicy, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._attempts = guard.attempts
        self._addresses = AsyncAllowances(guard.allowances, policy=policy.addresses, ambient=ambient)
        self._mails = AsyncAllowances(guard.allowances, policy=policy.mails, ambient=ambient)
        self._notices = AsyncAllowances(guard.allowances, policy=_NOTICES, ambient=ambient)
        self._policy = policy
        self._audit = audit
        self._ambient = ambient

    async def charge(self, counter: str, *, device: DeviceId | None = None, along: tuple[str, ...] = ()) -> Outcome[Charge]:
        """Count one attempt on an authenticator; return the charge, or a refusal (THROTTLED with `retry_after`, LOCKED).

        `device` is the known device that the attempt comes from. `along` are whole keys of counters that were charged earlier in the same
        journey: one that is disabled refuses the attempt, else the attempt counts there too. Raises StoreBusy if others kept changing a
        counter: then the attempt must not be made.
        """
        for key in along:
            found = await self._attempts.get(key)
            if found is not None and found.disabled_at is not None:
                return LOCKED
        record = await self._count(device_counter(counter, device), charge) if device is not None else LOCKED
        block = None
        if isinstance(record, Refusal) and record.reason is Reason.LOCKED:
            # Nobody's known device, or one whose own limit is reached.
            block = address_block(self._ambient.request.address)
            record = await self._count(counter, charge, block=block)
        if isinstance(record, Refusal):
            return record
        made = Charge((record,), block)
        for key in along:
            record = await self._count(key, charge_along)
            if isinstance(record, Refusal):
                return record
            made = replace(made, records=(*made.records, record))
        return made

    async def failed(self, charged: Charge, *, subject: str) -> None:
        """Note what the failed attempt has disabled; `subject` is the person, "" where there is no account (the same is done then)."""
        for record in charged.records:
            if record.disabled_at is None:
                continue
            factor, device = counted(record.key)
            await self._audit.note_aside(
                EventName.AUTHENTICATOR_DISABLED,
                actor=anonymous(),
                targets=(Target("user", subject),) if subject else (),
                subject=subject or None,
                details={"factor": factor, "failures": record.failures, "device": device or None},
            )
            # A device that reached its limit is a stranger from now on, which is no news; what strangers are kept out of is.
            await self._attempts.replace(record, replace(record, subject="" if device else subject))

    async def locked(self, *counters: str) -> bool:
        """Say whether one of these counters is disabled, so that a journey that charged it does not go on."""
        found = [await self._attempts.get(key) for key in counters]
        return any(each is not None and each.disabled_at is not None for each in found)

    async def settle(self, *charges: Charge) -> None:
        """Forgive what these charges counted; called only when the whole journey that they belong to is complete."""
        await self._attempts.settle(tuple(record for each in charges for record in each.records))
        for each in charges:
            if each.block is not None:
                await self._addresses.give_back(block_counter(each.block))

    async def bind(self, *counters: str, actor: Principal, subject: str) -> None:
        """Forget the counters of authenticators that were bound anew, disabled ones too, which is an event."""
        for key in counters:
            found = await self._attempts.get(key)
            if found is not None and found.disabled_at is not None:
                factor, device = counted(key)
                await self._audit.note_aside(
                    EventName.AUTHENTICATOR_RESTORED,
                    actor=actor,
                    targets=(Target("user", subject),),
                    subject=subject,
                    details={"factor": factor, "device": device or None},
                )
        await self._attempts.clear(counters)

    async def is_disabled(self, counter: str) -> bool:
        """Say whether strangers' failures have ended what this counter guards."""
        found = await self._attempts.get(counter)
        return found is not None and found.disabled_at is not None

    async def charge_address(self) -> Outcome[Charge]:
        """Count one attempt at something that nobody guesses, such as a mailed link, against the address block alone."""
        block = address_block(self._ambient.request.address)
        refusal = await self._addresses.take(block_counter(block)) if block is not None else None
        return Charge((), block) if refusal is None else refusal

    async def charge_mail(self, email_key: str) -> Refusal | None:
        """Count one mail on request to an address, known or not."""
        return await self._mails.take(mail_counter(email_key))

    async def charge_invitation(self, email_key: str) -> Refusal | None:
        """Count one invitation to an address, by whichever organization."""
        return await self._mails.take(invitation_counter(email_key))

    async def may_tell(self, user_id: UserId) -> bool:
        """Say whether a person may be told of a sign-in that is not complete: once a day, however often strangers begin one."""
        return await self._notices.take(notice_counter(user_id)) is None

    def _policy_of(self, key: str) -> ThrottlePolicy:
        return self._policy.of_device() if counted(key)[1] else self._policy

    async def _count(self, key: str, rule: _Rule, *, block: str | None = None) -> Outcome[Attempts]:
        """Charge a counter, and the allowance of an address block before it: what the counter refuses takes nothing from the block."""
        policy, due = self._policy_of(key), block
        for _ in range(_TRIES):
            now = self._ambient.now()
            old = await self._attempts.get(key)
            if old is not None and (rebased := rebase(old, now=now, policy=policy)) is not old:
                # The clock went back: the shortened block is stored, so that it runs down from now on.
                if not await self._attempts.replace(old, rebased):
                    continue
                old = rebased
            outcome = rule(old, key=key, now=now, policy=policy)
            if isinstance(outcome, Refusal):
                return outcome
            if due is not None and (refusal := await self._addresses.take(block_counter(due))) is not None:
                return refusal
            due = None
            if await self._attempts.replace(old, outcome):
                return outcome
        raise StoreBusy("the attempt counter kept changing; try again")
