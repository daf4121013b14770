"""Unwrapped data keys that a process holds for a while, and the refusals that it remembers.

Rules that this module keeps:

- a key is held for `ttl` from the start of its last successful unwrapping, on the monotonic clock and on the wall clock, whichever ends
  first; during `grace` after that it is used only while its service does not answer: a customer who disables a key is obeyed after
  `ttl + grace` at the latest, and that sum is the published bound;
- a definite refusal is remembered for `refusal` and the record that was asked about, so that a dead key is not asked for each message. A
  key that is disabled, denied or about to be deleted ends everything that it wrapped, at once and in this process: nothing old is served
  after it. A key that is not found may be one broken record, and ends that alone;
- what was unwrapped before something was forgotten is not held: forgetting beats the call that is under way;
- keys are held by scope and id: a record of one organization answers for no other. A cache serves rings of one policy, and refuses those of
  another, whose suite and bounds the keys in it do not keep (a cache shared between policies was CVE-2026-6550);
- a forked child starts without keys: the messages that its parent has reserved are its parent's to seal;
- it is bounded; what was used longest ago goes first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from ctsec.clock import Clock
from ctsec.encryption.data_key import MAX_MESSAGES, DataKey
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.suites import Suite
from ctsec.errors import KeyNotFound, KmsError
from ctsec.ids import DekId
from ctsec.transport.forks import start_anew_after_fork

MAX_LIFE: Final = timedelta(hours=1)
MAX_REFUSAL: Final = timedelta(minutes=1)
_TOLD: Final = "keys:"
Place: TypeAlias = tuple[str, DekId]


def keys_of(scope: str) -> str:
    """Return the name under which a change of the data keys of `scope` is told to the caches of every process."""
    return f"{_TOLD}{scope}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingPolicy:
    """How long unwrapped keys are held (0 to an hour each), how long a refusal is remembered (0 to a minute), and how many keys at most."""

    ttl: timedelta = timedelta(minutes=5)
    grace: timedelta = timedelta(0)
    refusal: timedelta = timedelta(seconds=5)
    capacity: int = 10_000

    def __post_init__(self) -> None:
        for each, most in ((self.ttl, MAX_LIFE), (self.grace, MAX_LIFE), (self.refusal, MAX_REFUSAL)):
            if not timedelta(0) <= each <= most:
                raise ValueError("expected a life and a grace of 0 to 1 hour, and refusals remembered for 0 to 1 minute")
        if self.capacity < 1:
            raise ValueError("expected room for at least one key")

    @property
    def bound(self) -> timedelta:
        """How long a key that was disabled at its service can still be used here."""
        return self.ttl + self.grace


@dataclass(frozen=True, slots=True, kw_only=True)
class RingPolicy:
    """How long unwrapped keys are held, and how much one data key seals: so many messages over all processes, and for so long.

    `suite` is what new blobs are sealed in; the strict one makes a key for each message, has no bound that anybody reaches, and counts
    nothing. Messages are reserved in blocks, of `first_block` first. The worker rotates a key `rotate_after` it was made, or when half of
    its messages are reserved; after `seals_for` it opens only. The defaults keep to 2^32 messages for random nonces (NIST SP 800-38D, 8.3)
    and to two years of use (SP 800-57 part 1, 5.3.6).
    """

    holding: HoldingPolicy = field(default_factory=HoldingPolicy)
    suite: Suite = Suite.DEFAULT
    max_messages: int = MAX_MESSAGES
    first_block: int = 1 << 12
    rotate_after: timedelta = timedelta(days=90)
    seals_for: timedelta = timedelta(days=730)

    def __post_init__(self) -> None:
        if not timedelta(0) < self.rotate_after <= self.seals_for:
            raise ValueError("expected data keys to be rotated before the end of the time that they seal for")
        if not 1 <= self.first_block <= self.max_messages <= MAX_MESSAGES:
            raise ValueError(f"expected blocks of at least one message, in at most {MAX_MESSAGES} for a data key")


@dataclass(frozen=True, slots=True)
class Started:
    """When a call began: monotonic seconds, the wall clock, and how often something had been forgotten by then."""

    monotonic: float
    wall: datetime
    forgotten: int


@dataclass(frozen=True, slots=True)
class _Until:
    monotonic: float
    wall: datetime

    @classmethod
    def after(cls, started: Started, life: timedelta) -> _Until:
        return cls(started.monotonic + life.total_seconds(), started.wall + life)


@dataclass(frozen=True, slots=True)
class _Held:
    key: DataKey
    kek: str
    fresh: _Until
    late: _Until


@dataclass(frozen=True, slots=True)
class _Refusal:
    error: KmsError = field(repr=False)
    until: float


def serving(held: HeldKeys, policy: RingPolicy) -> HeldKeys:
    """Return a cache for a ring of `policy`; raise ValueError if it serves rings of another one."""
    if held.served not in {None, policy} or policy.holding != held.policy:
        raise ValueError("expected one policy for all rings of a cache of keys")
    held.served = policy
    return held


class HeldKeys:
    """The unwrapped keys of the rings of one policy, `served`; safe to use from several threads. Shows nothing of the keys."""

    __slots__ = ("__weakref__", "_active", "_clock", "_forgotten", "_held", "_lock", "_refusals", "policy", "served")

    def __init__(self, policy: HoldingPolicy | None = None, *, clock: Clock) -> None:
        self.policy = policy or HoldingPolicy()
        self._clock = clock
        self.served: RingPolicy | None = None
        self._forgotten = 0
        start_anew_after_fork(self)
        self.after_fork()

    def after_fork(self) -> None:
        """Start without keys and refusals, and with a lock of its own."""
        self._lock = threading.Lock()
        self._forgotten += 1
        self._held: OrderedDict[Place, _Held] = OrderedDict()
        self._active: dict[tuple[str, str], tuple[DekId, _Until]] = {}
        self._refusals: dict[Place, _Refusal] = {}

    def __repr__(self) -> str:
        return f"HeldKeys(<{len(self._held)} hidden>)"

    def begin(self) -> Started:
        """Return when a call begins; take it before the call."""
        return Started(self._clock.monotonic(), self._clock.now(), self._forgotten)

    def fresh(self, scope: str, dek_id: DekId) -> DataKey | None:
        """Return a key of `scope` that may be used without asking anybody."""
        held = self._held.get((scope, dek_id))
        return held.key if held is not None and self._before(held.fresh) else None

    def late(self, scope: str, dek_id: DekId) -> DataKey | None:
        """Return a key of `scope` that may be used while its service does not answer."""
        held = self._held.get((scope, dek_id))
        return held.key if held is not None and self._before(held.late) else None

    def active(self, scope: str, region: str) -> DekId | None:
        """Return which key seals for `scope` in `region`, as it was read less than `ttl` ago."""
        known = self._active.get((scope, region))
        return known[0] if known is not None and self._before(known[1]) else None

    def keep(self, record: WrappedDek, key: DataKey, *, started: Started) -> None:
        """Hold a key that its service has just unwrapped, unless something was forgotten since `started`."""
        with self._lock:
            if started.forgotten != self._forgotten:
                return
            place = (record.scope, record.id)
            self._held.pop(place, None)
            while len(self._held) >= self.policy.capacity:
                self._held.popitem(last=False)
            fresh, late = (_Until.after(started, life) for life in (self.policy.ttl, self.policy.bound))
            self._held[place] = _Held(key, record.kek, fresh, late)
            self._refusals.pop(place, None)

    def point(self, record: WrappedDek, *, started: Started) -> None:
        """Remember that `record` is what its scope and region seal under, unless something was forgotten since `started`."""
        with self._lock:
            if started.forgotten == self._forgotten:
                self._active[record.scope, record.region] = (record.id, _Until.after(started, self.policy.ttl))

    def refuse(self, record: WrappedDek, error: KmsError) -> None:
        """Note a definite refusal to unwrap `record`: drop what it ends, and answer with `error` for a while."""
        asked = (record.scope, record.id)
        alone = isinstance(error, KeyNotFound)
        with self._lock:
            self._forgotten += 1
            for place in [place for place, held in self._held.items() if place == asked or (not alone and held.kek == record.kek)]:
                del self._held[place]
            self._refusals.pop(asked, None)
            while len(self._refusals) >= self.policy.capacity:
                self._refusals.pop(next(iter(self._refusals)))
            self._refusals[asked] = _Refusal(error, self._clock.monotonic() + self.policy.refusal.total_seconds())

    def refused(self, record: WrappedDek) -> KmsError | None:
        """Return the refusal to unwrap `record` that is remembered, as an error of its own."""
        found = self._refusals.get((record.scope, record.id))
        if found is None or self._clock.monotonic() >= found.until:
            return None
        return type(found.error)(*found.error.args)

    def forget(self, scope: str | None = None) -> None:
        """Drop the keys of `scope`, or (None) everything, refusals included."""
        with self._lock:
            self._forgotten += 1
            if scope is None:
                self._held.clear()
                self._active.clear()
                self._refusals.clear()
                return
            for place in [place for place in self._held if place[0] == scope]:
                del self._held[place]
            for place in [place for place in self._refusals if place[0] == scope]:
                del self._refusals[place]
            for pointer in [pointer for pointer in self._active if pointer[0] == scope]:
                del self._active[pointer]

    def hear(self, changed: Iterable[str] | None) -> None:
        """Drop the keys of every scope that `changed` names by `keys_of`; None: anything may have changed."""
        if changed is None:
            self.forget()
            return
        for each in changed:
            if each.startswith(_TOLD):
                self.forget(each.removeprefix(_TOLD))

    def _before(self, until: _Until) -> bool:
        return self._clock.monotonic() < until.monotonic and self._clock.now() < until.wall
