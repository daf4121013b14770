"""The list of erasures in a file, which a restored store is held against."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ctsec.audit.erasure import Erased, FileErasureList
from ctsec.errors import CorruptRecord, StoreError
from ctsec.ids import UserId, new_id

NOW = datetime(2026, 3, 1, 12, 0, 7, 5, tzinfo=UTC)


def test_the_list_in_a_file(tmp_path: Path) -> None:
    """Entries come back in order; a line that a crash cut is dropped by the next append, any other broken line is an error."""
    path = tmp_path / "list"
    users = [new_id(UserId, now=NOW, random=os.urandom) for _ in range(3)]
    entries = tuple(Erased(user, NOW) for user in users)
    erased = FileErasureList(path)
    assert erased.all() == ()
    erased.add(entries[0])
    with path.open("ab") as file:
        file.write(b'{"at": 17, "us')
    assert erased.all() == entries[:1]
    erased.add(entries[1])
    assert (erased.all(), path.stat().st_mode & 0o777) == (entries[:2], 0o600)
    FileErasureList(tmp_path / "other").add_all(entries)
    assert FileErasureList(tmp_path / "other").all() == entries
    FileErasureList(tmp_path / "other").add_all(())
    assert FileErasureList(tmp_path / "other").all() == entries
    for broken in (b"x\n", b'{"at": 1}\n', b'{"at": true, "user": "usr_1"}\n', b"\n"):
        whole = path.read_bytes()
        path.write_bytes(whole + broken)
        with pytest.raises(CorruptRecord, match="line 3"):
            erased.all()
        path.write_bytes(whole)
    with pytest.raises(StoreError):
        FileErasureList(tmp_path).add(entries[2])
