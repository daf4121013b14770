"""Records that a process keeps for a few seconds, and how it forgets them.

Rules that this module keeps:

- a record is put with a generation that was taken before it was read; if anything was evicted since, it is not kept: a read that began
  before a change can not store what it saw after it;
- a record dies five seconds of monotonic time after its read began, whatever the wall clock does: another process's change is seen by then;
- a process that can ask what others changed believes its records for `ask_every` seconds after it last asked, and no longer: without an
  answer it reads the store;
- a record that says its version never takes the place of a newer one: a slow read from before a commit must not hide what a quick one saw
  after it, in the moment until the commit is told here;
- eviction is by scope (an id): every record that was tagged with the scope goes at once;
- a key is a tuple, what the record is and the ids that it is of: text that is put together of ids could be that of others;
- the cache is bounded; what does not fit any more is the oldest.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from ctsec.changes import News

V = TypeVar("V")
Key: TypeAlias = tuple[str, ...]
LIFE: Final = 5.0
SILENCE: Final = 1.0


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
    version: int | None


class RecordCache(Generic[V]):
    """Records by key, each tagged with the scopes whose change ends it. Safe to use from several threads."""

    __slots__ = (
        "_ask_after", "_believed_until", "_by_scope", "_capacity", "_entries", "_evictions", "_life", "_lock", "_monotonic", "ask_every",
        "position",
    )  # fmt: skip

    def __init__(
        self, *, monotonic: Callable[[], float], capacity: int = 50_000, life: float = LIFE, ask_every: float | None = None
    ) -> None:
        if ask_every is not None and not 0 <= ask_every <= LIFE:
            raise ValueError(f"expected 0 to {LIFE:g} seconds between questions")
        self.ask_every = ask_every
        self.position: object = None
        self._monotonic = monotonic
        self._capacity = capacity
        self._life = life
        self._believed_until = math.inf if ask_every is None else -math.inf
        self._ask_after = -math.inf
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, _Entry[V]] = OrderedDict()
        self._by_scope: dict[str, set[Key]] = {}
        self._evictions = 0

    def begin(self) -> Generation:
        """Return the generation to put a record with; call it before the read."""
        return Generation(self._evictions, self._monotonic())

    def get(self, key: Key) -> V | None:
        """Return the record of `key` if there is one that has not died and is still believed."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        now = self._monotonic()
        return entry.value if now < entry.dies_at and now < self._believed_until else None

    def recall(self, key: Key) -> V | None:
        """Return the record of `key` if there is one that has not died: for who has just caught up."""
        entry = self._entries.get(key)
        return entry.value if entry is not None and self._monotonic() < entry.dies_at else None

    @property
    def believed(self) -> bool:
        """Whether records are believed without asking."""
        return self._monotonic() < self._believed_until

    @property
    def must_ask(self) -> bool:
        """Whether it is time to ask what others changed; after a failure not before a second has passed."""
        now = self._monotonic()
        return now >= self._believed_until and now >= self._ask_after

    def catch_up(self, news: News, *, asked: Generation) -> None:
        """Forget what others changed, and believe the rest for `ask_every` seconds from the moment of asking."""
        with self._lock:
            if news.scopes is None:
                self._drop_all()
            elif news.scopes:
                self._evictions += 1
                self._drop_scopes(news.scopes)
            self.position = news.position
            if self.ask_every is not None:
                self._believed_until = max(self._believed_until, asked.started + self.ask_every)

    def heard_nothing(self) -> None:
        """Note that nobody answered: what was believed dies as it would, and the store is read until somebody does."""
        self._ask_after = self._monotonic() + SILENCE

    def put(self, key: Key, value: V, *, scopes: Iterable[str], generation: Generation, version: int | None = None) -> bool:
        """Keep a record, unless something was evicted since its read began; return whether it is kept.

        Of two reads that a commit came between, before it was told here, the one with the higher `version` stays; where one has none,
        neither does.
        """
        with self._lock:
            if generation.evictions != self._evictions:
                return False
            kept = self._entries.get(key)
            if kept is not None and self._monotonic() < kept.dies_at:
                if version is not None and kept.version is not None and kept.version > version:
                    return False
                if (version is None) != (kept.version is None):
                    self._drop(key)
                    return False
            self._drop(key)
            while len(self._entries) >= self._capacity:
                self._drop(next(iter(self._entries)))
            entry = _Entry(value, generation.started + self._life, tuple(scopes), version)
            self._entries[key] = entry
            for scope in entry.scopes:
                self._by_scope.setdefault(scope, set()).add(key)
            return True

    def evict(self, scopes: Iterable[str]) -> None:
        """Forget every record tagged with one of `scopes`, and everything whose read is under way."""
        with self._lock:
            self._evictions += 1
            self._drop_scopes(scopes)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._drop_all()

    def __len__(self) -> int:
        return len(self._entries)

    def _drop_all(self) -> None:
        self._evictions += 1
        self._entries.clear()
        self._by_scope.clear()

    def _drop_scopes(self, scopes: Iterable[str]) -> None:
        for scope in scopes:
            for key in tuple(self._by_scope.get(scope, ())):
                self._drop(key)

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        for scope in entry.scopes if entry is not None else ():
            keys = self._by_scope.get(scope)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._by_scope[scope]
