# Generated from src/ctsec/security/_async_stale_jobs.py by tools/twin.py; edit that file.
"""What the worker deletes because nothing needs it any more: proofs, sessions and devices that ended a while ago (async source).

Rules that this module keeps:

- what ended is kept for seven days, so that whoever comes late is told why, and then deleted in batches, each in a transaction of its own;
- nothing that is used once can be used again: a proof that is not there is not consumed, a session that is not there proves nobody;
- counters of failures and allowances are not touched, but those of devices that no longer exist: nobody can be charged to them;
- the last accepted steps of authenticators stay as long as the authenticators do: they are what stands against a second use.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.authn.device import Device
from ctsec.guard._sync_ports import GuardStore
from ctsec.guard.counters import code_counter, device_counter, password_counter
from ctsec.principal import SECOND_FACTORS, Factor
from ctsec.storage._sync_ports import Storage

KEPT: Final = timedelta(days=7)
BATCH: Final = 200
BATCHES: Final = 50


def _nothing(scopes: frozenset[str]) -> None:
    """Nothing that ended a week ago is held by a cache."""


class StaleJobs:
    """The job that deletes what ended; one run takes at most 10,000 rows of each kind."""

    __slots__ = ("_ambient", "_guard", "_storage")

    def __init__(self, storage: Storage, *, guard: GuardStore, ambient: Ambient) -> None:
        self._storage = storage
        self._guard = guard
        self._ambient = ambient

    def trim(self) -> int:
        """Delete what ended seven days ago; return how many rows."""
        count = 0
        for work in (self._proofs, self._sessions, self._devices):
            for _ in range(BATCHES):
                done = work()
                count += done
                if done < BATCH:
                    break
        return count

    def _proofs(self) -> int:
        return self._guard.proofs.trim(before=self._ambient.now() - KEPT, limit=BATCH)

    def _sessions(self) -> int:
        with self._storage.begin(after_commit=_nothing) as store:
            return store.sessions.trim(before=self._ambient.now() - KEPT, limit=BATCH)

    def _devices(self) -> int:
        with self._storage.begin(after_commit=_nothing) as store:
            gone = store.devices.trim(before=self._ambient.now() - KEPT, limit=BATCH)
        # After the commit: as long as the device is there, its count is too.
        if gone:
            self._guard.attempts.clear(tuple(key for device in gone for key in _counters(device)))
        return len(gone)


def _counters(device: Device) -> tuple[str, ...]:
    codes = [code_counter(device.user_id, Factor(factor)) for factor in sorted(SECOND_FACTORS)]
    return tuple(device_counter(counter, device.id) for counter in (password_counter(device.user_id), *codes))
