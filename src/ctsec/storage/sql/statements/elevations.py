"""Roles for a time and permits to break the glass as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Delete, Select, Update, and_, delete, func, select, update

from ctsec.ids import BreakGlassId, ElevationId, OrganizationId, UserId
from ctsec.rbac.elevation import ElevationRequest, ElevationState
from ctsec.storage.sql.statements.rows import values
from ctsec.storage.sql.tables import Tables


def counting(tables: Tables, organization_id: OrganizationId, user_id: UserId) -> ColumnElement[bool]:
    """Return the condition that an elevation is one of a person that counts from its start until its end."""
    t = tables.elevation
    return and_(t.c.organization_id == organization_id, t.c.user_id == user_id, t.c.state == ElevationState.ACTIVE)


def of_user(tables: Tables, organization_id: OrganizationId, user_id: UserId, *, fresh: bool) -> Select[Any]:
    """Return the query for what counts, or will, of a person; `fresh` locks it against change."""
    t = tables.elevation
    columns: list[ColumnElement[Any]] = [t.c.workspace_id, t.c.role, t.c.starts_at, t.c.expires_at]
    query = select(*columns).where(counting(tables, organization_id, user_id))
    return query.with_for_update(read=True) if fresh else query.order_by(t.c.id)


def request(tables: Tables, organization_id: OrganizationId, elevation_id: ElevationId, *, fresh: bool) -> Select[Any]:
    """Return the query for a request; `fresh` locks it."""
    t = tables.elevation
    query = select(t).where(t.c.organization_id == organization_id, t.c.id == elevation_id)
    return query.with_for_update() if fresh else query


def change(tables: Tables, after: ElevationRequest, *, before: ElevationState) -> Update:
    """Return the compare-and-set of a request by its state."""
    t = tables.elevation
    new = {name: value for name, value in values(after).items() if name not in {"id", "organization_id"}}
    return update(t).where(t.c.organization_id == after.organization_id, t.c.id == after.id, t.c.state == before).values(new)


def requests(tables: Tables, organization_id: OrganizationId, *, state: ElevationState, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of the requests in a state."""
    t = tables.elevation
    return select(t).where(t.c.organization_id == organization_id, t.c.state == state, t.c.id > after).order_by(t.c.id).limit(limit)


def open_of_user(tables: Tables, organization_id: OrganizationId, user_id: UserId) -> Select[Any]:
    """Return the query for the number of a person's open requests."""
    t = tables.elevation
    theirs = and_(t.c.organization_id == organization_id, t.c.user_id == user_id, t.c.state == ElevationState.OPEN)
    return select(func.count().label("found")).select_from(t).where(theirs)


def end_of_user(tables: Tables, organization_id: OrganizationId, user_id: UserId, *, now: datetime) -> Update:
    """Return the statement that ends what is open or active of a person."""
    t = tables.elevation
    live = t.c.state.in_((ElevationState.OPEN, ElevationState.ACTIVE))
    found = update(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id, live)
    return found.values(state=ElevationState.ENDED, ended_at=now)


def end_expired(tables: Tables, *, before: datetime) -> Update:
    """Return the statement that marks as ended what ended by itself."""
    t = tables.elevation
    found = update(t).where(t.c.state == ElevationState.ACTIVE, t.c.expires_at <= before)
    return found.values(state=ElevationState.ENDED, ended_at=t.c.expires_at)


def permits_of_user(tables: Tables, organization_id: OrganizationId, user_id: UserId) -> Select[Any]:
    """Return the query for the permits of a person."""
    t = tables.break_glass
    return select(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id).order_by(t.c.id)


def permits(tables: Tables, organization_id: OrganizationId, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of the permits of an organization."""
    t = tables.break_glass
    return select(t).where(t.c.organization_id == organization_id, t.c.id > after).order_by(t.c.id).limit(limit)


def permit(tables: Tables, organization_id: OrganizationId, permit_id: BreakGlassId) -> Select[Any]:
    """Return the locking query for a permit: what a snapshot shows may be gone already."""
    t = tables.break_glass
    return select(t).where(t.c.organization_id == organization_id, t.c.id == permit_id).with_for_update()


def remove_permit(tables: Tables, organization_id: OrganizationId, permit_id: BreakGlassId) -> Delete:
    """Return the statement that deletes a permit."""
    t = tables.break_glass
    return delete(t).where(t.c.organization_id == organization_id, t.c.id == permit_id)


def remove_permits(tables: Tables, organization_id: OrganizationId, user_id: UserId) -> Delete:
    """Return the statement that deletes the permits of a person."""
    t = tables.break_glass
    return delete(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)
