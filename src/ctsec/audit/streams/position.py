"""How far a follower of a log is: a stream, or an anchor.

Rules that this module keeps:

- `next` moves only after the receiver took everything before it, and never back but by an operator;
- what is being delivered ends at `until`, stored before the first attempt: a repeat, by whatever process, is of the same indexes;
- each failure in a row doubles the time until the next attempt, up to ten minutes;
- every write is compared with the version before: of two that deliver at once, one moves the position.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ctsec.audit.event import LogId
from ctsec.errors import CtsecError

SHORTEST: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(minutes=10)
_DOUBLINGS: Final = 10


MAX_PROBLEM: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where `follower` is in `log`: the `next` index, the end of what is being delivered, and how many indexes were told as `purged`.

    After `failures` in a row, the last of which was `problem`, nothing is tried before `due_at`. `moved_at` is when something was taken.
    """

    follower: str
    log: LogId
    next: int = 0
    until: int | None = None
    purged: int = 0
    failures: int = 0
    problem: str = ""
    due_at: datetime | None = None
    moved_at: datetime | None = None
    version: int = 0

    def is_due(self, now: datetime) -> bool:
        """Say whether something may be tried."""
        return self.due_at is None or self.due_at <= now

    def delivering(self, until: int) -> Position:
        """Return it with what is about to be delivered."""
        return replace(self, until=until, version=self.version + 1)

    def moved(self, to: int, *, purged: int, now: datetime) -> Position:
        """Return it after the receiver took everything before `to`, of which `purged` were gone."""
        done = replace(self, next=to, until=None, purged=self.purged + purged, version=self.version + 1)
        return replace(done, failures=0, problem="", due_at=None, moved_at=now)

    def failed(self, problem: str, *, now: datetime, longest: timedelta = LONGEST) -> Position:
        """Return it after an attempt that failed; nothing is tried before a time of at most `longest` has passed."""
        wait = min(SHORTEST * 2 ** min(self.failures, _DOUBLINGS), longest)
        return replace(self, failures=self.failures + 1, problem=problem, due_at=now + wait, version=self.version + 1)

    def reset(self, to: int) -> Position:
        """Return it at another index, with nothing under way and no failure."""
        return replace(self, next=to, until=None, failures=0, problem="", due_at=None, version=self.version + 1)


def problem_of(error: Exception) -> str:
    """Return what a position keeps of an error: code and text of ours, of any other the kind alone, whose text may say anything."""
    return f"{error.code}: {error}"[:MAX_PROBLEM] if isinstance(error, CtsecError) else f"internal: {type(error).__name__}"
