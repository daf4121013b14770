"""Plans, holds and purges as statements."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Delete, Insert, Select, and_, delete, insert, not_, or_, select

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.retention.selection import EVIDENCE, Selection
from ctsec.ids import HoldId
from ctsec.storage.sql.statements.audit import asked, begins
from ctsec.storage.sql.tables import Tables


def retention(tables: Tables, log: LogId) -> Select[Any]:
    """Return the query for what is stored of a log's plans."""
    t = tables.log.retention
    return select(t).where(t.c.log == log)


def holds(tables: Tables, log: LogId) -> Select[Any]:
    """Return the query for the holds of a log, in the order of ids."""
    t = tables.log.hold
    return select(t).where(t.c.log == log).order_by(t.c.id)


def in_force(tables: Tables, *, since: datetime) -> Select[Any]:
    """Return the query for the holds of every log that were not released, or after a time."""
    t = tables.log.hold
    return select(t).where(or_(t.c.released_at.is_(None), t.c.released_at > since)).order_by(t.c.id)


def hold(tables: Tables, log: LogId, hold_id: HoldId) -> Select[Any]:
    """Return the query for one hold."""
    t = tables.log.hold
    return select(t).where(t.c.log == log, t.c.id == hold_id)


def newer(tables: Tables, log: LogId, *, since: datetime) -> Select[Any]:
    """Return the query for the first index of an event from a time on."""
    t = tables.log.event
    return select(t.c.index).where(t.c.log == log, t.c.time >= since).order_by(t.c.index).limit(1)


def due(tables: Tables, selection: Selection, *, first: int, limit: int) -> Select[Any]:
    """Return the query for events that may go; it agrees with `Selection.matches`."""
    t = tables.log.event
    inside = [begins(t.c.name, name) for name in selection.classes]
    rest = and_(t.c.time < selection.cutoff, *(not_(each) for each in inside))
    old = or_(rest, *(and_(each, t.c.time < cutoff) for each, cutoff in zip(inside, selection.classes.values(), strict=True)))
    wanted = (t.c.log == selection.log, t.c.index >= first, t.c.index < selection.end, t.c.name.not_in(sorted(EVIDENCE)), old)
    return select(t).where(*wanted).order_by(t.c.index).limit(limit)


def matching(tables: Tables, query: AuditQuery, *, first: int, limit: int) -> Select[Any]:
    """Return the query for indexes of events that `query` asks for, in their order."""
    t = tables.log.event
    return select(t.c.index).where(*asked(tables, query), t.c.index >= first).order_by(t.c.index).limit(limit)


def kept(tables: Tables, log: LogId, indexes: Collection[int], *, first: int) -> Insert:
    """Return the insert of the leaves of events that are to be deleted, from the index `first` on."""
    t = tables.log.event
    rows = select(t.c.log, t.c.index, t.c.leaf).where(t.c.log == log, t.c.index.in_(indexes), t.c.index >= first)
    return insert(tables.log.leaf).from_select(["log", "index", "leaf"], rows)


def removed(tables: Tables, log: LogId, indexes: Collection[int]) -> Delete:
    """Return the statement that deletes events."""
    t = tables.log.event
    return delete(t).where(t.c.log == log, t.c.index.in_(indexes))


def leaves(tables: Tables, log: LogId, *, first: int, end: int) -> Select[Any]:
    """Return the query for the leaves that are kept of removed events, with their indexes."""
    t = tables.log.leaf
    return select(*(t.c[name] for name in ("index", "leaf"))).where(t.c.log == log, t.c.index >= first, t.c.index < end).order_by(t.c.index)


def whole(tables: Tables, log: LogId, *, first: int, end: int, limit: int) -> Select[Any]:
    """Return the query for full tiles of level 0 that have their entries, in the order of numbers."""
    t = tables.log.tile
    place = (t.c.log == log, t.c.level == 0, t.c.number >= first, t.c.number < end)
    return select(t).where(*place, t.c.hashes != b"").order_by(t.c.number).limit(limit)


def dropped(tables: Tables, log: LogId, numbers: Collection[int]) -> Delete:
    """Return the statement that deletes tiles of level 0."""
    t = tables.log.tile
    return delete(t).where(t.c.log == log, t.c.level == 0, t.c.number.in_(numbers))


def forgotten(tables: Tables, log: LogId, *, below: int) -> Delete:
    """Return the statement that deletes the kept leaves of indexes under `below`."""
    t = tables.log.leaf
    return delete(t).where(t.c.log == log, t.c.index < below)
