"""Roles and permissions on two levels: an organization and its workspaces.

The pure part (`Policy`, `Standing`, `Access`, `Decision`, the write rules) decides; the services (`AsyncRoles`, `Roles`) load, ask it,
write and tell. Names are resolved at first use, so `from ctsec.rbac import Policy` loads the standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.rbac._async import AsyncRoles as AsyncRoles
    from ctsec.rbac._async_break_glass import AsyncBreakGlass as AsyncBreakGlass
    from ctsec.rbac._async_elevations import AsyncElevations as AsyncElevations
    from ctsec.rbac._async_lists import AsyncLists as AsyncLists
    from ctsec.rbac._sync import Roles as Roles
    from ctsec.rbac._sync_break_glass import BreakGlass as BreakGlass
    from ctsec.rbac._sync_elevations import Elevations as Elevations
    from ctsec.rbac._sync_lists import Lists as Lists
    from ctsec.rbac.access import Access as Access
    from ctsec.rbac.bounds import Actor as Actor
    from ctsec.rbac.decision import Decision as Decision
    from ctsec.rbac.decision import DecisionReason as DecisionReason
    from ctsec.rbac.elevation import BreakGlassPermit as BreakGlassPermit
    from ctsec.rbac.elevation import ElevationKind as ElevationKind
    from ctsec.rbac.elevation import ElevationPolicy as ElevationPolicy
    from ctsec.rbac.elevation import ElevationRequest as ElevationRequest
    from ctsec.rbac.elevation import ElevationState as ElevationState
    from ctsec.rbac.listing import Page as Page
    from ctsec.rbac.listing import Reach as Reach
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
    from ctsec.rbac.standing import Elevation as Elevation
    from ctsec.rbac.standing import MembershipStatus as MembershipStatus
    from ctsec.rbac.standing import Standing as Standing

_HOME = {
    "Access": "ctsec.rbac.access",
    "Actor": "ctsec.rbac.bounds",
    "Assignment": "ctsec.rbac.standing",
    "AsyncBreakGlass": "ctsec.rbac._async_break_glass",
    "AsyncElevations": "ctsec.rbac._async_elevations",
    "AsyncLists": "ctsec.rbac._async_lists",
    "AsyncRoles": "ctsec.rbac._async",
    "BreakGlass": "ctsec.rbac._sync_break_glass",
    "BreakGlassPermit": "ctsec.rbac.elevation",
    "Decision": "ctsec.rbac.decision",
    "DecisionReason": "ctsec.rbac.decision",
    "Elevation": "ctsec.rbac.standing",
    "ElevationKind": "ctsec.rbac.elevation",
    "ElevationPolicy": "ctsec.rbac.elevation",
    "ElevationRequest": "ctsec.rbac.elevation",
    "ElevationState": "ctsec.rbac.elevation",
    "Elevations": "ctsec.rbac._sync_elevations",
    "Lists": "ctsec.rbac._sync_lists",
    "Matrix": "ctsec.rbac.matrix",
    "MatrixError": "ctsec.rbac.matrix",
    "MembershipStatus": "ctsec.rbac.standing",
    "OrganizationRole": "ctsec.rbac.role",
    "Page": "ctsec.rbac.listing",
    "PermissionIndex": "ctsec.rbac.permission",
    "Policy": "ctsec.rbac.policy",
    "Reach": "ctsec.rbac.listing",
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
    "AsyncBreakGlass",
    "AsyncElevations",
    "AsyncLists",
    "AsyncRoles",
    "BreakGlass",
    "BreakGlassPermit",
    "Decision",
    "DecisionReason",
    "Elevation",
    "ElevationKind",
    "ElevationPolicy",
    "ElevationRequest",
    "ElevationState",
    "Elevations",
    "Lists",
    "Matrix",
    "MatrixError",
    "MembershipStatus",
    "OrganizationRole",
    "Page",
    "PermissionIndex",
    "Policy",
    "Reach",
    "Roles",
    "Scope",
    "Standing",
    "WorkspaceRole",
    "format_matrix",
    "parse_matrix",
    "parse_permission",
]

__getattr__ = face(__name__, _HOME)
