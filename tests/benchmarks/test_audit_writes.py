"""The benchmarks of writing events: every row runs, and says what it has to of targets. No test here judges a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from benchmarks.counted import CountedTable
from benchmarks.entries import audit_export, audit_writes
from benchmarks.entries.engines import Choice
from benchmarks.measure import run
from benchmarks.writers import Written, crew
from ctsec.storage.sql import schema
from tests.servers import available_databases, drop_database, fresh_database

SMALL = {"SECONDS": 0.0, "SERIALIZED": 0.0, "WRITERS": 2, "BATCH": 20, "BATCHES": 1, "LOGS": 5}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SMALL.items():
        monkeypatch.setattr(audit_writes, name, value)
    for name in (audit_export.POSTGRES, audit_writes.MARIADB):
        monkeypatch.delenv(name, raising=False)


def test_every_row_of_writing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each contestant has a value and the target that it ought to have, on SQLite and on PostgreSQL where there is one."""
    wanted = ["sqlite", *(kind for kind in available_databases() if kind == "postgresql")]
    places = [fresh_database(kind, folder=tmp_path) for kind in wanted[1:]]
    for place in places:
        monkeypatch.setenv(audit_export.POSTGRES, place.sync_url)
    found = [(race.title.rpartition(" ")[2], row) for race in audit_writes.races(tmp_path) for row in run(race, rounds=1)]
    for kind in wanted:
        rows = [row for at, row in found if at == kind]
        assert [row.target for row in rows] == [None, None, 1 / 0.95, 1 / 0.88, 1.25, 1.25, None, None]
        assert [row.least for row in rows] == [None] * 6 + [10_000, 6_000]
        assert all(row.value > 0 for row in rows)
    tables = list(audit_writes.aborts(Choice()))
    assert len(tables) == len(places)
    for table in tables:
        assert isinstance(table, CountedTable)
        assert [each.most for each in table.counts] == [None] * 5 + [10] + [None] * 3
        assert all(each.number >= SMALL["WRITERS"] for each in table.counts[::3])
    for place in places:
        drop_database(place)


def test_both_sides_write_what_they_are_said_to(tmp_path: Path) -> None:
    """Each transaction has its row of business and its row of audit; the event is placed by the sequencer, and a wrong writer is told."""
    url = f"sqlite:///{tmp_path}/writes.db"
    schema.create(url)
    with crew(url, writers=2) as writers:
        written = {kind: writers.write(kind, seconds=0).committed for kind in ("narrow", "plain")}
        with writers.sequencing():
            written["event"] = writers.write("event", seconds=0, how="serialized").committed
        with create_engine(url).connect() as connection:
            counted = "SELECT (SELECT count(*) FROM bench_business), (SELECT sum(number) FROM bench_changed), count(*) FROM {}"
            assert tuple(connection.execute(text(counted.format("ctsec_audit_event"))).one()) == (4, 2, 2)
            assert connection.execute(text("SELECT count(*) FROM ctsec_audit_inbox")).scalar() == 0
            connection.execute(text("DROP TABLE bench_business"))
        assert set(written.values()) == {2}
        with pytest.raises(RuntimeError, match="no such table: bench_business"):
            writers.write("event", seconds=0)


def test_an_abort_is_never_rounded_away() -> None:
    """One abort in many counts as one of a thousand, and more than ten are too many."""
    counts = [audit_writes._share(Written(1.0, committed, aborted)) for committed, aborted in ((9, 0), (99_999, 1), (15, 85))]
    assert counts == [0, 1, 850]
