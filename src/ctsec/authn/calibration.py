"""Argon2id parameters for a time budget.

Rules that this module keeps:

- the default (19 MiB, two passes, one lane) is the floor: a budget that is too small for it gives the default, never less;
- memory is raised first, by doubling, because it is what costs an attacker; then passes, one by one;
- nothing goes above the ceiling of stored parameters, so what is calibrated can be verified.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Final, TypeAlias

from ctsec.authn.argon2 import CEILING, SALT_BYTES, Argon2Parameters, hash_password

Measure: TypeAlias = Callable[[Argon2Parameters], float]
_FLOOR: Final = Argon2Parameters()
_ROUNDS: Final = 3


def seconds_of(parameters: Argon2Parameters) -> float:
    """Return how long a hash takes on this machine now: the median of three, in seconds."""

    def once() -> float:
        start = time.perf_counter()
        hash_password(b"calibration", parameters=parameters, salt=os.urandom(SALT_BYTES))
        return time.perf_counter() - start

    return median(once() for _ in range(_ROUNDS))


def calibrate(budget: timedelta, *, most_memory_kib: int = 64 * 1024, measure: Measure = seconds_of) -> Argon2Parameters:
    """Return the strongest parameters that stay within `budget` a hash, to be put into the host's configuration.

    `most_memory_kib` is what one hash may take (19 to 256 MiB); as many hashes run at once as the machine has cores. Raises ValueError for
    a budget that is not positive or another memory. Run it where the service runs, while nothing else does, and not at each start:
    every process of a deployment should have the same parameters.
    """
    if budget <= timedelta(0) or not _FLOOR.memory_kib <= most_memory_kib <= CEILING.memory_kib:
        raise ValueError(f"expected a positive budget and a memory of {_FLOOR.memory_kib} to {CEILING.memory_kib} KiB")
    chosen, allowed = _FLOOR, budget.total_seconds()
    while chosen.memory_kib < most_memory_kib:
        larger = replace(chosen, memory_kib=min(2 * chosen.memory_kib, most_memory_kib))
        if measure(larger) > allowed:
            break
        chosen = larger
    while chosen.time_cost < CEILING.time_cost:
        longer = replace(chosen, time_cost=chosen.time_cost + 1)
        if measure(longer) > allowed:
            break
        chosen = longer
    return chosen
