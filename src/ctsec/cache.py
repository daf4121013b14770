"""Records that a process keeps for a few seconds, and how it forgets them.

Rules that this module keeps:

- a record is put with a generation that was taken before it was read; if anything was evicted since, it is not kept: a read that began
  before a change can not store what it saw after it;
- a record dies five seconds of monotonic time after its read began, whatever the wall clock does: another process's change is seen by then;
- eviction is by scope (an id): every record that was tagged with the scope goes at once;
- the cache is bounded; what does not fit any more is the oldest.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

V = TypeVar("V")
LIFE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Generation:
    """When a read began: the count of evictions so far, and monotonic seconds."""

    evictions: int
    started: float


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    value: V
    dies_at: float
    scopes: tuple[str, ...]


class RecordCache(Generic[V]):
    """Records by key, each tagged with the scopes whose change ends it. Safe to use from several threads."""

    __slots__ = ("_by_scope", "_capacity", "_entries", "_evictions", "_life", "_lock", "_monotonic")

    def __init__(self, *, monotonic: Callable[[], float], capacity: int = 50_000, life: float = LIFE) -> None:
        self._monotonic = monotonic
        self._capacity = capacity
        self._life = life
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry[V]] = OrderedDict()
        self._by_scope: dict[str, set[str]] = {}
        self._evictions = 0

    def begin(self) -> Generation:
        """Return the generation to put a record with; call it before the read."""
        return Generation(self._evictions, self._monotonic())

    def get(self, key: str) -> V | None:
        """Return the record of `key` if there is one that has not died."""
        entry = self._entries.get(key)
        if entry is None or self._monotonic() >= entry.dies_at:
            return None
        return entry.value

    def put(self, key: str, value: V, *, scopes: Iterable[str], generation: Generation) -> bool:
        """Keep a record, unless something was evicted since its read began; return whether it is kept."""
        with self._lock:
            if generation.evictions != self._evictions:
                return False
            self._drop(key)
            while len(self._entries) >= self._capacity:
                self._drop(next(iter(self._entries)))
            entry = _Entry(value, generation.started + self._life, tuple(scopes))
            self._entries[key] = entry
            for scope in entry.scopes:
                self._by_scope.setdefault(scope, set()).add(key)
            return True

    def evict(self, scopes: Iterable[str]) -> None:
        """Forget every record tagged with one of `scopes`, and everything whose read is under way."""
        with self._lock:
            self._evictions += 1
            for scope in scopes:
                for key in tuple(self._by_scope.get(scope, ())):
                    self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._evictions += 1
            self._entries.clear()
            self._by_scope.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        for scope in entry.scopes if entry is not None else ():
            keys = self._by_scope.get(scope)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._by_scope[scope]
