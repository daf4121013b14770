"""What comes back is what was saved: every row of every table, on every database, and from one kind to another."""

from __future__ import annotations

import stat
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctsec.errors import SchemaMismatch
from ctsec.storage.backup import BackupFileFailed, Step, StoreNotEmpty, restore_backup, write_backup
from ctsec.storage.sql import SqlStorage, Tables
from ctsec.storage.sql.schema import create
from ctsec.testing.conformance import samples as s
from tests.servers import available_databases
from tests.storage.backup.support import (
    KMS,
    SIGNER,
    add_samples,
    connection_to,
    database_of,
    dump,
    emptied,
    empty,
    fill,
    incarnation,
    made,
    restore,
    save,
    verify,
)

KINDS = available_databases()
PAIRS = [(kind, other) for kind, other in product(KINDS, repeat=2) if kind == other or KINDS[KINDS.index(kind) - 1] == other]


@pytest.mark.proves("SEED-E4")
@pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda kind: kind)
def test_a_restored_store_equals_its_source_row_by_row(source: str, target: str, tmp_path: Path) -> None:
    """Every table comes back with every value, extremes and nulls too, into a store of the same and of another kind of database."""
    old, new = emptied(source, "source"), emptied(target, "target")
    fill(old.sync_url, rows=7)
    backup = save(old.sync_url, tmp_path / "b")
    assert verify(tmp_path / "b") == backup == restore(new.sync_url, tmp_path / "b")
    before, after = dump(old), dump(new)
    assert {name: len(rows) for name, rows in before.items()} == {name: 7 for name in before}
    assert after == before
    assert save(new.sync_url, tmp_path / "again").manifest.tables == backup.manifest.tables


@pytest.mark.parametrize("kind", KINDS)
def test_records_of_the_application_come_back(kind: str, tmp_path: Path) -> None:
    """Records that were written by the ports of a store are read by the ports of the restored one, in both its parts."""
    old, new = emptied(kind, "source"), emptied(kind, "target")
    name = incarnation(new)
    add_samples(old.sync_url)
    save(old.sync_url, tmp_path / "b")
    restore(new.sync_url, tmp_path / "b")
    assert dump(new) == dump(old)
    assert incarnation(new) == name != incarnation(old)
    storage = SqlStorage.from_url(new.sync_url)
    with storage.reading() as store:
        assert store.users.get(s.user_id(2)) == s.user(2)
        assert store.inbox.pending(limit=9) == tuple(s.event(n, of=n) for n in (1, 2, 3))
    assert storage.guard.proofs.consume(s.proof("a").purpose, s.proof("a").digest, now=s.NOW)
    storage.close()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(0, 12), seed=st.integers(0, 1 << 32))
def test_any_rows_come_back(tmp_path: Path, rows: int, seed: int) -> None:
    """Whatever rows a store has, none among them, the restored store has the same."""
    old, new = emptied("sqlite", "source"), emptied("sqlite", "target")
    fill(old.sync_url, rows=rows, seed=seed)
    save(old.sync_url, tmp_path / "b")
    restore(new.sync_url, tmp_path / "b")
    (tmp_path / "b").unlink()
    assert dump(new) == dump(old)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "sqlite"])
def test_a_guard_store_on_a_server_of_its_own_comes_back(kind: str, tmp_path: Path) -> None:
    """Where the guard store is another database, both are saved and both restored, with the prefix and schema that a host chose."""
    tables = Tables("acme_", schema="apart" if kind == "postgresql" else None)
    with database_of(kind, tmp_path) as old, database_of(kind, tmp_path) as guard:
        create(old.sync_url, guard=guard.sync_url, tables=tables)
        fill(old.sync_url, rows=3, guard_url=guard.sync_url, tables=tables)
        write = partial(write_backup, old.sync_url, kms=KMS, signer=SIGNER, now=s.NOW, guard=guard.sync_url, tables=tables)
        bring = partial(restore_backup, old.sync_url, kms=KMS, signed_by=SIGNER.name, guard=guard.sync_url, tables=tables)
        backup = write(to=tmp_path / "b")
        assert {table.rows for table in backup.manifest.tables} == {3}
        with pytest.raises(StoreNotEmpty):
            bring(source=tmp_path / "b")
        empty(old.sync_url, guard.sync_url, tables=tables)
        bring(source=tmp_path / "b")
        assert write(to=tmp_path / "c").manifest.tables == backup.manifest.tables


