"""Proofs, time steps and attempt counters as statements; every one of them is a compare-and-set of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Delete, Select, Update, and_, delete, or_, select, update

from ctsec.guard.allowance import Allowance
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Purpose
from ctsec.storage.sql.statements.rows import values, where
from ctsec.storage.sql.tables import Tables


def _live(tables: Tables, now: datetime) -> ColumnElement[bool]:
    t = tables.proof
    return and_(t.c.used_at.is_(None), or_(t.c.expires_at.is_(None), t.c.expires_at > now))


def proof(tables: Tables, purpose: Purpose, digest: bytes) -> Select[Any]:
    """Return the query for a proof."""
    t = tables.proof
    return select(t).where(t.c.purpose == purpose, t.c.digest == digest)


def consume(tables: Tables, purpose: Purpose, digest: bytes, *, now: datetime) -> Update:
    """Return the compare-and-set that marks a live proof as used."""
    t = tables.proof
    return update(t).where(t.c.purpose == purpose, t.c.digest == digest, _live(tables, now)).values(used_at=now)


def void(tables: Tables, purpose: Purpose, subject: str, *, now: datetime) -> Update:
    """Return the statement that marks every live proof of a subject as used."""
    t = tables.proof
    return update(t).where(t.c.purpose == purpose, t.c.subject == subject, _live(tables, now)).values(used_at=now)


def live(tables: Tables, purpose: Purpose, subject: str, *, now: datetime) -> Select[Any]:
    """Return the query for the proofs of a subject that may still be consumed."""
    t = tables.proof
    return select(t).where(t.c.purpose == purpose, t.c.subject == subject, _live(tables, now)).order_by(t.c.digest)


def ended_proofs(tables: Tables, *, before: datetime, limit: int) -> Select[Any, Any]:
    """Return the query for the keys of proofs that ended, or without an end were used, by `before`."""
    t = tables.proof
    over = or_(t.c.expires_at <= before, and_(t.c.expires_at.is_(None), t.c.used_at <= before))
    return select(t.c.purpose, t.c.digest).where(over).limit(limit)


def drop_proofs(tables: Tables, purpose: Purpose, digests: tuple[bytes, ...]) -> Delete:
    """Return the statement that deletes proofs of one purpose."""
    return delete(tables.proof).where(tables.proof.c.purpose == purpose, tables.proof.c.digest.in_(digests))


def step(tables: Tables, authenticator: str) -> Select[Any]:
    """Return the query for the last accepted step."""
    return select(tables.step.c.step).where(tables.step.c.authenticator == authenticator)


def advance(tables: Tables, authenticator: str, *, step: int) -> Update:
    """Return the compare-and-set that accepts a greater step."""
    t = tables.step
    return update(t).where(t.c.authenticator == authenticator, t.c.step < step).values(step=step)


def attempts(tables: Tables, key: str) -> Select[Any]:
    """Return the query for a counter."""
    return select(tables.attempt).where(tables.attempt.c.key == key)


def replace_attempts(tables: Tables, old: Attempts, new: Attempts) -> Update:
    """Return the compare-and-set of a counter: written where every column still is what was read."""
    stored, t = values(old), tables.attempt
    return update(t).where(t.c.key == new.key, where(t, stored, stored.keys())).values(values(new))


def clear_attempts(tables: Tables, keys: tuple[str, ...]) -> Delete:
    """Return the statement that deletes counters."""
    return delete(tables.attempt).where(tables.attempt.c.key.in_(sorted(keys)))


def settle_attempts(tables: Tables, record: Attempts) -> Delete:
    """Return the statement that deletes a counter, unless it was disabled at another moment than the record says."""
    t = tables.attempt
    return delete(t).where(t.c.key == record.key, or_(t.c.disabled_at.is_(None), t.c.disabled_at == record.disabled_at))


def untold_attempts(tables: Tables, *, limit: int) -> Select[Any]:
    """Return the query for disabled counters with a subject who was not told yet."""
    t = tables.attempt
    return select(t).where(t.c.disabled_at.is_not(None), t.c.told_at.is_(None), t.c.subject != "").order_by(t.c.key).limit(limit)


def allowance(tables: Tables, key: str) -> Select[Any]:
    """Return the query for an allowance."""
    return select(tables.allowance).where(tables.allowance.c.key == key)


def replace_allowance(tables: Tables, old: Allowance, new: Allowance) -> Update:
    """Return the compare-and-set of an allowance."""
    t = tables.allowance
    return update(t).where(t.c.key == new.key, t.c.full_at == old.full_at).values(full_at=new.full_at)


def trim_allowances(tables: Tables, *, before: datetime) -> Delete:
    """Return the statement that deletes the allowances that were full at `before`."""
    return delete(tables.allowance).where(tables.allowance.c.full_at <= before)
