"""A purge that is killed leaves whole steps, and goes on where it was."""

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
from ctsec.storage.sql.schema import create
from ctsec.testing import FailAt, ProbedStorage
from tests.audit import purge_storm
from tests.audit.archive import Archive
from tests.audit.kept import ONE
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
