"""A disk that is full stops a backup or a restore with a clear error, and nothing looks whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ctsec.encryption.data_key import DataKey
from ctsec.errors import SchemaMismatch, StoreError
from ctsec.secret import Secret
from ctsec.storage.backup import BackupFileFailed
from ctsec.storage.backup.container import Header
from ctsec.storage.backup.file import BackupWriter, new_file
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance import samples as s
from tests.storage.backup.support import ANY_ID, SIGNER, TABLES, database_of, dump, files_of_at_most, fill, made, restore, save, verify


def test_a_backup_that_finds_no_space_leaves_no_file(tmp_path: Path) -> None:
    """Wherever the space ends, in a chunk, at its edge or in the end mark, the error names the file and nothing of it stays."""
    with database_of("sqlite", tmp_path) as old:
        fill(made(old.sync_url), rows=20)
        size = save(old.sync_url, tmp_path / "whole").size
        for most in (40_000, size // 2, size - 200, size - 50, size - 1):
            with files_of_at_most(most), pytest.raises(BackupFileFailed, match=r"^b: file too large; no backup was left behind$"):
                save(old.sync_url, tmp_path / "b")
            assert list(tmp_path.glob("b*")) == []
        with files_of_at_most(size):
            save(old.sync_url, tmp_path / "b")
        verify(tmp_path / "b")


def test_a_full_device_is_told_as_such(tmp_path: Path) -> None:
    """A device that answers that no space is left makes an error that says so, and the partial file goes."""
    header = Header(id=ANY_ID, kek="local:1", wrapped=b"w")

    def write() -> None:
        with new_file(tmp_path / "b") as file:
            full = os.open("/dev/full", os.O_WRONLY)
            os.dup2(full, file)
            os.close(full)
            BackupWriter(file, header=header, key=DataKey(ANY_ID, material=Secret(b"m" * 32)), signer=SIGNER, random=os.urandom)

    with pytest.raises(BackupFileFailed, match="no space left on device"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    """A backup into a folder that is not there says so."""
    with database_of("sqlite", tmp_path) as old, pytest.raises(BackupFileFailed, match="no such file or directory"):
        save(made(old.sync_url), tmp_path / "nowhere" / "b")


def test_a_restore_that_finds_no_space_leaves_an_empty_store(tmp_path: Path) -> None:
    """Wherever the space ends, no row is kept and the store is refused or has no tables; with space the same command completes it."""
    with database_of("sqlite", tmp_path) as old, database_of("sqlite", tmp_path) as new:
        fill(made(old.sync_url), rows=100)
        save(old.sync_url, tmp_path / "b")
        made(new.sync_url)
        size = Path(new.sync_url.removeprefix("sqlite:///")).stat().st_size
        for most in (size, 2 * size, 3 * size):
            with files_of_at_most(most), pytest.raises(StoreError):
                restore(new.sync_url, tmp_path / "b")
            assert not any(rows for name, rows in dump(new).items() if f"ctsec_{name}" in TABLES.main.tables)
            storage = SqlStorage.from_url(new.sync_url)
            with pytest.raises(SchemaMismatch, match="run `ctsec restore` again"), storage.reading() as store:
                store.users.get(s.user_id(1))
            storage.close()
        restore(new.sync_url, tmp_path / "b")
        assert dump(new) == dump(old)
