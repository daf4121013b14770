"""How far the followers of logs are, in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import select

from ctsec.audit.event import LogId
from ctsec.audit.streams.position import Position
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class AsyncSqlPositions:
    """See `ctsec.audit.streams.ports.AsyncPositionRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._table = tables.log.position

    async def get(self, follower: str, log: LogId) -> Position | None:
        """Return a position."""
        t = self._table
        return made(Position, await self._run.row(select(t).where(t.c.follower == follower, t.c.log == log)))

    async def of(self, follower: str, *, after: str, limit: int) -> tuple[Position, ...]:
        """Return positions of a follower in logs with an id above `after`, in the order of ids."""
        t = self._table
        return all_made(
            Position, await self._run.rows(select(t).where(t.c.follower == follower, t.c.log > after).order_by(t.c.log).limit(limit))
        )

    async def put(self, position: Position) -> bool:
        """Store version 1 if there is none, another one over the version before."""
        if position.version == 1:
            return await self._run.change_unless_taken(added(self._table, position)) is not None
        return await self._run.change(replaced(self._table, position, key=("follower", "log"))) == 1
