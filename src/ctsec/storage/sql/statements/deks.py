"""Wrapped data keys and the keys of organizations' own as statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Delete, Select, Update, and_, delete, or_, select, update

from ctsec.encryption.customer_key import CustomerKey
from ctsec.encryption.dek import DekState, WrappedDek
from ctsec.ids import DekId, OrganizationId
from ctsec.storage.sql.statements.rows import values
from ctsec.storage.sql.tables import Tables


def active(tables: Tables, scope: str, region: str) -> Select[Any]:
    """Return the query for the newest active key of a scope in a region."""
    t = tables.dek
    there = and_(t.c.scope == scope, t.c.state == DekState.ACTIVE, t.c.region == region)
    return select(t).where(there).order_by(t.c.id.desc()).limit(1)


def of_scope(tables: Tables, scope: str) -> Select[Any]:
    """Return the query for every key of a scope."""
    t = tables.dek
    return select(t).where(t.c.scope == scope).order_by(t.c.id)


def under(tables: Tables, kek: str, *, after: str, limit: int) -> Select[Any]:
    """Return the query for keys that `kek` wrapped."""
    t = tables.dek
    return select(t).where(t.c.kek == kek, t.c.id > after, t.c.state != DekState.DESTROYED).order_by(t.c.id).limit(limit)


def active_page(tables: Tables, *, after: str, limit: int) -> Select[Any]:
    """Return the query for active keys of every scope."""
    t = tables.dek
    return select(t).where(t.c.state == DekState.ACTIVE, t.c.id > after).order_by(t.c.id).limit(limit)


def retired_scopes(tables: Tables, *, after: str, limit: int) -> Select[Any]:
    """Return the query for scopes that have keys which only open."""
    t = tables.dek
    return select(t.c.scope).distinct().where(t.c.state == DekState.DECRYPT_ONLY, t.c.scope > after).order_by(t.c.scope).limit(limit)


def of_scopes(tables: Tables, scopes: Sequence[str]) -> Select[Any]:
    """Return the query for every key of some scopes."""
    t = tables.dek
    return select(t).where(t.c.scope.in_(scopes)).order_by(t.c.scope, t.c.id)


def change(tables: Tables, dek: WrappedDek) -> Update:
    """Return the statement that writes a record over the one of the version before."""
    t = tables.dek
    row = values(dek)
    changed = {name: row[name] for name in ("kek", "wrapped", "state", "version")}
    return update(t).where(t.c.id == dek.id, t.c.version == dek.version - 1).values(changed)


def reserve(tables: Tables, dek_id: DekId | str, *, messages: int, most: int) -> Update:
    """Return the statement that counts messages, unless they would be too many."""
    t = tables.dek_use
    return update(t).where(t.c.id == dek_id, t.c.messages <= most - messages).values(messages=t.c.messages + messages)


def uses(tables: Tables, dek_id: DekId | str) -> Select[Any]:
    """Return the query for the count of a key."""
    return select(tables.dek_use).where(tables.dek_use.c.id == dek_id)


def customer_key(tables: Tables, organization: OrganizationId, region: str, *, fresh: bool) -> Select[Any]:
    """Return the query for the key of an organization for a region; `fresh` locks it."""
    t = tables.customer_key
    found = select(t).where(t.c.organization_id == organization, t.c.region == region)
    return found.with_for_update() if fresh else found


def customer_keys(tables: Tables, organization: OrganizationId) -> Select[Any]:
    """Return the query for the keys of an organization."""
    t = tables.customer_key
    return select(t).where(t.c.organization_id == organization).order_by(t.c.region)


def holders(tables: Tables, ref: str) -> Select[Any]:
    """Return the query for the records that name a key."""
    t = tables.customer_key
    return select(t).where(t.c.ref == ref).order_by(t.c.organization_id, t.c.region).limit(100)


def customer_page(tables: Tables, *, after: tuple[str, str], limit: int) -> Select[Any]:
    """Return the query for keys of all organizations behind (organization, region)."""
    t = tables.customer_key
    organization, region = after
    behind = or_(t.c.organization_id > organization, and_(t.c.organization_id == organization, t.c.region > region))
    return select(t).where(behind).order_by(t.c.organization_id, t.c.region).limit(limit)


def change_customer_key(tables: Tables, key: CustomerKey) -> Update:
    """Return the statement that writes a record over the one of the version before."""
    t = tables.customer_key
    there = and_(t.c.organization_id == key.organization_id, t.c.region == key.region, t.c.version == key.version - 1)
    return update(t).where(there).values(values(key))


def remove_customer_key(tables: Tables, organization: OrganizationId, region: str) -> Delete:
    """Return the statement that deletes the key of a region."""
    t = tables.customer_key
    return delete(t).where(t.c.organization_id == organization, t.c.region == region)
