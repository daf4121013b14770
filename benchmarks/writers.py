"""Writers of a product, each a process of its own with connections of its own, and a worker's sequencer in another.

Rules that this module keeps:

- every transaction has one row of business and one of audit, and its commit; nothing is shared between writers but the database;
- `event` is what a host calls: `security.join(session).audit.note(...)`, with all that it judges and computes;
- `plain` is the audit table that a product would have without ctsec: the same searchable columns, the body as JSON text that is made for
  each row, and three indexes, for what is asked of such a table: by person, by action, by time. It is emptied before each run, so it never
  pays for its size. `narrow` has two columns and no index: not what anybody searches, but nobody can say that it was made heavy;
- both sides use one kind of engine with the database's own settings; SQLite's file is in WAL mode for both.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from multiprocessing.connection import Connection
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ctsec.audit import EventSchema, Target, public
from ctsec.audit.event import Telling
from ctsec.authn.argon2_pool import Argon2Hasher
from ctsec.encryption.kms.local import LocalKms
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId
from ctsec.presets import parts_of, settings_of
from ctsec.principal import system
from ctsec.rbac import Policy
from ctsec.secret import Secret
from ctsec.security import EmbeddedOptions, Security
from ctsec.security._sync_jobs import OFTEN
from ctsec.storage.sql import SqlStorage

ORGANIZATION: Final = OrganizationId("org_00000000000000000000000001")
NAME: Final = "report.changed"
EVENTS: Final = (EventSchema(NAME, {"role": public(), "before": public(), "reason": public(), "number": public(int)}),)
_ACTOR: Final = system("bench")
_PRELOADED: Final = ["benchmarks.writers", "ctsec.security._sync", "ctsec.storage.sql._sync", "sqlalchemy.dialects.sqlite"]
_ROWS: Final = 1000  # of a writer's own, where it changes some
_TEXTS: Final = (
    "name", "actor_kind", "actor_id", "target_kind", "target_id", "subject_id", "outcome", "reason", "organization_id", "workspace_id",
    "request_id",
)  # fmt: skip

TABLES: Final = MetaData()
BUSINESS: Final = Table(
    "bench_business", TABLES, Column("id", BigInteger, primary_key=True, autoincrement=False), Column("text", String(200))
)
CHANGED: Final = Table("bench_changed", TABLES, Column("id", Integer, primary_key=True, autoincrement=False), Column("number", Integer))
CHAIN: Final = Table("bench_chain", TABLES, Column("id", Integer, primary_key=True, autoincrement=False), Column("hash", LargeBinary(32)))
NARROW: Final = Table("bench_narrow", TABLES, Column("id", String(64), primary_key=True), Column("body", Text))
PLAIN: Final = Table(
    "bench_plain",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("time", DateTime(timezone=True)),
    *(Column(name, String(64)) for name in _TEXTS),
    Column("body", Text),
    Index("bench_plain_by_person", "organization_id", "actor_id", "time"),
    Index("bench_plain_by_action", "organization_id", "name", "time"),
    Index("bench_plain_by_time", "organization_id", "time"),
)


def telling(number: int) -> Telling:
    """Return what is told of an event."""
    return {
        "actor": _ACTOR,
        "targets": (Target("user", f"usr_{number:026}"), Target("workspace", f"wsp_{number:026}")),
        "organization": ORGANIZATION,
        "details": {"role": "editor", "before": "viewer", "reason": "x" * 200, "number": number},
    }


def plain_row(number: int) -> dict[str, Any]:
    """Return the row of a plain audit table that says the same."""
    now = datetime.now(UTC)
    row: dict[str, Any] = {
        "id": f"evt_{os.urandom(16).hex()}", "name": NAME, "actor_kind": "system", "actor_id": _ACTOR.id, "target_kind": "user",
        "target_id": f"usr_{number:026}", "subject_id": "", "outcome": "success", "reason": "", "organization_id": ORGANIZATION,
        "workspace_id": None, "request_id": "",
    }  # fmt: skip
    details = telling(number)["details"]
    body = {**row, "time": now.isoformat(), "workspace": f"wsp_{number:026}", "details": dict(details), "schema": 1}
    return {**row, "time": now, "body": json.dumps(body)}


def engine_of(url: str) -> Engine:
    """Return the engine of a host, the same for every kind of writer."""
    return create_engine(url, connect_args={"timeout": 60} if url.startswith("sqlite") else {})


def security_of(url: str) -> Security:
    """Return the bundle of a host."""
    options, key = EmbeddedOptions(events=EVENTS), LocalKms(os.urandom(16), key=Secret(os.urandom(32)))
    return Security(
        storage=SqlStorage.from_url(url),
        kms=key,
        slow_hash=Argon2Hasher(options.password_hash),
        parts=parts_of(key, policy=Policy.preset(), settings=settings_of("Bench", options), options=options),
        random=os.urandom,
    )


class _Writer:
    """What one process has: connections, and numbers that no other writer gives."""

    def __init__(self, url: str, number: int) -> None:
        self.engine = engine_of(url)
        self.serializable = self.engine.execution_options(isolation_level="SERIALIZABLE") if not url.startswith("sqlite") else self.engine
        self.security = security_of(url)
        self.own = number * _ROWS
        self.numbers = count(number * 1_000_000_000 + 1)

    def audited(self, kind: str, session: Session, number: int) -> None:
        """Write the row of audit."""
        match kind:
            case "plain":
                session.execute(insert(PLAIN), plain_row(number))
            case "narrow":
                row = plain_row(number)
                session.execute(insert(NARROW), {"id": row["id"], "body": row["body"]})
            case "chain":
                session.scalars(select(CHAIN.c.hash).where(CHAIN.c.id == 1)).one()
                session.execute(insert(PLAIN), plain_row(number))
                session.execute(update(CHAIN).where(CHAIN.c.id == 1).values(hash=os.urandom(32)))
            case _:
                self.security.join(session).audit.note(NAME, **telling(number))

    def transaction(self, kind: str, number: int) -> None:
        """Add a row of business, and its audit."""
        with Session(self.engine) as session:
            session.execute(insert(BUSINESS), {"id": number, "text": "x" * 100})
            self.audited(kind, session, number)
            session.commit()

    def serialized(self, kind: str, number: int) -> int:
        """Read and change a row that is nobody else's, and write its audit, until it is committed; return how often it was aborted."""
        aborted = 0
        mine = CHANGED.c.id == self.own + number % _ROWS
        while True:
            try:
                with Session(self.serializable) as session:
                    found = session.scalars(select(CHANGED.c.number).where(mine)).one()
                    session.execute(update(CHANGED).where(mine).values(number=found + 1))
                    self.audited(kind, session, number)
                    session.commit()
                    return aborted
            except StoreBusy:
                aborted += 1
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in {"40001", "40P01"}:
                    raise
                aborted += 1

    def write(self, kind: str, how: str, seconds: float) -> tuple[int, int]:
        """Run transactions for so long, one at least; return how many were committed, and how many aborted."""
        ends, committed, aborted = time.monotonic() + seconds, 0, 0
        while not committed or time.monotonic() < ends:
            if how == "serialized":
                aborted += self.serialized(kind, next(self.numbers))
            else:
                self.transaction(kind, next(self.numbers))
            committed += 1
        return committed, aborted


