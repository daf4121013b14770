"""How a contestant is compared with its floor.

Rules that this module keeps:

- a floor and its contestants are timed in slices, interleaved: F A F B F, then again; a slow moment of the machine meets all of them;
- a value is formed inside its round, against the mean of the two floor slices that bracket the contestant's slice, and only then summed up:
  median, and p10 to p90 as spread, over all rounds;
- a slice returns seconds for one call; how it times itself (thread CPU, child CPU, wall) is its own business, and is the floor's too.
"""

from __future__ import annotations

import math
import statistics
import time
import timeit
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Slice: TypeAlias = Callable[[], float]
SLICE_SECONDS = 0.004
UNROLLED = 10


class Unit(StrEnum):
    """What is compared: how many times the floor, or how many milliseconds over it."""

    TIMES = "x"
    MILLISECONDS = "ms over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """Something timed: `target` is the most that its value may be, None if it is only reported."""

    name: str
    slice: Slice
    target: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Contestants against one floor; `title` says what is compared and `rounds` how often by default."""

    title: str
    floor: Contestant
    contestants: tuple[Contestant, ...]
    unit: Unit = Unit.TIMES
    rounds: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contestant's result: seconds for one call (median), and the value against the floor with its spread."""

    race: str
    name: str
    floor: str
    seconds: float
    value: float
    low: float
    high: float
    unit: str
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the median is within the target; None if there is no target."""
        return None if self.target is None else self.value <= self.target


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of `values` lie, between neighbours by proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def compare(unit: Unit, *, seconds: float, before: float, after: float) -> float:
    """Return the value of one slice against the floor slices on both sides of it."""
    floor = (before + after) / 2
    return seconds / floor if unit is Unit.TIMES else (seconds - floor) * 1000


def run(race: Race, *, rounds: int | None = None) -> tuple[Row, ...]:
    """Time a race and return a row for each contestant."""
    for each in (race.floor, *race.contestants):
        each.slice()
    seconds: dict[str, list[float]] = {each.name: [] for each in race.contestants}
    values: dict[str, list[float]] = {each.name: [] for each in race.contestants}
    for _ in range(rounds or race.rounds):
        before = race.floor.slice()
        for each in race.contestants:
            spent, after = each.slice(), race.floor.slice()
            seconds[each.name].append(spent)
            values[each.name].append(compare(race.unit, seconds=spent, before=before, after=after))
            before = after
    return tuple(_row(race, each, seconds[each.name], values[each.name]) for each in race.contestants)


def _row(race: Race, contestant: Contestant, seconds: list[float], values: list[float]) -> Row:
    return Row(
        race=race.title,
        name=contestant.name,
        floor=race.floor.name,
        seconds=statistics.median(seconds),
        value=statistics.median(values),
        low=quantile(values, 0.1),
        high=quantile(values, 0.9),
        unit=race.unit.value,
        target=contestant.target,
    )


def code(name: str, statement: str, names: dict[str, object], *, target: float | None = None) -> Contestant:
    """Return a contestant that is a Python expression over `names`, in thread CPU time; ten in a row, so the loop costs next to nothing."""
    timer = timeit.Timer("\n".join([statement] * UNROLLED), timer=time.thread_time, globals=names)
    number = 1
    while (spent := timer.timeit(number)) < SLICE_SECONDS / 2:
        number = max(number * 2, int(number * SLICE_SECONDS / (spent + 1e-6) / 2))
    return Contestant(name=name, slice=lambda: timer.timeit(number) / (number * UNROLLED), target=target)
