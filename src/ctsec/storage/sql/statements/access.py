"""Standings and workspace roles as statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Delete, RowMapping, Select, Update, delete, select, update

from ctsec.directory.record import Membership
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.standing import Assignment as Role
from ctsec.rbac.standing import MembershipStatus, Standing
from ctsec.storage.sql.tables import Tables


def roles_of_user(tables: Tables, organization_id: OrganizationId, user_id: UserId, *, fresh: bool) -> Select[Any]:
    """Return the query for the workspace roles of a person; `fresh` locks them against change."""
    t = tables.workspace_role
    query = select(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)
    return query.with_for_update(read=True) if fresh else query


def standing(membership: Membership, roles: Sequence[RowMapping]) -> Standing:
    """Return the standing that a membership and workspace roles give."""
    return Standing(
        user=membership.user_id,
        organization=membership.organization_id,
        role=membership.role,
        status=MembershipStatus(membership.status.value),
        starts_at=membership.starts_at,
        expires_at=membership.expires_at,
        workspaces={row["workspace_id"]: Role(row["role"], row["starts_at"], row["expires_at"]) for row in roles},
    )


def organization_of(tables: Tables, workspace_id: WorkspaceId) -> Select[Any]:
    """Return the query for the organization of a workspace."""
    return select(tables.workspace.c.organization_id).where(tables.workspace.c.id == workspace_id)


def change_role(tables: Tables, organization_id: OrganizationId, user_id: UserId, *, before: str, after: str) -> Update:
    """Return the compare-and-set of an organization role; the membership's version goes up."""
    t = tables.membership
    found = update(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id, t.c.role == before)
    return found.values(role=after, version=t.c.version + 1)


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
