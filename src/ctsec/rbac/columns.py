"""What the columns of a matrix mean on the two levels.

Rules that this module keeps:

- a column describes the role of its name on each level that has one: `owner` and `member` are organization roles, `admin` and `viewer` are
  roles of both levels, every other column is a workspace role;
- the organization always has owner, admin, member and viewer. Without a column, owner holds everything, admin everything in workspaces and
  nothing in the organization, member and viewer nothing of their own;
- in a workspace, owner, admin and member hold their column's permissions everywhere (their base) and are not capped; viewer holds nothing
  everywhere and is capped by its column, or by all `…:view` permissions without one;
- the workspace always has admin, its top: the column `admin`, or everything. The other workspace roles are ordered as the columns are;
- a permission of the organization scope can not be given by a workspace role: such a cell is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ctsec.rbac.matrix import Matrix, MatrixError
from ctsec.rbac.permission import PermissionIndex, Scope
from ctsec.rbac.role import ADMIN, MEMBER, OWNER, VIEWER, OrganizationRole, WorkspaceRole

_ORGANIZATION_COLUMNS: Final = frozenset({OWNER, ADMIN, MEMBER, VIEWER})


def column_masks(matrices: Iterable[Matrix], *, index: PermissionIndex) -> dict[str, int]:
    """Return the mask of each column, in the order of first appearance; raise MatrixError for a cell on the wrong level."""
    masks: dict[str, int] = {}
    for matrix in matrices:
        for column in matrix.columns:
            masks.setdefault(column, 0)
        for row in matrix.rows:
            bit = index.bit(row.permission)
            for column in matrix.columns:
                if column not in row.granted:
                    continue
                if bit & index.organization_scope and column not in _ORGANIZATION_COLUMNS:
                    problem = "expected no or -, because a workspace role can not give a permission of the organization scope"
                    raise MatrixError(problem, line=row.line or None, row=str(row.permission), column=column)
                masks[column] |= bit
    return masks


def view_mask(masks: dict[str, int], *, index: PermissionIndex, viewer_ceiling: bool | Iterable[str]) -> int:
    """Return what "view only" means: the permissions named by `viewer_ceiling`, else the viewer column, else every `…:view`."""
    if not isinstance(viewer_ceiling, bool):
        named = 0
        for permission in viewer_ceiling:
            named |= index.bit_in(Scope.WORKSPACE, permission)
        return named
    if VIEWER in masks:
        return masks[VIEWER] & index.workspace_scope
    return index.mask(name for name in index.names if name.endswith(":view")) & index.workspace_scope


def organization_roles(
    masks: dict[str, int], *, index: PermissionIndex, viewer_ceiling: bool | Iterable[str] = True, organization_wide_view: bool = False
) -> tuple[OrganizationRole, ...]:
    """Return owner, admin, member and viewer as the columns describe them."""
    workspace = index.workspace_scope
    view = view_mask(masks, index=index, viewer_ceiling=viewer_ceiling)
    everywhere = view if organization_wide_view else 0
    held = {
        OWNER: masks.get(OWNER, index.everything),
        ADMIN: masks.get(ADMIN, workspace),
        MEMBER: masks.get(MEMBER, 0),
        VIEWER: masks.get(VIEWER, 0) & index.organization_scope,
    }
    base = {name: mask & workspace for name, mask in held.items()}
    base[MEMBER] |= everywhere
    base[VIEWER] |= everywhere
    ceiling = dict.fromkeys(held, workspace)
    if viewer_ceiling is not False:
        ceiling[VIEWER] = view
    return tuple(
        OrganizationRole(
            name=name, organization_mask=mask & index.organization_scope, base=base[name], ceiling=ceiling[name], rank=len(held) - position
        )
        for position, (name, mask) in enumerate(held.items())
    )


def workspace_roles(masks: dict[str, int], *, index: PermissionIndex) -> tuple[WorkspaceRole, ...]:
    """Return admin and the workspace roles that the columns describe, highest first."""
    names: Sequence[str] = [ADMIN, *(name for name in masks if name not in {OWNER, ADMIN, MEMBER})]
    return tuple(
        WorkspaceRole(name=name, mask=masks.get(name, index.everything) & index.workspace_scope, rank=len(names) - position)
        for position, name in enumerate(names)
    )
