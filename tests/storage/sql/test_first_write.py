"""The first write that rides in a host's transaction on SQLite, while others write."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.orm import Session

from ctsec.errors import SchemaMismatch, StoreBusy
from ctsec.storage.sql import SqlStorage, schema
from ctsec.storage.sql._sync import SqlStore
from ctsec.testing.conformance.samples import event as sample
from ctsec.testing.conformance.samples import ignore, org_id, user

WRITES: dict[str, Callable[[SqlStore], object]] = {
    "insert": lambda store: store.inbox.append(sample(1)),
    "insert_all": lambda store: store.inbox.append_all((sample(1), sample(2))),
    "change": lambda store: store.users.add(user(1)),
    "lock": lambda store: store.organizations.lock(org_id(1)),
}


def _begin_nothing(raw: sqlite3.Connection, _: object) -> None:
    raw.isolation_level = None


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


class Meddler:
    """Another connection to the file that tries to write before each statement of a host's but BEGIN, and waits for nobody."""

    def __init__(self, engine: Engine, *, path: Path) -> None:
        self._path = path
        self.wrote: list[bool] = []
        event.listen(engine, "before_cursor_execute", self._meddle)

    def _meddle(self, connection: Connection, cursor: object, statement: str, *told: object) -> None:
        del connection, cursor, told
        if statement.startswith("BEGIN"):
            return
        other = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        try:
            other.execute("INSERT INTO host_thing DEFAULT VALUES")
            self.wrote.append(True)
        except sqlite3.OperationalError:
            self.wrote.append(False)
        finally:
            other.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the host with our tables."""
    folder = tmp_path_factory.mktemp("first")
    schema.create(f"sqlite:///{folder}/a.db")
    with sqlite3.connect(folder / "a.db") as other:
        other.execute("CREATE TABLE host_thing (n INTEGER)")
    other.close()
    return folder / "a.db"


@pytest.fixture(params=["as its driver does", "by itself"])
def host(request: pytest.FixtureRequest, path: Path) -> Engine:
    """The engine of a host whose transactions are begun by sqlite3, or by a BEGIN of its own, as SQLAlchemy's pages have it."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    if request.param == "by itself":
        event.listen(engine, "connect", _begin_nothing)
        event.listen(engine, "begin", _begin)
    return engine


@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_the_first_write_of_a_process_is_overtaken_by_nobody(host: Engine, path: Path, write: Callable[[SqlStore], object]) -> None:
    """Whoever writes between the host's BEGIN and our first write comes before it; from its first statement on nobody else writes."""
    storage = SqlStorage.from_url(f"sqlite:///{path}")
    meddler = Meddler(host, path=path)
    with Session(host) as session:
        write(storage.join(session, after_commit=ignore))
        session.rollback()
    storage.close()
    assert meddler.wrote[0]
    assert not any(meddler.wrote[1:])
    assert len(meddler.wrote) > 2


def test_a_first_write_on_tables_of_another_version_is_refused(host: Engine, path: Path) -> None:
    """Tables of another version are seen before the first write, and nothing is written."""
    with sqlite3.connect(path) as other:
        (version,) = other.execute("SELECT version_num FROM ctsec_alembic_version").fetchone()
        other.execute("UPDATE ctsec_alembic_version SET version_num = '0001'")
    storage = SqlStorage.from_url(f"sqlite:///{path}")
    with Session(host) as session:
        with pytest.raises(SchemaMismatch):
            storage.join(session, after_commit=ignore).users.add(user(1))
        session.commit()
    storage.close()
    with other:
        assert other.execute("SELECT count(*) FROM ctsec_user").fetchone() == (0,)
        other.execute("UPDATE ctsec_alembic_version SET version_num = ?", (version,))
    other.close()


def _begin_immediately(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def test_who_reads_first_is_told_how_to_write(path: Path) -> None:
    """A host's transaction that read an older state can not write, and is told what to do; done so, it writes and nobody comes between."""
    storage = SqlStorage.from_url(f"sqlite:///{path}")
    for begin, waits in ((_begin, False), (_begin_immediately, True)):
        engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
        event.listen(engine, "connect", _begin_nothing)
        event.listen(engine, "begin", begin)
        with Session(engine) as session:
            store = storage.join(session, after_commit=ignore)
            assert store.users.get(user(1).id) is None
            other = sqlite3.connect(path, timeout=0, isolation_level=None)
            try:
                other.execute("INSERT INTO host_thing DEFAULT VALUES")
                overtaken = True
            except sqlite3.OperationalError:
                overtaken = False
            other.close()
            assert overtaken is not waits
            if waits:
                assert store.users.add(user(1))
            else:
                with pytest.raises(StoreBusy, match=r"roll back before .* begin transactions that write with BEGIN IMMEDIATE"):
                    store.users.add(user(1))
            session.rollback()
    storage.close()
