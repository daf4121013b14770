"""The tables of decisions that a policy looks up: built from masks at first use, one for each combination of roles.

Rules that this module keeps:

- effective(organization) = organization_mask; effective(workspace) = (base | mask) & ceiling, and the reason says which part decided;
- what is held for a time adds to what is held anyway: the masks of an elevation are joined to the others, and what they alone give is
  `allowed_by_elevation`. A ceiling is widened by an organization role that is held for a time, never by a workspace role;
- tables of elevations are kept up to a bound, whatever combinations occur.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeAlias

from ctsec.rbac.decision import DECISIONS, DecisionReason, DecisionTable
from ctsec.rbac.permission import PermissionIndex
from ctsec.rbac.role import OrganizationRole, WorkspaceRole

MAX_RAISED: Final = 1024
_ABSENT: Final = (
    DecisionReason.NO_WORKSPACE_ROLE,
    DecisionReason.NOT_IN_FORCE,
    DecisionReason.EXPIRED,
    DecisionReason.UNKNOWN_ROLE,
)
RaisedKey: TypeAlias = tuple[str, frozenset[str], str | None, frozenset[str] | None, DecisionReason | None]


class Row:
    """The tables of one organization role: its organization, each workspace role, and each way of having none."""

    __slots__ = ("absent", "organization", "workspaces")

    def __init__(self, role: OrganizationRole, *, index: PermissionIndex, roles: Iterable[WorkspaceRole]) -> None:
        self.organization = organization_table(role, index=index)
        self.workspaces = {each.name: workspace_table(role, index=index, mask=each.mask) for each in roles}
        self.absent = {reason: workspace_table(role, index=index, mask=0, lacking=reason) for reason in _ABSENT}


class RaisedTables:
    """The tables of people who hold something for a time, by the names of all the roles involved."""

    __slots__ = ("_index", "_kept")

    def __init__(self, index: PermissionIndex) -> None:
        self._index = index
        self._kept: dict[RaisedKey, DecisionTable] = {}

    def get(self, key: RaisedKey) -> DecisionTable | None:
        """Return the table that was made for these roles, if it is kept."""
        return self._kept.get(key)

    def organization(self, key: RaisedKey, *, role: OrganizationRole, added: Iterable[OrganizationRole]) -> DecisionTable:
        """Make and keep the table of the organization for a role and those added to it."""
        whole = joined(role, added)
        return self._keep(key, organization_table(whole, index=self._index, own=role))

    def workspace(
        self,
        key: RaisedKey,
        *,
        role: OrganizationRole,
        added: Iterable[OrganizationRole],
        held: WorkspaceRole | None,
        raised: Iterable[WorkspaceRole],
        absent: DecisionReason | None,
    ) -> DecisionTable:
        """Make and keep the table of a workspace for the roles held there and those added to them.

        `absent` is why the role that was assigned there does not count: it is told of what the others do not give.
        """
        whole, own = joined(role, added), held.mask if held is not None else 0
        mask = own
        for each in raised:
            mask |= each.mask
        # Who was assigned nothing and holds something for a time has a role: it lacks the permission.
        lacking = (
            DecisionReason.ROLE_LACKS_PERMISSION if absent is None or (absent is DecisionReason.NO_WORKSPACE_ROLE and mask) else absent
        )
        return self._keep(key, workspace_table(whole, index=self._index, mask=mask, lacking=lacking, own=role, own_mask=own))

    def _keep(self, key: RaisedKey, table: DecisionTable) -> DecisionTable:
        if len(self._kept) >= MAX_RAISED:
            self._kept = {}
        self._kept[key] = table
        return table


def joined(role: OrganizationRole, added: Iterable[OrganizationRole]) -> OrganizationRole:
    """Return the masks of `role` and of everything added to it, under its name."""
    for each in added:
        role = replace(
            role,
            organization_mask=role.organization_mask | each.organization_mask,
            base=role.base | each.base,
            ceiling=role.ceiling | each.ceiling,
        )
    return role


def organization_table(role: OrganizationRole, *, index: PermissionIndex, own: OrganizationRole | None = None) -> DecisionTable:
    """Return the decisions in the organization; `own` is the part of `role` that is not held for a time only."""
    lasting = (own or role).organization_mask

    def reason(bit: int) -> DecisionReason:
        if bit & index.workspace_scope:
            return DecisionReason.WRONG_SCOPE
        if not bit & role.organization_mask:
            return DecisionReason.ROLE_LACKS_PERMISSION
        return DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE if bit & lasting else DecisionReason.ALLOWED_BY_ELEVATION

    return DecisionTable({name: DECISIONS[reason(bit)] for name, bit in index.bits.items()}, bits=index.bits)


def workspace_table(
    role: OrganizationRole,
    *,
    index: PermissionIndex,
    mask: int,
    lacking: DecisionReason = DecisionReason.ROLE_LACKS_PERMISSION,
    own: OrganizationRole | None = None,
    own_mask: int | None = None,
) -> DecisionTable:
    """Return the decisions in a workspace; `own` and `own_mask` are what is not held for a time only."""
    lasting, lasting_mask = own or role, mask if own_mask is None else own_mask

    def reason(bit: int) -> DecisionReason:
        if bit & index.organization_scope:
            return DecisionReason.WRONG_SCOPE
        if not bit & (role.base | mask):
            return lacking
        if not bit & role.ceiling:
            return DecisionReason.CAPPED_BY_ORGANIZATION_ROLE
        if bit & lasting.base & lasting.ceiling:
            return DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE
        return DecisionReason.ALLOWED_BY_WORKSPACE_ROLE if bit & lasting_mask & lasting.ceiling else DecisionReason.ALLOWED_BY_ELEVATION

    return DecisionTable({name: DECISIONS[reason(bit)] for name, bit in index.bits.items()}, bits=index.bits)
