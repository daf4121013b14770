"""Erasures as statements."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from ctsec.audit.erasure.record import OPEN
from ctsec.ids import ErasureId, UserId
from ctsec.storage.sql.tables import Tables


def one(tables: Tables, erasure_id: ErasureId) -> Select[Any]:
    """Return the query for one erasure."""
    t = tables.log.erasure
    return select(t).where(t.c.id == erasure_id)


def of_user(tables: Tables, user_id: UserId) -> Select[Any]:
    """Return the query for the erasures of a person."""
    t = tables.log.erasure
    return select(t).where(t.c.user_id == user_id).order_by(t.c.id)


def unfinished(tables: Tables, *, after: str, limit: int) -> Select[Any]:
    """Return the query for erasures with an id above `after` that are not done."""
    t = tables.log.erasure
    return select(t).where(t.c.state.in_(OPEN), t.c.id > after).order_by(t.c.id).limit(limit)


def page(tables: Tables, *, after: str, limit: int) -> Select[Any]:
    """Return the query for erasures with an id above `after`."""
    t = tables.log.erasure
    return select(t).where(t.c.id > after).order_by(t.c.id).limit(limit)
