"""Resets of second factors as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, Update, and_, or_, select, update

from ctsec.ids import OrganizationId, UserId
from ctsec.recovery.record import PENDING, Recovery, RecoveryState
from ctsec.storage.sql.tables import Tables


def change(tables: Tables, after: Recovery, *, before: RecoveryState) -> Update:
    """Return the compare-and-set of a reset by its state."""
    t = tables.recovery
    return (
        update(t)
        .where(t.c.id == after.id, t.c.state == before)
        .values(
            state=after.state,
            approved_by=after.approved_by,
            approved_at=after.approved_at,
            ended_by=after.ended_by,
            ended_at=after.ended_at,
        )
    )


def page(tables: Tables, organization_id: OrganizationId | None, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of an organization's resets, or of the support's cases."""
    t = tables.recovery
    place = t.c.organization_id.is_(None) if organization_id is None else t.c.organization_id == organization_id
    return select(t).where(place, t.c.id > after).order_by(t.c.id).limit(limit)


def pending(tables: Tables, user_id: UserId, *, now: datetime) -> Select[Any]:
    """Return the query for a person's resets that may still be carried out."""
    t = tables.recovery
    return select(t).where(t.c.user_id == user_id, t.c.state.in_(PENDING), t.c.expires_at > now).order_by(t.c.id)


def due(tables: Tables, *, now: datetime, limit: int) -> Select[Any]:
    """Return the query for the ids of what is due, and of what has expired."""
    t = tables.recovery
    ready = and_(t.c.state == RecoveryState.APPROVED, t.c.due_at <= now)
    stale = and_(t.c.state.in_(PENDING), t.c.expires_at <= now)
    return select(t.c.id).where(or_(ready, stale)).order_by(t.c.id).limit(limit)
