"""The audit inbox and the log as statements."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Delete,
    RowMapping,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import NULLTYPE

from ctsec.audit.event import LogId
from ctsec.audit.query import DAY, AuditQuery, Tally
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.draft import draft_of
from ctsec.storage.sql.statements.rows import among, values
from ctsec.storage.sql.tables import Tables

_DRAFT: Final = draft_of(StoredEvent)


def pending(table: Table, *, limit: int, log: LogId | None = None) -> Select[Any]:
    """Return the query for waiting events in the order of their times, then ids."""
    query = select(table).order_by(table.c.time, table.c.id).limit(limit)
    return query if log is None else query.where(table.c.log == log)


def known(table: Table, ids: Collection[str], *, dialect: str) -> Select[Any]:
    """Return the query for those of `ids` that a table has."""
    return select(table.c.id).where(among(table.c.id, ids, dialect=dialect))


def count(table: Table) -> Select[Any]:
    """Return the query for how many rows a table has."""
    return select(func.count().label("count")).select_from(table)


def waiting(tables: Tables, *, limit: int) -> Select[Any]:
    """Return the query for what a batch is made of: ids, logs, leaves and microseconds, in the order of times, then ids.

    It takes no lock.
    """
    t = tables.log.inbox
    told = (t.c.id, t.c.log, t.c.leaf, type_coerce(t.c.time, BigInteger).label("micros"))
    return cast("Select[Any]", select(*told).where(t.c.log != LOG_OF_LOGS).order_by(t.c.time, t.c.id).limit(limit))


def batch(tables: Tables, rows: Sequence[tuple[Any, ...]], *, dialect: str) -> ColumnElement[bool]:
    """Return the condition that an inbox row is one of `rows`, which `waiting` found in this transaction.

    On SQLite nobody else writes meanwhile, so these are all up to the last of them: one bound, and not a thousand ids.
    """
    t = tables.log.inbox
    if dialect != "sqlite":
        return among(t.c.id, [row[0] for row in rows], dialect=dialect)
    last_id, _, _, micros = rows[-1]
    last = literal(micros, BigInteger()), literal(last_id, t.c.id.type)
    return and_(tuple_(type_coerce(t.c.time, BigInteger), t.c.id) <= tuple_(*last), t.c.log != LOG_OF_LOGS)


def known_of(tables: Tables, rows: Sequence[tuple[Any, ...]], *, dialect: str) -> Select[Any]:
    """Return the query for the ids of a batch that the log has already."""
    event, inbox = tables.log.event, tables.log.inbox
    if dialect != "sqlite":
        return known(event, [row[0] for row in rows], dialect=dialect)
    return select(event.c.id).where(event.c.id.in_(select(inbox.c.id).where(batch(tables, rows, dialect=dialect))))


def moved(tables: Tables, chosen: ColumnElement[bool]) -> Insert:
    """Return the insert of the chosen inbox rows into the log: each gets the next index of its log, in the order of times, then ids.

    The bodies never leave the database.
    """
    inbox, head = tables.log.inbox, tables.log.head
    place = func.row_number().over(partition_by=inbox.c.log, order_by=[inbox.c.time, inbox.c.id])
    rows = select((head.c.size + place - 1).label("index"), *inbox.c).join(head, head.c.log == inbox.c.log)
    return insert(tables.log.event).from_select(["index", *inbox.c.keys()], rows.where(chosen))


def size(tables: Tables, log: LogId) -> Select[Any]:
    """Return the query for the size of a log."""
    return select(tables.log.head.c.size).where(tables.log.head.c.log == log)


def remove(table: Table, ids: Collection[str], *, dialect: str) -> Delete:
    """Return the statement that deletes events by id."""
    return delete(table).where(among(table.c.id, ids, dialect=dialect))


def sealed_event(row: RowMapping) -> SealedEvent:
    """Return the event in a row of the log."""
    index, event = row["index"], _DRAFT()
    event.id, event.log, event.time, event.name = row["id"], row["log"], row["time"], row["name"]
    event.actor_kind, event.actor_id = row["actor_kind"], row["actor_id"]
    event.target_kind, event.target_id, event.subject_id = row["target_kind"], row["target_id"], row["subject_id"]
    event.outcome, event.reason, event.request_id = row["outcome"], row["reason"], row["request_id"]
    event.organization_id, event.workspace_id = row["organization_id"], row["workspace_id"]
    event.body, event.leaf, event.personal = row["body"], row["leaf"], row["personal"]
    event.__class__ = StoredEvent
    return SealedEvent(index, event)


def event_row(event: StoredEvent) -> dict[str, Any]:
    """Return the inbox row of an event."""
    return values(event)


def asked(tables: Tables, query: AuditQuery) -> list[ColumnElement[bool]]:
    """Return the conditions of `query`; they agree with `AuditQuery.matches`."""
    t = tables.log.event
    wanted: list[ColumnElement[bool]] = [t.c.log == query.log]
    exact = {
        "actor_id": query.actor, "target_id": query.target, "target_kind": query.kind, "workspace_id": query.workspace,
        "outcome": query.outcome, "reason": query.reason,
    }  # fmt: skip
    wanted += [t.c[name] == value for name, value in exact.items() if value is not None]
    if query.person is not None:
        wanted.append(or_(t.c.actor_id == query.person, t.c.subject_id == query.person))
    prefix = query.name_prefix
    if prefix is not None:
        wanted.append(begins(t.c.name, prefix))
    elif query.name is not None:
        wanted.append(t.c.name == query.name)
    if query.since is not None:
        wanted.append(t.c.time >= query.since)
    if query.until is not None:
        wanted.append(t.c.time < query.until)
    return wanted


def begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Return the condition that a column begins with `prefix`, as a range, so that an index serves it."""
    return and_(column >= prefix, column < prefix[:-1] + chr(ord(prefix[-1]) + 1))


