"""A purge in small steps over one database, to be killed at any step: run by `tests.victim`."""

from __future__ import annotations

from datetime import timedelta

from ctsec.audit.retention.plan import RetentionPlan
from ctsec.storage.ports import Storage
from tests.audit.archive import START, Archive
from tests.audit.kept import ONE
from tests.audit.storm import open_storage

COUNT = 300


def aged(storage: Storage, *, seed: int) -> Archive:
    """Return the archive of a storage on the day of the purge."""
    archive = Archive(storage, batch=40, seed=seed)
    archive.clock.advance(START + timedelta(days=120) - archive.clock.now())
    return archive


def fill(storage: Storage) -> None:
    """Write events that are old by the day of the purge, every fifth of a class that is kept longer; sign them."""
    archive = Archive(storage)
    archive.plan(ONE, RetentionPlan(90, {"role.": 365}))
    archive.write(ONE, *(("user.signed_in", "role.assigned")[number % 5 == 0] for number in range(COUNT)))
    archive.logs.flush()


def run(url: str, seed: str) -> None:
    """Purge."""
    storage = open_storage(url)
    aged(storage, seed=int(seed)).jobs.run_due()
    storage.close()
