# Generated from src/ctsec/security/_async_settling.py by tools/twin.py; edit that file.
"""The job that brings people in line with pushed groups after large changes (async source)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Final, Protocol

from ctsec.security._sync_scim_parts import Scim
from ctsec.worker._sync import Job

SETTLING_JOB: Final = "scim-settling"
PAGES_A_RUN: Final = 50
_OFTEN: Final = timedelta(seconds=10)


class SettlingUnit(Protocol):
    """A unit of work, as far as this needs it."""

    @property
    def scim(self) -> Scim:
        """The services of SCIM."""
        ...


class SettlingJobs:
    """Goes through the users of connections that are behind, a page in a transaction, until nobody is or the run has done its share."""

    __slots__ = ("_begin",)

    def __init__(self, begin: Callable[[], AbstractContextManager[SettlingUnit]]) -> None:
        self._begin = begin

    def job(self) -> Job:
        """Return the job."""
        return Job(name=SETTLING_JOB, every=_OFTEN, work=self.settle)

    def settle(self) -> int:
        """Bring in line whoever is behind, a page of each connection in turn and at most 50 in all; return how many were looked at."""
        count, left, after = 0, PAGES_A_RUN, ""
        while True:
            with self._begin() as unit:
                behind = unit.scim.settling.behind(after=after)
            if not behind and not after:
                return count
            after = behind[-1][1] if behind else ""
            for organization, scim_id in behind:
                if not left:
                    return count
                with self._begin() as unit:
                    count += unit.scim.settling.page(organization, scim_id) or 0
                left -= 1
