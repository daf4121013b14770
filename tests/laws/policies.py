"""Policies that the laws are tried on: the built-in one and its switches, roles of a host's own, and what a matrix can say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ctsec.rbac import OrganizationRole, Policy
from ctsec.rbac.preset import preset_policy
from ctsec.testing.laws import Claims


def union() -> Policy:
    """Return the built-in policy in which viewer is no ceiling."""
    return preset_policy(viewer_ceiling=False)


def wide() -> Policy:
    """Return the built-in policy in which everybody sees every workspace."""
    return preset_policy(organization_wide_view=True)


def apart() -> Policy:
    """Return the built-in policy with two roles that exclude each other."""
    return replace(preset_policy(), exclusive_roles=(frozenset({"editor", "operator"}),))


def pairs_apart() -> Policy:
    """Return the built-in policy with two pairs of roles that exclude each other."""
    return replace(preset_policy(), exclusive_roles=(frozenset({"editor", "operator"}), frozenset({"admin", "viewer"})))


def audited() -> Policy:
    """Return a policy with a role that holds what its owner does not."""
    names = ("dashboards:view", "ledger:read")
    return Policy.from_matrix(names, "permission owner admin editor auditor\ndashboards:view yes yes yes yes\nledger:read - - - yes")


def equal() -> Policy:
    """Return a policy whose admin holds what its owner does."""
    return Policy.from_matrix(("a:view",), "permission owner admin editor viewer\na:view yes yes yes yes")


def hr() -> Policy:
    """Return the built-in policy with a role that adds people and has no right in any workspace."""
    return _with("hr", organization=("members:manage", "api_keys:manage"), base=(), ceiling=None)


def boss() -> Policy:
    """Return the built-in policy with a role that besides manages the people of every workspace and views it, and runs at most."""
    base = ("workspace_members:manage", "dashboards:view")
    return _with("boss", organization=("members:manage", "api_keys:manage"), base=base, ceiling=(*base, "agents:run"))


def unmanaged() -> Policy:
    """Return a policy that has no permission to manage people: owners and admins do."""
    return Policy.from_matrix(("a:view", "a:edit"), "permission owner admin editor viewer\na:view yes yes - yes\na:edit yes - yes -")


def _with(name: str, *, organization: tuple[str, ...], base: tuple[str, ...], ceiling: tuple[str, ...] | None) -> Policy:
    policy = preset_policy()
    index = policy.index
    top = index.workspace_scope if ceiling is None else index.mask(ceiling)
    role = OrganizationRole(name=name, organization_mask=index.mask(organization), base=index.mask(base), ceiling=top, rank=2)
    return replace(policy, organization_roles=(*policy.organization_roles, role))


_LADDER: Final = ("viewer", "member", "admin", "owner")
# What is claimed of each beyond its ranks: a role beside the ladder is compared with those that it is above and below.
POLICIES: Final[Mapping[str, tuple[Callable[[], Policy], Claims]]] = {
    "preset": (preset_policy, Claims()),
    "union": (union, Claims()),
    "wide": (wide, Claims()),
    "exclusive": (pairs_apart, Claims()),
    "hr": (hr, Claims(organization_chains=(_LADDER, ("member", "hr", "owner")))),
    "boss": (boss, Claims(organization_chains=(_LADDER, ("boss", "owner")))),
    "equal": (equal, Claims()),
    "unmanaged": (unmanaged, Claims(workspace_chains=(("viewer", "admin"),))),
}
