"""What it costs to write events: transactions of eight writers, batches of a thousand, and the sequencer behind them.

Rules that this module keeps:

- SQLite takes part always, PostgreSQL where `CTSEC_BENCH_POSTGRES` is the SQLAlchemy URL of an empty database, MariaDB where
  `CTSEC_BENCH_MARIADB` is one;
- writers and the sequencer are processes (`benchmarks.writers` says what each writes, and what the floor is); the sequencer works beside
  them as often as the worker lets it, and whatever it left is placed before the next slice;
- a batch inserts the same rows into the same table as its floor, which is the driver's own `executemany`; the inbox is emptied in between;
- the sequencer's events are in the inbox before a slice begins, a thousand for each batch; its floor inserts the same rows into the table
  of events by the driver's `executemany`, and is no part of its target, which is a rate.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, MetaData, Table, delete
from sqlalchemy.orm import Session
from sqlalchemy.sql import quoted_name

from benchmarks.counted import Count, CountedTable
from benchmarks.entries.audit_export import POSTGRES
from benchmarks.entries.engines import Choice
from benchmarks.measure import Contestant, Race
from benchmarks.writers import NAME, Crew, Written, crew, engine_of, security_of, telling
from ctsec.ambient import Ambient
from ctsec.audit import Event, LogId, StoredEvent, build
from ctsec.audit.record import store_form
from ctsec.clock import SystemClock
from ctsec.storage.sql import SqlStorage, schema
from ctsec.storage.sql.prepared import prepared_insert
from ctsec.storage.sql.tables import Tables

MARIADB: Final = "CTSEC_BENCH_MARIADB"
WRITERS: Final = 8
SECONDS: Final = 3.0
BATCH: Final = 1000
BATCHES: Final = 4
LOGS: Final = 1000
SERIALIZED: Final = 10.0
_AMBIENT: Final = Ambient(clock=SystemClock(), random=os.urandom)
_EVENTS: Final = Tables().log.event
_INBOX: Final = Tables().log.inbox


def urls(folder: Path, *, mariadb: bool = False) -> list[str]:
    """Return the databases that take part."""
    wanted = (POSTGRES, MARIADB) if mariadb else (POSTGRES,)
    return [f"sqlite:///{folder}/writes.db", *(os.environ[name] for name in wanted if name in os.environ)]


def races(folder: Path) -> Iterator[Race]:
    """Return the races of each database that is there."""
    for url in urls(folder, mariadb=True):
        schema.create(url)
        with crew(url, writers=WRITERS) as writers:
            yield _transactions(writers, name=engine_of(url).dialect.name)
    for url in urls(folder):
        schema.create(url)
        storage, engine = SqlStorage.from_url(url), engine_of(url)
        yield _batches(storage, engine)
        for logs, least in ((1, 10_000), (LOGS, 6_000)):
            yield _sequencer(storage, engine, logs=logs, least=least)
        engine.dispose()
        storage.close()


def aborts(choice: Choice) -> Iterable[CountedTable]:
    """Return how often transactions of SERIALIZABLE hosts are aborted and tried again; nothing where there is no PostgreSQL."""
    del choice
    if POSTGRES not in os.environ:
        return
    url = os.environ[POSTGRES]
    schema.create(url)
    counts: list[Count] = []
    with crew(url, writers=WRITERS) as writers:
        for kind, name, most in (
            ("plain", "a plain audit row", None),
            ("event", "an event, the sequencer beside", 10),
            ("chain", "a plain row and the head of a chain", None),
        ):
            with writers.sequencing():
                found = writers.write(kind, seconds=SERIALIZED, how="serialized")
            counts += (
                Count(name=f"committed with {name}", of=f"{WRITERS} writers, {SERIALIZED:g} s", number=found.committed),
                Count(name="aborted", of="the same", number=found.aborted),
                Count(name="aborted of each 1,000 that were tried", of="the same", number=_share(found), most=most),
            )
    yield CountedTable(title="Transactions of SERIALIZABLE hosts on PostgreSQL", counts=tuple(counts))


def _share(found: Written) -> int:
    """Return the aborts of each thousand, rounded up: one is not none."""
    return -(-1000 * found.aborted // (found.aborted + found.committed))


def _transactions(writers: Crew, *, name: str) -> Race:
    def alone(kind: str) -> Callable[[], float]:
        def slice_() -> float:
            found = writers.write(kind, seconds=SECONDS)
            with writers.sequencing():
                return found.seconds / found.committed

        return slice_

    def beside(*, drained: bool) -> float:
        with writers.sequencing():
            found = writers.write("event", seconds=SECONDS)
            ended = time.perf_counter()
        return (found.seconds + (time.perf_counter() - ended if drained else 0)) / found.committed

    return Race(
        title=f"A transaction of {WRITERS} writers, processes, with a business row and an event, {name}",
        floor=Contestant(name="with a plain audit row", slice=alone("plain")),
        contestants=(
            Contestant(name="with a row of two columns", slice=alone("narrow")),
            Contestant(name="with an event, no sequencer", slice=alone("event")),
            Contestant(name="with an event, the sequencer beside", slice=lambda: beside(drained=False), target=1 / 0.95),
            Contestant(name="the same, until every event is placed", slice=lambda: beside(drained=True), target=1 / 0.88),
        ),
        rate_unit="tx/s",
        rounds=5,
    )


def _built(numbers: Iterator[int], wanted: int) -> list[Event]:
    """Return events as a host gives them."""
    return [build(NAME, ambient=_AMBIENT, **telling(next(numbers))) for _ in range(wanted)]


def _made(numbers: Iterator[int], *, wanted: int, logs: int = 1) -> list[StoredEvent]:
    """Return events as they are stored, of one log or each of the next log."""
    every = [store_form(each, personal=b"") for each in _built(numbers, wanted)]
    return every if logs == 1 else [replace(each, log=LogId(f"org_{at % logs:026}")) for at, each in enumerate(every)]


@contextmanager
def _driver(engine: Engine) -> Generator[Any]:
    """Yield the driver's connection, without anything of SQLAlchemy around its cursor; commit."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        yield driver
        driver.commit()


