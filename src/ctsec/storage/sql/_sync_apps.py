# Generated from src/ctsec/storage/sql/_async_apps.py by tools/twin.py; edit that file.
"""Connected apps and their tokens in SQL (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, or_, select

from ctsec.connections.record import AppConnection, StoredTokens, TokenState
from ctsec.ids import AppId, OrganizationId, UserId
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql._sync_transactions import Transactions
from ctsec.storage.sql.progress import Progress, nobody
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class SqlApps:
    """See `ctsec.connections.ports.AppRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._table = tables.app_connection

    def add(self, app: AppConnection) -> None:
        """Insert a connection."""
        self._run.change(added(self._table, app))

    def get(self, app_id: AppId) -> AppConnection | None:
        """Return a connection, one that has ended too."""
        return made(AppConnection, self._run.row(select(self._table).where(self._table.c.id == app_id)))

    def replace(self, app: AppConnection) -> bool:
        """Write if the stored version is one less."""
        return self._run.change(replaced(self._table, app)) == 1

    def remove(self, app_id: AppId) -> bool:
        """Delete a connection."""
        return self._run.change(delete(self._table).where(self._table.c.id == app_id)) == 1

    def of_organization(self, organization_id: OrganizationId) -> tuple[AppConnection, ...]:
        """Return the connections of an organization that have not ended, in the order of ids."""
        t = self._table
        live = (t.c.organization_id == organization_id, t.c.ended_at.is_(None))
        return all_made(AppConnection, self._run.rows(select(t).where(*live).order_by(t.c.id)))

    def end_of_person(self, organization_id: OrganizationId, user_id: UserId, *, now: datetime) -> tuple[AppConnection, ...]:
        """End every connection of a person in an organization; return those that were live, as they are now."""
        t = self._table
        theirs = (t.c.organization_id == organization_id, t.c.user_id == user_id, t.c.ended_at.is_(None))
        found = all_made(AppConnection, self._run.rows(select(t).where(*theirs).order_by(t.c.id).with_for_update()))
        self._run.change(t.update().where(*theirs).values(ended_at=now, due_at=now, version=t.c.version + 1))
        return tuple(replace(each, ended_at=now, due_at=now, version=each.version + 1) for each in found)

    def due(self, *, now: datetime, limit: int) -> tuple[AppConnection, ...]:
        """Return ended connections that are due, those that have waited longest first."""
        t = self._table
        return all_made(AppConnection, self._run.rows(select(t).where(t.c.due_at <= now).order_by(t.c.due_at, t.c.id).limit(limit)))


class SqlAppTokens:
    """See `ctsec.connections.ports.AppTokenRecords`."""

    __slots__ = ("_table", "_transactions")

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions = transactions
        self._table = tables.app_token

    def get(self, app_id: AppId) -> StoredTokens | None:
        """Return the tokens of a connection."""
        with self._transactions.reading() as run:
            return made(StoredTokens, run.row(select(self._table).where(self._table.c.id == app_id)))

    def of(self, app_ids: tuple[AppId, ...]) -> tuple[StoredTokens, ...]:
        """Return the tokens of connections, in the order of ids."""
        if not app_ids:
            return ()
        with self._transactions.reading() as run:
            found = select(self._table).where(self._table.c.id.in_(app_ids)).order_by(self._table.c.id)
            return all_made(StoredTokens, run.rows(found))

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[StoredTokens, ...]:
        """Return the tokens of an organization's connections with an id above `after`, in the order of ids."""
        t = self._table
        with self._transactions.reading() as run:
            found = select(t).where(t.c.organization_id == organization_id, t.c.id > after).order_by(t.c.id).limit(limit)
            return all_made(StoredTokens, run.rows(found))

    def to_keep(self, *, now: datetime, limit: int) -> tuple[StoredTokens, ...]:
        """Return live tokens to be refreshed though nobody asks, those that are due longest first."""
        t = self._table
        free = [or_(at.is_(None), at <= now) for at in (t.c.lease_until, t.c.retry_at)]
        due = select(t).where(t.c.keep_at <= now, t.c.state == TokenState.LIVE, *free).order_by(t.c.keep_at, t.c.id).limit(limit)
        with self._transactions.reading() as run:
            return all_made(StoredTokens, run.rows(due))

    def add(self, tokens: StoredTokens) -> bool:
        """Insert tokens; False if the connection has some."""
        with self._transactions.writing(Progress(nobody)) as run:
            return run.change_unless_taken(added(self._table, tokens)) is not None

    def replace(self, tokens: StoredTokens) -> bool:
        """Write if the stored version is one less; True for exactly one caller."""
        with self._transactions.writing(Progress(nobody)) as run:
            return run.change(replaced(self._table, tokens)) == 1

    def remove(self, app_id: AppId) -> bool:
        """Delete the tokens of a connection."""
        with self._transactions.writing(Progress(nobody)) as run:
            return run.change(delete(self._table).where(self._table.c.id == app_id)) == 1