def test_a_backup_is_the_owners_and_replaces_nothing(tmp_path: Path) -> None:
    """The file has mode 0600 from the start whatever the umask; a name that is taken is refused, and its file stays as it is."""
    with database_of("sqlite", tmp_path) as old:
        fill(made(old.sync_url), rows=1)
        seen: list[int] = []
        target = tmp_path / "b"
        save(old.sync_url, target, progress=lambda *_: seen.append(stat.S_IMODE((tmp_path / "b.partial").stat().st_mode)))
        assert set(seen) == {0o600}
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        held = target.read_bytes()
        with pytest.raises(BackupFileFailed, match="is there already"):
            save(old.sync_url, target)
        assert target.read_bytes() == held
        assert [each.name for each in tmp_path.glob("b*")] == ["b"]


def test_a_store_with_rows_is_refused(tmp_path: Path) -> None:
    """One row in any table, main or guard, refuses a restore, which leaves the store as it was and open."""
    with database_of("sqlite", tmp_path) as old, database_of("sqlite", tmp_path) as main, database_of("sqlite", tmp_path) as guard:
        fill(made(old.sync_url), rows=2)
        save(old.sync_url, tmp_path / "b")
        storage = SqlStorage.from_url(made(main.sync_url))
        with storage.begin(after_commit=s.ignore) as store:
            store.users.add(s.user(1))
        storage.close()
        storage = SqlStorage.from_url(made(guard.sync_url))
        storage.guard.proofs.issue((s.proof("a"),))
        for database, named in ((main, "main.user"), (guard, "guard.proof")):
            before = dump(database)
            with pytest.raises(StoreNotEmpty, match=named):
                restore(database.sync_url, tmp_path / "b")
            assert dump(database) == before
            create(database.sync_url)
        storage.close()


def test_tables_of_another_version_are_not_saved(tmp_path: Path) -> None:
    """A store of another version, without tables, or that is no file, is refused before a file is made."""
    with database_of("sqlite", tmp_path) as old:
        with pytest.raises(Exception, match="there is none"):
            save(old.sync_url, tmp_path / "b")
        made(old.sync_url)
        with connection_to(old.sync_url) as connection:
            connection.exec_driver_sql("UPDATE ctsec_alembic_version SET version_num = '9999'")
            connection.commit()
        with pytest.raises(SchemaMismatch, match="newer"):
            save(old.sync_url, tmp_path / "b")
        assert list(tmp_path.glob("b*")) == []


def test_progress_counts_up_to_the_total(tmp_path: Path) -> None:
    """Each step of a backup and a restore is told, never goes back, and ends at its total."""
    with database_of("sqlite", tmp_path) as old, database_of("sqlite", tmp_path) as new:
        fill(made(old.sync_url), rows=60)
        told: list[tuple[Step, int, int]] = []
        rows = save(old.sync_url, tmp_path / "b", progress=lambda *each: told.append(each)).manifest.rows
        restore(new.sync_url, tmp_path / "b", progress=lambda *each: told.append(each))
        assert {step for step, _, _ in told} == set(Step)
        assert [(done, total) for step, done, total in told if step is Step.SAVE][-1] == (rows, rows)
        assert all(0 <= done <= total for _, done, total in told)
        for step in (Step.SAVE, Step.VERIFY):
            counts = [done for each, done, _ in told if each is step]
            assert counts == sorted(counts)
