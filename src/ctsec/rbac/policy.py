"""The policy: roles of two levels over the host's permissions, frozen, and the one place where they are combined.

Rules that this module keeps:

- effective(organization) = organization_mask[role]; effective(workspace) = (base[role] | mask[workspace role]) & ceiling[role];
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
from ctsec.rbac.decision import DECISIONS, Decision, DecisionReason, DecisionTable, uniform
from ctsec.rbac.permission import PermissionIndex, unknown
from ctsec.rbac.role import OrganizationRole, WorkspaceRole, validate_roles
from ctsec.rbac.standing import Assignment, MembershipStatus, Standing

MEMBERS_MANAGE: Final = "members:manage"
WORKSPACE_MEMBERS_MANAGE: Final = "workspace_members:manage"
# An enum's member is looked up through its metaclass, which costs as much as a call: the hot path reads globals.
_NOT_A_MEMBER: Final = DecisionReason.NOT_A_MEMBER
_NO_ROLE: Final = DecisionReason.NO_WORKSPACE_ROLE
_FOREIGN: Final = DecisionReason.FOREIGN_ORGANIZATION
_UNKNOWN_ROLE: Final = DecisionReason.UNKNOWN_ROLE
_EXPIRED: Final = DecisionReason.EXPIRED
_NOT_IN_FORCE: Final = DecisionReason.NOT_IN_FORCE
_ABSENT: Final = (_NO_ROLE, _NOT_IN_FORCE, _EXPIRED, _UNKNOWN_ROLE)
_STATES: Final = (
    _NOT_A_MEMBER,
    DecisionReason.MEMBERSHIP_SUSPENDED,
    _NOT_IN_FORCE,
    _EXPIRED,
    _UNKNOWN_ROLE,
    _FOREIGN,
    DecisionReason.OUTSIDE_KEY_WORKSPACES,
)


class _Row:
    """The tables of one organization role: its organization, each workspace role, and each way of having none."""

    __slots__ = ("absent", "organization", "workspaces")

    def __init__(self, role: OrganizationRole, *, index: PermissionIndex, roles: Iterable[WorkspaceRole]) -> None:
        self.organization = _organization_table(role, index=index)
        self.workspaces = {each.name: _workspace_table(role, index=index, mask=each.mask) for each in roles}
        self.absent = {reason: _workspace_table(role, index=index, mask=0, lacking=reason) for reason in _ABSENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who may do what. Build it with `from_matrix`, take `preset()`, or give the roles as masks over `index`.

    `members_permission` and `workspace_members_permission` name what it takes to manage people on each level; None leaves that to the
    organization roles owner and admin and to the workspace role admin. Raises ValueError for anything that does not fit together.
    """

    index: PermissionIndex
    organization_roles: tuple[OrganizationRole, ...]
    workspace_roles: tuple[WorkspaceRole, ...]
    members_permission: str | None = None
    workspace_members_permission: str | None = None
    _organization: dict[str, OrganizationRole] = field(init=False, repr=False, compare=False)
    _workspace: dict[str, WorkspaceRole] = field(init=False, repr=False, compare=False)
    _rows: dict[str, _Row] = field(init=False, repr=False, compare=False)
    _states: dict[DecisionReason, DecisionTable] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = self.index
        validate_roles(index, organization_roles=self.organization_roles, workspace_roles=self.workspace_roles)
        _validate_scope(index, self.members_permission, index.organization_scope, "organization")
        _validate_scope(index, self.workspace_members_permission, index.workspace_scope, "workspace")
        object.__setattr__(self, "_organization", {role.name: role for role in self.organization_roles})
        object.__setattr__(self, "_workspace", {role.name: role for role in self.workspace_roles})
        object.__setattr__(self, "_rows", {})
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
            members_permission=MEMBERS_MANAGE if index.known([MEMBERS_MANAGE]) & index.organization_scope else None,
            workspace_members_permission=(
                WORKSPACE_MEMBERS_MANAGE if index.known([WORKSPACE_MEMBERS_MANAGE]) & index.workspace_scope else None
            ),
        )

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

    # Positional: the hot path; keywords cost a fifth of a check.
    def resolve(
        self, standing: Standing | None, now: datetime, workspace: WorkspaceId | None, workspace_organization: OrganizationId | None
    ) -> DecisionTable:
        """Return the table of decisions for that place; `check`, `effective` and `access` are views of it."""
        if standing is None:
            return self._states[_NOT_A_MEMBER]
        if not standing.plain and (reason := _membership(standing, now)) is not None:
            return self._states[reason]
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

    def _build(self, name: str) -> _Row:
        row = self._rows[name] = _Row(self._organization[name], index=self.index, roles=self.workspace_roles)
        return row


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


def _organization_table(role: OrganizationRole, *, index: PermissionIndex) -> DecisionTable:
    def reason(bit: int) -> DecisionReason:
        if bit & index.workspace_scope:
            return DecisionReason.WRONG_SCOPE
        held = bit & role.organization_mask
        return DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE if held else DecisionReason.ROLE_LACKS_PERMISSION

    return DecisionTable({name: DECISIONS[reason(bit)] for name, bit in index.bits.items()}, bits=index.bits)


def _workspace_table(
    role: OrganizationRole, *, index: PermissionIndex, mask: int, lacking: DecisionReason = DecisionReason.ROLE_LACKS_PERMISSION
) -> DecisionTable:
    def reason(bit: int) -> DecisionReason:
        if bit & index.organization_scope:
            return DecisionReason.WRONG_SCOPE
        if not bit & (role.base | mask):
            return lacking
        if not bit & role.ceiling:
            return DecisionReason.CAPPED_BY_ORGANIZATION_ROLE
        return DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE if bit & role.base else DecisionReason.ALLOWED_BY_WORKSPACE_ROLE

    return DecisionTable({name: DECISIONS[reason(bit)] for name, bit in index.bits.items()}, bits=index.bits)


def _validate_scope(index: PermissionIndex, permission: str | None, scope: int, level: str) -> None:
    if permission is not None and not index.bit(permission) & scope:
        raise ValueError(f"expected {permission} to be a permission of the {level} scope, since it manages the people of the {level}")
