"""How often and how long a key service is asked.

Rules that this module keeps:

- only what may be tried again is tried again, at most `attempts` times in all, with pauses that double and are drawn at random;
- no attempt begins that could outlast the total; so a call ends in time, whatever the service does.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from ctsec.errors import KmsThrottled, KmsUnavailable
from ctsec.ids import Random

T = TypeVar("T")
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBounds:
    """Bounds of one call, in seconds: `connect` for a connection, `read` for an answer, `total` for all `attempts` and their pauses.

    Raises ValueError unless all are positive and finite and one attempt fits into the total.
    """

    connect: float = 1.0
    read: float = 2.0
    attempts: int = 3
    total: float = 8.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or not all(math.isfinite(each) and each > 0 for each in (self.connect, self.read, self.total)):
            raise ValueError("expected positive bounds and at least one attempt")
        if self.one > self.total:
            raise ValueError("expected a total in which one attempt (connect and read) has room")

    @property
    def one(self) -> float:
        """The longest that one attempt takes."""
        return self.connect + self.read


class Attempts:
    """Runs calls within bounds; time, pauses and randomness can be given by tests."""

    __slots__ = ("_bounds", "_monotonic", "_random", "_sleep")

    def __init__(
        self,
        bounds: CallBounds,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Random = os.urandom,
    ) -> None:
        self._bounds = bounds
        self._monotonic = monotonic
        self._sleep = sleep
        self._random = random

    def run(self, call: Callable[[], T]) -> T:
        """Return what `call` returns; raise what its last attempt raised."""
        deadline = self._monotonic() + self._bounds.total
        attempt = 1
        while True:
            try:
                return call()
            except (KmsThrottled, KmsUnavailable):
                pause = self._pause(attempt)
                if attempt >= self._bounds.attempts or self._monotonic() + pause + self._bounds.one > deadline:
                    raise
            self._sleep(pause)
            attempt += 1

    def _pause(self, attempt: int) -> float:
        share = int.from_bytes(self._random(4), "big") / 2**32
        return share * min(_LONGEST_PAUSE, _FIRST_PAUSE * float(1 << attempt))
