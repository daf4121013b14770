"""A purge or a prune that is killed leaves whole steps, and goes on where it was."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.errors import StoreError
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.sql.schema import create, create_region
from ctsec.testing import FailAt, ProbedStorage
from tests.audit import pruned, purge_storm, regional_storm
from tests.audit.archive import Archive
from tests.audit.kept import ONE, read_memory
from tests.audit.storm import open_storage
from tests.servers import Database, available_databases, drop_database, fresh_database
from tests.victim import Victim, settle

SOAK = bool(os.environ.get("CTSEC_SOAK"))
KILLS = 50 if SOAK else 2
pytestmark = [pytest.mark.slow] if SOAK else []


@pytest.fixture(params=available_databases() if SOAK else ["sqlite"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return a database with our tables."""
    made = fresh_database(request.param, folder=tmp_path)
    create(made.sync_url)
    yield made
    drop_database(made)


def test_a_purge_that_fails_at_any_call_leaves_whole_steps() -> None:
    """Whichever call to the store fails: what went has its record, the log verifies, and the next run takes the rest."""
    failed, nth = True, 0
    while failed:
        nth += 1
        storage = MemoryStorage()
        archive = Archive(storage)
        archive.plan(ONE, RetentionPlan(90))
        archive.write(ONE, *["user.signed_in"] * 10)
        archive.write(DEPLOYMENT_LOG, "user.signed_in")
        archive.logs.flush()
        archive.pass_days(100)
        probe = FailAt(nth)
        broken = Archive(ProbedStorage(storage, probe=probe), batch=4, clock=archive.clock)
        try:
            broken.jobs.run_due()
            failed = False
        except StoreError:
            archive.logs.flush()
            assert archive.findings() == [], nth
            assert len(archive.indexes(ONE, "user.")) in {10, 6, 2, 0}, nth
        archive.purge()
        assert archive.indexes(ONE, "user.") == [], nth
        assert archive.findings() == [], nth
    assert nth > 40


def test_a_purge_that_is_killed_goes_on(victim: Victim, empty: Database) -> None:
    """The process is killed at random steps: the log verifies each time, and the last run takes what is left."""
    storage = open_storage(empty.sync_url)
    purge_storm.fill(storage)
    storage.close()
    draw = random.Random(4)
    for number in range(KILLS):
        # A whole run of SQLite takes 122 steps, of which the first purge nothing yet.
        code, _ = victim.run("tests.audit.purge_storm:run", empty.sync_url, number, last=draw.randrange(20, 110))
        assert SOAK or code != 0
        settle(empty.sync_url)
        storage = open_storage(empty.sync_url)
        assert purge_storm.aged(storage, seed=number).findings() == []
        storage.close()
    storage = open_storage(empty.sync_url)
    archive = purge_storm.aged(storage, seed=KILLS)
    archive.purge()
    assert len(archive.indexes(ONE, "user.")) == 0
    assert len(archive.indexes(ONE, "role.")) == purge_storm.COUNT // 5
    assert archive.findings() == []
    storage.close()


def test_a_purge_in_a_region_that_is_killed_goes_on(victim: Victim, empty: Database) -> None:
    """Killed while it tells or purges: both logs verify together, nothing was told twice, and the last run takes what is left."""
    create_region(empty.sync_url, region="eu")
    regional_storm.fill(empty.sync_url)
    draw = random.Random(6)
    for number in range(KILLS):
        # A whole run on SQLite takes 118 steps.
        code, _ = victim.run("tests.audit.regional_storm:run", empty.sync_url, number, last=draw.randrange(10, 70))
        assert SOAK or code != 0
        settle(empty.sync_url)
        with regional_storm.opened(empty.sync_url, day=120, seed=number) as archive:
            assert archive.findings() == []
    with regional_storm.opened(empty.sync_url, day=120, seed=KILLS + 9) as archive:
        archive.logs.flush()
        archive.jobs.regions.purge(ONE, store="eu")
        archive.logs.flush()
        assert (archive.there(ONE, "user."), len(archive.there(ONE, "role."))) == ([], regional_storm.COUNT // 5)
        assert archive.told_names(ONE) == ["retention.changed", "legal_hold.placed"]
        assert archive.findings() == []


def test_a_prune_that_fails_at_any_call_leaves_whole_steps() -> None:
    """Whichever call to the store fails: the log verifies, every event and checkpoint is what it was, and the next prune takes the rest."""
    failed, nth = True, 0
    while failed:
        # Here each third call, in the long run every one.
        nth += 1 if SOAK else 3
        archive = pruned.aged(counts=(300, 240))
        before = read_memory(archive.storage.state)  # type: ignore[attr-defined]
        probe = FailAt(nth)
        broken = Archive(ProbedStorage(archive.storage, probe=probe), batch=2, clock=archive.clock, seed=9)
        try:
            broken.jobs.prune(ONE)
            failed = False
        except StoreError:
            archive.logs.flush()
            assert archive.findings() == [], nth
        archive.jobs.prune(ONE)
        after = read_memory(archive.storage.state)  # type: ignore[attr-defined]
        report = next(each for each in archive.logs.verify().logs if each.log == ONE)
        assert (report.findings, report.minimum) == ((), 512), nth
        assert [tile.is_bare for key, tile in sorted(after.tiles.items()) if key[0] == ONE].count(False) == 1, nth
        assert len(archive.indexes(ONE, "audit.pruned")) == 1, nth
        assert before.events.items() <= after.events.items(), nth
        assert before.checkpoints.items() <= after.checkpoints.items(), nth
    assert nth > 30


def test_a_prune_that_is_killed_goes_on(victim: Victim, empty: Database) -> None:
    """The process is killed at random steps: the log verifies each time, and the last run takes what is left."""
    storage = open_storage(empty.sync_url)
    pruned.fill(storage)
    storage.close()
    draw = random.Random(5)
    for number in range(KILLS if SOAK else 1):
        code, _ = victim.run("tests.audit.pruned:run", empty.sync_url, number, last=draw.randrange(5, 60))
        assert SOAK or code != 0
        settle(empty.sync_url)
        storage = open_storage(empty.sync_url)
        assert pruned.later(storage, seed=number).findings() == []
        storage.close()
    storage = open_storage(empty.sync_url)
    archive = pruned.later(storage, seed=KILLS)
    archive.jobs.prune(ONE)
    found = next(each for each in archive.logs.verify().logs if each.log == ONE)
    assert (found.findings, found.minimum) == ((), 768)
    assert archive.jobs.prune(ONE) == 0
    with storage.reading() as store:
        assert len(store.purges.whole(ONE, first=0, end=9, limit=9)) == 1
    storage.close()
