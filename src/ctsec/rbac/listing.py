"""Lists of workspaces: the same decision as a check, put as sets of role names that a store can look for.

Rules that this module keeps:

- a workspace is listed exactly if a check of the permission there allows: base, mask and ceiling are the policy's, elevations and periods
  count as they do for a check, and a key's scopes and workspaces narrow the list as they narrow a check;
- a permission of the organization has no list of workspaces: asking for one raises, and so does an unknown one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.permission import shown
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whose workspaces with a permission are looked for, and the names of the roles that give it.

    A workspace is listed if the person's organization role is one of `roles`, and they are under one of the ceilings and have one of the
    bases, or of the masks there. `within` are the
    workspaces that a key is narrowed to (None: not narrowed).
    """

    organization: OrganizationId
    user: UserId
    now: datetime
    roles: frozenset[str]
    ceilings: frozenset[str]
    bases: frozenset[str]
    masks: frozenset[str]
    within: frozenset[WorkspaceId] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Ids in their order, and the cursor of the next page (None: this is the last one)."""

    workspaces: tuple[WorkspaceId, ...]
    next: str | None


def reach(
    policy: Policy,
    permission: str,
    *,
    organization: OrganizationId,
    user: UserId,
    now: datetime,
    scopes: frozenset[str] | None = None,
    workspaces: frozenset[WorkspaceId] | None = None,
) -> Reach:
    """Return what to look for; nothing is found where a key's `scopes` leave the permission out.

    Raises UnknownPermission for a name outside of the policy, ValueError for a permission that is held in the organization.
    """
    bit = policy.index.bit(permission)
    if not bit & policy.index.workspace_scope:
        raise ValueError(f"expected a permission that is held in workspaces, found {shown(permission)}")
    if scopes is not None and permission not in scopes:
        bit = 0
    return Reach(
        organization=organization,
        user=user,
        now=now,
        roles=frozenset(role.name for role in policy.organization_roles),
        ceilings=frozenset(role.name for role in policy.organization_roles if role.ceiling & bit),
        bases=frozenset(role.name for role in policy.organization_roles if role.base & bit),
        masks=frozenset(role.name for role in policy.workspace_roles if role.mask & bit),
        within=workspaces,
    )


def reaches(reach: Reach, standing: Standing | None, workspace: WorkspaceId) -> bool:
    """Say whether a workspace of the organization is within reach of a person who stands so: what a store's condition says of a row."""
    if standing is None or not standing.in_force(reach.now) or standing.role not in reach.roles:
        return False
    if reach.within is not None and workspace not in reach.within:
        return False
    raised = [each for each in standing.elevations if each.in_force(reach.now)]
    roles = {standing.role, *(each.role for each in raised if each.workspace is None)}
    if not roles & reach.ceilings:
        return False
    held = standing.workspaces.get(workspace)
    here = {each.role for each in raised if each.workspace == workspace}
    if held is not None and held.in_force(reach.now):
        here.add(held.role)
    return bool(roles & reach.bases or here & reach.masks)
