"""An organization's own workspace roles: names for sets of permissions, over the host's policy and under the same ceilings.

Rules that this module keeps:

- a custom role is a workspace role and nothing else: it holds permissions of the workspace scope, its own and those of the role that it
  extends, a role of the policy or another custom one; a ceiling caps it as it caps any role with the same mask;
- it never takes the name of a role of the policy, on either level, nor one of the four names that mean something by themselves;
- its rank puts it below `admin`, for people to read; it never is the lowest role that may be given above a ceiling;
- who holds everything of an exclusive role by a custom one is held by the same exclusion, and no custom role joins two of them;
- what is new is judged by `with_custom_roles`, which refuses the first mistake. What is stored was right once, and the host has changed
  since: `with_stored_roles` never fails, so that one stale name locks no organization out. What is wrong there grants nothing and is
  reported, and nobody gains by it: a name that the policy has since taken gives only what both roles give.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ctsec.rbac.composition import extended_masks
from ctsec.rbac.document_values import Table, names
from ctsec.rbac.errors import PolicyError, below, placed
from ctsec.rbac.exclusion import exclusions
from ctsec.rbac.permission import MAX_PERMISSIONS, parse_permission, parse_role_name, shown
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import ADMIN, MAX_ROLES, MEMBER, OWNER, VIEWER, WorkspaceRole

CUSTOM_ROLES: Final = "custom_roles"
_RESERVED: Final = frozenset({OWNER, ADMIN, MEMBER, VIEWER})
_KEYS: Final = ("name", "permissions", "extends")


@dataclass(frozen=True, slots=True)
class CustomRole:
    """A workspace role of one organization: `permissions`, and everything of the workspace role named by `extends`.

    Raises PolicyError at `custom_roles.<name>` for names that are malformed or too many; whether they exist is asked with a policy.
    """

    name: str
    permissions: frozenset[str]
    extends: str | None = None

    def __post_init__(self) -> None:
        place = below(CUSTOM_ROLES, self.name)
        with placed(place):
            parse_role_name(self.name)
        with placed(below(place, "permissions")):
            if len(self.permissions) > MAX_PERMISSIONS:
                raise ValueError(f"expected at most {MAX_PERMISSIONS} permissions, found {len(self.permissions)}")
            for permission in sorted(self.permissions):
                parse_permission(permission)
        if self.extends is not None:
            with placed(below(place, "extends")):
                parse_role_name(self.extends)


@dataclass(frozen=True, slots=True)
class RoleProblem:
    """What is wrong with a stored role: where, and what was expected there."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


@dataclass(frozen=True, slots=True)
class StoredRoles:
    """The policy of one organization, and what of its own roles grants nothing."""

    policy: Policy
    problems: tuple[RoleProblem, ...]


def parse_custom_role(data: object) -> CustomRole:
    """Return the role in plain data, such as a request's body: `name`, a list of `permissions`, and `extends`, which may be null.

    Raises PolicyError that names the place of a mistake.
    """
    table = Table(data, place=CUSTOM_ROLES, keys=_KEYS)
    name = table.text("name")
    if name is None:
        raise PolicyError("expected a name, found nothing", place=table.at("name"))
    place = below(CUSTOM_ROLES, name)
    permissions = names(table.get("permissions"), place=below(place, "permissions"))
    extends = Table(data, place=place).text("extends") if table.get("extends") is not None else None
    return CustomRole(name, frozenset(permissions), extends)


def custom_role_data(role: CustomRole) -> dict[str, Any]:
    """Return `role` as plain data that `parse_custom_role` reads back equal; permissions in alphabetical order."""
    return {"name": role.name, "permissions": sorted(role.permissions), "extends": role.extends}


def with_custom_roles(policy: Policy, roles: Iterable[CustomRole]) -> Policy:
    """Return `policy` with an organization's own roles; raise PolicyError for the first mistake in them."""
    joined = with_stored_roles(policy, roles)
    for each in joined.problems:
        raise PolicyError(each.problem, place=each.place)
    return joined.policy


