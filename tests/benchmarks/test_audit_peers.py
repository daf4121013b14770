"""The benchmark of the log beside other libraries' logs: ours runs, and what is not installed is said. No test here judges a time."""

from __future__ import annotations

import importlib.util
import sqlite3
import sys
from pathlib import Path

import pytest

from benchmarks import log_peers
from benchmarks.entries import audit_peers
from benchmarks.measure import Contestant, run

FLOOR = Contestant(name="theirs 1", slice=lambda: 1.0)


def test_what_is_not_installed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Each library that is there is the floor of its races; one that is not has none, and is printed."""
    found = [row for race in audit_peers.entry(sys.executable, events=10, leaves=300) for row in run(race, rounds=1)]
    missing = [name for name in log_peers.PEERS if importlib.util.find_spec(name) is None]
    said = capsys.readouterr().err
    assert [name for name in log_peers.PEERS if f"{name}: not installed" in said] == missing
    assert {row.floor.split()[0] for row in found} == set(log_peers.PEERS) - set(missing)


def test_ours_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log in SQLite is verified, events are appended by one writer and by several, and a tree makes, verifies and grows."""
    monkeypatch.setattr(audit_peers, "EACH", 2)
    races = [
        audit_peers._verification(tmp_path, FLOOR, events=300),
        *[audit_peers._appends(tmp_path, FLOOR, writers=writers) for writers in (1, 2)],
    ]
    found = [row for race in races for row in run(race, rounds=1)]
    assert all(row.value > 0 for row in found)
    assert [row.target for row in found] == [1 / 20, None, None]
    with sqlite3.connect(tmp_path / "appended-2-theirs.db") as database:
        # one before, one to warm up, and one round, of two writers each
        assert database.execute("SELECT count(*) FROM ctsec_audit_inbox").fetchone() == (1 + 2 * 2 * 2,)
    assert all(audit_peers._of_tree(job, 300).slice() > 0 for job in audit_peers._JOBS)


def test_a_log_that_does_not_hold_is_no_result(tmp_path: Path) -> None:
    """A verification that finds something ends the run instead of giving a time."""
    race = audit_peers._verification(tmp_path, FLOOR, events=3)
    with sqlite3.connect(tmp_path / "verified.db") as database:
        database.execute("UPDATE ctsec_audit_event SET actor_id = 'usr_x' WHERE \"index\" = 1")
    with pytest.raises(RuntimeError, match="expected 3 events"):
        run(race, rounds=1)


def test_what_a_writer_raises_is_raised() -> None:
    """A writer that fails ends the run: fewer appends in the same time would look like faster ones."""

    def append(number: int) -> None:
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        log_peers.all_write(append, 2, 3)
