# Generated from src/ctsec/storage/sql/_async_lifecycle.py by tools/twin.py; edit that file.
"""The life cycle of people, in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, exists, func, not_, or_, select, union_all

from ctsec.directory.lifecycle import LifecyclePolicy, ParkedRole, Presence
from ctsec.directory.record import Membership
from ctsec.ids import OrganizationId, UserId
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements.rows import all_made, made, put, values
from ctsec.storage.sql.tables import Tables


class SqlLifecycle:
    """See `ctsec.directory.ports.LifecycleRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def policy(self, organization_id: OrganizationId) -> LifecyclePolicy | None:
        """Return what an organization says."""
        t = self._tables.lifecycle_policy
        return made(LifecyclePolicy, self._run.row(select(t).where(t.c.organization_id == organization_id)))

    def put_policy(self, policy: LifecyclePolicy) -> None:
        """Insert it, or write it over."""
        table = self._tables.lifecycle_policy
        self._run.change(put(table, values(policy), key=("organization_id",), dialect=self._run.dialect))

    def judging(self, *, after: str, limit: int) -> tuple[LifecyclePolicy, ...]:
        """Return those with an organization id above `after` that have a rule about absence."""
        t = self._tables.lifecycle_policy
        rules = or_(t.c.warn_days > 0, t.c.suspend_days > 0, t.c.remove_days > 0)
        query = select(t).where(t.c.organization_id > after, rules).order_by(t.c.organization_id).limit(limit)
        return all_made(LifecyclePolicy, self._run.rows(query))

    def ending(self, *, now: datetime, before: datetime, after: Membership | None = None, limit: int) -> tuple[Membership, ...]:
        """Return memberships that end before an instant, the earliest first, but those whose person was told."""
        t, p = self._tables.membership, self._tables.presence
        told = exists().where(p.c.organization_id == t.c.organization_id, p.c.user_id == t.c.user_id, p.c.end_told == t.c.expires_at)
        query = select(t).where(t.c.expires_at.is_not(None), t.c.expires_at < before, or_(t.c.expires_at <= now, not_(told)))
        if after is not None:
            same = and_(t.c.organization_id == after.organization_id, t.c.user_id > after.user_id)
            behind = and_(t.c.expires_at == after.expires_at, or_(t.c.organization_id > after.organization_id, same))
            query = query.where(or_(t.c.expires_at > after.expires_at, behind))
        order = (t.c.expires_at, t.c.organization_id, t.c.user_id)
        return all_made(Membership, self._run.rows(query.order_by(*order).limit(limit)))

    def last_use(self, organization_id: OrganizationId, user_id: UserId) -> datetime | None:
        """Return the last use of a session of the person, or of a key of theirs in the organization."""
        s, k = self._tables.session, self._tables.api_key
        seen = select(func.max(s.c.last_seen_at).label("at")).where(s.c.user_id == user_id)
        used = select(func.max(k.c.last_used_at).label("at")).where(k.c.organization_id == organization_id, k.c.owner_id == user_id)
        found = [row["at"] for row in self._run.rows(union_all(seen, used))]
        return max((each for each in found if each is not None), default=None)

    def presence(self, organization_id: OrganizationId, user_id: UserId) -> Presence | None:
        """Return when a member was last seen."""
        t = self._tables.presence
        return made(Presence, self._run.row(select(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)))

    def put_presence(self, presence: Presence) -> None:
        """Insert it, or write it over."""
        key = ("organization_id", "user_id")
        self._run.change(put(self._tables.presence, values(presence), key=key, dialect=self._run.dialect))

    def forget(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Delete it."""
        t = self._tables.presence
        self._run.change(delete(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id))


class SqlParked:
    """See `ctsec.directory.ports.ParkedRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._table = tables.parked_role

    def put(self, role: ParkedRole) -> None:
        """Insert it, or write the one of the same workspace and person over."""
        key = ("organization_id", "workspace_id", "user_id")
        self._run.change(put(self._table, values(role), key=key, dialect=self._run.dialect))

    def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[ParkedRole, ...]:
        """Return those of a person in an organization, in the order of workspaces."""
        t = self._table
        query = select(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id).order_by(t.c.workspace_id)
        return all_made(ParkedRole, self._run.rows(query))

    def remove(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """Delete those of a person in an organization; return how many."""
        t = self._table
        return self._run.change(delete(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id))

    def trim(self, *, before: datetime) -> int:
        """Delete those whose time was over by `before`; return how many."""
        return self._run.change(delete(self._table).where(self._table.c.until <= before))
