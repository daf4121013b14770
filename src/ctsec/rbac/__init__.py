"""Roles and permissions on two levels: an organization and its workspaces.

The pure part (`Policy`, `Standing`, `Access`, `Decision`, the write rules) decides; the services (`AsyncRoles`, `Roles`) load, ask it,
write and tell. Names are resolved at first use, so `from ctsec.rbac import Policy` loads the standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.rbac._async import AsyncRoles as AsyncRoles
    from ctsec.rbac._sync import Roles as Roles
    from ctsec.rbac.access import Access as Access
    from ctsec.rbac.decision import Decision as Decision
    from ctsec.rbac.decision import DecisionReason as DecisionReason
    from ctsec.rbac.matrix import Matrix as Matrix
    from ctsec.rbac.matrix import MatrixError as MatrixError
    from ctsec.rbac.matrix import format_matrix as format_matrix
    from ctsec.rbac.matrix import parse_matrix as parse_matrix
    from ctsec.rbac.permission import PermissionIndex as PermissionIndex
    from ctsec.rbac.permission import Scope as Scope
    from ctsec.rbac.permission import parse_permission as parse_permission
    from ctsec.rbac.policy import Policy as Policy
    from ctsec.rbac.role import OrganizationRole as OrganizationRole
    from ctsec.rbac.role import WorkspaceRole as WorkspaceRole
    from ctsec.rbac.standing import Assignment as Assignment
    from ctsec.rbac.standing import MembershipStatus as MembershipStatus
    from ctsec.rbac.standing import Standing as Standing
    from ctsec.rbac.writes import Actor as Actor

_HOME = {
    "Access": "ctsec.rbac.access",
    "Actor": "ctsec.rbac.writes",
    "Assignment": "ctsec.rbac.standing",
    "AsyncRoles": "ctsec.rbac._async",
    "Decision": "ctsec.rbac.decision",
    "DecisionReason": "ctsec.rbac.decision",
    "Matrix": "ctsec.rbac.matrix",
    "MatrixError": "ctsec.rbac.matrix",
    "MembershipStatus": "ctsec.rbac.standing",
    "OrganizationRole": "ctsec.rbac.role",
    "PermissionIndex": "ctsec.rbac.permission",
    "Policy": "ctsec.rbac.policy",
    "Roles": "ctsec.rbac._sync",
    "Scope": "ctsec.rbac.permission",
    "Standing": "ctsec.rbac.standing",
    "WorkspaceRole": "ctsec.rbac.role",
    "format_matrix": "ctsec.rbac.matrix",
    "parse_matrix": "ctsec.rbac.matrix",
    "parse_permission": "ctsec.rbac.permission",
}
__all__ = [
    "Access",
    "Actor",
    "Assignment",
    "AsyncRoles",
    "Decision",
    "DecisionReason",
    "Matrix",
    "MatrixError",
    "MembershipStatus",
    "OrganizationRole",
    "PermissionIndex",
    "Policy",
    "Roles",
    "Scope",
    "Standing",
    "WorkspaceRole",
    "format_matrix",
    "parse_matrix",
    "parse_permission",
]

__getattr__ = face(__name__, _HOME)
