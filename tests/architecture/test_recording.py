"""What conftest records and leaves out, seen on small runs of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ctsec
from tests.architecture.source import ROOT

SETTINGS = """
[pytest]
asyncio_mode = auto
markers =
    proves(*rows): rows
    host(name): host
    vectors: data
"""
SAMPLE = """
import pytest

@pytest.mark.proves("SEED-M3", "SEED-M5")
@pytest.mark.parametrize("host", ["fastapi", "flask"])
def test_both(host): assert host == "flask"

@pytest.mark.proves("SEED-M3")
@pytest.mark.host("fastapi")
def test_marked(): pass

@pytest.fixture
def breaks_afterwards():
    yield
    raise RuntimeError("teardown")

@pytest.mark.proves("SEED-K1")
def test_torn(breaks_afterwards): pass

def test_unmarked(): pass

@pytest.mark.proves("SEED-L1")
def test_reading(vectors): assert vectors.is_dir()
"""


def run(folder: Path, *, workers: int, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the sample in a folder of its own with our conftest."""
    (folder / "pytest.ini").write_text(SETTINGS)
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    (folder / "test_sample.py").write_text(SAMPLE)
    (folder / "test_flask_pages.py").write_text('import pytest\n\n@pytest.mark.proves("SEED-K2")\ndef test_page(): pass\n')
    path = os.pathsep.join([str(ROOT), str(Path(ctsec.__file__).parents[1])])
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", str(workers)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CTSEC_", "PYTEST_"))}
    return subprocess.run(command, cwd=folder, env=kept | {"PYTHONPATH": path} | environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workers", [0, 2])
def test_outcomes_and_hosts_are_recorded(tmp_path: Path, workers: int) -> None:
    """Each marked test is recorded with its rows, its host and whether every phase passed, with workers and without."""
    run(tmp_path, workers=workers, CTSEC_VECTORS=str(tmp_path))
    record = json.loads((tmp_path / ".rows.json").read_text("utf-8"))
    assert {test.partition("::")[2]: (entry["rows"], entry["host"], entry["passed"]) for test, entry in record.items()} == {
        "test_both[fastapi]": (["SEED-M3", "SEED-M5"], "fastapi", False),
        "test_both[flask]": (["SEED-M3", "SEED-M5"], "flask", True),
        "test_marked": (["SEED-M3"], "fastapi", True),
        "test_torn": (["SEED-K1"], None, False),
        "test_reading": (["SEED-L1"], None, True),
        "test_page": (["SEED-K2"], "flask", True),
    }


def test_missing_data_leave_their_tests_out_and_the_header_says_so(tmp_path: Path) -> None:
    """Without the vectors the tests that read them do not run, prove nothing, and are announced at the top."""
    done = run(tmp_path, workers=0, CTSEC_VECTORS=str(tmp_path / "nowhere"))
    assert "NOT RUN, vectors not found" in done.stdout
    assert "1 deselected" in done.stdout
    assert "test_reading" not in (tmp_path / ".rows.json").read_text("utf-8")


def test_missing_data_fail_where_all_is_required(tmp_path: Path) -> None:
    """Under CTSEC_TEST_REQUIRE=all a run that lacks something fails before the first test."""
    done = run(tmp_path, workers=0, CTSEC_VECTORS=str(tmp_path / "nowhere"), CTSEC_TEST_REQUIRE="all")
    assert done.returncode == 1
    assert "lacks: " in done.stderr + done.stdout
    assert not (tmp_path / ".rows.json").exists()
