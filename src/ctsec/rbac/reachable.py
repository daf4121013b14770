"""Which roles somebody can come to hold, by the write rules alone, in an organization that starts with its owner.

Rules that this module keeps:

- it says of each role what `ctsec.rbac.writes` says, over all histories at once: a role is reachable if somebody with reachable roles may
  give it to somebody with reachable roles;
- time, keys and exclusive roles take part in no history here: they only narrow.
"""

from __future__ import annotations

from ctsec.rbac.policy import Policy
from ctsec.rbac.role import ADMIN, OWNER, OrganizationRole, WorkspaceRole
from ctsec.rbac.writes import lowest


def reachable_roles(policy: Policy) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of the organization roles and of the workspace roles that somebody can come to hold."""
    organization = [role for role in policy.organization_roles if role.name == OWNER]
    workspace: list[WorkspaceRole] = []
    while True:
        people = [role for role in policy.organization_roles if role not in organization and _gives(policy, organization, role)]
        held = _held_by_managers(policy, organization, workspace)
        places = [role for role in policy.workspace_roles if role not in workspace and _given(policy, organization, held, role)]
        if not people and not places:
            return frozenset(role.name for role in organization), frozenset(role.name for role in workspace)
        organization += people
        workspace += places


def _gives(policy: Policy, actors: list[OrganizationRole], role: OrganizationRole) -> bool:
    """Say whether somebody who is one of these and manages members may make somebody `role`."""
    manage = policy.members_permission
    bit = policy.index.bit(manage) if manage is not None else 0
    return any(
        (bool(actor.organization_mask & bit) if manage is not None else actor.name in {OWNER, ADMIN})
        and not role.organization_mask & ~actor.organization_mask
        and not everywhere(role) & ~everywhere(actor)
        for actor in actors
    )


def _held_by_managers(policy: Policy, organization: list[OrganizationRole], workspace: list[WorkspaceRole]) -> frozenset[int]:
    """Return what those who manage a workspace's people can hold there."""
    manage = policy.workspace_members_permission
    bit = policy.index.bit(manage) if manage is not None else 0
    held: set[int] = set()
    for actor in organization:
        for name, mask in [(None, 0), *((role.name, role.mask) for role in workspace)]:
            whole = (actor.base | mask) & actor.ceiling
            if (whole & bit) if manage is not None else (name == ADMIN or actor.name in {OWNER, ADMIN}):
                held.add(whole)
    return frozenset(held)


def _given(policy: Policy, targets: list[OrganizationRole], held: frozenset[int], role: WorkspaceRole) -> bool:
    """Say whether one who holds one of these may give `role` to somebody who is one of the targets."""
    return any(
        (not role.mask & ~target.ceiling or lowest(policy, role)) and any(not (role.mask | everywhere(target)) & ~mask for mask in held)
        for target in targets
    )


def everywhere(role: OrganizationRole) -> int:
    """Return what an organization role gives in every workspace."""
    return role.base & role.ceiling
