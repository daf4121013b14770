"""How long events are kept: plans as data, and how one plan follows another.

Rules that this module keeps:

- a plan is a number of days, from 1 to 2,557 (seven years), and others for classes of events, each named by a prefix of their names
  that ends in a dot; no class lies within another;
- nobody goes under the deployment's floor, whatever a plan says;
- a plan that keeps anything shorter than the one in force takes effect only after the delay, at least a day; a longer one at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

MAX_DAYS: Final = 2557
MAX_CLASSES: Final = 20
_CLASS: Final = re.compile(r"[a-z0-9_]{1,40}(?:\.[a-z0-9_]{1,40}){0,3}\.")
_DAYS: Final = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """Events are kept for `days`, those of a class (a prefix such as `api_key.`) for other days. Raises ValueError."""

    days: int
    classes: Mapping[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        if not all(1 <= days <= MAX_DAYS for days in (self.days, *self.classes.values())):
            raise ValueError(f"expected periods of 1 to {MAX_DAYS} days")
        names = sorted(self.classes)
        if len(names) > MAX_CLASSES or not all(map(_CLASS.fullmatch, names)):
            raise ValueError(f"expected at most {MAX_CLASSES} classes, each the beginning of a name up to a dot, such as `api_key.`")
        if any(after.startswith(before) for before, after in pairwise(names)):
            raise ValueError("expected classes none of which lies within another")
        object.__setattr__(self, "classes", dict(sorted(self.classes.items())))

    def __str__(self) -> str:
        return ",".join((str(self.days), *(f"{name}={days}" for name, days in self.classes.items())))

    @classmethod
    def read(cls, text: str) -> RetentionPlan:
        """Return the plan of a text such as `365,api_key.=90`; raise ValueError for any other."""
        head, *rest = text.split(",")
        pairs = [part.partition("=") for part in rest]
        if not all(_DAYS.fullmatch(days) for days in (head, *(days for _, _, days in pairs))):
            raise ValueError("expected a plan such as 365,api_key.=90")
        plan = cls(int(head), {name: int(days) for name, _, days in pairs})
        if str(plan) != text:
            raise ValueError("expected a plan with its classes in order, each once")
        return plan

    def floored(self, days: int) -> RetentionPlan:
        """Return the plan with every period that is shorter than `days` raised to it."""
        return RetentionPlan(max(self.days, days), {name: max(each, days) for name, each in self.classes.items()})

    def days_of(self, name: str) -> int:
        """Return for how many days the events `name` are kept."""
        return next((days for prefix, days in self.classes.items() if name.startswith(prefix)), self.days)

    @property
    def shortest(self) -> int:
        """The shortest of its periods, in days."""
        return min((self.days, *self.classes.values()))

    def is_shorter(self, than: RetentionPlan) -> bool:
        """Say whether it keeps some event for a shorter time than another plan does."""
        # A class that lies within a class of the other plan is told by both names.
        names = ("", *self.classes, *than.classes)
        return any(self.days_of(name) < than.days_of(name) for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """What the deployment sets: the plan of who has chosen none, that of its own log, the floor in days, and the delay of a shorter plan.

    The default keeps everything for seven years: whoever wants less says so. With `prune` a log whose beginning was purged is pruned as
    soon as that many tiles can go (256 events each); None leaves that to operators. Raises ValueError.
    """

    default: RetentionPlan = field(default_factory=lambda: RetentionPlan(MAX_DAYS))
    deployment: RetentionPlan = field(default_factory=lambda: RetentionPlan(MAX_DAYS))
    floor: int = 90
    delay: timedelta = timedelta(days=7)
    prune: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.floor <= min(self.default.shortest, self.deployment.shortest):
            raise ValueError("expected a floor of at least a day that neither the default nor the plan of the deployment's log goes under")
        if not timedelta(days=1) <= self.delay <= timedelta(days=90):
            raise ValueError("expected a delay of 1 to 90 days")
        if self.prune is not None and self.prune < 1:
            raise ValueError("expected to prune from one tile on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """The plan in force, None before the first one is, and the one that follows it when `starts` has come."""

    plan: RetentionPlan | None = None
    following: RetentionPlan | None = None
    starts: datetime | None = None

    def at(self, now: datetime) -> Plans:
        """Return what is in force at a time: what follows has followed if its time has come."""
        if self.following is None or self.starts is None or now < self.starts:
            return self
        return Plans(plan=self.following)

    def change(self, plan: RetentionPlan, *, now: datetime, delay: timedelta) -> Plans:
        """Return the plans after somebody chose `plan`: at once if it keeps nothing shorter, else after the delay."""
        present = self.at(now)
        if present.plan is None or plan.is_shorter(present.plan):
            return replace(present, following=plan, starts=now + delay)
        return Plans(plan=plan)
