"""What is odd about a policy although it is one: findings of a closed list, each with its place and a sentence.

Rules that this module keeps:

- a finding is a fact about the masks, never a guess at what was meant; a policy may have findings and be right;
- the order is that of the policy, so that two runs can be compared line by line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ctsec.rbac.errors import below
from ctsec.rbac.permission import PermissionIndex
from ctsec.rbac.policy import Policy
from ctsec.rbac.reachable import everywhere, reachable_roles
from ctsec.rbac.role import ORGANIZATION_ROLES, WORKSPACE_ROLES, OrganizationRole, WorkspaceRole
from ctsec.rbac.writes import lowest

_VIEW: Final = "view"
_PERMISSIONS: Final = "permissions"


class FindingKind(StrEnum):
    """What is odd: a closed list, stable, so that a host can accept some of them."""

    UNREACHABLE_ROLE = "unreachable_role"
    WRITE_WITHOUT_VIEW = "write_without_view"
    EQUAL_ROLES = "equal_roles"
    UNUSED_PERMISSION = "unused_permission"
    UNIVERSAL_PERMISSION = "universal_permission"
    BASE_OUTSIDE_CEILING = "base_outside_ceiling"


@dataclass(frozen=True, slots=True)
class Finding:
    """One odd thing: its kind, its place as a document would have it (`workspace_roles.editor`), and a sentence for people."""

    kind: FindingKind
    place: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence} [{self.kind}]"


def lint(policy: Policy) -> tuple[Finding, ...]:
    """Return everything odd about `policy`, by kind and then in the order of the policy; nothing if there is nothing."""
    return (
        *_unreachable(policy),
        *_writes_without_view(policy),
        *_equal(policy),
        *_permissions(policy),
        *_dead_bases(policy),
    )


def _unreachable(policy: Policy) -> Iterator[Finding]:
    organization, workspace = reachable_roles(policy)
    for role in policy.organization_roles:
        if role.name not in organization:
            sentence = f"nobody can be made {role.name}: it gives more than those hold who manage members"
            yield Finding(FindingKind.UNREACHABLE_ROLE, below(ORGANIZATION_ROLES, role.name), sentence)
    targets = [role for role in policy.organization_roles if role.name in organization]
    for place in policy.workspace_roles:
        if not place.mask:
            sentence = f"{place.name} holds nothing"
        elif not any(place.mask & role.ceiling for role in policy.organization_roles):
            sentence = f"{place.name} gives nothing: no organization role has a ceiling that lets any of it through"
        elif place.name not in workspace:
            sentence = f"nobody can be given {place.name}: it gives more than those hold who manage people there"
        elif not any(_adds(policy, place, to=role) for role in targets):
            sentence = f"{place.name} adds nothing: it is above the ceiling of everybody who does not hold all of it anyway"
        else:
            continue
        yield Finding(FindingKind.UNREACHABLE_ROLE, below(WORKSPACE_ROLES, place.name), sentence)


def _adds(policy: Policy, role: WorkspaceRole, *, to: OrganizationRole) -> bool:
    """Say whether somebody may be given the role and then holds more."""
    given = not role.mask & ~to.ceiling or lowest(policy, role)
    return given and bool(role.mask & to.ceiling & ~to.base)


def _writes_without_view(policy: Policy) -> Iterator[Finding]:
    index = policy.index
    for role in policy.organization_roles:
        place = below(ORGANIZATION_ROLES, role.name)
        yield from _blind(index, below(place, "organization"), role.name, role.organization_mask, "holds")
        yield from _blind(index, below(place, "base"), role.name, role.base, "holds")
        yield from _blind(index, below(place, "ceiling"), role.name, role.ceiling, "lets through")
    for each in policy.workspace_roles:
        yield from _blind(index, below(below(WORKSPACE_ROLES, each.name), _PERMISSIONS), each.name, each.mask, "holds")


def _blind(index: PermissionIndex, place: str, role: str, mask: int, verb: str) -> Iterator[Finding]:
    for name in index.names_of(mask):
        view = f"{name.partition(':')[0]}:{_VIEW}"
        bit = index.known([view])
        if bit and not bit & mask and index.scope_of(view) is index.scope_of(name):
            yield Finding(FindingKind.WRITE_WITHOUT_VIEW, place, f"{role} {verb} {name} without {view}")


def _equal(policy: Policy) -> Iterator[Finding]:
    organization = ((role.name, (role.organization_mask, everywhere(role), role.ceiling)) for role in policy.organization_roles)
    yield from _twins(ORGANIZATION_ROLES, organization)
    yield from _twins(WORKSPACE_ROLES, ((role.name, role.mask) for role in policy.workspace_roles))


def _twins(level: str, roles: Iterable[tuple[str, object]]) -> Iterator[Finding]:
    first: dict[object, str] = {}
    for name, held in roles:
        other = first.setdefault(held, name)
        if other != name:
            yield Finding(FindingKind.EQUAL_ROLES, below(level, name), f"{name} is the same as {other}")


def _permissions(policy: Policy) -> Iterator[Finding]:
    index = policy.index
    somebody, everybody = 0, index.everything
    masks = 0
    for each in policy.workspace_roles:
        masks |= each.mask
    for role in policy.organization_roles:
        somebody |= role.organization_mask | ((role.base | masks) & role.ceiling)
        everybody &= role.organization_mask | everywhere(role)
    for name in index.names_of(~somebody & index.everything):
        yield Finding(FindingKind.UNUSED_PERMISSION, below(_PERMISSIONS, name), f"nobody can hold {name}")
    for name in index.names_of(everybody):
        sentence = f"every member of an organization holds {name}, with any role"
        yield Finding(FindingKind.UNIVERSAL_PERMISSION, below(_PERMISSIONS, name), sentence)


def _dead_bases(policy: Policy) -> Iterator[Finding]:
    for role in policy.organization_roles:
        if dead := policy.index.names_of(role.base & ~role.ceiling):
            place = below(below(ORGANIZATION_ROLES, role.name), "base")
            yield Finding(FindingKind.BASE_OUTSIDE_CEILING, place, f"the ceiling of {role.name} takes away {', '.join(dead)}")
