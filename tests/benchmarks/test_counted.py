"""The benchmarks that count, and those of backups: what they say of a few rows, and that a miss shows. No test here judges a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.counted import Count, CountedTable
from benchmarks.entries import keys
from benchmarks.entries.engines import Choice
from ctsec.security._sync_key_jobs import KeyJobs, Rewrapped


def test_a_write_to_the_rows_would_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A move that wrote to rows of data beside its records would miss its target, and show it."""

    def worse(self: KeyJobs, kek: str, *, after: str = "", limit: int = 100) -> Rewrapped:
        storage: Any = self._storage
        with storage._transactions._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE secret_thing SET secret = secret")
        return right(self, kek, after=after, limit=limit)

    right = KeyJobs.rewrap
    monkeypatch.setattr(KeyJobs, "rewrap", worse)
    _, moving = keys.entry(Choice(rows=10))
    assert moving.counts[0].number > 100
    assert moving.judged()[0] is False
    assert "NO" in moving.text()


@pytest.mark.parametrize(("number", "target", "met"), [(1, 1, True), (2, 1, False), (0, 1, False), (5, None, None)])
def test_a_count_is_met_exactly(number: int, target: int | None, met: bool | None) -> None:
    """A count meets its target if it is the target; fewer is as wrong as more."""
    assert Count(name="n", of="o", number=number, target=target).met is met


@pytest.mark.parametrize(("number", "met"), [(0, True), (10, True), (11, False)])
def test_a_count_may_have_a_most(number: int, met: bool) -> None:
    """A count with a most meets it up to itself, and the table says which it is."""
    counted = Count(name="n", of="o", number=number, most=10)
    assert (counted.met, counted.cells()[3]) == (met, "<= 10")


def test_counts_have_the_form_of_the_other_tables() -> None:
    """Text, Markdown and JSON have the same counts, and Markdown as many cells in each line."""
    made = CountedTable(
        title="a title", counts=(Count(name="writes", of="a move", number=1200, target=100), Count(name="n", of="o", number=1))
    )
    assert made.text().splitlines()[-2].split() == ["writes", "a", "move", "1,200", "100", "NO"]
    lines = made.markdown().splitlines()
    assert lines[0] == "**a title**"
    assert {line.count("|") for line in lines[2:]} == {6}
    assert json.loads(json.dumps(made.numbers()))["counts"][0] == {
        "name": "writes",
        "of": "a move",
        "number": 1200,
        "target": 100,
        "most": None,
        "met": False,
    }
    assert made.judged() == (False,)


def test_the_command_counts_and_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seals are one call and a move is a write for each organization, whatever `--rows` says; backups have rates and values."""
    files = ["--json", str(tmp_path / "r.json"), "--markdown", str(tmp_path / "r.md")]
    assert main(["keys", "backups", "--rows", "20", "--rounds", "1", *files]) == 0
    read = json.loads((tmp_path / "r.json").read_text("utf-8"))
    sealing, moving = read["tables"]
    assert (sealing["counts"][0]["number"], sealing["counts"][0]["target"]) == (1, 1)
    assert [each["number"] for each in moving["counts"]] == [100, 100, 100, 200]
    assert "100 organizations with 20 rows" in moving["title"]
    names = ["ctsec backup", "SQLite's own backup, not encrypted", "ctsec restore, verified before and after"]
    assert [each["name"] for each in read["rows"]] == names
    assert all("20 rows" in each["race"] and each["rate_unit"] == "rows/s" for each in read["rows"])
    assert all(0 < each["low"] <= each["value"] <= each["high"] for each in read["rows"])
    assert "5 of 5 targets met" in capsys.readouterr().out
    assert "calls of the key service" in (tmp_path / "r.md").read_text("utf-8")
    with pytest.raises(SystemExit):
        main(["keys", "--rows", "0"])
