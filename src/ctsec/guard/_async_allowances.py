"""Taking from the allowances of address blocks and mailboxes (async source)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.clock import Clock
from ctsec.connections._async_ports import AsyncAppTokenRecords
from ctsec.encryption._async_ports import AsyncSubjectKeyRecords
from ctsec.errors import StoreBusy, StoreError
from ctsec.guard._async_ports import (
    AsyncAllowanceRecords,
    AsyncAsideEvents,
    AsyncAttemptRecords,
    AsyncGuardStore,
    AsyncProofRecords,
    AsyncSealCounts,
    AsyncSharedAllowances,
    AsyncStepRecords,
)
from ctsec.guard.allowance import Allowance, AllowancePolicy, give_back, rebase, take
from ctsec.outcome import Refusal

_TRIES: Final = 16
_LOG: Final = logging.getLogger("ctsec.throttle")
SECONDS_AWAY: Final = 5.0


class AsyncAllowances:
    """One kind of allowance, kept in records that may be in SQL, in Redis or in memory."""

    __slots__ = ("_ambient", "_policy", "_records")

    def __init__(self, records: AsyncAllowanceRecords, *, policy: AllowancePolicy, ambient: Ambient) -> None:
        self._records = records
        self._policy = policy
        self._ambient = ambient

    async def take(self, key: str) -> Refusal | None:
        """Take one from `key`, or return THROTTLED with `retry_after`.

        Raises StoreBusy if others kept changing the record: nothing was taken and nothing may be tried.
        """
        for _ in range(_TRIES):
            now = self._ambient.now()
            old = await self._records.get(key)
            if old is not None and (rebased := rebase(old, now=now, policy=self._policy)) is not old:
                # The clock went back: the shortened record is stored, so that it fills up from now on.
                if not await self._records.replace(old, rebased):
                    continue
                old = rebased
            outcome = take(old, key=key, now=now, policy=self._policy)
            if isinstance(outcome, Refusal):
                return outcome
            if await self._records.replace(old, outcome):
                return None
        raise StoreBusy("the allowance kept changing; try again")

    async def give_back(self, key: str) -> None:
        """Give one back; where others keep changing the record it stays taken, and fills up with time."""
        for _ in range(_TRIES):
            old = await self._records.get(key)
            if old is None or await self._records.replace(old, give_back(old, policy=self._policy)):
                return


class AsyncFallingBack:
    """Allowances on a server of their own, and in the guard store for as long as that server is away.

    After a failure the server is not asked for five seconds. Nothing is let through meanwhile: the guard store counts, from where it stood,
    so that each absence gives a block at most one allowance more.
    """

    __slots__ = ("_back_at", "_clock", "_first", "_second")

    def __init__(self, first: AsyncSharedAllowances, second: AsyncAllowanceRecords, *, clock: Clock) -> None:
        self._first = first
        self._second = second
        self._clock = clock
        self._back_at = clock.monotonic()

    async def get(self, key: str) -> Allowance | None:
        """Return the record of `key`."""
        if self._clock.monotonic() >= self._back_at:
            try:
                return await self._first.get(key)
            except StoreError as error:
                self._away(error)
        return await self._second.get(key)

    async def replace(self, old: Allowance | None, new: Allowance) -> bool:
        """Write `new` if the stored record still equals `old`: where the server went away in between, the caller reads again."""
        if self._clock.monotonic() >= self._back_at:
            try:
                return await self._first.replace(old, new)
            except StoreError as error:
                self._away(error)
                return False
        return await self._second.replace(old, new)

    async def trim(self, *, before: datetime) -> int:
        """Delete what the guard store counted."""
        return await self._second.trim(before=before)

    async def aclose(self) -> None:
        """Close the connections to the server."""
        await self._first.aclose()

    def _away(self, error: StoreError) -> None:
        self._back_at = self._clock.monotonic() + SECONDS_AWAY
        _LOG.warning("the server of the allowances is away (%s); the guard store counts meanwhile", error.code)


@dataclass(frozen=True, slots=True)
class AsyncSharedGuard:
    """A guard store whose allowances are kept elsewhere, such as in Redis; everything that must last stays where it is."""

    proofs: AsyncProofRecords
    steps: AsyncStepRecords
    attempts: AsyncAttemptRecords
    allowances: AsyncAllowanceRecords
    seals: AsyncSealCounts
    events: AsyncAsideEvents
    subjects: AsyncSubjectKeyRecords
    app_tokens: AsyncAppTokenRecords

    @classmethod
    def of(cls, guard: AsyncGuardStore, allowances: AsyncAllowanceRecords) -> AsyncSharedGuard:
        """Return `guard` with other allowances."""
        rest = (guard.seals, guard.events, guard.subjects, guard.app_tokens)
        return cls(guard.proofs, guard.steps, guard.attempts, allowances, *rest)
