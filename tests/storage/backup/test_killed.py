"""A process that is killed while it saves or restores leaves nothing that looks whole and is not."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import Any

import pytest

from ctsec.errors import SchemaMismatch
from ctsec.storage.backup import BackupError
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance import samples as s
from tests.servers import Database, available_databases
from tests.storage.backup.support import dump, emptied, fill, restore, save, verify
from tests.victim import ROUNDS, Victim, settle

KINDS = [kind for kind in available_databases() if kind != "mariadb"]
SAVE, RESTORE = "tests.storage.backup.support:save_named", "tests.storage.backup.support:restore_named"


def moments(whole: int, chance: random.Random) -> list[int]:
    """Return the steps at which to kill: some of all of them, and as many of the last ones, where files and commits are."""
    return [chance.randint(1, whole) if n % 2 else max(1, whole - chance.randrange(12)) for n in range(ROUNDS)]


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
    code, whole = victim.run(SAVE, source.sync_url, path)
    assert code == 0
    seen = set[bool]()
    for last in moments(whole, random.Random(kind)):
        path.unlink(missing_ok=True)
        assert victim.run(SAVE, source.sync_url, path, last=last) == (-signal.SIGKILL, last)
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
    code, whole = victim.run(RESTORE, target.sync_url, tmp_path / "b")
    assert code == 0
    emptied(kind, "target")
    for last in moments(whole, random.Random(kind)):
        code, done = victim.run(RESTORE, target.sync_url, tmp_path / "b", last=last)
        # What an earlier one left is cleared first or not, so that the number of steps is not always the same.
        assert code == -signal.SIGKILL or (code == 0 and done < last)
        settle(target.sync_url)
        if opens(target):
            found: dict[str, Any] = dump(target)
            assert found == expected or (code != 0 and not any(found.values()))
            emptied(kind, "target")
    if opens(target):
        emptied(kind, "target")
    restore(target.sync_url, tmp_path / "b")
    assert dump(target) == expected