def with_stored_roles(policy: Policy, roles: Iterable[CustomRole]) -> StoredRoles:
    """Return `policy` with an organization's own roles as they are stored, and what is wrong with these; it never raises.

    A permission that the host has removed, or moved to the organization scope, grants nothing, and so does the end of a chain that leads
    nowhere or back to itself, a role joining what is exclusive, a reserved name, and whatever is more than 64 roles in order of names.
    """
    problems: list[RoleProblem] = []
    known = {role.name: role.mask for role in policy.workspace_roles}
    kept = _named(policy, sorted(roles, key=lambda role: role.name), problems)
    own: dict[str, int] = {}
    for role in kept:
        mask = _mask(policy, role, problems)
        if role.name in known:
            known[role.name] &= mask
        else:
            own[role.name] = own[role.name] & mask if role.name in own else mask
    extends = _links({role.name: role.extends for role in kept if role.name in own and role.extends is not None}, known | own, problems)
    masks = extended_masks(own, extends=extends, place=CUSTOM_ROLES, known=known)
    sets, torn = exclusions(policy, masks)
    for name, both in torn.items():
        masks[name] = 0
        problem = f"expected a role that does not join {both[0]} and {both[1]}, which exclude each other"
        problems.append(RoleProblem(below(CUSTOM_ROLES, name), problem))
    builtin = [replace(role, mask=known[role.name]) if role.mask != known[role.name] else role for role in policy.workspace_roles]
    custom = [WorkspaceRole(name=name, mask=mask, rank=_rank(policy, mask), custom=True) for name, mask in masks.items()]
    joined = replace(policy, workspace_roles=(*builtin, *custom), exclusive_roles=(*policy.exclusive_roles, *sets))
    return StoredRoles(joined, tuple(problems))


def _named(policy: Policy, roles: Sequence[CustomRole], problems: list[RoleProblem]) -> list[CustomRole]:
    """Return the roles that count, by their names."""
    room = MAX_ROLES - len(policy.workspace_roles)
    counted: list[CustomRole] = []
    seen: set[str] = set()
    for role in roles:
        place = below(CUSTOM_ROLES, role.name)
        theirs = policy.workspace_role(role.name)
        if theirs is not None or policy.organization_role(role.name) is not None:
            problems.append(RoleProblem(place, "expected a name that no role of the policy has"))
        elif role.name in _RESERVED:
            problems.append(RoleProblem(place, f"expected another name than {', '.join(sorted(_RESERVED))}"))
            continue
        if role.name in seen:
            problems.append(RoleProblem(place, f"expected each role once, found {role.name} twice"))
        elif theirs is None and room == 0:
            problems.append(RoleProblem(place, f"expected at most {MAX_ROLES} workspace roles together with the policy's"))
            continue
        elif theirs is None:
            room -= 1
        seen.add(role.name)
        counted.append(role)
    return counted


def _mask(policy: Policy, role: CustomRole, problems: list[RoleProblem]) -> int:
    index, mask = policy.index, 0
    for permission in sorted(role.permissions):
        bit = index.known([permission])
        if not bit & index.workspace_scope:
            expected = "a permission of the workspace scope" if bit else "a permission of the policy"
            place = below(below(CUSTOM_ROLES, role.name), "permissions")
            problems.append(RoleProblem(place, f"expected {expected}, found {shown(permission)}"))
        mask |= bit & index.workspace_scope
    return mask


def _links(extends: dict[str, str], masks: dict[str, int], problems: list[RoleProblem]) -> dict[str, str]:
    """Return who extends whom without what leads nowhere or back to itself."""
    links: dict[str, str] = {}
    for name, other in extends.items():
        place = below(below(CUSTOM_ROLES, name), "extends")
        if other not in masks:
            problems.append(RoleProblem(place, f"expected the name of a workspace role, found {shown(other)}"))
        elif _returns(name, extends):
            problems.append(RoleProblem(place, "expected roles that do not extend themselves"))
        else:
            links[name] = other
    return links


def _returns(name: str, extends: dict[str, str]) -> bool:
    at, passed = extends.get(name), {name}
    while at is not None and at not in passed:
        passed.add(at)
        at = extends.get(at)
    return at == name


def _rank(policy: Policy, mask: int) -> int:
    """Return the rank of the highest role below admin whose permissions are all in `mask`, or of the lowest role, and less than admin's."""
    below_admin = [role for role in policy.workspace_roles if role.name != ADMIN]
    contained = [role.rank for role in below_admin if not role.mask & ~mask]
    ranks = contained or [min((role.rank for role in below_admin), default=0)]
    admin = policy.workspace_role(ADMIN)
    return min(max(ranks), admin.rank - 1) if admin is not None else max(ranks)
