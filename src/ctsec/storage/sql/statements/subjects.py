"""Keys of persons as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, Update, select, update

from ctsec.ids import DekId
from ctsec.storage.sql.tables import Tables


def key(tables: Tables, key_id: DekId) -> Select[Any]:
    """Return the query for one key."""
    t = tables.subject_key
    return select(t).where(t.c.id == key_id)


def of_subject(tables: Tables, subject: str) -> Select[Any]:
    """Return the query for the keys of a person."""
    t = tables.subject_key
    return select(t).where(t.c.subject == subject).order_by(t.c.id)


def alive(tables: Tables, subjects: tuple[str, ...]) -> Select[Any]:
    """Return the query for the keys of some persons that are not destroyed."""
    t = tables.subject_key
    return select(t).where(t.c.subject.in_(subjects), t.c.destroyed_at.is_(None)).order_by(t.c.id)


def destroy(tables: Tables, subject: str, *, until: datetime, now: datetime) -> Update:
    """Return the statement that takes the keys of a person out of their rows."""
    t = tables.subject_key
    mine = (t.c.subject == subject, t.c.created_at <= until, t.c.destroyed_at.is_(None))
    return update(t).where(*mine).values(wrapped=b"", destroyed_at=now)
