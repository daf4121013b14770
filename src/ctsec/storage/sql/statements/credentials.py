"""Passwords, sessions, authenticators and backup codes as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Delete, Select, Update, delete, func, or_, select, update

from ctsec.authn.record import Session
from ctsec.ids import AuthenticatorId, DeviceId, SessionId, UserId
from ctsec.storage.sql.statements.rows import replaced
from ctsec.storage.sql.tables import Tables


def password_census(tables: Tables) -> Select[Any]:
    """Return the query that counts passwords by pepper and scheme; their index answers it."""
    t = tables.password
    kind: list[ColumnElement[Any]] = [t.c.pepper, t.c.scheme]
    return select(*kind, func.count().label("count")).group_by(*kind).order_by(*kind)


def passwords(tables: Tables, pepper: str, scheme: str, *, after: str, limit: int) -> Select[Any]:
    """Return the query for the next passwords of one pepper and scheme."""
    t = tables.password
    found = select(t).where(t.c.pepper == pepper, t.c.scheme == scheme, t.c.user_id > after)
    return found.order_by(t.c.user_id).limit(limit)


def replace_session(tables: Tables, session: Session) -> Update:
    """Return the compare-and-set of a session that is not revoked."""
    return replaced(tables.session, session).where(tables.session.c.revoked_at.is_(None))


def touch_session(tables: Tables, session_id: SessionId, *, at: datetime) -> Update:
    """Return the statement that moves the last use of a session forward."""
    t = tables.session
    return update(t).where(t.c.id == session_id, t.c.last_seen_at < at, t.c.revoked_at.is_(None)).values(last_seen_at=at)


def sessions(tables: Tables, user_id: UserId) -> Select[Any]:
    """Return the query for the sessions of a person that are not revoked."""
    t = tables.session
    return select(t).where(t.c.user_id == user_id, t.c.revoked_at.is_(None)).order_by(t.c.id)


def revoke_sessions(tables: Tables, user_id: UserId, session_id: SessionId | None, *, keep: SessionId | None, now: datetime) -> Update:
    """Return the statement that revokes one session of a person, or all but `keep`."""
    t = tables.session
    found = update(t).where(t.c.user_id == user_id, t.c.revoked_at.is_(None))
    if session_id is not None:
        found = found.where(t.c.id == session_id)
    if keep is not None:
        found = found.where(t.c.id != keep)
    return found.values(revoked_at=now, version=t.c.version + 1)


def ended_sessions(tables: Tables, *, before: datetime, limit: int) -> Select[Any]:
    """Return the query for the ids of sessions that reached their absolute end, or were revoked, by `before`."""
    t = tables.session
    return select(t.c.id).where(or_(t.c.expires_at <= before, t.c.revoked_at <= before)).limit(limit)


def drop_sessions(tables: Tables, ids: tuple[str, ...]) -> Delete:
    """Return the statement that deletes sessions."""
    return delete(tables.session).where(tables.session.c.id.in_(ids))


def ended_devices(tables: Tables, *, before: datetime, limit: int) -> Select[Any]:
    """Return the query for devices that ended by `before`."""
    return select(tables.device).where(tables.device.c.expires_at <= before).order_by(tables.device.c.id).limit(limit)


def drop_device(tables: Tables, device_id: DeviceId, *, before: datetime) -> Delete:
    """Return the statement that deletes a device, unless it was renewed meanwhile."""
    return delete(tables.device).where(tables.device.c.id == device_id, tables.device.c.expires_at <= before)


def renew_device(tables: Tables, device_id: DeviceId, *, seen_at: datetime, expires_at: datetime) -> Update:
    """Return the statement that writes both times of a device."""
    return update(tables.device).where(tables.device.c.id == device_id).values(seen_at=seen_at, expires_at=expires_at)


def forget_device(tables: Tables, user_id: UserId, device_id: DeviceId) -> Delete:
    """Return the statement that deletes a device of a person."""
    return delete(tables.device).where(tables.device.c.id == device_id, tables.device.c.user_id == user_id)


def distrust(tables: Tables, user_id: UserId, device_id: DeviceId | None) -> Update:
    """Return the statement that takes the trust from one device of a person, or from all."""
    t = tables.device
    found = update(t).where(t.c.user_id == user_id, t.c.trusted_until.is_not(None))
    return (found if device_id is None else found.where(t.c.id == device_id)).values(trusted_until=None)


def authenticators(tables: Tables, user_id: UserId) -> Select[Any]:
    """Return the query for every authenticator of a person."""
    t = tables.authenticator
    return select(t).where(t.c.user_id == user_id).order_by(t.c.id)


def remove_authenticators(tables: Tables, user_id: UserId, *, confirmed: bool) -> Delete:
    """Return the statement that deletes a person's confirmed, or pending, authenticators."""
    t = tables.authenticator
    state = t.c.confirmed_at.is_not(None) if confirmed else t.c.confirmed_at.is_(None)
    return delete(t).where(t.c.user_id == user_id, state)


def remove_authenticator(tables: Tables, user_id: UserId, authenticator_id: AuthenticatorId) -> Delete:
    """Return the statement that deletes one authenticator of a person."""
    t = tables.authenticator
    return delete(t).where(t.c.id == authenticator_id, t.c.user_id == user_id)


def remove_backup_codes(tables: Tables, user_id: UserId) -> Delete:
    """Return the statement that deletes a person's backup codes."""
    return delete(tables.backup_code_set).where(tables.backup_code_set.c.user_id == user_id)
