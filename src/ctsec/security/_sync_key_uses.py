# Generated from src/ctsec/security/_async_key_uses.py by tools/twin.py; edit that file.
"""The jobs that write what a process has seen of the use of API keys (async source).

Rules that this module keeps:

- the lines of a minute are written once that is over, in transactions of some hundred lines, those of one key together: a key is written
  at most once a minute by each process;
- at its end a process writes what it has; a crash loses the running minute, and what was over for less than five seconds;
- what could not be written is kept and tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Final, Protocol

from ctsec.ids import KeyId
from ctsec.keys._sync_usage import KeyUsage
from ctsec.keys.uses import KeyUse
from ctsec.security.parts import Parts
from ctsec.worker._sync import Job

OFTEN: Final = timedelta(seconds=5)
DAILY: Final = timedelta(days=1)
BATCH: Final = 500


class UsageUnit(Protocol):
    """A unit of work, as far as the jobs need it."""

    @property
    def key_usage(self) -> KeyUsage:
        """The use of API keys."""
        ...


class KeyUseJobs:
    """Writes the uses of this process."""

    __slots__ = ("_begin", "_parts")

    def __init__(self, begin: Callable[[], AbstractContextManager[UsageUnit]], *, parts: Parts) -> None:
        self._begin = begin
        self._parts = parts

    def jobs(self) -> tuple[Job, ...]:
        """Return what the worker runs."""
        return (
            Job(name="key-uses", every=OFTEN, work=self.write_due, shared=False),
            Job(name="key-days", every=DAILY, work=self.trim),
        )

    def write_due(self) -> int:
        """Write the minutes that are over; return how many lines."""
        return self._write(before=self._parts.clock.now())

    def write_all(self) -> int:
        """Write everything, the running minute too; return how many lines."""
        return self._write(before=None)

    def trim(self) -> int:
        """Delete days that are no longer kept."""
        with self._begin() as unit:
            return unit.key_usage.trim()

    def _write(self, *, before: datetime | None) -> int:
        left = list(_batches(self._parts.memory.key_uses.take(before=before)))
        written = 0
        try:
            while left:
                with self._begin() as unit:
                    written += unit.key_usage.write(left[0])
                del left[0]
        finally:
            for batch in left:
                self._parts.memory.key_uses.give_back(batch)
        return written


def _batches(uses: tuple[KeyUse, ...]) -> tuple[tuple[KeyUse, ...], ...]:
    """Return the lines in batches, those of a key in one."""
    of_key: dict[KeyId, list[KeyUse]] = {}
    for use in uses:
        of_key.setdefault(use.key.id, []).append(use)
    batches: list[list[KeyUse]] = [[]]
    for lines in of_key.values():
        if batches[-1] and len(batches[-1]) + len(lines) > BATCH:
            batches.append([])
        batches[-1].extend(lines)
    return tuple(tuple(batch) for batch in batches if batch)
