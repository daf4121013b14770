"""The outbox, job leases and epochs as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, Update, select, update
from sqlalchemy.sql.dml import Insert

from ctsec.storage.sql.statements.rows import put
from ctsec.storage.sql.tables import Tables


def due(tables: Tables, *, now: datetime, limit: int) -> Select[Any]:
    """Return the query for mail that may be tried now, longest due first."""
    t = tables.outbox
    query = select(t).where(t.c.delivered_at.is_(None), t.c.failed_at.is_(None), t.c.due_at <= now)
    return query.order_by(t.c.due_at, t.c.id).limit(limit)


def claim(tables: Tables, name: str, *, owner: str, now: datetime, until: datetime) -> Update:
    """Return the compare-and-set that takes a job that is due and not leased."""
    t = tables.job
    return update(t).where(t.c.name == name, t.c.due_at <= now, t.c.leased_until <= now).values(owner=owner, leased_until=until)


def finish(tables: Tables, name: str, *, owner: str, now: datetime, due_at: datetime, error: str) -> Update:
    """Return the compare-and-set that gives a job back."""
    t = tables.job
    done = {"owner": "", "leased_until": now, "due_at": due_at, "last_run_at": now, "last_error": error}
    return update(t).where(t.c.name == name, t.c.owner == owner).values(done)


def jobs(tables: Tables) -> Select[Any]:
    """Return the query for every job."""
    return select(tables.job).order_by(tables.job.c.name)


def bump(tables: Tables, scope: str, *, dialect: str) -> Insert:
    """Return the statement that changes the epoch of a scope."""
    t = tables.epoch
    return put(t, {"scope": scope, "epoch": 1}, key=("scope",), dialect=dialect, change={"epoch": t.c.epoch + 1})