def _told(pipe: Connection, work: Callable[[], None]) -> None:
    """Work; what goes wrong is told, and ends the run."""
    try:
        work()
    except EOFError:
        return
    except BaseException:  # noqa: BLE001 - whatever it is, the run has to end with it
        pipe.send(traceback.format_exc())


def _write(pipe: Connection, url: str, number: int) -> None:
    def work() -> None:
        writer: _Writer | None = None
        while True:
            kind, how, seconds = pipe.recv()
            writer = writer or _Writer(url, number)
            with writer.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            pipe.send(())
            pipe.recv()
            pipe.send(writer.write(kind, how, seconds))

    _told(pipe, work)


def _sequence(pipe: Connection, url: str) -> None:
    def work() -> None:
        security: Security | None = None
        while True:
            pipe.recv()
            security = security or security_of(url)
            pipe.send(())
            while not pipe.poll(OFTEN.total_seconds()):
                security.logs.place()
            pipe.recv()
            security.logs.place()
            pipe.send(())

    _told(pipe, work)


def _answer(pipe: Connection) -> tuple[int, ...]:
    told: tuple[int, ...] | str = pipe.recv()
    if not isinstance(told, str):
        return told
    raise RuntimeError(f"a process of the benchmark failed:\n{told}")


@dataclass(frozen=True, slots=True)
class Written:
    """How long a run took, until the last writer was done, and how many transactions were committed, and aborted and tried again."""

    seconds: float
    committed: int
    aborted: int


class Crew:
    """Writers and a sequencer, to be told what to do."""

    def __init__(self, engine: Engine, *, writers: Sequence[Connection], sequencer: Connection) -> None:
        self._engine = engine
        self._writers = writers
        self._sequencer = sequencer

    def write(self, kind: str, *, seconds: float, how: str = "added") -> Written:
        """Have every writer run transactions for so many seconds, all from one moment on."""
        self._empty()
        for pipe in self._writers:
            pipe.send((kind, how, seconds))
        for pipe in self._writers:
            _answer(pipe)
        begun = time.perf_counter()
        for pipe in self._writers:
            pipe.send(0)
        told = [_answer(pipe) for pipe in self._writers]
        spent = time.perf_counter() - begun
        return Written(spent, sum(committed for committed, _ in told), sum(aborted for _, aborted in told))

    @contextmanager
    def sequencing(self) -> Generator[None]:
        """Have the sequencer work at the worker's pace until the block ends, and then until nothing waits."""
        self._sequencer.send(0)
        _answer(self._sequencer)
        try:
            yield
        finally:
            self._sequencer.send(0)
            _answer(self._sequencer)

    def _empty(self) -> None:
        """Empty the plain tables."""
        with self._engine.begin() as connection:
            for table in (PLAIN, NARROW):
                connection.execute(text(f"{'DELETE FROM' if self._engine.dialect.name == 'sqlite' else 'TRUNCATE TABLE'} {table.name}"))


def fill(engine: Engine, *, writers: int) -> None:
    """Make the tables anew, with the rows that writers change and the one of the chain."""
    TABLES.drop_all(engine)
    TABLES.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(CHANGED), [{"id": number, "number": 0} for number in range(writers * _ROWS)])
        connection.execute(insert(CHAIN), {"id": 1, "hash": bytes(32)})


@contextmanager
def crew(url: str, *, writers: int) -> Generator[Crew]:
    """Start the processes, from a server of forks that has imported and has connected to nothing; end them with the block."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    engine = engine_of(url)
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        fill(engine, writers=writers)
        pipes: list[Connection] = []
        targets: list[tuple[Any, tuple[object, ...]]] = [(_write, (url, number)) for number in range(writers)]
        for target, given in (*targets, (_sequence, (url,))):
            ours, theirs = context.Pipe()
            process = context.Process(target=target, args=(theirs, *given), daemon=True)
            process.start()
            theirs.close()
            stack.callback(process.join)
            stack.callback(ours.close)
            pipes.append(ours)
        yield Crew(engine, writers=pipes[:-1], sequencer=pipes[-1])
