"""Alerts as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select

from ctsec.audit.alerts.record import AlertStatus
from ctsec.audit.event import LogId
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.ids import AlertId
from ctsec.storage.sql.tables import Tables


def behind(tables: Tables, *, limit: int) -> Select[Any]:
    """Return the query for logs with events that the rules have not seen."""
    head, read = tables.log.head, tables.log.alert_position
    joined = head.outerjoin(read, read.c.log == head.c.log)
    unseen = and_(head.c.log != LOG_OF_LOGS, head.c.size > func.coalesce(read.c.position, 0))
    return select(head.c.log).select_from(joined).where(unseen).order_by(head.c.log).limit(limit)


def position(tables: Tables, log: LogId) -> Select[Any]:
    """Return the query for how far a log was read."""
    t = tables.log.alert_position
    return select(t).where(t.c.log == log)


def positions(tables: Tables, store: str, *, after: str, limit: int) -> Select[Any, Any]:
    """Return the query for how far the logs of a region's store were read; `0` is what comes after `/`."""
    t = tables.log.alert_position
    there = and_(t.c.log > f"{store}/{after}", t.c.log < f"{store}0")
    return select(t.c.log, t.c.position).where(there).order_by(t.c.log).limit(limit)


def one(tables: Tables, alert_id: AlertId) -> Select[Any]:
    """Return the query for one alert."""
    t = tables.log.alert
    return select(t).where(t.c.id == alert_id)


def page(tables: Tables, log: LogId, *, after: str, limit: int, state: AlertStatus | None) -> Select[Any]:
    """Return the query for alerts of a log, newest first."""
    t = tables.log.alert
    found = select(t).where(t.c.log == log)
    found = found.where(t.c.id < after) if after else found
    found = found.where(t.c.state == state) if state is not None else found
    return found.order_by(t.c.id.desc()).limit(limit)


def untold(tables: Tables, *, now: datetime, limit: int) -> Select[Any]:
    """Return the query for alerts that the receiver is to be told of."""
    t = tables.log.alert
    return select(t).where(t.c.due_at <= now).order_by(t.c.due_at, t.c.id).limit(limit)


def mutes(tables: Tables, log: LogId) -> Select[Any]:
    """Return the query for the mutes of a log."""
    t = tables.log.alert_mute
    return select(t).where(t.c.log == log).order_by(t.c.rule, t.c.key)
