"""Owners of API keys, and lists of keys, as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Delete, Select, Update, delete, func, or_, select, update

from ctsec.ids import KeyId, OrganizationId, ServiceAccountId
from ctsec.principal import PrincipalKind
from ctsec.storage.sql.tables import Tables


def account(tables: Tables, organization_id: OrganizationId, account_id: ServiceAccountId) -> Select[Any]:
    """Return the query for a service account."""
    t = tables.service_account
    return select(t).where(t.c.organization_id == organization_id, t.c.id == account_id)


def accounts(tables: Tables, organization_id: OrganizationId, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of service accounts."""
    t = tables.service_account
    return select(t).where(t.c.organization_id == organization_id, t.c.id > after).order_by(t.c.id).limit(limit)


def remove_account(tables: Tables, organization_id: OrganizationId, account_id: ServiceAccountId) -> Delete:
    """Return the statement that deletes a service account."""
    t = tables.service_account
    return delete(t).where(t.c.organization_id == organization_id, t.c.id == account_id)


def keys(tables: Tables, organization_id: OrganizationId, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of an organization's keys that are not revoked."""
    t = tables.api_key
    theirs = (t.c.organization_id == organization_id, t.c.id > after, t.c.revoked_at.is_(None))
    return select(t).where(*theirs).order_by(t.c.id).limit(limit)


def newest_secrets(tables: Tables, key_ids: list[str]) -> Select[Any, Any]:
    """Return the query for when the newest secret of each of some keys was made."""
    t = tables.api_key_secret
    return select(t.c.key_id, func.max(t.c.created_at).label("made")).where(t.c.key_id.in_(key_ids)).group_by(t.c.key_id)


def minted_by(tables: Tables, organization_id: OrganizationId, minter: str, *, now: datetime) -> Select[Any]:
    """Return the query for keys with a live secret that somebody was shown."""
    t, s = tables.api_key, tables.api_key_secret
    shown = select(s.c.key_id).where(s.c.minted_by == minter, or_(s.c.expires_at.is_(None), s.c.expires_at > now))
    live = (t.c.revoked_at.is_(None), or_(t.c.expires_at.is_(None), t.c.expires_at > now))
    return select(t).where(t.c.organization_id == organization_id, *live, t.c.id.in_(shown)).order_by(t.c.id)


def shown_accounts(tables: Tables, organization_id: OrganizationId, minter: str) -> Select[Any]:
    """Return the query for service accounts of which somebody was ever shown a secret."""
    t, s = tables.api_key, tables.api_key_secret
    shown = select(s.c.key_id).where(s.c.minted_by == minter)
    theirs = (t.c.organization_id == organization_id, t.c.owner_kind == PrincipalKind.SERVICE_ACCOUNT, t.c.id.in_(shown))
    return select(t.c.owner_id).where(*theirs).distinct().order_by(t.c.owner_id)


def end_secret(tables: Tables, key_id: KeyId, generation: int, *, now: datetime) -> Update:
    """Return the compare-and-set that ends one secret."""
    t = tables.api_key_secret
    live = or_(t.c.expires_at.is_(None), t.c.expires_at > now)
    return update(t).where(t.c.key_id == key_id, t.c.generation == generation, live).values(expires_at=now)


def to_remind(tables: Tables, *, now: datetime, before: datetime, limit: int) -> Select[Any]:
    """Return the query for keys whose end comes and that nobody was reminded of."""
    t = tables.api_key
    fresh = or_(t.c.reminded_for.is_(None), t.c.reminded_for != t.c.expires_at)
    p = tables.key_policy
    ruled = select(p.c.organization_id).where(p.c.longest_life_seconds > 0)
    ending = (t.c.expires_at > now, t.c.expires_at <= before, t.c.organization_id.not_in(ruled))
    found = select(t).where(t.c.revoked_at.is_(None), t.c.rule_id.is_(None), *ending, fresh)
    return found.order_by(t.c.expires_at, t.c.id).limit(limit)


def reminded(tables: Tables, key_id: KeyId, *, end: datetime) -> Update:
    """Return the compare-and-set that notes a reminder."""
    t = tables.api_key
    fresh = or_(t.c.reminded_for.is_(None), t.c.reminded_for != end)
    return update(t).where(t.c.id == key_id, t.c.revoked_at.is_(None), fresh).values(reminded_for=end)


def policies(tables: Tables, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of policies."""
    t = tables.key_policy
    return select(t).where(t.c.organization_id > after).order_by(t.c.organization_id).limit(limit)
