"""The policy: roles of two levels over the host's permissions, frozen, and the one place where they are combined.

Rules that this module keeps:

- effective(organization) = organization_mask[role]; effective(workspace) = (base[role] | mask[workspace role]) & ceiling[role];
- an elevation in force joins its masks to these (`ctsec.rbac.table`): it only adds, and its workspace role stays under the ceiling;
- nothing without a membership that is active and in force at `now`, whatever workspace roles are left over;
- nothing in a workspace whose organization, as the caller read it, is not the standing's; a workspace without one told is foreign;
- a permission that is asked in the other scope is denied as `wrong_scope`; a permission of no scope raises `UnknownPermission`;
- `effective`, `check` and `access` read the same table, so they can not disagree;
- a policy is checked whole when it is built; a table is built at its first use and kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.rbac.access import Access
from ctsec.rbac.decision import Decision, DecisionReason, DecisionTable, uniform
from ctsec.rbac.errors import placed
from ctsec.rbac.permission import PermissionIndex, Scope, unknown
from ctsec.rbac.role import OrganizationRole, WorkspaceRole, validate_exclusive, validate_roles
from ctsec.rbac.standing import Assignment, MembershipStatus, Standing
from ctsec.rbac.table import RaisedTables, Row

MEMBERS_MANAGE: Final = "members:manage"
WORKSPACE_MEMBERS_MANAGE: Final = "workspace_members:manage"
# An enum's member is looked up through its metaclass, which costs as much as a call: the hot path reads globals.
_NOT_A_MEMBER: Final = DecisionReason.NOT_A_MEMBER
_NO_ROLE: Final = DecisionReason.NO_WORKSPACE_ROLE
_FOREIGN: Final = DecisionReason.FOREIGN_ORGANIZATION
_UNKNOWN_ROLE: Final = DecisionReason.UNKNOWN_ROLE
_EXPIRED: Final = DecisionReason.EXPIRED
_NOT_IN_FORCE: Final = DecisionReason.NOT_IN_FORCE
_STATES: Final = (
    _NOT_A_MEMBER,
    DecisionReason.MEMBERSHIP_SUSPENDED,
    _NOT_IN_FORCE,
    _EXPIRED,
    _UNKNOWN_ROLE,
    _FOREIGN,
    DecisionReason.OUTSIDE_KEY_WORKSPACES,
    DecisionReason.SSO_REQUIRED,
    DecisionReason.MFA_REQUIRED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who may do what. Build it with `from_matrix`, take `preset()`, or give the roles as masks over `index`.

    `members_permission` and `workspace_members_permission` name what it takes to manage people on each level; None leaves that to the
    organization roles owner and admin and to the workspace role admin. Of each set in `exclusive_roles` (names of workspace roles), nobody
    is given two in one organization. Raises ValueError for anything that does not fit together.
    """

    index: PermissionIndex
    organization_roles: tuple[OrganizationRole, ...]
    workspace_roles: tuple[WorkspaceRole, ...]
    members_permission: str | None = None
    workspace_members_permission: str | None = None
    exclusive_roles: tuple[frozenset[str], ...] = ()
    _organization: dict[str, OrganizationRole] = field(init=False, repr=False, compare=False)
    _workspace: dict[str, WorkspaceRole] = field(init=False, repr=False, compare=False)
    _rows: dict[str, Row] = field(init=False, repr=False, compare=False)
    _states: dict[DecisionReason, DecisionTable] = field(init=False, repr=False, compare=False)
    _raised: RaisedTables = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = self.index
        validate_roles(index, organization_roles=self.organization_roles, workspace_roles=self.workspace_roles)
        _validate_managing(index, "members_permission", self.members_permission, Scope.ORGANIZATION)
        _validate_managing(index, "workspace_members_permission", self.workspace_members_permission, Scope.WORKSPACE)
        validate_exclusive(self.exclusive_roles, workspace_roles=self.workspace_roles)
        object.__setattr__(self, "_organization", {role.name: role for role in self.organization_roles})
        object.__setattr__(self, "_workspace", {role.name: role for role in self.workspace_roles})
        object.__setattr__(self, "_rows", {})
        object.__setattr__(self, "_raised", RaisedTables(index))
        object.__setattr__(self, "_states", {reason: uniform(index, reason=reason) for reason in _STATES})

    @classmethod
    def from_matrix(
        cls,
        permissions: Iterable[str],
        *texts: str,
        organization_scope: Iterable[str] = (),
        viewer_ceiling: bool | Iterable[str] = True,
        organization_wide_view: bool = False,
    ) -> Policy:
        """Return the policy that the tables in `texts` describe; what a column means is written in `ctsec.rbac.columns`.

        `permissions` is the host's StrEnum; `organization_scope` names those of them that are held per organization, not per workspace.
        `viewer_ceiling` caps the organization role viewer: True by its column, False not at all, names by exactly these permissions.
        `organization_wide_view` lets member and viewer see every workspace. Raises MatrixError that names the line, row and column.
        """
        from ctsec.rbac.columns import column_masks, organization_roles, workspace_roles
        from ctsec.rbac.matrix import parse_matrix, require_every_row

        index = PermissionIndex.of(permissions, organization_scope=organization_scope)
        matrices = [parse_matrix(text, permissions=index.names) for text in texts]
        require_every_row(matrices, permissions=index.names)
        masks = column_masks(matrices, index=index)
        return cls(
            index=index,
            organization_roles=organization_roles(
                masks, index=index, viewer_ceiling=viewer_ceiling, organization_wide_view=organization_wide_view
            ),
            workspace_roles=workspace_roles(masks, index=index),
            members_permission=managing(index, Scope.ORGANIZATION),
            workspace_members_permission=managing(index, Scope.WORKSPACE),
        )

    @staticmethod
    def from_toml(text: str, *, permissions: Iterable[str] | None = None) -> Policy:
        """Return the policy that a document in TOML describes (at most 64 KiB); raise PolicyError that names the place of a mistake.

        What the keys mean is written in `ctsec.rbac.document`. With the host's enum as `permissions`, the document must name exactly these.
        """
        from ctsec.rbac.document import read_toml

        return read_toml(text, permissions=permissions)

    @staticmethod
    def from_json(text: str, *, permissions: Iterable[str] | None = None) -> Policy:
        """Return the policy that a document in JSON describes: the same keys, limits and errors as in TOML."""
        from ctsec.rbac.document import read_json

        return read_json(text, permissions=permissions)

    @staticmethod
    def preset() -> Policy:
        """Return the built-in policy: the product page's roles and matrix (`ctsec.rbac.preset`)."""
        from ctsec.rbac.preset import POLICY

        return POLICY

    @property
    def permissions(self) -> tuple[str, ...]:
        """Return every permission, in the order of the host's enum."""
        return self.index.names

    def organization_role(self, name: str) -> OrganizationRole | None:
        """Return the organization role of that name, or None."""
        return self._organization.get(name)

    def workspace_role(self, name: str) -> WorkspaceRole | None:
        """Return the workspace role of that name, or None."""
        return self._workspace.get(name)

    def check(
        self,
        standing: Standing | None,
        permission: str,
        *,
        now: datetime,
        workspace: WorkspaceId | None = None,
        workspace_organization: OrganizationId | None = None,
    ) -> Decision:
        """Return the decision on `permission` in the organization, or in `workspace`, which belongs to `workspace_organization`.

        None as standing is a person who is not a member. Raises UnknownPermission for a name outside of the policy.
        """
        # The common case of `resolve` written out, because a call costs a sixth of a check; law 3's test holds the two together.
        if standing is not None and standing.plain and workspace is not None and workspace_organization == standing.organization:
            assignment = standing.assignments.get(workspace)
            if assignment is not None and assignment.plain:
                try:
                    return self._rows[standing.role].workspaces[assignment.role].decisions[permission]
                except KeyError:
                    pass  # a role or permission of no name, or a table that is not built yet
        try:
            return self.resolve(standing, now, workspace, workspace_organization).decisions[permission]
        except KeyError:
            raise unknown(permission) from None

    def effective(
        self,
        standing: Standing | None,
        *,
        now: datetime,
        workspace: WorkspaceId | None = None,
        workspace_organization: OrganizationId | None = None,
    ) -> int:
        """Return the allowed permissions in that place as a mask over `index`."""
        return self.resolve(standing, now, workspace, workspace_organization).mask

    def access(
        self,
        standing: Standing | None,
        *,
        now: datetime,
        workspace: WorkspaceId | None = None,
        workspace_organization: OrganizationId | None = None,
        scopes: frozenset[str] | None = None,
        workspaces: frozenset[WorkspaceId] | None = None,
    ) -> Access:
        """Return the rights in that place for one request, narrowed to a key's `scopes` and `workspaces` (None: not narrowed).

        A key that is narrowed to workspaces can do nothing in the organization's scope.
        """
        if workspaces is not None and workspace not in workspaces:
            return Access(self._states[DecisionReason.OUTSIDE_KEY_WORKSPACES], index=self.index)
        access = Access(self.resolve(standing, now, workspace, workspace_organization), index=self.index)
        return access if scopes is None else access.attenuate(scopes)

    def refused(self, reason: DecisionReason) -> Access:
        """Return the rights of somebody who counts for nothing in a place, for a reason that no permission changes."""
        return Access(self._states[reason], index=self.index)

    # Positional: the hot path; keywords cost a fifth of a check.
    def resolve(
        self, standing: Standing | None, now: datetime, workspace: WorkspaceId | None, workspace_organization: OrganizationId | None
    ) -> DecisionTable:
        """Return the table of decisions for that place; `check`, `effective` and `access` are views of it."""
        if standing is None:
            return self._states[_NOT_A_MEMBER]
        if not standing.plain:
            if (reason := _membership(standing, now)) is not None:
                return self._states[reason]
            if standing.elevations and (raised := self._elevated(standing, now, workspace, workspace_organization)) is not None:
                return raised
        try:
            row = self._rows[standing.role]
        except KeyError:
            if standing.role not in self._organization:
                return self._states[_UNKNOWN_ROLE]
            row = self._build(standing.role)
        if workspace is None:
            return row.organization
        if workspace_organization != standing.organization:
            return self._states[_FOREIGN]
        assignment = standing.assignments.get(workspace)
        if assignment is None:
            return row.absent[_NO_ROLE]
        if not assignment.plain and (reason := _out_of_force(assignment, now)) is not None:
            return row.absent[reason]
        try:
            return row.workspaces[assignment.role]
        except KeyError:
            return row.absent[_UNKNOWN_ROLE]

    def _elevated(
        self, standing: Standing, now: datetime, workspace: WorkspaceId | None, workspace_organization: OrganizationId | None
    ) -> DecisionTable | None:
        """Return the table for somebody who holds something there for a time, or None if nothing of the kind counts there now."""
        role = self._organization.get(standing.role)
        if role is None or (workspace is not None and workspace_organization != standing.organization):
            return None
        counting = [each for each in standing.elevations if (each.workspace is None or each.workspace == workspace) and each.in_force(now)]
        if not counting:
            return None
        roles = {each.role for each in counting if each.workspace is None}
        here = {each.role for each in counting if each.workspace is not None}
        added = [self._organization[name] for name in sorted(roles) if name in self._organization]
        raised = [self._workspace[name] for name in sorted(here) if name in self._workspace]
        if not added and not raised:
            return None
        names = frozenset(each.name for each in added)
        if workspace is None:
            key = (role.name, names, None, None, None)
            return self._raised.get(key) or self._raised.organization(key, role=role, added=added)
        assignment = standing.assignments.get(workspace)
        absent = _NO_ROLE if assignment is None else _out_of_force(assignment, now)
        held = self._workspace.get(assignment.role) if assignment is not None and absent is None else None
        if held is None and absent is None:
            absent = _UNKNOWN_ROLE
        where = (role.name, names, held.name if held is not None else None, frozenset(each.name for each in raised), absent)
        return self._raised.get(where) or self._raised.workspace(where, role=role, added=added, held=held, raised=raised, absent=absent)

    def _build(self, name: str) -> Row:
        row = self._rows[name] = Row(self._organization[name], index=self.index, roles=self.workspace_roles)
        return row


def managing(index: PermissionIndex, scope: Scope) -> str | None:
    """Return the permission that manages the people of a level by its name, if the index holds it on that level."""
    name = MEMBERS_MANAGE if scope is Scope.ORGANIZATION else WORKSPACE_MEMBERS_MANAGE
    return name if index.known([name]) & index.all_of(scope) else None


def _membership(standing: Standing, now: datetime) -> DecisionReason | None:
    match standing.status:
        case MembershipStatus.ACTIVE:
            return _out_of_force(standing, now)
        case MembershipStatus.SUSPENDED:
            return DecisionReason.MEMBERSHIP_SUSPENDED
        case _:
            return _NOT_A_MEMBER


def _out_of_force(period: Assignment | Standing, now: datetime) -> DecisionReason | None:
    if period.expires_at is not None and period.expires_at <= now:
        return _EXPIRED
    return _NOT_IN_FORCE if period.starts_at is not None and now < period.starts_at else None


def _validate_managing(index: PermissionIndex, place: str, permission: str | None, scope: Scope) -> None:
    if permission is not None:
        with placed(place):
            index.bit_in(scope, permission)
