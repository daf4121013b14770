"""Recovery of a unit, and the job that carries it out (async source)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ctsec.ambient import Ambient
from ctsec.authn._async_passwords import AsyncPasswordVault
from ctsec.directory._async_domains import AsyncDomains
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.ids import RecoveryId
from ctsec.mail._async import AsyncOutbox
from ctsec.mfa._async import AsyncMfa
from ctsec.mfa._async_parts import AsyncMfaParts
from ctsec.mfa._async_removal import AsyncFactorRemoval
from ctsec.outcome import Outcome, Refusal
from ctsec.rbac._async_authority import AsyncAuthority
from ctsec.recovery._async_cases import AsyncRecoveryParts
from ctsec.recovery._async_link import AsyncRecoveries
from ctsec.recovery._async_trail import AsyncTrails
from ctsec.recovery.record import Recovery
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AsyncStore


class AsyncRecoveryUnit(Protocol):
    """A unit of work, as far as the job needs it."""

    @property
    def recovery(self) -> AsyncRecoveries:
        """Resets on their way."""
        ...


def async_trails(store: AsyncStore, *, factors: AsyncMfa, parts: Parts, ambient: Ambient) -> AsyncTrails:
    """Return the trails of accounts over a store."""
    separation = parts.settings.recovery.separation
    return AsyncTrails(store.trails, recoveries=store.recoveries, factors=factors, separation=separation, ambient=ambient)


def async_recovery(
    store: AsyncStore,
    *,
    guard: AsyncGuardStore,
    parts: Parts,
    factors: AsyncMfaParts,
    mfa: AsyncMfa,
    passwords: AsyncPasswordVault,
    domains: AsyncDomains,
    authority: AsyncAuthority,
    post: AsyncOutbox,
) -> AsyncRecoveryParts:
    """Return the parts of recovery over a store."""
    return AsyncRecoveryParts(
        records=store.recoveries,
        trails=store.trails,
        terms=store.recovery_terms,
        accounts=store.users,
        factors=AsyncFactorRemoval(factors, mfa=mfa),
        passwords=passwords,
        sessions=factors.sessions,
        belonging=domains,
        administrators=authority,
        throttle=factors.throttle,
        proofs=guard.proofs,
        sealer=factors.sealer,
        post=post,
        letters=parts.letters,
        policy=parts.settings.recovery,
    )


class AsyncRecoveryJobs:
    """Carries out what is due, each reset in a transaction of its own."""

    __slots__ = ("_begin",)

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AsyncRecoveryUnit]]) -> None:
        self._begin = begin

    async def carry_out_due(self) -> int:
        """Carry out or, where something speaks against it, cancel what is due, at most a hundred resets a run; return how many."""
        async with self._begin() as unit:
            due = await unit.recovery.due()
        return len([await self._carry_out(each) for each in due])

    async def _carry_out(self, recovery: RecoveryId) -> Outcome[Recovery] | Refusal:
        async with self._begin() as unit:
            return await unit.recovery.carry_out(recovery)
