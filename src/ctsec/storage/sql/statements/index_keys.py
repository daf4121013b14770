"""The sealed keys of blind indexes as statements."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Select, delete, select

from ctsec.ids import OrganizationId
from ctsec.storage.sql.tables import Tables


def of_place(tables: Tables, organization: OrganizationId, place: str, *, fresh: bool) -> Select[Any]:
    """Return the query for the keys of a column's index."""
    t = tables.index_key
    found = select(t).where(t.c.organization_id == organization, t.c.place == place).order_by(t.c.generation)
    return found.with_for_update() if fresh else found


def remove(tables: Tables, organization: OrganizationId, place: str, *, below: int) -> Delete:
    """Return the statement that deletes earlier generations."""
    t = tables.index_key
    return delete(t).where(t.c.organization_id == organization, t.c.place == place, t.c.generation < below)
