# Generated from src/ctsec/storage/sql/_async_transactions.py by tools/twin.py; edit that file.
"""Transactions of our own on one engine (async source)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Engine

from ctsec.storage.sql._sync_executor import Executor, OwnSource, commit, open_connection, start, unwaited
from ctsec.storage.sql.cursors import close_interrupted
from ctsec.storage.sql.engines import lock_of, lock_timeout_of
from ctsec.storage.sql.gate import Gate
from ctsec.storage.sql.progress import Progress


class Transactions:
    """Opens transactions on one engine: BEGIN IMMEDIATE behind the writer lock on SQLite."""

    __slots__ = ("_engine", "_gate", "_lock", "_timeout", "dialect")

    def __init__(self, engine: Engine, *, gate: Gate) -> None:
        close_interrupted(engine)
        self._engine = engine
        self._gate = gate
        self._lock = lock_of(engine)
        self._timeout = lock_timeout_of(engine)
        self.dialect = engine.dialect.name

    @contextmanager
    def writing(self, progress: Progress, *, read_committed: bool = False, waits: bool = True) -> Generator[Executor, None, None]:
        """Open a transaction: committed when the block ends, rolled back when it raises.

        With `read_committed` each statement sees what is committed by then, whatever the engine's own level is; SQLite has one level.
        On SQLite, and nowhere else, a commit that nobody `waits` for outlives the process at once, and a loss of power after the next one.
        """
        with ExitStack() as stack:
            if self._lock is not None:
                held = self._lock.held(timeout=self._timeout)
                stack.enter_context(held)
            level = "READ COMMITTED" if read_committed and self._lock is None else None
            connection = stack.enter_context(open_connection(self._engine, isolation_level=level))
            if self._lock is not None:
                if not waits:
                    stack.enter_context(unwaited(connection))
                start(connection, statement="BEGIN IMMEDIATE")
            yield Executor(OwnSource(connection), dialect=self.dialect, gate=self._gate, progress=progress)
            commit(connection)

    def within(self, run: Executor) -> Executor:
        """Return what runs statements on these tables in a transaction of another engine on the same database."""
        return run.past(self._gate)

    @contextmanager
    def reading(self) -> Generator[Executor, None, None]:
        """Open a short read; on SQLite it takes no lock, elsewhere it is READ COMMITTED."""
        level = None if self._lock is not None else "READ COMMITTED"
        with open_connection(self._engine, isolation_level=level) as connection:
            if self._lock is not None:
                start(connection, statement="BEGIN")
            yield Executor(OwnSource(connection), dialect=self.dialect, gate=self._gate, progress=Progress(None))
