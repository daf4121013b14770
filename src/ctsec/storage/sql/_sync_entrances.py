# Generated from src/ctsec/storage/sql/_async_entrances.py by tools/twin.py; edit that file.
"""From when on organizations are entered through their provider only, and break-glass codes, in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.sso.entrance import GlassCodeSet
from ctsec.sso.record import ConnectionState
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements.rows import all_made, made, put, values
from ctsec.storage.sql.tables import Tables


class SqlEntrances:
    """See `ctsec.sso.ports.EntranceRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def required_from(self, organization_id: OrganizationId, *, fresh: bool = False) -> datetime | None:
        """Return from when on an organization is entered through its provider only; None: never."""
        t = self._tables.organization
        query = select(t.c.sso_required_from).where(t.c.id == organization_id)
        row = self._run.row(query.with_for_update() if fresh else query)
        found: datetime | None = row["sso_required_from"] if row is not None else None
        return found

    def require(self, organization_id: OrganizationId, at: datetime | None) -> None:
        """Write from when on."""
        t = self._tables.organization
        self._run.change(update(t).where(t.c.id == organization_id).values(sso_required_from=at))

    def of_user(self, user_id: UserId) -> tuple[tuple[OrganizationId, datetime], ...]:
        """Return the organizations of an active member that have a date, in the order of ids."""
        m, o = self._tables.membership, self._tables.organization
        query = select(o.c.id, o.c.sso_required_from).select_from(m.join(o, o.c.id == m.c.organization_id))
        rows = self._run.rows(query.where(m.c.user_id == user_id, o.c.sso_required_from.is_not(None)).order_by(o.c.id))
        return tuple((OrganizationId(row["id"]), row["sso_required_from"]) for row in rows)

    def enabled(self, organization_id: OrganizationId) -> frozenset[ConnectionId]:
        """Return the enabled connections of an organization, by a locking read."""
        t = self._tables.sso_connection
        query = select(t.c.id).where(t.c.organization_id == organization_id, t.c.state == ConnectionState.ENABLED)
        return frozenset(ConnectionId(row["id"]) for row in self._run.rows(query.with_for_update()))


class SqlGlassCodes:
    """See `ctsec.sso.ports.GlassCodeRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._table = tables.glass_code_set

    def put(self, codes: GlassCodeSet) -> None:
        """Replace the person's set in the organization."""
        key = ("organization_id", "user_id")
        self._run.change(put(self._table, values(codes), key=key, dialect=self._run.dialect))

    def get(self, organization_id: OrganizationId, user_id: UserId) -> GlassCodeSet | None:
        """Return the person's set in the organization."""
        t = self._table
        query = select(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)
        return made(GlassCodeSet, self._run.row(query))

    def of_organization(self, organization_id: OrganizationId) -> tuple[GlassCodeSet, ...]:
        """Return the sets of an organization, in the order of persons."""
        t = self._table
        return all_made(GlassCodeSet, self._run.rows(select(t).where(t.c.organization_id == organization_id).order_by(t.c.user_id)))

    def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete the person's set in the organization; True if there was one."""
        t = self._table
        return self._run.change(delete(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)) == 1
