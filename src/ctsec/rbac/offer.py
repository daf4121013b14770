"""What roles there are to give in an organization, as data: for whoever decides about roles without knowing the policy.

Rules that this module keeps:

- a workspace role fits an organization role if its ceiling caps nothing of it, or it is the lowest one, which everybody may hold;
- what excludes what is the policy's of the organization, its own roles among it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctsec.rbac.policy import Policy
from ctsec.rbac.writes import lowest


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The roles of an organization: by organization role the workspace roles that fit it, and the sets that exclude each other."""

    fitting: Mapping[str, frozenset[str]]
    workspace_roles: frozenset[str]
    exclusive: tuple[frozenset[str], ...] = ()

    def excludes(self, role: str, *, beside: frozenset[str]) -> bool:
        """Tell whether a role may not be held beside others."""
        return any(role in roles and (roles - {role}) & beside for roles in self.exclusive)


def offered(policy: Policy) -> Offer:
    """Return the roles of a policy."""
    every = policy.workspace_roles
    return Offer(
        fitting={
            each.name: frozenset(role.name for role in every if lowest(policy, role) or not role.mask & ~each.ceiling)
            for each in policy.organization_roles
        },
        workspace_roles=frozenset(role.name for role in every),
        exclusive=policy.exclusive_roles,
    )
