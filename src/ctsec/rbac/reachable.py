"""Which roles somebody can come to hold, by the write rules alone, in an organization that starts with its owner.

Rules that this module keeps:

- it says of each role what `ctsec.rbac.writes` says, over all histories at once. Since nobody gives what they do not hold, whatever
  anybody ever gives is within what the owner holds, and where the owner does not manage people nobody comes to: so it is the owner's
  rights that decide, and no history has to be played;
- time, keys and exclusive roles take part in no history here: they only narrow.
"""

from __future__ import annotations

from ctsec.rbac.policy import Policy
from ctsec.rbac.role import OWNER, OrganizationRole


def reachable_roles(policy: Policy) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of the organization roles and of the workspace roles that somebody can come to hold."""
    owner = next(role for role in policy.organization_roles if role.name == OWNER)
    held = everywhere(owner)
    organization, workspace = {OWNER}, set[str]()
    if _manages(policy, policy.members_permission, owner.organization_mask):
        for role in policy.organization_roles:
            if not role.organization_mask & ~owner.organization_mask and not everywhere(role) & ~held:
                organization.add(role.name)
    if _manages(policy, policy.workspace_members_permission, held):
        workspace.update(role.name for role in policy.workspace_roles if not role.mask & ~held)
    return frozenset(organization), frozenset(workspace)


def everywhere(role: OrganizationRole) -> int:
    """Return what an organization role gives in every workspace."""
    return role.base & role.ceiling


def _manages(policy: Policy, permission: str | None, held: int) -> bool:
    """Say whether an owner who holds these manages people: where no permission is named for that, an owner does."""
    return permission is None or bool(held & policy.index.bit(permission))
