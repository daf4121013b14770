"""Roles of the two levels, as masks over a policy's `PermissionIndex`.

Rules that this module keeps:

- an organization role is three masks: what it holds in the organization, what it holds in every workspace (`base`), and the most that
  anybody with this role can hold in a workspace (`ceiling`);
- a workspace role is one mask;
- effective(organization) = organization_mask; effective(workspace) = (base | mask) & ceiling;
- `rank` orders roles for people (greater is higher) and never takes part in a decision;
- the organization role named `owner` exists in every policy and has the highest rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ctsec.rbac.errors import PolicyError, below, placed
from ctsec.rbac.permission import PermissionIndex, parse_role_name, shown

OWNER: Final = "owner"
ADMIN: Final = "admin"
MEMBER: Final = "member"
VIEWER: Final = "viewer"
MAX_ROLES: Final = 64
ORGANIZATION_ROLES: Final = "organization_roles"
WORKSPACE_ROLES: Final = "workspace_roles"
EXCLUSIVE_ROLES: Final = "exclusive_roles"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationRole:
    """What a member is in the whole organization; masks over the policy's index."""

    name: str
    organization_mask: int
    base: int
    ceiling: int
    rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRole:
    """What a member is in one workspace; `mask` over the policy's index. `custom` is a role of one organization's own."""

    name: str
    mask: int
    rank: int = 0
    custom: bool = False


def validate_roles(
    index: PermissionIndex, *, organization_roles: tuple[OrganizationRole, ...], workspace_roles: tuple[WorkspaceRole, ...]
) -> None:
    """Raise PolicyError that names the role if a name is malformed or repeated, a mask leaves its scope, or owner is not the top."""
    require_names(ORGANIZATION_ROLES, [role.name for role in organization_roles])
    require_names(WORKSPACE_ROLES, [role.name for role in workspace_roles])
    for organization_role in organization_roles:
        place = below(ORGANIZATION_ROLES, organization_role.name)
        _inside(place, organization_role.name, organization_role.organization_mask, index.organization_scope)
        _inside(place, organization_role.name, organization_role.base | organization_role.ceiling, index.workspace_scope)
    for workspace_role in workspace_roles:
        _inside(below(WORKSPACE_ROLES, workspace_role.name), workspace_role.name, workspace_role.mask, index.workspace_scope)
    ranks = {role.name: role.rank for role in organization_roles}
    if OWNER not in ranks:
        raise PolicyError("expected an organization role named owner", place=ORGANIZATION_ROLES)
    if any(rank >= ranks[OWNER] for name, rank in ranks.items() if name != OWNER):
        raise PolicyError("expected owner to have the highest rank of the organization roles", place=ORGANIZATION_ROLES)


def validate_exclusive(sets: tuple[frozenset[str], ...], *, workspace_roles: tuple[WorkspaceRole, ...]) -> None:
    """Raise PolicyError if a set of exclusive roles names fewer than two roles, or one that is no workspace role of the policy."""
    known = {role.name for role in workspace_roles}
    for position, each in enumerate(sets):
        with placed(f"{EXCLUSIVE_ROLES}[{position}]"):
            if len(each) < 2:
                raise ValueError("expected at least two roles that exclude each other")
            for name in sorted(each - known):
                raise ValueError(f"expected the name of a workspace role, found {shown(name)}")


def require_names(level: str, names: Sequence[str]) -> None:
    """Raise PolicyError that names the role if there are too many on a level, or one is malformed or repeated."""
    if len(names) > MAX_ROLES:
        raise PolicyError(f"expected at most {MAX_ROLES} roles on a level, found {len(names)}", place=level)
    seen: set[str] = set()
    for name in names:
        with placed(below(level, name)):
            if parse_role_name(name) in seen:
                raise ValueError(f"expected each role once, found {name} twice")
        seen.add(name)


def _inside(place: str, name: str, mask: int, scope: int) -> None:
    if mask < 0 or mask & ~scope:
        raise PolicyError(f"expected the masks of role {name} to hold permissions of their own scope only", place=place)
