"""A policy as a document in TOML or JSON: read with the validators of the matrix.

    [permissions]                                # each permission and its scope, in the order of the host's enum
    "dashboards:view" = "workspace"
    "members:manage" = "organization"

    [organization_roles.owner]                   # from the highest to the lowest, or each with a `rank`
    organization = "all"                         # what it holds in the organization
    base = "all"                                 # what it holds in every workspace
    ceiling = "all"                              # the most that it can hold in a workspace; without one, everything

    [workspace_roles.viewer]
    permissions = ["dashboards:view"]            # and what the role named by `extends` holds

Rules that this module keeps:

- a set of permissions is a list of names, or "all" for every permission of the scope;
- instead of roles, `matrix` holds one table or a list of them, which `ctsec.rbac.columns` reads; roles of a level that is left out are
  those of a matrix without columns;
- `viewer_ceiling` (true, false, or a set) and `organization_wide_view` mean what they mean for a matrix, so the organization role viewer
  is capped unless it has a `ceiling` of its own, which leaves no room for the first; a switch that reaches no role is an error;
- the roles of a level have a `rank` all of them or none of them;
- `members_permission` and `workspace_members_permission` name what it takes to manage people; false leaves it to the roles; without
  them the permissions of the usual names count, as in a matrix; `exclusive_roles` is a list of lists of workspace roles;
- a host that gives its own permissions has them compared with those of the document, so that a file that is out of date fails at start;
- an unknown key is an error, and every error names its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, cast

from ctsec.rbac import columns
from ctsec.rbac.composition import extended_masks
from ctsec.rbac.document_text import parse_json, parse_toml
from ctsec.rbac.document_values import Table
from ctsec.rbac.errors import PolicyError, below, found, placed
from ctsec.rbac.matrix import Matrix, parse_matrix, require_every_row
from ctsec.rbac.permission import PermissionIndex, Scope, parse_permission, shown
from ctsec.rbac.policy import Policy, managing
from ctsec.rbac.role import (
    EXCLUSIVE_ROLES,
    MEMBER,
    ORGANIZATION_ROLES,
    VIEWER,
    WORKSPACE_ROLES,
    OrganizationRole,
    WorkspaceRole,
    require_names,
)

PERMISSIONS: Final = "permissions"
MATRIX: Final = "matrix"
VIEWER_CEILING: Final = "viewer_ceiling"
WIDE_VIEW: Final = "organization_wide_view"
MEMBERS: Final = "members_permission"
WORKSPACE_MEMBERS: Final = "workspace_members_permission"
KEYS: Final = (
    PERMISSIONS, MATRIX, ORGANIZATION_ROLES, WORKSPACE_ROLES, VIEWER_CEILING, WIDE_VIEW, MEMBERS, WORKSPACE_MEMBERS, EXCLUSIVE_ROLES,
)  # fmt: skip
ORGANIZATION_KEYS: Final = ("organization", "base", "ceiling", "rank")
WORKSPACE_KEYS: Final = ("permissions", "extends", "rank")


def read_toml(text: str, *, permissions: Iterable[str] | None = None) -> Policy:
    """Return the policy in a TOML text (at most 64 KiB); raise PolicyError that names the place of a mistake."""
    return read_document(parse_toml(text), permissions=permissions)


def read_json(text: str, *, permissions: Iterable[str] | None = None) -> Policy:
    """Return the policy in a JSON text (at most 64 KiB); raise PolicyError that names the place of a mistake."""
    return read_document(parse_json(text), permissions=permissions)


def read_document(data: object, *, permissions: Iterable[str] | None = None) -> Policy:
    """Return the policy in a document that was parsed already: dicts, lists, texts, whole numbers and truth values.

    `permissions` is the host's enum, if it has one: the document must then name exactly its permissions, in any order.
    """
    top = Table(data, place="", keys=KEYS)
    index = _index(top)
    if permissions is not None:
        _require_same(index, permissions)
    policy = _from_matrix(top, index) if MATRIX in top else _from_roles(top, index)
    return replace(
        policy,
        members_permission=_managing(top, MEMBERS, index, Scope.ORGANIZATION),
        workspace_members_permission=_managing(top, WORKSPACE_MEMBERS, index, Scope.WORKSPACE),
        exclusive_roles=tuple(frozenset(names) for names in top.lists_of_texts(EXCLUSIVE_ROLES)),
    )


def _index(top: Table) -> PermissionIndex:
    if PERMISSIONS not in top:
        raise PolicyError("expected a table of permissions and their scopes, found nothing", place=PERMISSIONS)
    table = Table(top.get(PERMISSIONS), place=PERMISSIONS)
    scopes = table.texts()
    for name, scope in scopes.items():
        with placed(table.at(name)):
            parse_permission(name)
            if scope not in set(Scope):
                raise ValueError(f"expected {Scope.ORGANIZATION} or {Scope.WORKSPACE}, found {found(scope)}")
    with placed(PERMISSIONS):
        return PermissionIndex.of(scopes, organization_scope=[name for name, scope in scopes.items() if scope == Scope.ORGANIZATION])


def _require_same(index: PermissionIndex, permissions: Iterable[str]) -> None:
    host = tuple(permissions)
    for name in index.names:
        if name not in host:
            raise PolicyError("expected a permission of the host", place=below(PERMISSIONS, name))
    for name in host:
        if name not in index.bits:
            raise PolicyError(f"expected each permission of the host, found no {shown(name)}", place=PERMISSIONS)


def _from_matrix(top: Table, index: PermissionIndex) -> Policy:
    for level in (ORGANIZATION_ROLES, WORKSPACE_ROLES):
        if level in top:
            raise PolicyError("expected either a matrix or roles", place=level)
    matrices: list[Matrix] = []
    for place, text in top.texts_of(MATRIX):
        with placed(place):
            matrices.append(parse_matrix(text, permissions=index.names))
    with placed(MATRIX):
        require_every_row(matrices, permissions=index.names)
        masks = columns.column_masks(matrices, index=index)
        workspace_roles = columns.workspace_roles(masks, index=index)
        require_names(WORKSPACE_ROLES, [role.name for role in workspace_roles])
    return Policy(index=index, organization_roles=_standard_roles(top, masks, index), workspace_roles=workspace_roles)


def _from_roles(top: Table, index: PermissionIndex) -> Policy:
    workspace_roles = _workspace_roles(top, index) if WORKSPACE_ROLES in top else columns.workspace_roles({}, index=index)
    view = {role.name: role.mask for role in workspace_roles if role.name == VIEWER}
    organization_roles = _organization_roles(top, view, index) if ORGANIZATION_ROLES in top else _standard_roles(top, view, index)
    return Policy(index=index, organization_roles=organization_roles, workspace_roles=workspace_roles)


def _standard_roles(top: Table, masks: dict[str, int], index: PermissionIndex) -> tuple[OrganizationRole, ...]:
    return columns.organization_roles(
        masks, index=index, viewer_ceiling=_viewer_ceiling(top, index), organization_wide_view=top.flag(WIDE_VIEW) or False
    )


def _organization_roles(top: Table, masks: dict[str, int], index: PermissionIndex) -> tuple[OrganizationRole, ...]:
    level = Table(top.get(ORGANIZATION_ROLES), place=ORGANIZATION_ROLES)
    tables = level.tables(ORGANIZATION_KEYS)
    require_names(ORGANIZATION_ROLES, list(tables))
    switch = _viewer_ceiling(top, index)
    view = columns.view_mask(masks, index=index, viewer_ceiling=switch)
    ceilings = {name: table.mask("ceiling", index=index, scope=Scope.WORKSPACE) for name, table in tables.items()}
    wide = top.flag(WIDE_VIEW) or False
    if VIEWER_CEILING in top and VIEWER not in ceilings:
        raise PolicyError("expected an organization role named viewer, which this caps", place=VIEWER_CEILING)
    if VIEWER_CEILING in top and ceilings[VIEWER] is not None:
        raise PolicyError("expected either this or a ceiling of the organization role viewer", place=VIEWER_CEILING)
    if wide and not {MEMBER, VIEWER} & tables.keys():
        raise PolicyError("expected an organization role named member or viewer, which this lets see every workspace", place=WIDE_VIEW)
    ranks = _ranks(tables)
    roles: list[OrganizationRole] = []
    for name, table in tables.items():
        ceiling = ceilings[name]
        if ceiling is None:
            ceiling = view if name == VIEWER and switch is not False else index.workspace_scope
        roles.append(
            OrganizationRole(
                name=name,
                organization_mask=table.mask("organization", index=index, scope=Scope.ORGANIZATION) or 0,
                base=(table.mask("base", index=index, scope=Scope.WORKSPACE) or 0) | (view if wide and name in {MEMBER, VIEWER} else 0),
                ceiling=ceiling,
                rank=ranks[name],
            )
        )
    return tuple(roles)


def _workspace_roles(top: Table, index: PermissionIndex) -> tuple[WorkspaceRole, ...]:
    tables = Table(top.get(WORKSPACE_ROLES), place=WORKSPACE_ROLES).tables(WORKSPACE_KEYS)
    require_names(WORKSPACE_ROLES, list(tables))
    own = {name: table.mask("permissions", index=index, scope=Scope.WORKSPACE) or 0 for name, table in tables.items()}
    extends = {name: other for name, table in tables.items() if (other := table.text("extends")) is not None}
    masks = extended_masks(own, extends=extends, place=WORKSPACE_ROLES)
    ranks = _ranks(tables)
    return tuple(WorkspaceRole(name=name, mask=masks[name], rank=ranks[name]) for name in tables)


def _ranks(tables: Mapping[str, Table]) -> dict[str, int]:
    """Return the rank of each role: as the tables say, or by their order, the first being the highest."""
    said = {name: table.number("rank") for name, table in tables.items()}
    if all(rank is None for rank in said.values()):
        return {name: len(said) - position for position, name in enumerate(said)}
    for name, rank in said.items():
        if rank is None:
            raise PolicyError("expected a rank, since another role of this level has one", place=tables[name].place)
    return cast(dict[str, int], said)


def _viewer_ceiling(top: Table, index: PermissionIndex) -> bool | tuple[str, ...]:
    value = top.get(VIEWER_CEILING)
    if isinstance(value, bool) or VIEWER_CEILING not in top:
        return value is not False
    return index.names_of(top.mask(VIEWER_CEILING, index=index, scope=Scope.WORKSPACE) or 0)


def _managing(top: Table, key: str, index: PermissionIndex, scope: Scope) -> str | None:
    if key not in top:
        return managing(index, scope)
    value = top.get(key)
    if value is False:
        return None
    if not isinstance(value, str):
        raise PolicyError(f"expected a permission or false, found {found(value)}", place=key)
    return value
