"""The reference evaluator: what the semantics of roles say, by set algebra on names, slowly and obviously right.

Everything that decides is compared with `allowed`. It shares no code with the policy: it reads roles, periods and masks as data only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Assignment, Elevation, Standing


def allowed(
    policy: Policy,
    standing: Standing | None,
    permission: str,
    *,
    now: datetime,
    workspace: str | None = None,
    workspace_organization: str | None = None,
    scopes: Collection[str] | None = None,
    workspaces: Collection[str] | None = None,
) -> bool:
    """Say whether `permission` is allowed, to a key that is narrowed to `scopes` and `workspaces` (None: not narrowed)."""

    def names(masks: Iterable[int]) -> set[str]:
        return {name for mask in masks for position, name in enumerate(policy.index.names) if mask >> position & 1}

    def counts(period: Standing | Assignment | Elevation) -> bool:
        return (period.starts_at is None or now >= period.starts_at) and (period.expires_at is None or now < period.expires_at)

    if standing is None or standing.status.value != "active" or not counts(standing):
        return False
    if (scopes is not None and permission not in scopes) or (workspaces is not None and workspace not in workspaces):
        return False
    roles = {role.name: role for role in policy.organization_roles}
    if standing.role not in roles:
        return False
    raised = [each for each in standing.elevations if counts(each)]
    own = [roles[standing.role], *(roles[each.role] for each in raised if each.workspace is None and each.role in roles)]
    if workspace is None:
        return permission in names(role.organization_mask for role in own)
    if workspace_organization != standing.organization:
        return False
    held = [each for place, each in standing.workspaces.items() if place == workspace and counts(each)]
    here = {*(each.role for each in held), *(each.role for each in raised if each.workspace == workspace)}
    masks = [*(role.base for role in own), *(role.mask for role in policy.workspace_roles if role.name in here)]
    return permission in names(masks) & names(role.ceiling for role in own)
