"""What does the work behind the services (async source)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ctsec.authn._async_ports import AsyncBreachRanges, AsyncPasswordHasher
from ctsec.clock import Clock
from ctsec.directory._async_lifecycle_ports import AsyncHandsOver
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption._async_subject_keys import AsyncSubjectKeys
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.reencryption import SealedPlace
from ctsec.guard._async_allowances import AsyncFallingBack, AsyncSharedGuard
from ctsec.guard._async_ports import AsyncGuardStore, AsyncSharedAllowances
from ctsec.ids import DekId
from ctsec.mfa._async_ports import AsyncStretcher
from ctsec.storage._async_ports import AsyncStorage


class AsyncSlowHash(AsyncPasswordHasher, AsyncStretcher, Protocol):
    """Argon2id for passwords and backup codes, in one bounded worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncEngines:
    """What does the work behind the services: the slow hash, the key ring, the keys of persons, who knows of leaked passwords, and the
    tables (`places`) whose values are sealed anew after a rotation. `sharing` hands over what a leaver shared.
    """

    slow_hash: AsyncSlowHash
    secrets: AsyncKeyRing
    subjects: AsyncSubjectKeys
    breaches: AsyncBreachRanges | None = None
    places: tuple[SealedPlace, ...] = ()
    sharing: AsyncHandsOver | None = None


class AsyncDeks:
    """Data keys as committed: each read is a short transaction of our own."""

    __slots__ = ("_storage",)

    def __init__(self, storage: AsyncStorage) -> None:
        self._storage = storage

    async def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a committed wrapped key."""
        async with self._storage.reading() as store:
            return await store.deks.get(dek_id)

    async def active(self, scope: str, region: str) -> WrappedDek | None:
        """Return the committed active key of `scope` in `region`."""
        async with self._storage.reading() as store:
            return await store.deks.active(scope, region)

    async def reserve(self, dek_id: DekId, *, messages: int, most: int) -> bool:
        """Count messages as sealed under a key; False if that would be more than `most`."""
        return await self._storage.guard.seals.reserve(dek_id, messages=messages, most=most)


def guard_of(storage: AsyncStorage, *, allowances: AsyncSharedAllowances | None, clock: Clock) -> AsyncGuardStore:
    """Return the guard store of a bundle, its allowances where they are shared by several processes."""
    if allowances is None:
        return storage.guard
    return AsyncSharedGuard.of(storage.guard, AsyncFallingBack(allowances, storage.guard.allowances, clock=clock))
