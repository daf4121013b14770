"""A purge in a region in small steps, of a home and a region in one database, to be killed at any step: run by `tests.victim`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

from ctsec.audit.retention.plan import RetentionPlan
from ctsec.storage.sql import SqlRegionStorage
from tests.audit.archive import START
from tests.audit.kept import ONE
from tests.audit.regional import RegionalArchive
from tests.audit.storm import open_storage

COUNT = 60


@contextmanager
def opened(url: str, *, day: int, seed: int) -> Generator[RegionalArchive, None, None]:
    """Open the archive of a database, on a day."""
    storage, region = open_storage(url), SqlRegionStorage.from_url(url)
    archive = RegionalArchive(storage, region, batch=15, seed=seed)
    archive.clock.advance(START + timedelta(days=day) - archive.clock.now())
    yield archive
    storage.close()
    region.close()


def fill(url: str) -> None:
    """Write events into the region that are old by the day of the purge, every fifth of a class that is kept longer; sign them."""
    with opened(url, day=0, seed=7) as archive:
        archive.plan(ONE, RetentionPlan(90, {"role.": 365}))
        archive.write(ONE, "user.signed_in")
        archive.write_there(ONE, *(("user.signed_in", "role.assigned")[number % 5 == 0] for number in range(COUNT)))
        archive.logs.flush()
        archive.jobs.regions.tell(ONE)
        archive.hold(ONE, person="usr_nobody")


def run(url: str, seed: str) -> None:
    """Tell the region of the hold, and purge."""
    with opened(url, day=120, seed=int(seed) + 8) as archive:
        archive.jobs.regions.purge(ONE, store="eu")
