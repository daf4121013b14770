"""A backup is of one moment of both parts of a store, however many write meanwhile, and takes no memory for what it saves."""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event

from ctsec.mail.record import OutboxEntry
from ctsec.storage.backup import write_backup
from ctsec.storage.backup.manifest import Begin, Row, checked
from ctsec.testing.conformance import samples as s
from tests.servers import available_databases
from tests.storage.backup.support import (
    KMS,
    SIGNER,
    TABLES,
    connection_to,
    database_of,
    emptied,
    fill,
    made,
    records_of,
    restore,
    save,
    verify,
)

BACKUPS = 4


@contextmanager
def writing(main_url: str, guard_url: str, started: threading.Event) -> Iterator[None]:
    """Have a thread write without a pause: first a step in the guard store, then, in one transaction, an epoch and an entry's attempts."""
    stop = threading.Event()
    failures: list[Exception] = []

    def write() -> None:
        engines = [create_engine(url) for url in (main_url, guard_url)]
        try:
            while not stop.is_set():
                with engines[1].begin() as guard:
                    guard.exec_driver_sql("UPDATE ctsec_step SET step = step + 1")
                with engines[0].begin() as main:
                    main.exec_driver_sql("UPDATE ctsec_epoch SET epoch = epoch + 1")
                    main.exec_driver_sql("UPDATE ctsec_outbox SET attempts = attempts + 1")
                started.set()
        except Exception as error:
            failures.append(error)
        for engine in engines:
            engine.dispose()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert failures == []


def counters(source: Path) -> tuple[int, int, int]:
    """Return the epoch, the attempts and the step that a backup holds."""
    found: dict[str, object] = {}
    columns: tuple[str, ...] = ()
    for each in checked(records_of(source)):
        if isinstance(each, Begin):
            columns, name = each.columns, each.name
        elif isinstance(each, Row):
            found |= {f"{name}.{column}": value for column, value in zip(columns, each.values, strict=True)}
    values = [found[name] for name in ("main.epoch.epoch", "main.outbox.attempts", "guard.step.step")]
    assert all(isinstance(value, int) for value in values)
    return tuple(values)  # type: ignore[return-value]


@contextmanager
def slow_to_begin() -> Iterator[None]:
    """Have this thread pause after it has asked a database for its version, so that others write between the first reads of a backup."""
    ours = threading.get_ident()

    def pause(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if threading.get_ident() == ours and statement.startswith("SELECT") and "alembic_version.version_num" in statement:
            time.sleep(0.02)

    event.listen(Engine, "after_cursor_execute", pause)
    try:
        yield
    finally:
        event.remove(Engine, "after_cursor_execute", pause)


def one_row_each(main_url: str, guard_url: str) -> None:
    entry = {each.name: getattr(s.outbox_entry(1), each.name) for each in fields(OutboxEntry)}
    for url, rows in (
        (main_url, ((TABLES.epoch, {"scope": "x", "epoch": 0, "changed_at": 0}), (TABLES.outbox, entry))),
        (guard_url, ((TABLES.step, {"authenticator": "x", "step": 0}),)),
    ):
        with connection_to(url) as connection:
            for table, row in rows:
                connection.execute(table.insert().values(row))
            connection.commit()


@pytest.mark.parametrize(
    ("kind", "apart"), [(kind, apart) for kind in available_databases() for apart in (True, False) if apart or kind != "sqlite"]
)
def test_a_backup_is_of_one_moment_while_others_write(kind: str, apart: bool, tmp_path: Path) -> None:
    """Two rows that one transaction changes agree in every backup, and the guard store is the one step ahead that it was, at most."""
    main_url, other = emptied(kind, "source").sync_url, emptied(kind, "target")
    guard_url = other.guard_sync_url if apart else main_url
    one_row_each(main_url, guard_url)
    started = threading.Event()
    seen: list[int] = []
    with writing(main_url, guard_url, started), slow_to_begin():
        assert started.wait(30)
        for number in range(BACKUPS):
            path = tmp_path / str(number)
            write_backup(main_url, to=path, kms=KMS, signer=SIGNER, now=s.NOW, guard=guard_url)
            epoch, attempts, step = counters(path)
            assert epoch == attempts
            assert epoch <= step <= epoch + 1
            seen.append(epoch)
    assert seen == sorted(seen)
    assert seen[0] < seen[-1]


def peak(work: Callable[..., object], *given: object) -> int:
    """Return the most bytes that were held during some work."""
    tracemalloc.start()
    work(*given)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Saving, verifying and restoring 2,000 rows of 8 KiB takes less than half of what they fill, and not twice what 500 rows take."""
    columns = "user_id, sealed, changed_at, version, pepper, scheme"
    insert = f"INSERT INTO ctsec_password ({columns}) VALUES (?, zeroblob(8192), 0, 0, '1', 'argon2id-8-1-1')"
    peaks: list[list[int]] = []
    for rows in (500, 2000):
        with database_of("sqlite", tmp_path) as old, database_of("sqlite", tmp_path) as new:
            made(new.sync_url)
            with connection_to(made(old.sync_url)) as connection:
                for n in range(rows):
                    connection.exec_driver_sql(insert, (f"usr{n:08d}",))
                connection.commit()
            path = tmp_path / str(rows)
            peaks.append([peak(save, old.sync_url, path), peak(verify, path), peak(restore, new.sync_url, path)])
    for few, many in zip(*peaks, strict=True):
        assert many < 1000 * 8192
        assert many < 2 * few


def test_a_long_backup_does_not_stop_writers(tmp_path: Path) -> None:
    """On SQLite somebody writes into both parts while a backup is halfway, at once, and the backup does not see it."""
    database = emptied("sqlite", "source")
    fill(database.sync_url, rows=20)
    wrote: list[int] = []

    def write(*told: object) -> None:
        if not wrote:
            for url in (database.sync_url, database.guard_sync_url):
                engine = create_engine(url, connect_args={"timeout": 0})
                with engine.begin() as connection:
                    table = "ctsec_step" if url == database.guard_sync_url else "ctsec_job"
                    wrote.append(connection.exec_driver_sql(f"DELETE FROM {table}").rowcount)
                engine.dispose()

    save(database.sync_url, tmp_path / "b", progress=write)
    assert wrote == [20, 20]
    assert {table.rows for table in verify(tmp_path / "b").manifest.tables} == {20}
