"""Values that the store keeps sealed under data keys, and how far they are sealed anew, as statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, Select, Table, Update, and_, false, func, or_, select, true, update

from ctsec.encryption.context import DEPLOYMENT
from ctsec.encryption.dek import dek_id_bytes
from ctsec.encryption.reencryption import Reencryption, Stored
from ctsec.ids import DekId
from ctsec.storage.sql.statements.rows import values
from ctsec.storage.sql.tables import Tables


@dataclass(frozen=True, slots=True)
class _Place:
    """Where values are: what is read, the condition for a scope, and what is written."""

    source: Any
    key: tuple[Column[Any], ...]
    owner: ColumnElement[Any] | None
    scope: ColumnElement[bool]
    written: Table
    sealed: Column[Any]
    written_key: tuple[Column[Any], ...]
    versioned: bool = False


def under_keys(column: ColumnElement[Any], keys: Sequence[DekId]) -> ColumnElement[bool]:
    """Return the condition that a blob names one of `keys`: bytes 2 to 17 of it, which SQL counts from 1."""
    named = func.substr(column, 3, 16, type_=LargeBinary())
    return named.in_([dek_id_bytes(each) for each in keys])


def behind(columns: Sequence[ColumnElement[Any]], after: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that a row stands behind the key `after` (empty: none) in the order of `columns`."""
    parts = [and_(*(c == v for c, v in zip(columns[:n], after[:n], strict=True)), columns[n] > after[n]) for n in range(len(after))]
    return or_(*parts) if parts else true()


def under(tables: Tables, stored: Stored, scope: str, *, keys: Sequence[DekId], after: Sequence[Any], limit: int) -> Select[Any]:
    """Return the query for values under keys, each with its key, its owner and its blob as `sealed`."""
    place = _place(tables, stored, scope)
    columns: list[ColumnElement[Any]] = [*place.key, place.sealed.label("sealed")]
    if place.owner is not None:
        columns.append(place.owner.label("owner"))
    there = and_(place.scope, under_keys(place.sealed, keys), behind(place.key, after))
    return select(*columns).select_from(place.source).where(there).order_by(*place.key).limit(limit)


def count(tables: Tables, stored: Stored, scope: str, *, keys: Sequence[DekId]) -> Select[Any]:
    """Return the query for the number of values under keys."""
    place = _place(tables, stored, scope)
    return select(func.count().label("rows")).select_from(place.source).where(place.scope, under_keys(place.sealed, keys))


def replace(tables: Tables, stored: Stored, scope: str, *, key: Sequence[Any], before: bytes, after: bytes) -> Update:
    """Return the compare-and-set of a blob; a record with a version has another one then, as whoever read it would write it back."""
    place = _place(tables, stored, scope)
    there = and_(*(column == value for column, value in zip(place.written_key, key, strict=True)), place.sealed == before)
    change: dict[str, Any] = {place.sealed.name: after}
    if place.versioned:
        change["version"] = place.written.c.version + 1
    scoped = place.scope if place.source is place.written else true()
    return update(place.written).where(there, scoped).values(change)


def of_scopes(tables: Tables, scopes: Sequence[str]) -> Select[Any]:
    """Return the query for the progress of some scopes."""
    t = tables.reencryption
    return select(t).where(t.c.scope.in_(scopes)).order_by(t.c.scope, t.c.place)


def unfinished(tables: Tables, *, limit: int) -> Select[Any]:
    """Return the query for what has not ended, or has left rows behind."""
    t = tables.reencryption
    return select(t).where(or_(t.c.ended_at.is_(None), t.c.remaining > 0)).order_by(t.c.scope, t.c.place).limit(limit)


def advance(tables: Tables, progress: Reencryption) -> Update:
    """Return the compare-and-set of progress."""
    t = tables.reencryption
    there = and_(t.c.scope == progress.scope, t.c.place == progress.place, t.c.version == progress.version - 1)
    return update(t).where(there).values({name: value for name, value in values(progress).items() if name not in {"scope", "place"}})


def _place(tables: Tables, stored: Stored, scope: str) -> _Place:
    if stored is Stored.VAULT:
        c, s = tables.credential, tables.credential_secret
        source = c.join(s, s.c.credential_id == c.c.id)
        return _Place(source, (c.c.id,), None, c.c.organization_id == scope, s, s.c.sealed, (s.c.credential_id,))
    if stored is Stored.CONNECTION:
        o = tables.sso_connection
        return _Place(o, (o.c.id,), None, o.c.organization_id == scope, o, o.c.sealed_secret, (o.c.id,), versioned=True)
    if stored is Stored.INDEX_KEY:
        t = tables.index_key
        key = (t.c.place, t.c.generation)
        return _Place(t, key, None, t.c.organization_id == scope, t, t.c.sealed, key)
    t = tables.authenticator
    everybody = true() if scope == DEPLOYMENT else false()
    return _Place(t, (t.c.id,), t.c.user_id, everybody, t, t.c.sealed_seed, (t.c.id,), versioned=True)
