"""A log of which all is old, to be pruned: in memory, and in one database, where it is killed at any step (run by `tests.victim`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from ctsec.audit.retention.plan import RetentionPlan
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.memory.state import MemoryState
from ctsec.storage.ports import Storage
from ctsec.testing import FixedClock
from tests.audit.archive import START, Archive
from tests.audit.kept import ONE, read_memory
from tests.audit.storm import open_storage


@cache
def _aged(plan: str, counts: tuple[int, ...]) -> tuple[MemoryState, datetime]:
    archive = Archive(MemoryStorage())
    archive.plan(ONE, RetentionPlan.read(plan))
    for count in counts:
        archive.write(ONE, *["user.signed_in"] * count)
        archive.logs.flush()
        archive.pass_days(1)
    archive.pass_days(100)
    assert archive.purge() == sum(counts)
    return archive.storage.state, archive.clock.now()  # type: ignore[attr-defined]


def aged(*, plan: str = "90", counts: tuple[int, ...] = (100, 150, 300, 300, 300)) -> Archive:
    """Return an archive with a log of so many events that are all gone but plans and records, signed at each step."""
    before, now = _aged(plan, counts)
    storage = MemoryStorage()
    storage.state.newest = before.newest
    return Archive(storage, clock=FixedClock(now), seed=8)


def state(archive: Archive) -> tuple[int, int]:
    """Return the minimum index that a verification finds, and how many tiles have their entries."""
    rows = read_memory(archive.storage.state)  # type: ignore[attr-defined]
    whole = sum(not tile.is_bare for key, tile in rows.tiles.items() if key[:2] == (ONE, 0))
    return next(each.minimum for each in archive.logs.verify().logs if each.log == ONE), whole


def fill(storage: Storage) -> None:
    """Write a log of three tiles and purge it, long after."""
    archive = Archive(storage)
    archive.plan(ONE, RetentionPlan(90))
    archive.write(ONE, *["user.signed_in"] * 800)
    archive.logs.flush()
    archive.pass_days(100)
    assert archive.purge() == 800


def later(storage: Storage, *, seed: int) -> Archive:
    """Return the archive of a storage on the day of the prune, which goes a tile a step."""
    archive = Archive(storage, batch=1, seed=seed)
    archive.clock.advance(START + timedelta(days=101) - archive.clock.now())
    return archive


def run(url: str, seed: str) -> None:
    """Prune."""
    storage = open_storage(url)
    later(storage, seed=int(seed)).jobs.prune(ONE)
    storage.close()
