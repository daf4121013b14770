# Generated from src/ctsec/storage/sql/_async_executor.py by tools/twin.py; edit that file.
"""How statements reach the database: on a connection of our own, or in the host's session (async source)."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from types import MappingProxyType
from typing import Any, Final, Protocol, cast

from sqlalchemy import Connection, Engine, Executable, RowMapping, Table, insert
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from ctsec.storage.sql.failures import translate
from ctsec.storage.sql.gate import Gate
from ctsec.storage.sql.joined import FLUSHING, judge, lacks_transaction
from ctsec.storage.sql.plain import binary_results, plain_rows
from ctsec.storage.sql.prepared import prepared_for
from ctsec.storage.sql.progress import Progress
from ctsec.storage.sql.statements.rows import added, values

# SQLite's levels of waiting for the disk by their numbers, those above NORMAL, and how each is set again.
_WAITING: Final = MappingProxyType({2: "PRAGMA synchronous=FULL", 3: "PRAGMA synchronous=EXTRA"})
# As text: a savepoint of SQLAlchemy's takes 400 us of a batch, most of it to compile.
_SAVEPOINT: Final = "SAVEPOINT ctsec_batch"
_BACK: Final = "ROLLBACK TO SAVEPOINT ctsec_batch"
_RELEASED: Final = "RELEASE SAVEPOINT ctsec_batch"


class Source(Protocol):
    """Where the connection of a transaction comes from."""

    def connection(self) -> Connection:
        """Return the connection, ready for the next statement."""
        ...


class OwnSource:
    """A connection on which we began, and which we commit."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection(self) -> Connection:
        """Return it."""
        return self._connection


class JoinedSource:
    """The host's session: flushed before every statement, never begun, committed, rolled back or closed."""

    __slots__ = ("_dialect", "_session")

    def __init__(self, session: Session, *, dialect: str) -> None:
        self._session = session
        self._dialect = dialect

    def connection(self) -> Connection:
        """Flush what the host has pending (its errors are the host's), and return the session's connection inside a transaction."""
        if FLUSHING not in self._session.info:
            self._session.flush()
        try:
            connection = self._session.connection()
            judge(connection, dialect=self._dialect)
            if lacks_transaction(connection):
                connection.exec_driver_sql("BEGIN")
        except SQLAlchemyError as error:
            failure = translate(error)
        else:
            return connection
        raise failure


