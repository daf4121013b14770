"""The benchmark of the log in a database: it runs, and what it says of rows is looked at. No test here judges a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from benchmarks.entries import audit_export, audit_stores
from benchmarks.measure import run


def test_erasures_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every contestant has a value, and the one person has as many events as were asked for."""
    monkeypatch.delenv(audit_export.POSTGRES, raising=False)
    found = [row for race in audit_stores.races(tmp_path, rows=21) for row in run(race, rounds=1)]
    assert [row.target for row in found] == [10, None]
    assert all(row.value > 0 for row in found)
    engine = create_engine(f"sqlite:///{tmp_path}/stores.db")
    with engine.connect() as connection:
        counted = text('SELECT count(*), count(DISTINCT "index"), count(DISTINCT subject_id) FROM ctsec_audit_event WHERE log = :log')
        assert tuple(connection.execute(counted, {"log": audit_stores._OTHER_LOG}).one()) == (21, 21, 1)
    engine.dispose()


def test_an_erasure_that_changes_an_event_would_be_seen() -> None:
    """A statement that updates or deletes rows of events is told from those that insert and read them."""
    assert audit_stores._changes_events("UPDATE ctsec_audit_event SET body = ?")
    assert audit_stores._changes_events("DELETE FROM ctsec_audit_event WHERE log = ?")
    assert not audit_stores._changes_events("INSERT INTO ctsec_audit_event (id) VALUES (?)")
