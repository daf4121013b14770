"""The use of API keys by day, as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Delete, Insert, Select, delete, select

from ctsec.ids import KeyId
from ctsec.keys.usage import KeyDay
from ctsec.storage.sql.statements.rows import put, values
from ctsec.storage.sql.tables import Tables


def count(tables: Tables, day: KeyDay, *, dialect: str) -> Insert:
    """Return the statement that adds to a day, or begins it."""
    t = tables.api_key_day
    change = {"used": t.c.used + day.used, "refused": t.c.refused + day.refused}
    return put(t, values(day), key=("key_id", "day"), dialect=dialect, change=change)


def of(tables: Tables, key_id: KeyId, *, limit: int) -> Select[Any]:
    """Return the query for the last days of a key, newest first."""
    t = tables.api_key_day
    return select(t).where(t.c.key_id == key_id).order_by(t.c.day.desc()).limit(limit)


def trim(tables: Tables, *, before: datetime) -> Delete:
    """Return the statement that deletes the days before one."""
    return delete(tables.api_key_day).where(tables.api_key_day.c.day < before)
