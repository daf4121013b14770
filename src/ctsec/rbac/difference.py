"""The difference of two policies, exactly: every answer that they give differently, by looking at all of them.

Rules that this module keeps:

- a cell is an organization role, a workspace role or none, a scope and a permission; in the organization's scope there is no workspace
  role, as it has no part in the answer. There are few enough cells to look at each, so nothing is estimated and nothing proved;
- the cells are those of both policies: an organization role that one of them does not have gives nothing there, a workspace role gives
  what no role gives there, a permission is allowed to nobody there. So the names on both sides need not be the same;
- no cell differs if and only if the two give the same answer to every question that both can be asked;
- applied to the table of the one, the difference gives the table of the other, and to any other table it is an error;
- what decides over changes of roles, not over requests (who manages people, what is exclusive, which role is the lowest), is named too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy
from ctsec.rbac.reachable import everywhere


class PolicyPlace(NamedTuple):
    """Where an answer is given: to an organization role, in the organization or in a workspace, there with a workspace role or none."""

    organization_role: str
    scope: Scope
    workspace_role: str | None


PolicyTable: TypeAlias = Mapping[PolicyPlace, frozenset[str]]


class Named(StrEnum):
    """What has a name in a policy."""

    ORGANIZATION_ROLE = "organization_role"
    WORKSPACE_ROLE = "workspace_role"
    PERMISSION = "permission"


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What changes in one place: permissions in the order of the policies."""

    place: PolicyPlace
    gains: tuple[str, ...]
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What changes for an organization role in a scope, with each of some workspace roles (None: with no role) in the same way."""

    organization_role: str
    scope: Scope
    workspace_roles: tuple[str | None, ...]
    gains: tuple[str, ...]
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule about changing roles that is another one afterwards."""

    rule: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDiff:
    """What one policy answers differently from another; its truth value says whether there is anything.

    `changes` has the places where answers differ, `appeared` and `vanished` the names that one side does not have, `rules` the rest.
    """

    changes: tuple[PolicyChange, ...]
    appeared: tuple[tuple[Named, str], ...]
    vanished: tuple[tuple[Named, str], ...]
    rules: tuple[RuleChange, ...]

    def __bool__(self) -> bool:
        return bool(self.changes or self.appeared or self.vanished or self.rules)

    def by_role(self) -> tuple[RoleChange, ...]:
        """Return the changes of each organization role, those that are the same with several workspace roles told once."""
        groups: dict[tuple[str, Scope, tuple[str, ...], tuple[str, ...]], list[str | None]] = {}
        for each in self.changes:
            key = (each.place.organization_role, each.place.scope, each.gains, each.losses)
            groups.setdefault(key, []).append(each.place.workspace_role)
        return tuple(
            RoleChange(organization_role=role, scope=scope, workspace_roles=tuple(places), gains=gains, losses=losses)
            for (role, scope, gains, losses), places in groups.items()
        )

    def apply(self, table: PolicyTable) -> dict[PolicyPlace, frozenset[str]]:
        """Return the table of the policy afterwards, given that of the policy before; raise ValueError if it is the table of another."""
        after = dict(table)
        for each in self.changes:
            held = after.get(each.place)
            gains, losses = frozenset(each.gains), frozenset(each.losses)
            if held is None or not losses <= held or gains & held:
                raise ValueError(f"expected the table that this difference was taken from; it differs at {each.place}")
            after[each.place] = (held - losses) | gains
        return after


def diff(before: Policy, after: Policy) -> PolicyDiff:
    """Return what `after` answers differently from `before`."""
    old, new = tables(before, after)
    order = tuple(dict.fromkeys((*after.permissions, *before.permissions)))
    changes: list[PolicyChange] = []
    for place, held in old.items():
        if held != new[place]:
            gains = tuple(str(name) for name in order if name in new[place] - held)
            losses = tuple(str(name) for name in order if name in held - new[place])
            changes.append(PolicyChange(place, gains, losses))
    names_before, names_after = _names(before), _names(after)
    return PolicyDiff(
        changes=tuple(changes),
        appeared=tuple(each for each in names_after if each not in names_before),
        vanished=tuple(each for each in names_before if each not in names_after),
        rules=tuple(RuleChange(rule, was, _rules(after)[rule]) for rule, was in _rules(before).items() if was != _rules(after)[rule]),
    )


def tables(before: Policy, after: Policy) -> tuple[dict[PolicyPlace, frozenset[str]], dict[PolicyPlace, frozenset[str]]]:
    """Return what each of two policies allows in every place that either knows."""
    organization = _union(role.name for policy in (before, after) for role in policy.organization_roles)
    workspace = _union(role.name for policy in (before, after) for role in policy.workspace_roles)
    places = [PolicyPlace(role, Scope.ORGANIZATION, None) for role in organization]
    places += [PolicyPlace(role, Scope.WORKSPACE, other) for role in organization for other in (None, *workspace)]
    return {place: _allowed(before, place) for place in places}, {place: _allowed(after, place) for place in places}


def _allowed(policy: Policy, place: PolicyPlace) -> frozenset[str]:
    role = policy.organization_role(place.organization_role)
    if role is None:
        return frozenset()
    if place.scope is Scope.ORGANIZATION:
        return frozenset(policy.index.names_of(role.organization_mask))
    own = policy.workspace_role(place.workspace_role) if place.workspace_role is not None else None
    return frozenset(policy.index.names_of(everywhere(role) | (own.mask & role.ceiling if own is not None else 0)))


def _union(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _names(policy: Policy) -> dict[tuple[Named, str], None]:
    roles = [(Named.ORGANIZATION_ROLE, role.name) for role in policy.organization_roles]
    roles += [(Named.WORKSPACE_ROLE, role.name) for role in policy.workspace_roles]
    return dict.fromkeys([*roles, *((Named.PERMISSION, str(name)) for name in policy.permissions)])


def _rules(policy: Policy) -> dict[str, str]:
    ranks = [role.rank for role in policy.workspace_roles if not role.custom]
    lowest = sorted(role.name for role in policy.workspace_roles if not role.custom and role.rank == min(ranks))
    return {
        "members_permission": policy.members_permission or "-",
        "workspace_members_permission": policy.workspace_members_permission or "-",
        "exclusive_roles": "; ".join(sorted(", ".join(sorted(names)) for names in policy.exclusive_roles)) or "-",
        "lowest_workspace_role": ", ".join(lowest) or "-",
    }
