"""The job that brings people in line with pushed groups after large changes (async source)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final, Protocol

from ctsec.security._async_scim_parts import AsyncScim
from ctsec.worker._async import AsyncJob

SETTLING_JOB: Final = "scim-settling"
PAGES_A_RUN: Final = 50
_OFTEN: Final = timedelta(seconds=10)


class AsyncSettlingUnit(Protocol):
    """A unit of work, as far as this needs it."""

    @property
    def scim(self) -> AsyncScim:
        """The services of SCIM."""
        ...


class AsyncSettlingJobs:
    """Goes through the users of connections that are behind, a page in a transaction, until nobody is or the run has done its share."""

    __slots__ = ("_begin",)

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AsyncSettlingUnit]]) -> None:
        self._begin = begin

    def job(self) -> AsyncJob:
        """Return the job."""
        return AsyncJob(name=SETTLING_JOB, every=_OFTEN, work=self.settle)

    async def settle(self) -> int:
        """Bring in line whoever is behind, a page of each connection in turn and at most 50 in all; return how many were looked at."""
        count, left, after = 0, PAGES_A_RUN, ""
        while True:
            async with self._begin() as unit:
                behind = await unit.scim.settling.behind(after=after)
            if not behind and not after:
                return count
            after = behind[-1][1] if behind else ""
            for organization, scim_id in behind:
                if not left:
                    return count
                async with self._begin() as unit:
                    count += await unit.scim.settling.page(organization, scim_id) or 0
                left -= 1
