"""The jobs that write what a process has seen of the use of API keys (async source).

Rules that this module keeps:

- the lines of a minute are written once that is over, in transactions of some hundred lines, those of one key together: a key is written
  at most once a minute by each process;
- at its end a process writes what it has; a crash loses the running minute, and what was over for less than five seconds;
- what could not be written is kept and tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final, Protocol

from ctsec.ids import KeyId
from ctsec.keys._async_usage import AsyncKeyUsage
from ctsec.keys.uses import KeyUse
from ctsec.security.parts import Parts
from ctsec.worker._async import AsyncJob

OFTEN: Final = timedelta(seconds=5)
DAILY: Final = timedelta(days=1)
BATCH: Final = 500


class AsyncUsageUnit(Protocol):
    """A unit of work, as far as the jobs need it."""

    @property
    def key_usage(self) -> AsyncKeyUsage:
        """The use of API keys."""
        ...


class AsyncKeyUseJobs:
    """Writes the uses of this process."""

    __slots__ = ("_begin", "_parts")

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AsyncUsageUnit]], *, parts: Parts) -> None:
        self._begin = begin
        self._parts = parts

    def jobs(self) -> tuple[AsyncJob, ...]:
        """Return what the worker runs."""
        return (
            AsyncJob(name="key-uses", every=OFTEN, work=self.write_due, shared=False),
            AsyncJob(name="key-days", every=DAILY, work=self.trim),
        )

    async def write_due(self) -> int:
        """Write the minutes that are over; return how many lines."""
        return await self._write(before=self._parts.clock.now())

    async def write_all(self) -> int:
        """Write everything, the running minute too; return how many lines."""
        return await self._write(before=None)

    async def trim(self) -> int:
        """Delete days that are no longer kept."""
        async with self._begin() as unit:
            return await unit.key_usage.trim()

    async def _write(self, *, before: datetime | None) -> int:
        left = list(_batches(self._parts.memory.key_uses.take(before=before)))
        written = 0
        try:
            while left:
                async with self._begin() as unit:
                    written += await unit.key_usage.write(left[0])
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
