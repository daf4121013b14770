"""What was found out about one engine, and what ctsec is held to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final


class Measure(StrEnum):
    """What is measured, in the order of the table."""

    ALLOWED = "one check, allowed"
    DENIED = "one check, denied"
    BATCH = "10,000 random checks"
    COLD = "first check in an organization"
    CHANGE = "one grant or revoke"
    LIST = "list of a person's workspaces"
    MEMORY = "memory after the load"
    LOAD = "load"
    WRONG = "wrong answers, two threads and a writer"
    RAISED = "exceptions, two threads and a writer"


# How a note begins where the value is of less than was asked for.
SCALED: Final = "scaled"
SECONDS: Final = frozenset(set(Measure) - {Measure.MEMORY, Measure.WRONG, Measure.RAISED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The most that ctsec's value may be; with `floors`, in empty method calls. `sizes` are where it is judged."""

    most: float
    floors: bool = False
    sizes: tuple[str, ...] = ("S", "M", "L10")


TARGETS: Final[Mapping[Measure, Target]] = {
    Measure.ALLOWED: Target(most=6, floors=True),
    Measure.DENIED: Target(most=6, floors=True),
    Measure.BATCH: Target(most=5e-3, sizes=("S", "M")),
    Measure.COLD: Target(most=1e-3),
    Measure.CHANGE: Target(most=5e-6),
    Measure.LIST: Target(most=2e-6),
    Measure.MEMORY: Target(most=100e6),
    Measure.WRONG: Target(most=0),
    Measure.RAISED: Target(most=0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One value of one engine: seconds, bytes or a count; None where it has none, which `note` explains.

    `floor` is the seconds of an empty method call in the same process. `verified` answers were compared with the oracle, `mismatches`
    of them were wrong.
    """

    measure: Measure
    value: float | None
    floor: float | None = None
    note: str = ""
    verified: int = 0
    mismatches: int = 0

    def line(self) -> str:
        """Return it as a line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> Finding:
        """Return what a line of JSON says."""
        fields = json.loads(line)
        return cls(**{**fields, "measure": Measure(fields["measure"])})
