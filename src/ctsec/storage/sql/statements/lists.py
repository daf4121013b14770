"""Lists of workspaces as conditions and statements: base, mask and ceiling as sets of role names."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select

from ctsec.rbac.listing import Reach
from ctsec.rbac.standing import MembershipStatus
from ctsec.storage.sql.statements.elevations import counting
from ctsec.storage.sql.tables import Tables


def workspaces(tables: Tables, reach: Reach, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of the workspaces within reach."""
    t = tables.workspace
    return select(t.c.id).where(_reached(tables, reach), t.c.id > after).order_by(t.c.id).limit(limit)


def count(tables: Tables, reach: Reach) -> Select[Any]:
    """Return the query for their number."""
    return select(func.count().label("found")).select_from(tables.workspace).where(_reached(tables, reach))


def condition(tables: Tables, reach: Reach, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that `column` holds one of them."""
    # Correlated with nothing: the host's own query may read the workspace table too.
    return column.in_(select(tables.workspace.c.id).where(_reached(tables, reach)).correlate(None))


def _reached(tables: Tables, reach: Reach) -> ColumnElement[bool]:
    """Return the condition on a row of the workspace table: under a ceiling, with a base or a mask, in the member's organization."""
    w, m = tables.workspace, tables.membership
    if not reach.ceilings or not (reach.bases or reach.masks):
        return false()
    member = and_(
        m.c.organization_id == reach.organization,
        m.c.user_id == reach.user,
        m.c.status == MembershipStatus.ACTIVE.value,
        _covers(m, reach),
        m.c.role.in_(reach.roles),
        or_(m.c.role.in_(reach.ceilings), _raised(tables, reach, reach.ceilings)),
        or_(m.c.role.in_(reach.bases), _raised(tables, reach, reach.bases), _assigned(tables, reach), _raised_here(tables, reach)),
    )
    found = and_(w.c.organization_id == reach.organization, exists().where(member).correlate(w))
    return found if reach.within is None else and_(found, w.c.id.in_(reach.within))


# Each of these names what it is correlated with: of an outer row that is not the next one, SQLAlchemy would make a table of its own.
def _assigned(tables: Tables, reach: Reach) -> ColumnElement[bool]:
    t = tables.workspace_role
    theirs = and_(t.c.organization_id == reach.organization, t.c.user_id == reach.user, t.c.workspace_id == tables.workspace.c.id)
    return exists().where(theirs, t.c.role.in_(reach.masks), _covers(t, reach)).correlate(tables.workspace)


def _raised(tables: Tables, reach: Reach, roles: frozenset[str]) -> ColumnElement[bool]:
    t = tables.elevation
    theirs = counting(tables, reach.organization, reach.user)
    return exists().where(theirs, t.c.workspace_id.is_(None), t.c.role.in_(roles), _covers(t, reach)).correlate(None)


def _raised_here(tables: Tables, reach: Reach) -> ColumnElement[bool]:
    t = tables.elevation
    here = and_(counting(tables, reach.organization, reach.user), t.c.workspace_id == tables.workspace.c.id)
    return exists().where(here, t.c.role.in_(reach.masks), _covers(t, reach)).correlate(tables.workspace)


def _covers(table: Any, reach: Reach) -> ColumnElement[bool]:
    started = or_(table.c.starts_at.is_(None), table.c.starts_at <= reach.now)
    return and_(started, or_(table.c.expires_at.is_(None), table.c.expires_at > reach.now))