def search(tables: Tables, query: AuditQuery, *, before: int | None, limit: int) -> Select[Any]:
    """Return the statement for `query`, newest first."""
    t = tables.log.event
    wanted = asked(tables, query)
    if before is not None:
        wanted.append(t.c.index < before)
    return select(t).where(*wanted).order_by(t.c.index.desc()).limit(limit)


@lru_cache(maxsize=32)
def raw(tables: Tables, query: AuditQuery, *, personal: bool) -> Select[Any]:
    """Return the statement for what an export writes of events, as the driver hands it out: those from `first` to `end`, at most `most`.

    An export asks it for each page with other values of the three, and it is made once.
    """
    t = tables.log.event
    bare: list[ColumnElement[Any]] = [t.c.index, t.c.leaf, t.c.body, t.c.personal if personal else null()]
    first, end, most = (bindparam(name, type_=BigInteger()) for name in ("first", "end", "most"))
    chosen = select(*[type_coerce(each, NULLTYPE) for each in bare]).where(*asked(tables, query), t.c.index >= first, t.c.index < end)
    return cast("Select[Any]", chosen.order_by(t.c.index).limit(most))


def matching(tables: Tables, query: AuditQuery, *, first: int, end: int) -> Select[Any]:
    """Return the query for how many events of a range match."""
    t = tables.log.event
    return select(func.count().label("count")).select_from(t).where(*asked(tables, query), t.c.index >= first, t.c.index < end)


def tally(tables: Tables, query: AuditQuery, *, by: Tally, most: int) -> Select[Any]:
    """Return the query for numbers of the newest matching events, by name or by day (the microsecond that it begins at)."""
    t = tables.log.event
    time = type_coerce(t.c.time, BigInteger)
    key = t.c.name if by is Tally.NAME else time - time % DAY
    newest = select(key.label("of")).where(*asked(tables, query)).order_by(t.c.index.desc()).limit(most).subquery()
    counted = select(newest.c.of, func.count().label("count")).group_by(newest.c.of).order_by(newest.c.of)
    return cast("Select[Any]", counted)