@dataclass(frozen=True, slots=True)
class _Indexed:
    """An event with an index, as a record of the table of events."""

    index: int
    event: StoredEvent

    def __getattr__(self, name: str) -> object:
        return getattr(self.event, name)


def _executed(engine: Engine, table: Table, records: Sequence[object]) -> float:
    """Insert records by the driver's `executemany` and commit; return the seconds, without what makes parameters of them."""
    prepared = prepared_insert(table, engine.dialect)
    if prepared is None:
        raise RuntimeError(f"expected parameters by position, {engine.dialect.name} has them by name")
    rows = prepared.many(records)
    with _driver(engine) as driver:
        cursor = driver.cursor()
        begun = time.perf_counter()
        cursor.executemany(prepared.text, rows)
        driver.commit()
        return time.perf_counter() - begun


def _batches(storage: SqlStorage, engine: Engine) -> Race:
    numbers, security = count(1), security_of(str(engine.url))

    def emptied() -> None:
        with engine.begin() as connection:
            connection.execute(delete(_INBOX))

    def floor() -> float:
        emptied()
        return _executed(engine, _INBOX, _made(numbers, wanted=BATCH)) / BATCH

    def rows() -> float:
        emptied()
        made = _made(numbers, wanted=BATCH)
        begun = time.perf_counter()
        with Session(engine) as session:
            storage.join(session, after_commit=lambda _: None).inbox.append_all(made)
            session.commit()
        return (time.perf_counter() - begun) / BATCH

    def events() -> float:
        emptied()
        made = _built(numbers, BATCH)
        begun = time.perf_counter()
        with Session(engine) as session:
            security.join(session).audit.record_many(made)
            session.commit()
        return (time.perf_counter() - begun) / BATCH

    return Race(
        title=f"A batch of {BATCH:,} events in a host's session, {engine.dialect.name}",
        floor=Contestant(name="executemany of the same rows", slice=floor),
        contestants=(
            Contestant(name="append_all: the rows", slice=rows, target=1 / 0.80),
            Contestant(name="record_many: judged, canonical, leaf, rows", slice=events, target=1 / 0.80),
        ),
        rate_unit="ev/s",
    )


def _sequencer(storage: SqlStorage, engine: Engine, *, logs: int, least: float) -> Race:
    numbers, indexes = count(1), count()
    copy = _copy(engine)

    def floor() -> float:
        records = [_Indexed(next(indexes), each) for each in _made(numbers, wanted=BATCH, logs=logs)]
        return _executed(engine, copy, records) / BATCH

    def place() -> float:
        for _ in range(BATCHES):
            with storage.sequencing() as store:
                store.inbox.append_all(_made(numbers, wanted=BATCH, logs=logs))
        placed, begun = 0, time.perf_counter()
        while placed < BATCH * BATCHES:
            with storage.sequencing() as store:
                placed += store.log.place(limit=BATCH)
        return (time.perf_counter() - begun) / placed

    named = "one log" if logs == 1 else f"{logs:,} logs"
    return Race(
        title=f"The sequencer, one process, {named}, batches of {BATCH:,}, {engine.dialect.name}",
        floor=Contestant(name="executemany of the same rows", slice=floor),
        contestants=(Contestant(name="place: lock, index, move, tiles, heads", slice=place, least=least),),
        rate_unit="ev/s",
        rounds=10,
    )


def _copy(engine: Engine) -> Table:
    """Make a table like that of events, with its indexes, anew."""
    made = MetaData()
    table = _EVENTS.to_metadata(made, name="bench_event")
    table.primary_key.name = "bench_event_pk"
    for number, index in enumerate(sorted(table.indexes, key=lambda each: str(each.name))):
        index.name = quoted_name(f"bench_event_{number}", quote=None)
    made.drop_all(engine)
    made.create_all(engine)
    return table
