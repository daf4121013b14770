"""Processes that write, place and sign are killed at any step: every event whose commit was told stands in its log once."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctsec.storage.sql.schema import create
from ctsec.testing import FixedClock
from tests.audit import storm
from tests.audit.kept import logs_of
from tests.servers import Database, available_databases, drop_database, fresh_database
from tests.victim import Victim, settle

SOAK = bool(os.environ.get("CTSEC_SOAK"))
KILLS = 500 if SOAK else 3
pytestmark = [pytest.mark.slow] if SOAK else []


@pytest.fixture(params=available_databases())
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return a database with our tables."""
    made = fresh_database(request.param, folder=tmp_path)
    create(made.sync_url)
    yield made
    drop_database(made)


def check(url: str, folder: Path, *, complete: bool) -> None:
    """Seal what is left, and compare the logs with what was told."""
    storage = storm.open_storage(url)
    logs = logs_of(storage, clock=FixedClock())
    logs.flush()
    report = logs.verify()
    with storage.reading() as store:
        waiting = store.inbox.count()
        found = [sealed.event.id for each in report.logs for sealed in store.log.page(each.log, first=0, limit=1 << 20)]
    storage.close()
    assert report.findings == ()
    assert {each.log: each.signed for each in report.logs if each.size} == {each.log: each.size for each in report.logs if each.size}
    assert waiting == 0
    acked, rolled = storm.heard(str(folder))
    assert len(found) == len(set(found))
    assert acked <= set(found)
    assert not rolled & set(found)
    assert acked
    if complete:
        assert acked == set(found)


def test_killed_at_any_step_nothing_is_lost_doubled_or_left_out(victim: Victim, empty: Database, tmp_path: Path) -> None:
    """Writers, sequencers and signers are killed at a random step, again and again: every told event is there once, roots and all hold.

    Four writers and two sequencers share a database; no event that was rolled back is there, indexes have no gap, signatures hold.
    """
    folder = tmp_path / "told"
    folder.mkdir()
    code, steps = victim.run("tests.audit.storm:run", empty.sync_url, folder, 0)
    assert code == 0
    check(empty.sync_url, folder, complete=True)
    draw = random.Random(1)
    for number in range(1, KILLS + 1):
        victim.run("tests.audit.storm:run", empty.sync_url, folder, number, last=draw.randrange(1, steps))
        settle(empty.sync_url)
        if number % 50 == 0 or number == KILLS:
            check(empty.sync_url, folder, complete=False)
