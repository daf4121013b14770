"""A process that is killed while it saves or restores leaves nothing that looks whole and is not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import ctsec
from ctsec.errors import SchemaMismatch
from ctsec.storage.backup import BackupError
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance import samples as s
from tests.servers import Database, available_databases
from tests.storage.backup.support import connection_to, dump, emptied, fill, restore, save, verify

ROUNDS = 100 if os.environ.get("CTSEC_SOAK") else 10
KINDS = [kind for kind in available_databases() if kind != "mariadb"]
ROOT = Path(__file__).resolve().parents[3]


class Victim:
    """The process whose children are killed."""

    def __init__(self) -> None:
        path = os.pathsep.join([os.path.dirname(os.path.dirname(ctsec.__file__)), str(ROOT)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.storage.backup.victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def run(self, work: str, url: str, path: Path, *, killed_after: float | None) -> int:
        """Have a child do some work, kill it after so many seconds, and return its exit code (-9: it was killed before it ended)."""
        child = int(self._ask(f"{work} {url} {path}"))
        if killed_after is not None:
            time.sleep(killed_after)
            os.kill(child, signal.SIGKILL)
        return int(self._ask("go"))

    def duration(self, work: str, url: str, path: Path) -> float:
        """Return how many seconds some work takes if nobody kills it."""
        start = time.monotonic()
        assert self.run(work, url, path, killed_after=None) == 0
        return time.monotonic() - start

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    made = Victim()
    yield made
    made.close()


def settle(database: Database) -> None:
    """Wait until the server has noticed that its client is gone."""
    deadline = time.monotonic() + 20
    while database.kind == "postgresql":
        with connection_to(database.sync_url) as connection:
            others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            if connection.execute(text(others)).scalar_one() == 0:
                return
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_whole(path: Path) -> bool:
    """Say whether a file is a backup of all the rows (a partial file is one once all of it is written); any other is refused."""
    try:
        backup = verify(path)
    except BackupError:
        return False
    return {table.rows for table in backup.manifest.tables} == {12}


def opens(database: Database) -> bool:
    """Say whether ctsec opens the store."""
    storage = SqlStorage.from_url(database.sync_url)
    try:
        with storage.reading() as store:
            store.users.get(s.user_id(1))
    except SchemaMismatch:
        return False
    finally:
        storage.close()
    return True


@pytest.mark.slow
@pytest.mark.proves("SEED-E4")
@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_backup_never_looks_whole(kind: str, victim: Victim, tmp_path: Path) -> None:
    """Killed at any moment, a backup is whole under its name or is not there; what is left does not disturb the next one."""
    source = emptied(kind, "source")
    fill(source.sync_url, rows=12)
    before = dump(source)
    path, partial = tmp_path / "b", tmp_path / "b.partial"
    duration = victim.duration("save", source.sync_url, path)
    chance, seen = random.Random(kind), set[bool]()
    for _ in range(ROUNDS):
        path.unlink(missing_ok=True)
        code = victim.run("save", source.sync_url, path, killed_after=chance.uniform(0, 1.1 * duration))
        assert code in {0, -signal.SIGKILL}
        assert path.exists() or code != 0
        if path.exists():
            assert is_whole(path)
        elif partial.exists():
            seen.add(is_whole(partial))
    assert False in seen
    path.unlink(missing_ok=True)
    save(source.sync_url, path)
    assert [each.name for each in tmp_path.iterdir()] == ["b"]
    assert dump(source) == before


@pytest.mark.slow
@pytest.mark.proves("SEED-E4")
@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_restore_never_looks_whole(kind: str, victim: Victim, tmp_path: Path) -> None:
    """Killed at any moment, a restore has left an empty store, one that ctsec refuses to open, or all of it; the same command ends it."""
    source, target = emptied(kind, "source"), emptied(kind, "target")
    fill(source.sync_url, rows=12)
    save(source.sync_url, tmp_path / "b")
    expected = dump(source)
    duration = victim.duration("restore", target.sync_url, tmp_path / "b")
    emptied(kind, "target")
    chance = random.Random(kind)
    for _ in range(ROUNDS):
        code = victim.run("restore", target.sync_url, tmp_path / "b", killed_after=chance.uniform(0, 1.1 * duration))
        assert code in {0, -signal.SIGKILL}
        settle(target)
        if opens(target):
            found: dict[str, Any] = dump(target)
            assert found == expected or (code != 0 and not any(found.values()))
            emptied(kind, "target")
        else:
            assert code == -signal.SIGKILL
    if opens(target):
        emptied(kind, "target")
    restore(target.sync_url, tmp_path / "b")
    assert dump(target) == expected
