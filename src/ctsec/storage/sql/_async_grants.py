"""What sessions through a provider rest on, in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select

from ctsec.ids import SessionId
from ctsec.sso.grant import Grant
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class AsyncSqlGrants:
    """See `ctsec.sso.ports.AsyncGrantRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._table = tables.sso_grant

    async def add(self, grant: Grant) -> None:
        """Insert a grant."""
        await self._run.change(added(self._table, grant))

    async def get(self, session_id: SessionId) -> Grant | None:
        """Return the grant of a session."""
        return made(Grant, await self._run.row(select(self._table).where(self._table.c.session_id == session_id)))

    async def replace(self, grant: Grant) -> bool:
        """Write if the stored version is one less."""
        return await self._run.change(replaced(self._table, grant, key=("session_id",))) == 1

    async def remove(self, session_id: SessionId) -> bool:
        """Delete the grant of a session."""
        return await self._run.change(delete(self._table).where(self._table.c.session_id == session_id)) == 1

    async def hasten(self, session_id: SessionId, *, at: datetime) -> bool:
        """Make a grant that no worker has claimed due at a moment."""
        t = self._table
        there = (t.c.session_id == session_id, t.c.claimed_until.is_(None))
        return await self._run.change(t.update().where(*there).values(due_at=at, version=t.c.version + 1)) == 1

    async def due(self, *, now: datetime, limit: int) -> tuple[Grant, ...]:
        """Return grants that are due and not claimed, those that have waited longest first."""
        t = self._table
        free = or_(t.c.claimed_until.is_(None), t.c.claimed_until <= now)
        found = select(t).where(t.c.due_at <= now, free).order_by(t.c.due_at, t.c.session_id).limit(limit)
        return all_made(Grant, await self._run.rows(found))

    async def of_identity(self, identity: bytes) -> tuple[Grant, ...]:
        """Return the grants of an identity, in the order of sessions."""
        return await self._where(self._table.c.identity == identity)

    async def named(self, *, subject: bytes | None, provider_session: bytes | None) -> tuple[Grant, ...]:
        """Return the grants that both names fit, in the order of sessions; none for no name."""
        if subject is None and provider_session is None:
            return ()
        t = self._table
        by_subject = () if subject is None else (t.c.provider_subject == subject,)
        by_session = () if provider_session is None else (t.c.provider_session == provider_session,)
        return await self._where(*by_subject, *by_session)

    async def _where(self, *conditions: ColumnElement[bool]) -> tuple[Grant, ...]:
        return all_made(Grant, await self._run.rows(select(self._table).where(*conditions).order_by(self._table.c.session_id)))
