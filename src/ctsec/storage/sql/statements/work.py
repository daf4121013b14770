"""The outbox, job leases and epochs as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Delete, Executable, Select, Update, case, delete, func, literal_column, select, update
from sqlalchemy.sql.dml import Insert

from ctsec.mail.record import OutboxEntry
from ctsec.storage.sql.statements.rows import put
from ctsec.storage.sql.tables import Tables
from ctsec.storage.sql.types import MARIADB


def due(tables: Tables, *, now: datetime, limit: int) -> Select[Any]:
    """Return the query for mail that may be tried now, longest due first."""
    t = tables.outbox
    query = select(t).where(t.c.delivered_at.is_(None), t.c.failed_at.is_(None), t.c.due_at <= now)
    return query.order_by(t.c.due_at, t.c.id).limit(limit)


def overview(tables: Tables) -> Select[Any]:
    """Return the query that counts the mail which has not left."""
    t = tables.outbox
    waits = t.c.failed_at.is_(None)
    counts: list[ColumnElement[Any]] = [
        func.count(case((waits, 1))).label("waiting"),
        func.count(case((~waits, 1))).label("given_up"),
        func.min(case((waits, t.c.created_at))).label("oldest"),
    ]
    return select(*counts).where(t.c.delivered_at.is_(None))


def given_up(tables: Tables, *, after: str, limit: int) -> Select[Any]:
    """Return the query for mail that is not tried any more."""
    t = tables.outbox
    query = select(t).where(t.c.delivered_at.is_(None), t.c.failed_at.is_not(None), t.c.id > after)
    return query.order_by(t.c.id).limit(limit)


def drop_mail(tables: Tables, entry: OutboxEntry) -> Delete:
    """Return the statement that deletes a message in the version that was read."""
    return delete(tables.outbox).where(tables.outbox.c.id == entry.id, tables.outbox.c.version == entry.version)


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


def bump(tables: Tables, scope: str, *, epoch: int, dialect: str) -> Insert:
    """Return the statement that gives a scope the epoch `epoch`, at this second of the database's clock."""
    row = {"scope": scope, "epoch": epoch, "changed_at": _second(dialect)}
    return put(tables.epoch, row, key=("scope",), dialect=dialect)


def recent(tables: Tables, *, seconds: int, dialect: str) -> Executable:
    """Return the query for the epochs that changed in the last `seconds`."""
    t = tables.epoch
    return select(t.c.scope, t.c.epoch).where(t.c.changed_at >= _second(dialect) - seconds)


def incarnation(tables: Tables) -> Select[Any]:
    """Return the query for the database's own name."""
    return select(tables.meta.c.value).where(tables.meta.c.name == "incarnation")


def trim(tables: Tables, *, seconds: int, dialect: str) -> Delete:
    """Return the statement that deletes the epochs which did not change in the last `seconds`."""
    t = tables.epoch
    return delete(t).where(t.c.changed_at < _second(dialect) - seconds)


def _second(dialect: str) -> ColumnElement[int]:
    """Return the second of the database's clock: processes whose clocks differ must mean the same minute."""
    if dialect in MARIADB:
        return literal_column("UNIX_TIMESTAMP()", BigInteger())
    if dialect == "postgresql":
        return literal_column("CAST(extract(epoch from clock_timestamp()) AS BIGINT)", BigInteger())
    return literal_column("CAST(strftime('%s','now') AS INTEGER)", BigInteger())
