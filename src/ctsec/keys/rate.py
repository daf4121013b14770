"""How many requests a minute a key may make, counted by the process itself.

Rules that this module keeps:

- in any minute not more than `2 * limit` requests are let through, and in the long run not more than `limit` a minute (the generic cell
  rate algorithm: one number a key is all that is remembered);
- what is refused takes nothing, so that trying on makes the wait no longer;
- seconds are monotonic: a wall clock that is set changes nothing;
- memory is bounded: keys whose allowance is full again are forgotten first, and there are no more of them than keys in use.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from ctsec.ids import KeyId
from ctsec.keys.uses import MINUTE
from ctsec.outcome import Reason, Refusal

MAX_KEYS: Final = 50_000
NAME: Final = "key"
_SECONDS: Final = MINUTE.total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class RateState:
    """What a key has left: `limit` requests a minute, `remaining` of them at once (None: not known), all of them after `reset`."""

    limit: int
    remaining: int | None = None
    reset: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class RateRefusal(Refusal):
    """THROTTLED because a key has made all its requests; `state` says how many those are. `retry_after` is set."""

    state: RateState | None = None


Rate: TypeAlias = RateState | RateRefusal


def too_many(limit: int, *, retry_after: timedelta, reset: timedelta) -> RateRefusal:
    """Return the refusal of a key that has made its `limit` requests."""
    state = RateState(limit=limit, remaining=0, reset=max(reset, retry_after))
    return RateRefusal(Reason.THROTTLED, "this API key makes too many requests; wait and try again", retry_after, state=state)


class KeyRates:
    """The rates of keys in the memory of one process; `take` is given monotonic seconds. Safe to use from several threads."""

    __slots__ = ("_full_at", "_lock", "_most")

    def __init__(self, *, most: int = MAX_KEYS) -> None:
        self._full_at: dict[KeyId, float] = {}
        self._lock = threading.Lock()
        self._most = most

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key_id: KeyId, *, limit: int, at: float) -> Rate:
        """Take one request of `limit` a minute at monotonic second `at`."""
        every = _SECONDS / limit
        with self._lock:
            used = max(self._full_at.get(key_id, at), at)
            over = used + every - (at + _SECONDS)
            # half a nanosecond: what arithmetic with floating point leaves over is no request
            if over > 5e-10:
                return too_many(limit, retry_after=timedelta(seconds=over), reset=timedelta(seconds=used - at))
            if key_id not in self._full_at and len(self._full_at) >= self._most:
                self._forget(at)
            self._full_at[key_id] = used + every
        left = used + every - at
        return RateState(limit=limit, remaining=int((_SECONDS - left) / every + 1e-6), reset=timedelta(seconds=left))

    def _forget(self, at: float) -> None:
        """Forget who is full again; where nobody is, who will be soonest."""
        for key_id in [each for each, full in self._full_at.items() if full <= at]:
            del self._full_at[key_id]
        if len(self._full_at) >= self._most:
            del self._full_at[min(self._full_at, key=self._full_at.__getitem__)]
