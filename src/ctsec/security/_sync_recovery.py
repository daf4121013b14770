# Generated from src/ctsec/security/_async_recovery.py by tools/twin.py; edit that file.
"""Recovery of a unit, and the job that carries it out (async source)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from ctsec.ambient import Ambient
from ctsec.authn._sync_passwords import PasswordVault
from ctsec.directory._sync_domains import Domains
from ctsec.guard._sync_ports import GuardStore
from ctsec.ids import RecoveryId
from ctsec.mail._sync import Outbox
from ctsec.mfa._sync import Mfa
from ctsec.mfa._sync_parts import MfaParts
from ctsec.mfa._sync_removal import FactorRemoval
from ctsec.outcome import Outcome, Refusal
from ctsec.rbac._sync_authority import Authority
from ctsec.recovery._sync_cases import RecoveryParts
from ctsec.recovery._sync_link import Recoveries
from ctsec.recovery._sync_trail import Trails
from ctsec.recovery.record import Recovery
from ctsec.security.parts import Parts
from ctsec.storage._sync_ports import Store


class RecoveryUnit(Protocol):
    """A unit of work, as far as the job needs it."""

    @property
    def recovery(self) -> Recoveries:
        """Resets on their way."""
        ...


def sync_trails(store: Store, *, factors: Mfa, parts: Parts, ambient: Ambient) -> Trails:
    """Return the trails of accounts over a store."""
    separation = parts.settings.recovery.separation
    return Trails(store.trails, recoveries=store.recoveries, factors=factors, separation=separation, ambient=ambient)


def sync_recovery(
    store: Store,
    *,
    guard: GuardStore,
    parts: Parts,
    factors: MfaParts,
    mfa: Mfa,
    passwords: PasswordVault,
    domains: Domains,
    authority: Authority,
    post: Outbox,
) -> RecoveryParts:
    """Return the parts of recovery over a store."""
    return RecoveryParts(
        records=store.recoveries,
        trails=store.trails,
        terms=store.recovery_terms,
        accounts=store.users,
        factors=FactorRemoval(factors, mfa=mfa),
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


class RecoveryJobs:
    """Carries out what is due, each reset in a transaction of its own."""

    __slots__ = ("_begin",)

    def __init__(self, begin: Callable[[], AbstractContextManager[RecoveryUnit]]) -> None:
        self._begin = begin

    def carry_out_due(self) -> int:
        """Carry out or, where something speaks against it, cancel what is due, at most a hundred resets a run; return how many."""
        with self._begin() as unit:
            due = unit.recovery.due()
        return len([self._carry_out(each) for each in due])

    def _carry_out(self, recovery: RecoveryId) -> Outcome[Recovery] | Refusal:
        with self._begin() as unit:
            return unit.recovery.carry_out(recovery)
