"""What is worth an alert, as data: a rule says what it looks at, when that is too much, and why anybody should care.

Rules that this module keeps:

- a rule has a name, a reason, a severity, what it looks at, and exactly one kind; it holds no code, so it can be shown and replayed;
- what is remembered for a rule is bounded: a count of at most 64, a time of at most a year;
- a rule that looks at events of alerts is refused: an alert never leads to another one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from ctsec.audit.alerts.seen import Seen

MAX_COUNT: Final = 64
LONGEST: Final = timedelta(days=366)
OWN: Final = "alert."
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NONE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
_LEAST: Final[Mapping[str, int]] = MappingProxyType({})


class Severity(StrEnum):
    """How soon somebody should look."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class By(StrEnum):
    """Whose events are looked at together, or which of their values is counted."""

    LOG = "log"
    ACTOR = "actor"
    PERSON = "person"
    CREDENTIAL = "credential"
    TARGET = "target"
    NETWORK = "network"
    COUNTRY = "country"

    def of(self, seen: Seen) -> str:
        """Return that value of an event, empty if it has none."""
        match self:
            case By.LOG:
                return seen.log
            case By.ACTOR:
                return seen.actor
            case By.PERSON:
                return seen.person
            case By.CREDENTIAL:
                return seen.credential
            case By.TARGET:
                return seen.target
            case By.NETWORK:
                return seen.network
            case By.COUNTRY:
                return "" if seen.place is None else seen.place.country


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which events a rule looks at: `names` (`role.*` for a prefix, `*` for any), and what else has to hold.

    `reasons` are those of refusals, one of which it has.
    `fields` are details and the values that they may have, as text; the value after a change is `<field>.after`. `least` are details that
    are numbers, and the smallest that counts.
    """

    names: tuple[str, ...]
    outcome: str | None = None
    reasons: tuple[str, ...] = ()
    credential: str | None = None
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NONE)
    least: Mapping[str, int] = field(default_factory=lambda: _LEAST)

    def __post_init__(self) -> None:
        if not self.names or any(not name or name.startswith(OWN) for name in self.names):
            raise ValueError("expected names of events other than those of alerts")

    def takes(self, seen: Seen) -> bool:
        """Say whether an event is one of these."""
        return (
            any(_named(seen.name, name) for name in self.names)
            and self.outcome in {None, seen.outcome}
            and (not self.reasons or seen.reason in self.reasons)
            and self.credential in {None, seen.credential_kind}
            and all(_text(seen.details.get(name)) in values for name, values in self.fields.items())
            and all(_number(seen.details.get(name)) >= least for name, least in self.least.items())
        )


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Each such event is worth an alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """So many such events `within` a time; with `distinct`, so many different values of it. An event without one counts by itself."""

    count: int
    within: timedelta
    distinct: By | None = None

    def __post_init__(self) -> None:
        _check(self.count, self.within, at_least=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """At least `count` events of `first`, and `within` a time after them one that the rule looks at, whichever is read first."""

    first: Match
    within: timedelta
    count: int = 1

    def __post_init__(self) -> None:
        _check(self.count, self.within, at_least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstTime:
    """A value of `value` that was not seen `within` a time, where others were. The first of all is learned and fires nothing."""

    value: By
    within: timedelta

    def __post_init__(self) -> None:
        _check(1, self.within, at_least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """Two events from places at least `kilometers` apart that nobody gets from one to the other at `speed` (km/h)."""

    kilometers: int = 500
    speed: int = 1000

    def __post_init__(self) -> None:
        if self.kilometers < 1 or self.speed < 1:
            raise ValueError("expected kilometers and a speed of at least 1")


@dataclass(frozen=True, slots=True)
class Signal:
    """Not an event of a log, but what verification and the worker tell of the logs themselves: see `ctsec.audit.alerts.signals`."""


# Values that are ids of ctsec's or of the host's principals, and say nothing of where anybody was or what was worked on.
IDS: Final = frozenset({By.LOG, By.ACTOR, By.PERSON, By.CREDENTIAL})
Kind: TypeAlias = Occurrence | Threshold | Sequence | FirstTime | Travel | Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is worth an alert, and why. `looks_at` are its events, taken together `by` a value; an event without that value is not seen.

    A rule sees one log, in whatever stores; one that is `across` sees all of them, and its alerts are the deployment's. What it sees of
    regions says `ctsec.audit.alerts.spanning`. Raises ValueError.
    """

    name: str
    reason: str
    severity: Severity
    looks_at: Match
    kind: Kind
    by: By
    across: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"expected a name of small letters, digits and _, not {self.name[:80]!r}")
        if not self.reason.strip() or len(self.reason) > 300 or "\n" in self.reason:
            raise ValueError(f"{self.name}: expected a reason of one line and at most 300 characters")

    @property
    def of_ids(self) -> bool:
        """Say whether nothing is remembered for it but ids and times: such a rule sees the stores of regions and the home store as one."""
        match self.kind:
            case Threshold(distinct=value) if value is not None:
                return {self.by, value} <= IDS
            case FirstTime(value=value):
                return {self.by, value} <= IDS
            case Travel():
                return False
            case _:
                return self.by in IDS

    def takes(self, seen: Seen) -> bool:
        """Say whether the rule needs to hear of an event."""
        return self.looks_at.takes(seen) or (isinstance(self.kind, Sequence) and self.kind.first.takes(seen))


def checked(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules; raise ValueError if two have the same name, which is how their alerts are known."""
    if len({rule.name for rule in rules}) != len(rules):
        raise ValueError("expected rules with different names")
    return rules


def _check(count: int, within: timedelta, *, at_least: int) -> None:
    if not at_least <= count <= MAX_COUNT:
        raise ValueError(f"expected a count from {at_least} to {MAX_COUNT}")
    if not timedelta(0) < within <= LONGEST:
        raise ValueError(f"expected a time of more than nothing and at most {LONGEST.days} days")


def _named(name: str, wanted: str) -> bool:
    if wanted == "*":
        return True
    return name.startswith(wanted[:-1]) if wanted.endswith(".*") else name == wanted


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1
