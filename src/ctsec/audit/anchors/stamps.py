"""What time stamps of checkpoints say.

Rules that this module keeps:

- a stamp says that a checkpoint was there at a time, and so everything that it covers; nobody but the authority makes one for a time that
  has passed;
- who rewrites a log, with its key and all that was kept, can have it stamped anew, but only from then on: so the first stamp, and the
  longest time without one, are told beside the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from ctsec.audit.tree.checkpoint import SignedCheckpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A checkpoint, and when a time stamp authority said that it was there (UTC)."""

    checkpoint: SignedCheckpoint
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedTimes:
    """How many stamps there are, from when to when, and the `longest` time between one and the next."""

    count: int
    first: datetime
    last: datetime
    longest: timedelta

    @classmethod
    def of(cls, stamps: Sequence[Stamp]) -> StampedTimes | None:
        """Return those of stamps in any order; None where there is none."""
        times = sorted(each.at for each in stamps)
        if not times:
            return None
        longest = max((after - before for before, after in pairwise(times)), default=timedelta())
        return cls(count=len(times), first=times[0], last=times[-1], longest=longest)
