"""A restore that was interrupted between its two databases goes on where it was, and never over what is somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ctsec.errors import SchemaMismatch
from ctsec.storage.backup import Step, StoreNotEmpty
from ctsec.storage.sql import SqlStorage
from ctsec.storage.sql.schema import create, upgrade
from ctsec.testing.conformance import samples as s
from tests.servers import Database
from tests.storage.backup.support import TABLES, connection_to, database_of, dump, emptied, fill, restore, save

Halfway: TypeAlias = tuple[Database, Path, dict[str, list[tuple[Any, ...]]]]


class Interrupted(Exception):
    """Stands for whatever ends a process."""


@pytest.fixture
def halfway(tmp_path: Path) -> Iterator[Halfway]:
    """A store whose restore ended after the guard store's rows and before those of the main tables, the backup, and its rows."""
    source = emptied("sqlite", "source")
    fill(source.sync_url, rows=3)
    save(source.sync_url, tmp_path / "b")

    def stop(step: Step, done: int, total: int) -> None:
        if step is Step.COMPARE and total == 3 * len(TABLES.main.tables):
            raise Interrupted

    with database_of("sqlite", tmp_path) as target:
        with pytest.raises(Interrupted):
            restore(target.sync_url, tmp_path / "b", progress=stop)
        found = dump(target)
        assert {name for name, rows in found.items() if rows} == {name.removeprefix("ctsec_") for name in TABLES.guard.tables}
        yield target, tmp_path / "b", dump(source)


def test_ctsec_refuses_what_is_half_restored(halfway: Halfway) -> None:
    """Neither a transaction nor a start nor an upgrade of the tables takes a half restored store for one, and each says what to do."""
    target, _, _ = halfway
    storage = SqlStorage.from_url(target.sync_url)
    with pytest.raises(SchemaMismatch, match="ctsec restore"), storage.begin(after_commit=s.ignore) as store:
        store.users.add(s.user(1))
    storage.close()
    for start in (create, upgrade):
        with pytest.raises(SchemaMismatch, match="ctsec restore"):
            start(target.sync_url)


def test_the_same_command_ends_it(halfway: Halfway) -> None:
    """The same restore again keeps the guard store's rows, which are those of the backup, and brings the rest."""
    target, backup, rows = halfway
    restore(target.sync_url, backup)
    assert dump(target) == rows
    with pytest.raises(StoreNotEmpty):
        restore(target.sync_url, backup)


def test_other_rows_are_never_taken_for_its_own(halfway: Halfway) -> None:
    """A guard store whose rows are not those of this backup, be it by one value, refuses the restore and keeps them."""
    target, backup, _ = halfway
    with connection_to(target.guard_sync_url) as connection:
        connection.exec_driver_sql("UPDATE ctsec_step SET step = 77 WHERE authenticator = (SELECT min(authenticator) FROM ctsec_step)")
        connection.commit()
    before = dump(target)
    with pytest.raises(StoreNotEmpty, match=r"guard\.step"):
        restore(target.sync_url, backup)
    assert dump(target) == before
