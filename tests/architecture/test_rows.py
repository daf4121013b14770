"""The row report counts only what tests proved."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, last_name
from tools.rows import Proof, Row, load_rows, proofs_by_row, report

FASTAPI, FLASK = Proof("t1", "fastapi", True), Proof("t2", "flask", True)


@pytest.mark.parametrize(
    ("row", "proofs", "status"),
    [
        (Row(id="a", words=""), (), "open"),
        (Row(id="a", words=""), (Proof("t", None, True),), "proved"),
        (Row(id="a", words=""), (Proof("t", None, True), Proof("u", None, False)), "begun"),
        (Row(id="a", words="", host=True), (Proof("t", None, True),), "begun"),
        (Row(id="a", words="", host=True), (FASTAPI,), "begun"),
        (Row(id="a", words="", host=True), (FASTAPI, Proof("t2", "flask", False)), "begun"),
        (Row(id="a", words="", host=True), (FASTAPI, FLASK), "proved"),
        (Row(id="a", words="", host=True, begun="depth"), (FASTAPI, FLASK), "begun"),
        (Row(id="a", words="", deviation="why"), (FASTAPI, FLASK), "deviated"),
    ],
)
def test_status_of_a_row(row: Row, proofs: tuple[Proof, ...], status: str) -> None:
    """A row is proved when all its tests passed, in both hosts where a host is involved."""
    assert row.status(proofs) == status


def test_record_becomes_proofs() -> None:
    """What a run recorded is turned round: from tests with rows to rows with tests."""
    record = {"t": {"rows": ["SEED-M3", "SEED-M5"], "host": "flask", "passed": True}}
    assert proofs_by_row(record) == {"SEED-M3": (Proof("t", "flask", True),), "SEED-M5": (Proof("t", "flask", True),)}


def test_report_counts_and_names() -> None:
    """The report prints each row that is not open with its tests and hosts, and the counts of each table."""
    lines = report({"seed": (Row(id="SEED-M3", words="w"), Row(id="SEED-M5", words="v"))}, {"SEED-M3": (FLASK,)}, show_open=False)
    assert lines[0].split() == ["proved", "SEED-M3", "w", "[flask]"]
    assert lines[1].split() == ["passed", "t2"]
    assert lines[-1].split() == ["SEED", "1", "proved", "0", "begun", "0", "deviated", "1", "open"]


def test_marks_name_rows_that_exist() -> None:
    """Every id in a `proves` mark is a row of a table."""
    known = {row.id for rows in load_rows().values() for row in rows}
    wrong = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(Path(path).read_text("utf-8"))):
            if isinstance(node, ast.Call) and last_name(node.func) == "proves":
                named = [str(a.value) for a in node.args if isinstance(a, ast.Constant)]
                wrong += [f"{path.name}:{node.lineno} {name}" for name in named if name not in known]
    assert wrong == []
