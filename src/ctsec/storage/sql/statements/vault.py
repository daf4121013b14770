"""Credentials of the vault as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Delete, Insert, Select, Update, delete, insert, or_, select, update

from ctsec.ids import CredentialId, OrganizationId
from ctsec.storage.sql.statements.rows import replaced
from ctsec.storage.sql.tables import Tables
from ctsec.vault.record import VaultCredential

_KEEP: Final = frozenset({"organization_id", "workspace_id", "created_by", "created_at", "last_used_at", "last_used_by", "reminded_for"})


def one(tables: Tables, organization: OrganizationId, credential: CredentialId) -> Select[Any]:
    """Return the query for a credential of an organization."""
    t = tables.credential
    return select(t).where(t.c.id == credential, t.c.organization_id == organization)


def sealed(tables: Tables, credential: CredentialId) -> Select[Any]:
    """Return the query for a sealed secret."""
    return select(tables.credential_secret.c.sealed).where(tables.credential_secret.c.credential_id == credential)


def keep(tables: Tables, credential: CredentialId, blob: bytes) -> Insert:
    """Return the statement that adds a sealed secret."""
    return insert(tables.credential_secret).values(credential_id=credential, sealed=blob)


def reseal(tables: Tables, credential: CredentialId, blob: bytes) -> Update:
    """Return the statement that puts a sealed secret in the place of another."""
    t = tables.credential_secret
    return update(t).where(t.c.credential_id == credential).values(sealed=blob)


def change(tables: Tables, credential: VaultCredential) -> Update:
    """Return the compare-and-set of a record."""
    return replaced(tables.credential, credential, keep=_KEEP)


def remove(tables: Tables, organization: OrganizationId, credential: CredentialId) -> Delete:
    """Return the statement that deletes a credential."""
    t = tables.credential
    return delete(t).where(t.c.id == credential, t.c.organization_id == organization)


def forget(tables: Tables, credential: CredentialId) -> Delete:
    """Return the statement that deletes a sealed secret."""
    return delete(tables.credential_secret).where(tables.credential_secret.c.credential_id == credential)


def page(tables: Tables, organization: OrganizationId, *, after: str, limit: int) -> Select[Any]:
    """Return the query for credentials of an organization."""
    t = tables.credential
    return select(t).where(t.c.organization_id == organization, t.c.id > after).order_by(t.c.id).limit(limit)


def due(tables: Tables, organization: OrganizationId, *, by: datetime, limit: int) -> Select[Any]:
    """Return the query for what is due."""
    t = tables.credential
    return select(t).where(t.c.organization_id == organization, t.c.due_at <= by).order_by(t.c.due_at, t.c.id).limit(limit)


def to_remind(tables: Tables, *, now: datetime, limit: int) -> Select[Any]:
    """Return the query for what is due and was not reminded of."""
    t = tables.credential
    unknown = or_(t.c.reminded_for.is_(None), t.c.reminded_for != t.c.due_at)
    return select(t).where(t.c.due_at <= now, unknown).order_by(t.c.due_at, t.c.id).limit(limit)


def reminded(tables: Tables, credential: CredentialId, *, due_at: datetime) -> Update:
    """Return the statement that notes a reminder, unless it is noted."""
    t = tables.credential
    unknown = or_(t.c.reminded_for.is_(None), t.c.reminded_for != due_at)
    return update(t).where(t.c.id == credential, t.c.due_at == due_at, unknown).values(reminded_for=due_at)


def touch(tables: Tables, credential: CredentialId, *, at: datetime, by: str) -> Update:
    """Return the statement that writes the last use."""
    return update(tables.credential).where(tables.credential.c.id == credential).values(last_used_at=at, last_used_by=by)
