"""The content of a region, what workspaces are there, and moves, as statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Delete, Select, Table, Update, and_, delete, func, or_, select, update

from ctsec.ids import DekId, OrganizationId, WorkspaceId
from ctsec.residency.record import ENDED, Position, Primary, Residence
from ctsec.storage.sql.statements.rows import values
from ctsec.storage.sql.statements.sealed import under_keys
from ctsec.storage.sql.tables import Tables


def one(tables: Tables, workspace_id: WorkspaceId, kind: str, key: str) -> ColumnElement[bool]:
    """Return the condition for one piece of content."""
    t = tables.content
    return and_(t.c.workspace_id == workspace_id, t.c.kind == kind, t.c.key == key)


def page(tables: Tables, *, after: Position, limit: int, workspace_id: WorkspaceId | None) -> Select[Any]:
    """Return the query for content behind a position, of one workspace if it is named."""
    t = tables.content
    query = select(t).where(_behind(t, after))
    if workspace_id is not None:
        query = query.where(t.c.workspace_id == workspace_id)
    return query.order_by(t.c.workspace_id, t.c.kind, t.c.key).limit(limit)


def last(tables: Tables, workspace_id: WorkspaceId) -> Select[Any]:
    """Return the query for the position of a workspace's last piece."""
    t = tables.content
    columns: list[ColumnElement[Any]] = [t.c.workspace_id, t.c.kind, t.c.key]
    place = select(*columns).where(t.c.workspace_id == workspace_id)
    return place.order_by(t.c.kind.desc(), t.c.key.desc()).limit(1)


def shred(tables: Tables, workspace_id: WorkspaceId, *, through: Position) -> Delete:
    """Return the statement that deletes a workspace's content up to and including a position."""
    t = tables.content
    until = or_(t.c.kind < through.kind, and_(t.c.kind == through.kind, t.c.key <= through.key))
    return delete(t).where(t.c.workspace_id == workspace_id, until)


def under(tables: Tables, organization_id: OrganizationId, *, keys: Sequence[DekId], after: Position, limit: int) -> Select[Any]:
    """Return the query for content of an organization under keys, behind a position."""
    t = tables.content
    there = and_(t.c.organization_id == organization_id, under_keys(t.c.sealed, keys), _behind(t, after))
    return select(t).where(there).order_by(t.c.workspace_id, t.c.kind, t.c.key).limit(limit)


def count_under(tables: Tables, organization_id: OrganizationId, *, keys: Sequence[DekId]) -> Select[Any]:
    """Return the query for the number of pieces of an organization under keys."""
    t = tables.content
    return select(func.count().label("rows")).where(t.c.organization_id == organization_id, under_keys(t.c.sealed, keys))


def reseal(tables: Tables, position: Position, *, before: bytes, after: bytes) -> Update:
    """Return the compare-and-set of a blob."""
    t = tables.content
    there = one(tables, WorkspaceId(position.workspace_id), position.kind, position.key)
    return update(t).where(there, t.c.sealed == before).values(sealed=after)


def occupants(tables: Tables, organization_id: OrganizationId) -> Select[Any]:
    """Return the query for how much there is of each workspace of an organization."""
    t = tables.content
    size = func.coalesce(func.sum(func.length(t.c.sealed)), 0).label("size")
    columns: list[ColumnElement[Any]] = [t.c.workspace_id, t.c.organization_id, func.count().label("rows"), size]
    query = select(*columns)
    return query.where(t.c.organization_id == organization_id).group_by(t.c.workspace_id, t.c.organization_id).order_by(t.c.workspace_id)


def residence(tables: Tables, workspace_id: WorkspaceId, *, hold: bool) -> Select[Any]:
    """Return the query for what a workspace is here; `hold` keeps it so until the transaction ends, and shares that with others."""
    query = select(tables.residence).where(tables.residence.c.workspace_id == workspace_id)
    return query.with_for_update(read=True) if hold else query


def residences(tables: Tables, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of what workspaces are here."""
    t = tables.residence
    return select(t).where(t.c.workspace_id > after).order_by(t.c.workspace_id).limit(limit)


def change_residence(tables: Tables, old: Residence, new: Residence) -> Update:
    """Return the compare-and-set of what a workspace is here."""
    t = tables.residence
    there = and_(t.c.workspace_id == old.workspace_id, t.c.state == old.state, t.c.epoch == old.epoch)
    return update(t).where(there).values({name: value for name, value in values(new).items() if name != "workspace_id"})


def last_move(tables: Tables, workspace_id: WorkspaceId) -> Select[Any]:
    """Return the query for the latest move of a workspace."""
    t = tables.workspace_move
    return select(t).where(t.c.workspace_id == workspace_id).order_by(t.c.number.desc()).limit(1)


def open_moves(tables: Tables, *, limit: int) -> Select[Any]:
    """Return the query for moves that have not ended."""
    t = tables.workspace_move
    return select(t).where(t.c.state.not_in(sorted(ENDED))).order_by(t.c.id).limit(limit)


def touching(tables: Tables, organization_id: OrganizationId, region: str) -> Select[Any]:
    """Return the query for the number of an organization's moves, from or to a region, that have not ended."""
    t = tables.workspace_move
    here = and_(t.c.organization_id == organization_id, or_(t.c.source == region, t.c.target == region))
    return select(func.count().label("moving")).where(here, t.c.state.not_in(sorted(ENDED)))


def moves(tables: Tables, organization_id: OrganizationId, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of an organization's moves."""
    t = tables.workspace_move
    return select(t).where(t.c.organization_id == organization_id, t.c.id > after).order_by(t.c.id).limit(limit)


def promote(tables: Tables, primary: Primary) -> Update:
    """Return the compare-and-set of the store that serves a region."""
    t = tables.region_primary
    return update(t).where(t.c.region == primary.region, t.c.version == primary.version - 1).values(values(primary))


def _behind(t: Table, after: Position) -> ColumnElement[bool]:
    same_kind = and_(t.c.workspace_id == after.workspace_id, t.c.kind == after.kind, t.c.key > after.key)
    return or_(t.c.workspace_id > after.workspace_id, and_(t.c.workspace_id == after.workspace_id, t.c.kind > after.kind), same_kind)
