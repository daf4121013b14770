"""The audit inbox and the log as statements."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Delete, RowMapping, Select, Table, Update, delete, insert, or_, select, update
from sqlalchemy.sql.dml import Insert

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.storage.sql.statements.rows import values
from ctsec.storage.sql.tables import Tables


def pending(table: Table, *, limit: int, log: LogId | None = None) -> Select[Any]:
    """Return the query for waiting events in the order of their times, then ids."""
    query = select(table).order_by(table.c.time, table.c.id).limit(limit)
    return query if log is None else query.where(table.c.log == log)


def known(table: Table, ids: Collection[str], *, fresh: bool = False) -> Select[Any]:
    """Return the query for those of `ids` that a table has; `fresh` sees what is committed now."""
    query = select(table.c.id).where(table.c.id.in_(ids))
    return query.with_for_update(read=True) if fresh else query


def waiting(tables: Tables, log: LogId, ids: Collection[str]) -> Select[Any]:
    """Return the locking query for those of `ids` that still wait in a log's inbox."""
    t = tables.audit_inbox
    return select(t).where(t.c.log == log, t.c.id.in_(ids)).order_by(t.c.time, t.c.id).with_for_update()


def head(log: LogId) -> dict[str, Any]:
    """Return the first row of a log's head."""
    return {"log": log, "size": 0, "frontier": None}


def lock_head(tables: Tables, log: LogId) -> Update:
    """Return an update that changes nothing and takes the lock of a log's head."""
    t = tables.audit_head
    return update(t).where(t.c.log == log).values(size=t.c.size)


def size(tables: Tables, log: LogId, *, fresh: bool = False) -> Select[Any]:
    """Return the query for the size of a log; `fresh` after its head was locked."""
    query = select(tables.audit_head.c.size).where(tables.audit_head.c.log == log)
    return query.with_for_update() if fresh else query


def grow(tables: Tables, log: LogId, *, before: int, by: int) -> Update:
    """Return the statement that gives a log its new size."""
    t = tables.audit_head
    return update(t).where(t.c.log == log, t.c.size == before).values(size=before + by)


def sealed(tables: Tables) -> Insert:
    """Return the insert into the log."""
    return insert(tables.audit_event)


def sealed_row(row: RowMapping, *, index: int) -> dict[str, Any]:
    """Return the log's row for an inbox row."""
    return {"index": index, **row}


def remove(table: Table, ids: Collection[str]) -> Delete:
    """Return the statement that deletes events by id."""
    return delete(table).where(table.c.id.in_(ids))


def sealed_event(row: RowMapping) -> SealedEvent:
    """Return the event in a row of the log."""
    fields = dict(row)
    index = fields.pop("index")
    return SealedEvent(index, StoredEvent(**fields))


def event_row(event: StoredEvent) -> dict[str, Any]:
    """Return the inbox row of an event."""
    return values(event)


def search(tables: Tables, query: AuditQuery, *, before: int | None, limit: int) -> Select[Any]:
    """Return the statement for `query`; it agrees with `AuditQuery.matches`."""
    t = tables.audit_event
    wanted: list[ColumnElement[bool]] = [t.c.log == query.log]
    exact = {"actor_id": query.actor, "target_id": query.target, "workspace_id": query.workspace, "outcome": query.outcome}
    wanted += [t.c[name] == value for name, value in exact.items() if value is not None]
    if query.person is not None:
        wanted.append(or_(t.c.actor_id == query.person, t.c.subject_id == query.person))
    prefix = query.name_prefix
    if prefix is not None:
        wanted += [t.c.name >= prefix, t.c.name < prefix[:-1] + chr(ord(prefix[-1]) + 1)]
    elif query.name is not None:
        wanted.append(t.c.name == query.name)
    if query.since is not None:
        wanted.append(t.c.time >= query.since)
    if query.until is not None:
        wanted.append(t.c.time < query.until)
    if before is not None:
        wanted.append(t.c.index < before)
    return select(t).where(*wanted).order_by(t.c.index.desc()).limit(limit)
