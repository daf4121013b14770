"""Organizations' own roles as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Delete, Select, Table, Update, and_, delete, select, update

from ctsec.ids import OrganizationId
from ctsec.rbac.elevation import ElevationState
from ctsec.storage.sql.tables import Tables


def roles(tables: Tables, organization_id: OrganizationId) -> Select[Any]:
    """Return the query for an organization's own roles."""
    t = tables.custom_role
    return select(t).where(t.c.organization_id == organization_id).order_by(t.c.name)


def remove(tables: Tables, organization_id: OrganizationId, name: str) -> Delete:
    """Return the statement that deletes one."""
    t = tables.custom_role
    return delete(t).where(t.c.organization_id == organization_id, t.c.name == name)


def customise(tables: Tables, organization_id: OrganizationId, revision: int) -> Update:
    """Return the statement that gives the organization's own roles another number."""
    t = tables.organization
    return update(t).where(t.c.id == organization_id).values(custom_roles=revision)


def uses(tables: Tables, organization_id: OrganizationId, name: str, *, now: datetime) -> tuple[Select[Any], ...]:
    """Return a query for each way of using a workspace role of that name: they lock what they find, so they show what is committed now."""
    held, asked, permitted, invited = tables.workspace_role, tables.elevation, tables.break_glass, tables.invitation
    live = asked.c.state.in_((ElevationState.OPEN, ElevationState.ACTIVE))
    waits = and_(invited.c.accepted_at.is_(None), invited.c.revoked_at.is_(None), invited.c.expires_at > now)
    return (
        _one(held, organization_id, held.c.role == name),
        _one(asked, organization_id, and_(asked.c.role == name, asked.c.workspace_id.is_not(None), live)),
        _one(permitted, organization_id, and_(permitted.c.role == name, permitted.c.workspace_id.is_not(None))),
        _one(invited, organization_id, and_(invited.c.workspace_role == name, waits)),
    )


def _one(table: Table, organization_id: OrganizationId, used: ColumnElement[bool]) -> Select[Any]:
    return select(table.c.organization_id).where(table.c.organization_id == organization_id, used).limit(1).with_for_update()
