"""Standings and workspace roles as statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Delete,
    Integer,
    RowMapping,
    Select,
    Table,
    Update,
    delete,
    literal_column,
    select,
    union_all,
    update,
)

from ctsec.directory.record import Membership
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.elevation import ElevationState
from ctsec.rbac.standing import Assignment as Role
from ctsec.rbac.standing import Elevation, MembershipStatus, Standing
from ctsec.storage.sql.statements.elevations import counting
from ctsec.storage.sql.tables import Tables

_STATE: Final = frozenset({"roles_version", "custom_roles", "mfa_policy", "sso_required_from"})


def roles_of_user(tables: Tables, organization_id: OrganizationId, user_id: UserId, *, fresh: bool) -> Select[Any]:
    """Return the query for the workspace roles of a person; `fresh` locks them against change."""
    t = tables.workspace_role
    query = select(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)
    return query.with_for_update(read=True) if fresh else query


def held_by_user(tables: Tables, organization_id: OrganizationId, user_id: UserId) -> CompoundSelect[Any]:
    """Return the query for the workspace roles of a person (`raised` 0) and for what is added to them for a time (`raised` 1)."""
    t = tables.workspace_role
    lasting = select(*_held(t, 0)).where(t.c.organization_id == organization_id, t.c.user_id == user_id)
    return union_all(lasting, select(*_held(tables.elevation, 1)).where(counting(tables, organization_id, user_id)))


def _held(table: Table, raised: int) -> list[ColumnElement[Any]]:
    mark: ColumnElement[Any] = literal_column(str(raised), Integer()).label("raised")
    return [table.c.workspace_id, table.c.role, table.c.starts_at, table.c.expires_at, mark]


def held_by_users(tables: Tables, organization_id: OrganizationId, *, after: str, last: str) -> CompoundSelect[Any]:
    """Return the query for what `held_by_user` finds, of everybody with an id above `after` up to `last`, with their ids."""
    w, e = tables.workspace_role, tables.elevation
    lasting = select(w.c.user_id, *_held(w, 0)).where(w.c.organization_id == organization_id, w.c.user_id > after, w.c.user_id <= last)
    raised = select(e.c.user_id, *_held(e, 1)).where(e.c.organization_id == organization_id, e.c.user_id > after, e.c.user_id <= last)
    return union_all(lasting, raised.where(e.c.state == ElevationState.ACTIVE))


def membership(tables: Tables, organization_id: OrganizationId, user_id: UserId) -> Select[Any]:
    """Return the query for a membership with what its organization says of roles, which is read before they are, so it is no newer."""
    return _memberships(tables, organization_id).where(tables.membership.c.user_id == user_id)


def memberships(tables: Tables, organization_id: OrganizationId, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of memberships, each with what `membership` finds of its organization."""
    t = tables.membership
    return _memberships(tables, organization_id).where(t.c.user_id > after).order_by(t.c.user_id).limit(limit)


def _memberships(tables: Tables, organization_id: OrganizationId) -> Select[Any]:
    t, o = tables.membership, tables.organization
    query = select(t, *(o.c[name] for name in sorted(_STATE))).select_from(t.outerjoin(o, o.c.id == t.c.organization_id))
    return query.where(t.c.organization_id == organization_id)


def roles_state(tables: Tables, organization_id: OrganizationId, *, fresh: bool = False) -> Select[Any]:
    """Return the query for what an organization's row says of roles; `fresh` reads what is committed now, not a snapshot."""
    t = tables.organization
    query = select(*(t.c[name] for name in sorted(_STATE))).where(t.c.id == organization_id)
    return query.with_for_update() if fresh else query


def standing(row: RowMapping, roles: Sequence[RowMapping], raised: Sequence[RowMapping], state: RowMapping | None) -> Standing:
    """Return the standing that a membership, workspace roles, elevations and what the organization says of roles give."""
    membership = Membership(**{name: value for name, value in row.items() if name not in _STATE})
    return Standing(
        user=membership.user_id,
        organization=membership.organization_id,
        role=membership.role,
        status=MembershipStatus(membership.status.value),
        starts_at=membership.starts_at,
        expires_at=membership.expires_at,
        workspaces={each["workspace_id"]: Role(each["role"], each["starts_at"], each["expires_at"]) for each in roles},
        elevations=tuple(
            Elevation(role=each["role"], starts_at=each["starts_at"], expires_at=each["expires_at"], workspace=each["workspace_id"])
            for each in raised
        ),
        version=(state["roles_version"] or 0) if state is not None else 0,
        custom_roles=(state["custom_roles"] or 0) if state is not None else 0,
        mfa_policy=state["mfa_policy"] if state is not None else None,
        sso_required_from=state["sso_required_from"] if state is not None else None,
    )


def organization_of(tables: Tables, workspace_id: WorkspaceId) -> Select[Any]:
    """Return the query for the organization of a workspace."""
    return select(tables.workspace.c.organization_id).where(tables.workspace.c.id == workspace_id)


def change_membership(tables: Tables, *, before: Standing, after: Standing) -> Update:
    """Return the compare-and-set of a membership's role and period; its version goes up."""
    t = tables.membership
    found = update(t).where(t.c.organization_id == before.organization, t.c.user_id == before.user, t.c.role == before.role)
    given = {} if before.role == after.role else {"role_given_by": None}
    return found.values(role=after.role, starts_at=after.starts_at, expires_at=after.expires_at, version=t.c.version + 1, **given)


def remove_role(tables: Tables, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId) -> Delete:
    """Return the statement that deletes a workspace role."""
    t = tables.workspace_role
    return delete(t).where(t.c.organization_id == organization_id, t.c.workspace_id == workspace_id, t.c.user_id == user_id)


def roles_of_workspace(
    tables: Tables, organization_id: OrganizationId, workspace_id: WorkspaceId, *, after: str, limit: int
) -> Select[Any]:
    """Return the query for a page of the roles in a workspace."""
    t = tables.workspace_role
    query = select(t).where(t.c.organization_id == organization_id, t.c.workspace_id == workspace_id, t.c.user_id > after)
    return query.order_by(t.c.user_id).limit(limit)
