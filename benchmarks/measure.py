"""How a contestant is compared with its floor.

Rules that this module keeps:

- a floor and its contestants are timed in slices, interleaved: F A F B F, then again; a slow moment of the machine meets all of them;
- a value is formed inside its round, against the mean of the two floor slices that bracket the contestant's slice, and only then summed up:
  median, and p10 to p90 as spread, over all rounds;
- a rate is the inverse of a median time, the contestant's and the floor's, so that rate and time never say different things; a target may
  be a rate, whatever the floor's;
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
    """What is compared: how many times the floor, or how much time over it."""

    TIMES = "x"
    MILLISECONDS = "ms over"
    MICROSECONDS = "us over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """Something timed: `target` is the most that its value may be, or `least` the fewest calls a second; None if it is only reported."""

    name: str
    slice: Slice
    target: float | None = None
    least: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Contestants against one floor; `title` says what is compared and `rounds` how often by default.

    `rate_unit` names calls per second, such as "req/s", where these are to be shown beside the time of one call.
    """

    title: str
    floor: Contestant
    contestants: tuple[Contestant, ...]
    unit: Unit = Unit.TIMES
    rate_unit: str | None = None
    rounds: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contestant's result: seconds for one call (medians, its own and the floor's), and the value against the floor with its spread."""

    race: str
    name: str
    floor: str
    seconds: float
    floor_seconds: float
    value: float
    low: float
    high: float
    unit: str
    rate_unit: str | None = None
    target: float | None = None
    least: float | None = None

    @property
    def rates(self) -> tuple[float, float] | None:
        """Calls per second, the contestant's and the floor's; None if the race shows no rate."""
        return None if self.rate_unit is None else (1 / self.seconds, 1 / self.floor_seconds)

    @property
    def met(self) -> bool | None:
        """Whether the median is within the target, or the rate not below the least; None if there is neither."""
        if self.least is not None:
            return 1 / self.seconds >= self.least
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
    return seconds / floor if unit is Unit.TIMES else (seconds - floor) * (1e3 if unit is Unit.MILLISECONDS else 1e6)


def run(race: Race, *, rounds: int | None = None) -> tuple[Row, ...]:
    """Time a race and return a row for each contestant."""
    for each in (race.floor, *race.contestants):
        each.slice()
    seconds: dict[str, list[float]] = {each.name: [] for each in race.contestants}
    values: dict[str, list[float]] = {each.name: [] for each in race.contestants}
    floors: list[float] = []
    for _ in range(rounds or race.rounds):
        before = race.floor.slice()
        floors.append(before)
        for each in race.contestants:
            spent, after = each.slice(), race.floor.slice()
            seconds[each.name].append(spent)
            values[each.name].append(compare(race.unit, seconds=spent, before=before, after=after))
            floors.append(after)
            before = after
    floor = statistics.median(floors)
    return tuple(_row(race, each, seconds[each.name], values[each.name], floor_seconds=floor) for each in race.contestants)


def _row(race: Race, contestant: Contestant, seconds: list[float], values: list[float], *, floor_seconds: float) -> Row:
    return Row(
        race=race.title,
        name=contestant.name,
        floor=race.floor.name,
        seconds=statistics.median(seconds),
        floor_seconds=floor_seconds,
        value=statistics.median(values),
        low=quantile(values, 0.1),
        high=quantile(values, 0.9),
        unit=race.unit.value,
        rate_unit=race.rate_unit,
        target=contestant.target,
        least=contestant.least,
    )


def code(name: str, statement: str, names: dict[str, object], *, target: float | None = None) -> Contestant:
    """Return a contestant that is a Python expression over `names`, in thread CPU time; ten in a row, so the loop costs next to nothing."""
    timer = timeit.Timer("\n".join([statement] * UNROLLED), timer=time.thread_time, globals=names)
    number = 1
    while (spent := timer.timeit(number)) < SLICE_SECONDS / 2:
        number = max(number * 2, int(number * SLICE_SECONDS / (spent + 1e-6) / 2))
    return Contestant(name=name, slice=lambda: timer.timeit(number) / (number * UNROLLED), target=target)
