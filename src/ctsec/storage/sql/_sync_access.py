# Generated from src/ctsec/storage/sql/_async_access.py by tools/twin.py; edit that file.
"""Standings and workspace roles in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import RowMapping

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.standing import Standing
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import access, directory, elevations
from ctsec.storage.sql.statements.rows import all_made, put, values
from ctsec.storage.sql.tables import Tables


class SqlStandings:
    """See `ctsec.rbac.ports.StandingRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def standing(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Standing | None:
        """Return membership and workspace roles, by plain or locking reads."""
        if fresh:
            row = self._run.row(directory.membership(self._tables, organization_id, user_id, fresh=True))
        else:
            row = self._run.row(access.membership(self._tables, organization_id, user_id))
        if row is None:
            return None
        if fresh:
            state = self._run.row(access.roles_state(self._tables, organization_id, fresh=True))
            roles = self._run.rows(access.roles_of_user(self._tables, organization_id, user_id, fresh=True))
            raised = self._run.rows(elevations.of_user(self._tables, organization_id, user_id, fresh=True))
            return access.standing(row, roles, raised, state)
        held = self._run.rows(access.held_by_user(self._tables, organization_id, user_id))
        roles, raised = ([each for each in held if each["raised"] == kind] for kind in (0, 1))
        return access.standing(row, roles, raised, row)

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Standing, ...]:
        """Return the standings of the organization's members with a user id above `after`, in the order of ids, by two statements."""
        rows = self._run.rows(access.memberships(self._tables, organization_id, after=after, limit=limit))
        if not rows:
            return ()
        held: dict[str, tuple[list[RowMapping], list[RowMapping]]] = {row["user_id"]: ([], []) for row in rows}
        query = access.held_by_users(self._tables, organization_id, after=after, last=rows[-1]["user_id"])
        for each in self._run.rows(query):
            # Roles without a membership are nobody's, and a membership that came in between is of no page.
            if (theirs := held.get(each["user_id"])) is not None:
                roles, raised = theirs
                (raised if each["raised"] else roles).append(each)
        return tuple(access.standing(row, *held[row["user_id"]], row) for row in rows)

    def version(self, organization_id: OrganizationId) -> int:
        """Return the version of the organization's roles; 0 for an organization that is not there."""
        row = self._run.row(access.roles_state(self._tables, organization_id))
        return 0 if row is None else int(row["roles_version"])

    def revision(self, organization_id: OrganizationId) -> int:
        """Return the number that the organization's own roles have; 0 without any."""
        row = self._run.row(access.roles_state(self._tables, organization_id))
        return 0 if row is None else int(row["custom_roles"])

    def organization_of(self, workspace_id: WorkspaceId) -> OrganizationId | None:
        """Return the organization that a workspace belongs to."""
        row = self._run.row(access.organization_of(self._tables, workspace_id))
        return None if row is None else OrganizationId(row["organization_id"])

    def change_membership(self, *, before: Standing, after: Standing) -> bool:
        """Write role and period if the stored role still is the one before; the membership's version goes up by one."""
        return self._run.change(access.change_membership(self._tables, before=before, after=after)) == 1


class SqlAssignments:
    """See `ctsec.rbac.ports.AssignmentRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def put(self, assignment: RoleAssignment) -> None:
        """Insert the role of a person in a workspace, or replace it."""
        key = ("organization_id", "workspace_id", "user_id")
        self._run.change(put(self._tables.workspace_role, values(assignment), key=key, dialect=self._run.dialect))

    def remove(self, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        """Delete it; True if there was one."""
        return self._run.change(access.remove_role(self._tables, organization_id, workspace_id, user_id)) == 1

    def of_workspace(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, *, after: str, limit: int
    ) -> tuple[RoleAssignment, ...]:
        """Return the roles in a workspace with a user id above `after`, in the order of ids."""
        query = access.roles_of_workspace(self._tables, organization_id, workspace_id, after=after, limit=limit)
        return all_made(RoleAssignment, self._run.rows(query))

    def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[RoleAssignment, ...]:
        """Return the roles of a person in the workspaces of an organization, in the order of their ids."""
        query = access.roles_of_user(self._tables, organization_id, user_id, fresh=True).order_by(
            self._tables.workspace_role.c.workspace_id
        )
        return all_made(RoleAssignment, self._run.rows(query))
