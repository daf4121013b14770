"""Processes that write, place and sign are killed at any step, and so are servers: each event whose commit was told is in its log once."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ctsec.storage.sql import SqlStorage
from ctsec.storage.sql.schema import create
from ctsec.testing import FixedClock
from tests.audit import storm
from tests.audit.kept import logs_of
from tests.crashing import OwnServer
from tests.servers import Database, available_databases, drop_database, fresh_database
from tests.victim import Victim

SOAK = bool(os.environ.get("CTSEC_SOAK"))
ROUNDS, KILLS = (10, 50) if SOAK else (1, 20)
CRASHES, KILLS_BEFORE = (10, 5) if SOAK else (1, 2)
STORM = "tests.audit.storm:run"
pytestmark = [pytest.mark.slow] if SOAK else []


@pytest.fixture(params=available_databases())
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return a database with our tables."""
    made = fresh_database(request.param, folder=tmp_path)
    create(made.sync_url)
    yield made
    drop_database(made)


@pytest.fixture(params=[kind for kind in available_databases() if kind != "sqlite"])
def own(request: pytest.FixtureRequest) -> Iterator[OwnServer]:
    """Return a server of this test's own, with our tables."""
    made = OwnServer(request.param)
    create(made.database.sync_url)
    yield made
    made.close()


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in the logs and what was told of it."""

    found: frozenset[str]
    acked: frozenset[str]


def check(storage: SqlStorage, folder: Path) -> Checked:
    """Seal what is left, and compare the logs with what was told: roots that are computed again, indexes, every event."""
    logs = logs_of(storage, clock=FixedClock())
    logs.flush()
    report = logs.verify()
    with storage.reading() as store:
        waiting = store.inbox.count()
        pages = {each.log: store.log.page(each.log, first=0, limit=1 << 20) for each in report.logs}
    assert report.findings == ()
    assert {each.log: each.signed for each in report.logs if each.size} == {each.log: each.size for each in report.logs if each.size}
    assert waiting == 0
    assert all([sealed.index for sealed in page] == list(range(len(page))) for page in pages.values())
    found = [sealed.event.id for page in pages.values() for sealed in page]
    told = storm.heard(folder)
    assert len(found) == len(set(found))
    assert told["acked"]
    assert told["acked"] <= set(found) <= told["tried"] - told["rolled"]
    return Checked(frozenset(found), frozenset(told["acked"]))


def report(capsys: pytest.CaptureFixture[str], what: str, checked: Checked) -> None:
    """Say in a long run how much was checked."""
    if SOAK:
        with capsys.disabled():
            print(f"\n{what}: {len(checked.found):,} events in the logs, {len(checked.acked):,} of them told")


def test_killed_at_any_step_nothing_is_lost_doubled_or_left_out(
    victim: Victim, empty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four writers and two sequencers are killed one by one at any step: every told event is there once, no other, and roots and all hold.

    Events that were rolled back are not there, indexes have no gap, signatures hold.
    """
    storage = storm.open_storage(empty.sync_url)
    assert victim.run(STORM, empty.sync_url, tmp_path, 0, 0)[0] == 0
    checked = check(storage, tmp_path)
    assert checked.found == checked.acked
    for number in range(1, ROUNDS + 1):
        assert victim.run(STORM, empty.sync_url, tmp_path, number, KILLS)[0] == 0
        checked = check(storage, tmp_path)
    storage.close()
    report(capsys, f"{empty.kind}, {ROUNDS * KILLS} kills", checked)


def test_a_server_that_crashes_loses_nothing_that_it_acknowledged(
    victim: Victim, own: OwnServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Database servers are killed at any step of a writer or a sequencer, with all else at work: the same holds once they are up again.

    The storage that checks lives through all crashes, so what it has of connections is replaced.
    """
    url = own.database.sync_url
    storage, checked = storm.open_storage(url), Checked(frozenset(), frozenset())
    draw = random.Random(2)
    for number in range(CRASHES):
        assert victim.run(STORM, url, tmp_path, number, draw.randrange(KILLS_BEFORE), own.pid)[0] == 0
        assert (tmp_path / "down").exists()
        own.start_again()
        checked = check(storage, tmp_path)
    storage.close()
    report(capsys, f"{own.database.kind}, {CRASHES} crashes of the server", checked)
