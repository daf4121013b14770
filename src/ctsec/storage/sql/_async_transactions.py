"""Transactions of our own on one engine (async source)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from ctsec.storage.sql._async_executor import AsyncExecutor, AsyncOwnSource, commit, open_connection, start, unwaited
from ctsec.storage.sql.cursors import close_interrupted
from ctsec.storage.sql.engines import lock_of, lock_timeout_of
from ctsec.storage.sql.gate import Gate
from ctsec.storage.sql.progress import Progress


class AsyncTransactions:
    """Opens transactions on one engine: BEGIN IMMEDIATE behind the writer lock on SQLite."""

    __slots__ = ("_engine", "_gate", "_lock", "_timeout", "dialect")

    def __init__(self, engine: AsyncEngine, *, gate: Gate) -> None:
        close_interrupted(engine)
        self._engine = engine
        self._gate = gate
        self._lock = lock_of(engine)
        self._timeout = lock_timeout_of(engine)
        self.dialect = engine.dialect.name

    @asynccontextmanager
    async def writing(self, progress: Progress, *, read_committed: bool = False, waits: bool = True) -> AsyncGenerator[AsyncExecutor, None]:
        """Open a transaction: committed when the block ends, rolled back when it raises.

        With `read_committed` each statement sees what is committed by then, whatever the engine's own level is; SQLite has one level.
        On SQLite, and nowhere else, a commit that nobody `waits` for outlives the process at once, and a loss of power after the next one.
        """
        async with AsyncExitStack() as stack:
            if self._lock is not None:
                held = self._lock.held_by_task(timeout=self._timeout)  # sync: held = self._lock.held(timeout=self._timeout)
                await stack.enter_async_context(held)
            level = "READ COMMITTED" if read_committed and self._lock is None else None
            connection = await stack.enter_async_context(open_connection(self._engine, isolation_level=level))
            if self._lock is not None:
                if not waits:
                    await stack.enter_async_context(unwaited(connection))
                await start(connection, statement="BEGIN IMMEDIATE")
            yield AsyncExecutor(AsyncOwnSource(connection), dialect=self.dialect, gate=self._gate, progress=progress)
            await commit(connection)

    def within(self, run: AsyncExecutor) -> AsyncExecutor:
        """Return what runs statements on these tables in a transaction of another engine on the same database."""
        return run.past(self._gate)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncExecutor, None]:
        """Open a short read; on SQLite it takes no lock, elsewhere it is READ COMMITTED."""
        level = None if self._lock is not None else "READ COMMITTED"
        async with open_connection(self._engine, isolation_level=level) as connection:
            if self._lock is not None:
                await start(connection, statement="BEGIN")
            yield AsyncExecutor(AsyncOwnSource(connection), dialect=self.dialect, gate=self._gate, progress=Progress(None))
