"""API keys and wrapped data keys as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, func, or_, select, update

from ctsec.ids import KeyId, OrganizationId
from ctsec.keys.record import KeySecret
from ctsec.storage.sql.tables import Tables


def secrets(tables: Tables, key_id: KeyId, *, fresh: bool = False) -> Select[Any]:
    """Return the query for the secrets of a key, newest first; `fresh` locks them."""
    t = tables.api_key_secret
    query = select(t).where(t.c.key_id == key_id).order_by(t.c.generation.desc())
    return query.with_for_update() if fresh else query


def of_owner(tables: Tables, organization_id: OrganizationId, owner_id: str) -> Select[Any]:
    """Return the query for the keys of an owner, newest first."""
    t = tables.api_key
    return select(t).where(t.c.organization_id == organization_id, t.c.owner_id == owner_id).order_by(t.c.id.desc())


def revoke(tables: Tables, organization_id: OrganizationId, key_id: KeyId, *, now: datetime) -> Update:
    """Return the compare-and-set that revokes a key."""
    t = tables.api_key
    return update(t).where(t.c.organization_id == organization_id, t.c.id == key_id, t.c.revoked_at.is_(None)).values(revoked_at=now)


def end_earlier(tables: Tables, secret: KeySecret, *, overlap_until: datetime) -> Update:
    """Return the statement that ends every earlier generation by `overlap_until`; one that ends sooner stays."""
    t = tables.api_key_secret
    later = or_(t.c.expires_at.is_(None), t.c.expires_at > overlap_until)
    return update(t).where(t.c.key_id == secret.key_id, t.c.generation < secret.generation, later).values(expires_at=overlap_until)


def touch(tables: Tables, key_id: KeyId, *, at: datetime, address: str) -> Update:
    """Return the statement that writes the last use."""
    return update(tables.api_key).where(tables.api_key.c.id == key_id).values(last_used_at=at, last_used_address=address)


def remac(tables: Tables, secret: KeySecret, *, was: str) -> Update:
    """Return the compare-and-set of the MAC of one generation."""
    t = tables.api_key_secret
    found = update(t).where(t.c.key_id == secret.key_id, t.c.generation == secret.generation, t.c.pepper_id == was)
    return found.values(mac=secret.mac, pepper_id=secret.pepper_id)


def peppers(tables: Tables, *, now: datetime) -> Select[Any]:
    """Return the query that counts the secrets of keys that may still work by pepper."""
    key, secret = tables.api_key, tables.api_key_secret
    works = (key.c.revoked_at.is_(None), or_(key.c.expires_at.is_(None), key.c.expires_at > now))
    lives = or_(secret.c.expires_at.is_(None), secret.c.expires_at > now)
    columns: list[ColumnElement[Any]] = [secret.c.pepper_id, func.count().label("count")]
    found = select(*columns).join(key, key.c.id == secret.c.key_id)
    return found.where(*works, lives).group_by(secret.c.pepper_id).order_by(secret.c.pepper_id)
