"""Keys of persons that a process holds, unwrapped.

Rules that this module keeps:

- a key is held for a minute from when it was read: so long after an erasure another process may still open with it, and no longer;
- what a process seals under a key that was destroyed meanwhile can never be read: that is what an erasure asks for;
- it is bounded, the longest unused goes first; a forked child starts without keys.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from ctsec.clock import Clock
from ctsec.encryption.data_key import DataKey
from ctsec.ids import DekId
from ctsec.transport.forks import start_anew_after_fork

HELD_SECONDS: Final = 60.0
CAPACITY: Final = 10_000


class HeldSubjects:
    """Unwrapped keys by person and by their ids."""

    __slots__ = ("__weakref__", "_by_id", "_capacity", "_clock", "_forgotten", "_lock", "_of")

    def __init__(self, *, clock: Clock, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._forgotten = 0
        start_anew_after_fork(self)
        self.after_fork()

    def __repr__(self) -> str:
        return "HeldSubjects(<hidden>)"

    def after_fork(self) -> None:
        """Start without keys."""
        self._lock = threading.Lock()
        self._by_id: OrderedDict[DekId, tuple[str, DataKey, float]] = OrderedDict()
        self._of: dict[str, DekId] = {}
        self._forgotten += 1

    def sealing(self, subject: str) -> DataKey | None:
        """Return a held key of a person."""
        with self._lock:
            key_id = self._of.get(subject)
            return self._fresh(key_id) if key_id is not None else None

    def opening(self, key_id: DekId) -> DataKey | None:
        """Return the held key with an id."""
        with self._lock:
            return self._fresh(key_id)

    def begin(self) -> tuple[float, int]:
        """Return when a key is read or made, and how often some were forgotten by then; take it before the record is read."""
        with self._lock:
            return self._clock.monotonic(), self._forgotten

    def keep(self, subject: str, key: DataKey, *, started: tuple[float, int]) -> DataKey:
        """Hold a key that was read, or made, unless some were forgotten since `started`; return it."""
        since, forgotten = started
        with self._lock:
            if forgotten != self._forgotten:
                return key
            self._by_id[key.dek_id] = (subject, key, since + HELD_SECONDS)
            self._by_id.move_to_end(key.dek_id)
            self._of[subject] = key.dek_id
            while len(self._by_id) > self._capacity:
                self._drop(next(iter(self._by_id)))
        return key

    def forget(self, subjects: frozenset[str]) -> None:
        """Hold no key of some persons any more, nor one that is being read."""
        with self._lock:
            self._forgotten += 1
            for key_id in [each for each, (whose, _, _) in self._by_id.items() if whose in subjects]:
                self._drop(key_id)

    def _fresh(self, key_id: DekId) -> DataKey | None:
        found = self._by_id.get(key_id)
        if found is None:
            return None
        if found[2] <= self._clock.monotonic():
            self._drop(key_id)
            return None
        self._by_id.move_to_end(key_id)
        return found[1]

    def _drop(self, key_id: DekId) -> None:
        subject, _, _ = self._by_id.pop(key_id)
        if self._of.get(subject) == key_id:
            del self._of[subject]
