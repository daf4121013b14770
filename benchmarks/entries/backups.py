"""What a backup and a restore cost beside reading and writing the same rows with nothing around them.

Rules that this module keeps:

- the floor of a backup reads every row with Python's own SQLite; that of a restore inserts the same rows into the same empty tables, in
  one transaction that is committed to the disk;
- a slice is one whole backup or restore in wall time, by the number of its rows, so that rates are rows a second;
- a restore verifies the file before it writes, and reads back what it has written: both are in its time;
- every restore begins with a copy of the same empty store, which is not timed.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import NullPool, create_engine, insert

from benchmarks.measure import Contestant, Race
from ctsec.encryption.kms import LocalKms
from ctsec.ids import UserId, new_id
from ctsec.storage.backup import SIGNING_LABEL, Signer, restore_backup, write_backup
from ctsec.storage.sql import Tables, schema
from ctsec.storage.sql.statements.rows import values
from ctsec.user import User, UserStatus

ROWS = 50_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entry(wanted: int | None = None) -> Iterable[Race]:
    """Return the races, over a store with so many people as are wanted."""
    rows = wanted or ROWS
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "empty").mkdir()
        schema.create(f"sqlite:///{place}/empty/store.db")
        shutil.copytree(place / "empty", place / "full")
        _fill(f"sqlite:///{place}/full/store.db", rows)
        kms = LocalKms.create(place / "key")
        signer = Signer(kms.derive(SIGNING_LABEL))
        yield _saving(place, kms, signer, rows)
        yield _restoring(place, kms, signer, rows)


def _fill(url: str, rows: int) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(insert(Tables().user), [values(_user(n)) for n in range(rows)])
    engine.dispose()


def _user(n: int) -> User:
    when = NOW + timedelta(seconds=n)
    return User(
        id=new_id(UserId, now=when, random=os.urandom),
        email=f"person.{n}@example.com",
        email_key=f"person.{n}@example.com",
        name=f"Person {n}",
        status=UserStatus.ACTIVE,
        email_verified_at=when,
        created_at=when,
    )


def _timed(work: Callable[[], object], rows: int) -> float:
    begun = perf_counter()
    work()
    return (perf_counter() - begun) / rows


def _saving(place: Path, kms: LocalKms, signer: Signer, rows: int) -> Race:
    source = place / "full" / "store.db"

    def read() -> None:
        with closing(sqlite3.connect(source)) as database:
            for _ in database.execute("SELECT * FROM ctsec_user ORDER BY id"):
                pass

    def copy() -> None:
        with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(place / "copied.db")) as target:
            database.backup(target)

    def save() -> None:
        (place / "saved").unlink(missing_ok=True)
        write_backup(f"sqlite:///{source}", to=place / "saved", kms=kms, signer=signer, now=NOW)

    return Race(
        title=f"save a store of {rows:,} rows on SQLite",
        floor=Contestant(name="SELECT of the same rows", slice=lambda: _timed(read, rows)),
        contestants=(
            Contestant(name="ctsec backup", slice=lambda: _timed(save, rows)),
            Contestant(name="SQLite's own backup, not encrypted", slice=lambda: _timed(copy, rows)),
        ),
        rate_unit="rows/s",
        rounds=7,
    )


def _restoring(place: Path, kms: LocalKms, signer: Signer, rows: int) -> Race:
    with closing(sqlite3.connect(place / "full" / "store.db")) as database:
        everything = database.execute("SELECT * FROM ctsec_user ORDER BY id").fetchall()
    if not (place / "saved").exists():
        write_backup(f"sqlite:///{place}/full/store.db", to=place / "saved", kms=kms, signer=signer, now=NOW)

    def emptied() -> Path:
        shutil.rmtree(place / "target", ignore_errors=True)
        shutil.copytree(place / "empty", place / "target")
        return place / "target" / "store.db"

    def write(target: Path) -> None:
        with closing(sqlite3.connect(target)) as database, database:
            database.executemany(f"INSERT INTO ctsec_user VALUES ({', '.join('?' * len(everything[0]))})", everything)

    def restore(target: Path) -> None:
        restore_backup(f"sqlite:///{target}", source=place / "saved", kms=kms, signed_by=signer.name)

    def once(work: Callable[[Path], None]) -> float:
        target = emptied()
        return _timed(lambda: work(target), rows)

    return Race(
        title=f"restore a store of {rows:,} rows on SQLite",
        floor=Contestant(name="INSERT of the same rows", slice=lambda: once(write)),
        contestants=(Contestant(name="ctsec restore, verified before and after", slice=lambda: once(restore)),),
        rate_unit="rows/s",
        rounds=7,
    )
