"""Exclusive roles under other names: what an organization's own roles stand for.

Rules that this module keeps:

- a custom role that holds everything of an exclusive role stands for it, and excludes what that role excludes, custom roles included;
- a set of exclusive roles of which one holds all of another is about the greater one: holding it is not holding both;
- a custom role that stands for two roles of a set joins what the policy keeps apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from ctsec.rbac.policy import Policy


def exclusions(policy: Policy, masks: Mapping[str, int]) -> tuple[tuple[frozenset[str], ...], dict[str, tuple[str, str]]]:
    """Return the pairs that exclude each other because custom roles of these `masks` are among them, and the roles that join two.

    The second maps the name of such a role to the two that it joins.
    """
    pairs: list[frozenset[str]] = []
    torn: dict[str, tuple[str, str]] = {}
    for roles in policy.exclusive_roles:
        theirs = {name: role.mask for name in sorted(roles) if (role := policy.workspace_role(name)) is not None}
        stands = {name: name for name in theirs}
        for name, mask in masks.items():
            held = _greatest({other: each for other, each in theirs.items() if each and not each & ~mask})
            if len(held) > 1:
                torn.setdefault(name, (held[0], held[1]))
            elif held:
                stands[name] = held[0]
        for one, two in combinations(stands, 2):
            if stands[one] != stands[two] and not {one, two} <= theirs.keys():
                pairs.append(frozenset({one, two}))
    return tuple(pairs), torn


def _greatest(masks: Mapping[str, int]) -> list[str]:
    """Return the roles of which no other one holds everything and more."""
    return [name for name, mask in masks.items() if not any(mask != other and not mask & ~other for other in masks.values())]