class Executor:
    """Runs statements of one transaction; every error of the database leaves as one of ours, without a value of a row."""

    __slots__ = ("_gate", "_source", "dialect", "progress")

    def __init__(self, source: Source, *, dialect: str, gate: Gate, progress: Progress) -> None:
        self._source = source
        self._gate = gate
        self.dialect = dialect
        self.progress = progress

    def past(self, gate: Gate) -> Executor:
        """Return what runs statements in the same transaction, on tables whose version another gate looks at."""
        return Executor(self._source, dialect=self.dialect, gate=gate, progress=self.progress)

    def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[RowMapping]:
        """Return every row of a query, with `values` for the parameters that it names."""
        connection = self._connection()
        try:
            return (connection.execute(statement, values)).mappings().all()
        except SQLAlchemyError as error:
            failure = translate(error)
        raise failure

    def tuples(self, statement: Executable) -> Sequence[tuple[Any, ...]]:
        """Return every row of a query as a tuple, which costs a third of what a mapping does."""
        connection = self._connection()
        try:
            return cast(Sequence[tuple[Any, ...]], (connection.execute(statement)).all())
        except SQLAlchemyError as error:
            failure = translate(error)
        raise failure

    def plain(self, statement: Executable, values: Mapping[str, Any]) -> tuple[tuple[Any, ...], ...]:
        """Return every row of a query whose columns have no types, as the driver hands it out."""
        connection = self._connection()
        try:
            with binary_results(connection):
                return plain_rows(connection.execute(statement, values))
        except SQLAlchemyError as error:
            failure = translate(error)
        raise failure

    def row(self, statement: Executable) -> RowMapping | None:
        """Return the first row of a query."""
        rows = self.rows(statement)
        return rows[0] if rows else None

    def change(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Run a statement that writes, for each of `rows` if given; return how many rows it matched."""
        self.progress.require_writable()
        connection = self._connection(writes=True)
        try:
            count = int((connection.execute(statement, rows)).rowcount)
        except SQLAlchemyError as error:
            failure = translate(error)
        else:
            self._note(count)
            return count
        raise failure

    def insert(self, table: Table, record: object) -> None:
        """Insert a record that has a field for each column of `table`, by a statement that was compiled before."""
        self.progress.require_writable()
        connection = self._connection(writes=True)
        prepared = prepared_for(connection, table)
        try:
            if prepared is None:
                connection.execute(added(table, record))
            else:
                connection.exec_driver_sql(prepared.text, prepared.parameters(record))
        except SQLAlchemyError as error:
            failure = translate(error)
        else:
            self._note(1)
            return
        raise failure

    def insert_all(self, table: Table, records: Sequence[object]) -> None:
        """Do what `insert` does with many records in one go, in a savepoint: all of them, or none."""
        self.progress.require_writable()
        connection = self._connection(writes=True)
        prepared = prepared_for(connection, table)
        rows = None if prepared is None else prepared.many(records)
        try:
            connection.exec_driver_sql(_SAVEPOINT)
            try:
                if prepared is None:
                    connection.execute(insert(table), [values(record) for record in records])
                else:
                    connection.exec_driver_sql(prepared.text, rows)
            except BaseException:
                with suppress(SQLAlchemyError):  # the database may have thrown it away already: see _abandon
                    connection.exec_driver_sql(_BACK)
                raise
            connection.exec_driver_sql(_RELEASED)
        except SQLAlchemyError as error:
            failure = translate(error)
        else:
            self._note(len(records))
            return
        raise failure

    def lock(self, statement: Executable) -> int:
        """Run a statement that only takes locks; it counts as no write."""
        self.progress.require_writable()
        connection = self._connection(writes=True)
        try:
            return int((connection.execute(statement)).rowcount)
        except SQLAlchemyError as error:
            failure = translate(error)
        raise failure

    def change_unless_taken(self, statement: Executable) -> int | None:
        """Run a statement in a savepoint; None if a unique key is taken, and the transaction goes on as if nothing was tried."""
        self.progress.require_writable()
        connection = self._connection(writes=True)
        try:
            savepoint = connection.begin_nested()
            try:
                count = int((connection.execute(statement)).rowcount)
            except IntegrityError:
                savepoint.rollback()
                return None
            except BaseException:
                self._abandon(savepoint)
                raise
            savepoint.commit()
        except SQLAlchemyError as error:
            failure = translate(error)
        else:
            self._note(count)
            return count
        raise failure

    def _note(self, count: int) -> None:
        """Note a write, unless the statement matched nothing: a lost compare-and-set wrote nothing."""
        if count:
            self.progress.touch()

    def _abandon(self, savepoint: Any) -> None:
        """Roll back to a savepoint that the database may have thrown away already (a deadlock on MariaDB ends the transaction)."""
        try:
            savepoint.rollback()
        except SQLAlchemyError:
            return

    def _connection(self, *, writes: bool = False) -> Connection:
        """Return the connection, once the version of the tables was seen to be right.

        A transaction of a host's on SQLite begins with its first statement: one that writes waits for the file, and one that reads has a
        snapshot that can not be written over once another has written. So whoever `writes` takes the file before the version is read.
        """
        connection = self._source.connection()
        if self._gate.open:
            return connection
        try:
            if writes and self.dialect == "sqlite":
                connection.execute(self._gate.lock())
            found = (connection.execute(self._gate.statement())).scalar()
        except SQLAlchemyError as error:
            failure = translate(error)
        else:
            self._gate.judge(found)
            return connection
        raise failure


@contextmanager
def _taken(engine: Engine) -> Generator[Connection, None, None]:
    """Take a connection and give it back; one that is lost by then fails nobody: it was read, and a commit is judged apart."""
    stack = ExitStack()
    connection = stack.enter_context(engine.connect())
    try:
        yield connection
    finally:
        try:
            stack.close()
        except SQLAlchemyError:
            if not connection.closed:
                connection.invalidate()
                connection.close()
        except engine.dialect.loaded_dbapi.Error:
            # Lost as its isolation level was set back: nothing wraps this error, and the pool counts the connection as taken for good.
            engine.dispose()


@contextmanager
def open_connection(engine: Engine, *, isolation_level: str | None = None) -> Generator[Connection, None, None]:
    """Take a connection from a pool, at an isolation level if one is named; roll back and return it at the end."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(_taken(engine))
            if isolation_level is not None:
                connection.execution_options(isolation_level=isolation_level)
        except SQLAlchemyError as error:
            failure = translate(error)
        except engine.dialect.loaded_dbapi.Error as error:  # lost as its level was set: see above
            failure = translate(DBAPIError(None, None, error))
        else:
            yield connection
            return
    raise failure


def start(connection: Connection, *, statement: str) -> None:
    """Begin on SQLite by `statement`, instead of what its driver begins by itself."""
    try:
        if not lacks_transaction(connection):
            connection.rollback()
        connection.exec_driver_sql(statement)
    except SQLAlchemyError as error:
        failure = translate(error)
    else:
        return
    raise failure


def commit(connection: Connection) -> None:
    """Commit; the error of a commit that could not be serialised is StoreBusy."""
    try:
        connection.commit()
    except SQLAlchemyError as error:
        failure = translate(error)
    else:
        return
    raise failure


@contextmanager
def unwaited(connection: Connection) -> Generator[None, None, None]:
    """Have the commit of a transaction on SQLite not wait for the disk; in WAL mode only, where a loss of power takes back no more than it.

    The next commit to the file waits for both. Whatever fails, the pool gets no connection that waits for less than it did: it is closed.
    """
    try:
        mode = (connection.exec_driver_sql("PRAGMA journal_mode")).scalar()
        level = _WAITING.get(int((connection.exec_driver_sql("PRAGMA synchronous")).scalar_one())) if mode == "wal" else None
        if level is not None:
            connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
        yield
    except BaseException as error:
        connection.invalidate()
        if not isinstance(error, SQLAlchemyError):
            raise
        failure = translate(error)
    else:
        if level is not None:
            _set_again(connection, level)
        return
    raise failure


def _set_again(connection: Connection, level: str) -> None:
    """Set back after a commit how long a connection waits, or close it: what was committed stays so."""
    try:
        connection.exec_driver_sql(level)
    except SQLAlchemyError:
        connection.invalidate()
    except BaseException:
        connection.invalidate()
        raise
