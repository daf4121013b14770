"""The built-in policy: the product page's roles and permission matrix, and the permissions that the page names in words only.

Rules that this module keeps:

- `MATRIX` is the product's table row by row; "Manage members" is two rows, since a workspace admin must not add people to the organization;
- `FURTHER` holds what the table leaves out: an organization viewer sees dashboards and reports only, an editor changes a workspace's
  settings but not the organization's, everybody has their own API keys;
- an extra permission changes no cell of the product's table.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ctsec.rbac.policy import Policy


class Permission(StrEnum):
    """The permissions of the built-in policy: nine of the product's table, then those beside it."""

    DASHBOARDS_VIEW = "dashboards:view"
    AGENTS_RUN = "agents:run"
    RECOMMENDATIONS_CREATE = "recommendations:create"
    OPERATIONS_APPROVE = "operations:approve"
    CONNECTIONS_MANAGE = "connections:manage"
    WORKSPACE_MEMBERS_MANAGE = "workspace_members:manage"
    MEMBERS_MANAGE = "members:manage"
    ORGANIZATION_MANAGE = "organization:manage"
    BILLING_MANAGE = "billing:manage"
    REPORTS_VIEW = "reports:view"
    RECOMMENDATIONS_VIEW = "recommendations:view"
    WORKSPACE_SETTINGS_MANAGE = "workspace_settings:manage"
    WORKSPACES_MANAGE = "workspaces:manage"
    AUDIT_VIEW = "audit:view"
    SSO_MANAGE = "sso:manage"
    MEMBER_MFA_RESET = "member_mfa:reset"
    API_KEYS_MANAGE = "api_keys:manage"
    SERVICE_ACCOUNTS_MANAGE = "service_accounts:manage"


MATRIX: Final = """
permission                owner  admin  editor  operator  viewer
dashboards:view           yes    yes    yes     yes       yes
agents:run                yes    yes    yes     yes       -
recommendations:create    yes    yes    yes     -         -
operations:approve        yes    yes    yes     -         -
connections:manage        yes    yes    yes     -         -
workspace_members:manage  yes    yes    -       -         -
members:manage            yes    yes    -       -         -
organization:manage       yes    yes    -       -         -
billing:manage            yes    -      -       -         -
"""

FURTHER: Final = """
permission                 owner  admin  member  editor  operator  viewer
reports:view               yes    yes    -       yes     yes       yes
recommendations:view       yes    yes    -       yes     yes       yes
workspace_settings:manage  yes    yes    -       yes     -         -
workspaces:manage          yes    yes    -       -       -         -
audit:view                 yes    yes    -       -       -         -
sso:manage                 yes    yes    -       -       -         -
member_mfa:reset           yes    yes    -       -       -         -
api_keys:manage            yes    yes    yes     -       -         yes
service_accounts:manage    yes    yes    -       -       -         -
"""

ORGANIZATION_SCOPE: Final = (
    Permission.MEMBERS_MANAGE,
    Permission.ORGANIZATION_MANAGE,
    Permission.BILLING_MANAGE,
    Permission.WORKSPACES_MANAGE,
    Permission.AUDIT_VIEW,
    Permission.SSO_MANAGE,
    Permission.MEMBER_MFA_RESET,
    Permission.API_KEYS_MANAGE,
    Permission.SERVICE_ACCOUNTS_MANAGE,
)
VIEWER_CEILING: Final = (Permission.DASHBOARDS_VIEW, Permission.REPORTS_VIEW)


def preset_policy(*, viewer_ceiling: bool = True, organization_wide_view: bool = False) -> Policy:
    """Return the built-in policy with its two switches: whether viewer is a ceiling, and whether everybody sees every workspace."""
    return Policy.from_matrix(
        Permission,
        MATRIX,
        FURTHER,
        organization_scope=ORGANIZATION_SCOPE,
        viewer_ceiling=VIEWER_CEILING if viewer_ceiling else False,
        organization_wide_view=organization_wide_view,
    )


POLICY: Final = preset_policy()
