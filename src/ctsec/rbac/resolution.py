"""What a principal may do in a place: its person's standing, its key's narrowing, and how it authenticated, in this order.

A credential that the organization refuses, for it did not come through its provider or for want of a second factor, has nothing there,
whatever the roles; what is another organization's, and a place outside of the key's, is answered before that. With a break-glass code it
has `sso:manage`, if the roles give that, and nothing else.
"""

from __future__ import annotations

from datetime import datetime

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.principal import Principal
from ctsec.rbac.access import Access
from ctsec.rbac.decision import DecisionReason
from ctsec.rbac.entrance import SSO_MANAGE, glass_broken, lacks_sso
from ctsec.rbac.methods import MethodTable
from ctsec.rbac.policy import Policy
from ctsec.rbac.requirement import lacks_mfa
from ctsec.rbac.standing import Standing


def resolve_access(
    policy: Policy,
    principal: Principal,
    standing: Standing | None,
    *,
    organization: OrganizationId,
    workspace: WorkspaceId | None,
    home: OrganizationId | None,
    now: datetime,
    methods: MethodTable | None,
) -> Access:
    """Return the access of `principal`, whose person stands so in `organization`; `home` is the organization that owns the workspace."""
    credential = principal.credential
    here = workspace is None or home == organization
    inside = here and (credential.workspaces is None or workspace in credential.workspaces)
    glass = False
    if inside and standing is not None and lacks_sso(standing, credential, now=now):
        glass = workspace is None and glass_broken(standing, credential, now=now)
        if not glass:
            return policy.refused(DecisionReason.SSO_REQUIRED).placed(organization, workspace)
    if inside and standing is not None and lacks_mfa(standing, credential, now=now):
        return policy.refused(DecisionReason.MFA_REQUIRED).placed(organization, workspace)
    access = policy.access(
        standing,
        now=now,
        workspace=workspace,
        workspace_organization=home,
        scopes=credential.scopes,
        workspaces=credential.workspaces,
    )
    found = authenticated(access, principal, organization=organization, workspace=workspace, now=now, methods=methods)
    return found.alone(SSO_MANAGE, reason=DecisionReason.SSO_REQUIRED) if glass else found


def authenticated(
    access: Access,
    principal: Principal,
    *,
    organization: OrganizationId,
    workspace: WorkspaceId | None,
    now: datetime,
    methods: MethodTable | None,
) -> Access:
    """Return the access that a person's roles and a key's narrowing give in a place, narrowed to how `principal` authenticated."""
    placed = access.placed(organization, workspace)
    return placed if methods is None else methods.narrow(placed, credential=principal.credential, now=now)
