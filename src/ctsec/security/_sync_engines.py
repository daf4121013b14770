# Generated from src/ctsec/security/_async_engines.py by tools/twin.py; edit that file.
"""What does the work behind the services (async source)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ctsec.authn._sync_ports import BreachRanges, PasswordHasher
from ctsec.clock import Clock
from ctsec.directory._sync_lifecycle_ports import HandsOver
from ctsec.encryption._sync import KeyRing
from ctsec.encryption._sync_subject_keys import SubjectKeys
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.reencryption import SealedPlace
from ctsec.guard._sync_allowances import FallingBack, SharedGuard
from ctsec.guard._sync_ports import GuardStore, SharedAllowances
from ctsec.ids import DekId
from ctsec.mfa._sync_ports import Stretcher
from ctsec.storage._sync_ports import Storage


class SlowHash(PasswordHasher, Stretcher, Protocol):
    """Argon2id for passwords and backup codes, in one bounded worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """What does the work behind the services: the slow hash, the key ring, the keys of persons, who knows of leaked passwords, and the
    tables (`places`) whose values are sealed anew after a rotation. `sharing` hands over what a leaver shared.
    """

    slow_hash: SlowHash
    secrets: KeyRing
    subjects: SubjectKeys
    breaches: BreachRanges | None = None
    places: tuple[SealedPlace, ...] = ()
    sharing: HandsOver | None = None


class Deks:
    """Data keys as committed: each read is a short transaction of our own."""

    __slots__ = ("_storage",)

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def get(self, dek_id: DekId) -> WrappedDek | None:
        """Return a committed wrapped key."""
        with self._storage.reading() as store:
            return store.deks.get(dek_id)

    def active(self, scope: str, region: str) -> WrappedDek | None:
        """Return the committed active key of `scope` in `region`."""
        with self._storage.reading() as store:
            return store.deks.active(scope, region)

    def reserve(self, dek_id: DekId, *, messages: int, most: int) -> bool:
        """Count messages as sealed under a key; False if that would be more than `most`."""
        return self._storage.guard.seals.reserve(dek_id, messages=messages, most=most)


def guard_of(storage: Storage, *, allowances: SharedAllowances | None, clock: Clock) -> GuardStore:
    """Return the guard store of a bundle, its allowances where they are shared by several processes."""
    if allowances is None:
        return storage.guard
    return SharedGuard.of(storage.guard, FallingBack(allowances, storage.guard.allowances, clock=clock))
