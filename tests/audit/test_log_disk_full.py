"""A disk that is full under the log: a change and its event fail together, and nothing that was acknowledged is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, event, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ctsec.audit.assurance import Assurance
from ctsec.audit.record import StoredEvent
from ctsec.errors import StoreError
from ctsec.storage.sql import SqlStorage, schema
from ctsec.testing import FixedClock
from tests.audit.kept import ONE, events, logs_of

MOST: Final = 1_073_741_823
FULL: Final = 13
METADATA: Final = MetaData()
ROWS: Final = Table("host_row", METADATA, Column("id", String(64), primary_key=True), Column("text", String(2000)))

FILLING: Final = Table("filling", METADATA, Column("id", Integer, primary_key=True), Column("text", String(2000)))


class Disk:
    """A SQLite file that may have so many pages and no more, which each connection is told when it begins."""

    def __init__(self, url: str) -> None:
        schema.create(url)
        self.pages = MOST
        self.storage = SqlStorage.from_url(url)
        self.engine = create_engine(url)
        METADATA.create_all(self.engine)
        for engine in (self.engine, *self.storage._engines):
            event.listen(engine, "checkout", self._limit)

    def _limit(self, connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={self.pages}")
        connection.execute("PRAGMA synchronous=OFF")

    def used(self) -> int:
        """Return how many pages there are."""
        with self.engine.connect() as connection:
            return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())

    def write(self, each: StoredEvent) -> bool:
        """Write a row of the host's and its event; say whether both were committed."""
        try:
            with Session(self.engine) as session:
                session.execute(insert(ROWS), {"id": each.id, "text": "x" * 700})
                self.storage.join(session, after_commit=lambda _: None).inbox.append(each)
                session.commit()
        except (StoreError, OperationalError):
            return False
        return True

    def fill(self) -> None:
        """Use up the pages that are free, a cell at a time, with what has no event."""
        with self.engine.connect() as connection:
            try:
                while True:
                    connection.execute(insert(FILLING), {"text": "x" * 900})
                    connection.commit()
            except OperationalError:
                connection.rollback()

    def rows(self) -> set[str]:
        """Return the ids of the host's rows."""
        with self.engine.connect() as connection:
            return set(connection.execute(select(ROWS.c.id)).scalars())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(f"sqlite:///{tmp_path}/log.db")
    yield made
    made.engine.dispose()
    made.storage.close()


def test_a_full_disk_takes_a_change_and_its_event_together(disk: Disk) -> None:
    """Wherever the pages end, for a row, its event or the sequencer: what was told to be committed is in the log once."""
    clock = FixedClock()
    logs = logs_of(disk.storage, clock=clock)
    kept: set[str] = set()
    failed = {"write": 0, "place": 0}
    for room in range(12):
        disk.pages = disk.used() + room
        for each in events(ONE, count=6 + 6 * (room % 3), seed=room):
            if disk.write(each):
                kept.add(each.id)
            else:
                failed["write"] += 1
        try:
            logs.place()
        except StoreError as error:
            failed["place"] += str(FULL) in str(error)
        assert disk.rows() == kept
        assert logs.verify(log=ONE).findings == ()
        disk.pages = MOST
        if room % 2:
            logs.flush()
        clock.advance(timedelta(seconds=2))
    assert all(failed.values()), failed
    logs.flush()
    with disk.storage.reading() as store:
        placed = [each.event.id for each in store.log.page(ONE, first=0, limit=10_000)]
        assert store.inbox.count() == 0
    assert (len(placed), set(placed)) == (len(kept), kept)
    report = logs.verify(log=ONE)
    assert (report.findings, report.assurance) == ((), Assurance.SIGNED)


def test_a_full_disk_costs_a_checkpoint_and_nothing_else(disk: Disk) -> None:
    """A checkpoint that finds no page is not half there: the log verifies, and is signed as soon as there is space."""
    clock = FixedClock()
    logs = logs_of(disk.storage, clock=clock)
    failed = 0
    for each in events(ONE, count=60):
        disk.write(each)
        logs.place()
        clock.advance(timedelta(seconds=2))
        disk.pages = disk.used()
        disk.fill()
        try:
            logs.sign(ONE)
        except StoreError as error:
            failed += str(FULL) in str(error)
        disk.pages = MOST
        if failed == 2:
            break
    assert failed
    assert logs.verify().findings == ()
    logs.sign(ONE)
    (report,) = logs.verify(log=ONE).logs
    assert (report.findings, report.signed) == ((), report.size)
