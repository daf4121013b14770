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
    from ctsec.rbac.batch import check_many as check_many
    from ctsec.rbac.bounds import Actor as Actor
    from ctsec.rbac.change import AdmitMember as AdmitMember
    from ctsec.rbac.change import AskIn as AskIn
    from ctsec.rbac.change import AssignWorkspaceRole as AssignWorkspaceRole
    from ctsec.rbac.change import Change as Change
    from ctsec.rbac.change import ChangeOrganizationRole as ChangeOrganizationRole
    from ctsec.rbac.change import EndSuspension as EndSuspension
    from ctsec.rbac.change import Extend as Extend
    from ctsec.rbac.change import StartNow as StartNow
    from ctsec.rbac.change import StepUp as StepUp
    from ctsec.rbac.change import UseMethod as UseMethod
    from ctsec.rbac.change import WidenKeyScopes as WidenKeyScopes
    from ctsec.rbac.change import WidenKeyWorkspaces as WidenKeyWorkspaces
    from ctsec.rbac.change import applied as applied
    from ctsec.rbac.condition import AllOf as AllOf
    from ctsec.rbac.condition import AnyOf as AnyOf
    from ctsec.rbac.condition import ByMethod as ByMethod
    from ctsec.rbac.condition import Condition as Condition
    from ctsec.rbac.condition import During as During
    from ctsec.rbac.condition import FreshFactor as FreshFactor
    from ctsec.rbac.condition import FromNetwork as FromNetwork
    from ctsec.rbac.condition import NotRequester as NotRequester
    from ctsec.rbac.condition import Situation as Situation
    from ctsec.rbac.condition import Weekday as Weekday
    from ctsec.rbac.condition import conditioned as conditioned
    from ctsec.rbac.decision import Decision as Decision
    from ctsec.rbac.decision import DecisionReason as DecisionReason
    from ctsec.rbac.elevation import BreakGlassPermit as BreakGlassPermit
    from ctsec.rbac.elevation import ElevationKind as ElevationKind
    from ctsec.rbac.elevation import ElevationPolicy as ElevationPolicy
    from ctsec.rbac.elevation import ElevationRequest as ElevationRequest
    from ctsec.rbac.elevation import ElevationState as ElevationState
    from ctsec.rbac.explanation import Cause as Cause
    from ctsec.rbac.explanation import Explanation as Explanation
    from ctsec.rbac.explanation import Rule as Rule
    from ctsec.rbac.explanation import explain as explain
    from ctsec.rbac.listing import Page as Page
    from ctsec.rbac.listing import Reach as Reach
    from ctsec.rbac.matrix import Matrix as Matrix
    from ctsec.rbac.matrix import MatrixError as MatrixError
    from ctsec.rbac.matrix import format_matrix as format_matrix
    from ctsec.rbac.matrix import parse_matrix as parse_matrix
    from ctsec.rbac.methods import Method as Method
    from ctsec.rbac.methods import MethodTable as MethodTable
    from ctsec.rbac.permission import PermissionIndex as PermissionIndex
    from ctsec.rbac.permission import Scope as Scope
    from ctsec.rbac.permission import parse_permission as parse_permission
    from ctsec.rbac.policy import Policy as Policy
    from ctsec.rbac.question import Ask as Ask
    from ctsec.rbac.question import Question as Question
    from ctsec.rbac.role import OrganizationRole as OrganizationRole
    from ctsec.rbac.role import WorkspaceRole as WorkspaceRole
    from ctsec.rbac.snapshot import Snapshot as Snapshot
    from ctsec.rbac.standing import Assignment as Assignment
    from ctsec.rbac.standing import Elevation as Elevation
    from ctsec.rbac.standing import MembershipStatus as MembershipStatus
    from ctsec.rbac.standing import Standing as Standing

_HOME = {
    "Access": "ctsec.rbac.access",
    "Actor": "ctsec.rbac.bounds",
    "AdmitMember": "ctsec.rbac.change",
    "AllOf": "ctsec.rbac.condition",
    "AnyOf": "ctsec.rbac.condition",
    "Ask": "ctsec.rbac.question",
    "AskIn": "ctsec.rbac.change",
    "AssignWorkspaceRole": "ctsec.rbac.change",
    "Assignment": "ctsec.rbac.standing",
    "AsyncBreakGlass": "ctsec.rbac._async_break_glass",
    "AsyncElevations": "ctsec.rbac._async_elevations",
    "AsyncLists": "ctsec.rbac._async_lists",
    "AsyncRoles": "ctsec.rbac._async",
    "BreakGlass": "ctsec.rbac._sync_break_glass",
    "BreakGlassPermit": "ctsec.rbac.elevation",
    "ByMethod": "ctsec.rbac.condition",
    "Cause": "ctsec.rbac.explanation",
    "Change": "ctsec.rbac.change",
    "ChangeOrganizationRole": "ctsec.rbac.change",
    "Condition": "ctsec.rbac.condition",
    "Decision": "ctsec.rbac.decision",
    "DecisionReason": "ctsec.rbac.decision",
    "During": "ctsec.rbac.condition",
    "Elevation": "ctsec.rbac.standing",
    "ElevationKind": "ctsec.rbac.elevation",
    "ElevationPolicy": "ctsec.rbac.elevation",
    "ElevationRequest": "ctsec.rbac.elevation",
    "ElevationState": "ctsec.rbac.elevation",
    "Elevations": "ctsec.rbac._sync_elevations",
    "EndSuspension": "ctsec.rbac.change",
    "Explanation": "ctsec.rbac.explanation",
    "Extend": "ctsec.rbac.change",
    "FreshFactor": "ctsec.rbac.condition",
    "FromNetwork": "ctsec.rbac.condition",
    "Lists": "ctsec.rbac._sync_lists",
    "Matrix": "ctsec.rbac.matrix",
    "MatrixError": "ctsec.rbac.matrix",
    "MembershipStatus": "ctsec.rbac.standing",
    "Method": "ctsec.rbac.methods",
    "MethodTable": "ctsec.rbac.methods",
    "NotRequester": "ctsec.rbac.condition",
    "OrganizationRole": "ctsec.rbac.role",
    "Page": "ctsec.rbac.listing",
    "PermissionIndex": "ctsec.rbac.permission",
    "Policy": "ctsec.rbac.policy",
    "Question": "ctsec.rbac.question",
    "Reach": "ctsec.rbac.listing",
    "Roles": "ctsec.rbac._sync",
    "Rule": "ctsec.rbac.explanation",
    "Scope": "ctsec.rbac.permission",
    "Situation": "ctsec.rbac.condition",
    "Snapshot": "ctsec.rbac.snapshot",
    "Standing": "ctsec.rbac.standing",
    "StartNow": "ctsec.rbac.change",
    "StepUp": "ctsec.rbac.change",
    "UseMethod": "ctsec.rbac.change",
    "Weekday": "ctsec.rbac.condition",
    "WidenKeyScopes": "ctsec.rbac.change",
    "WidenKeyWorkspaces": "ctsec.rbac.change",
    "WorkspaceRole": "ctsec.rbac.role",
    "applied": "ctsec.rbac.change",
    "check_many": "ctsec.rbac.batch",
    "conditioned": "ctsec.rbac.condition",
    "explain": "ctsec.rbac.explanation",
    "format_matrix": "ctsec.rbac.matrix",
    "parse_matrix": "ctsec.rbac.matrix",
    "parse_permission": "ctsec.rbac.permission",
}
__all__ = [
    "Access",
    "Actor",
    "AdmitMember",
    "AllOf",
    "AnyOf",
    "Ask",
    "AskIn",
    "AssignWorkspaceRole",
    "Assignment",
    "AsyncBreakGlass",
    "AsyncElevations",
    "AsyncLists",
    "AsyncRoles",
    "BreakGlass",
    "BreakGlassPermit",
    "ByMethod",
    "Cause",
    "Change",
    "ChangeOrganizationRole",
    "Condition",
    "Decision",
    "DecisionReason",
    "During",
    "Elevation",
    "ElevationKind",
    "ElevationPolicy",
    "ElevationRequest",
    "ElevationState",
    "Elevations",
    "EndSuspension",
    "Explanation",
    "Extend",
    "FreshFactor",
    "FromNetwork",
    "Lists",
    "Matrix",
    "MatrixError",
    "MembershipStatus",
    "Method",
    "MethodTable",
    "NotRequester",
    "OrganizationRole",
    "Page",
    "PermissionIndex",
    "Policy",
    "Question",
    "Reach",
    "Roles",
    "Rule",
    "Scope",
    "Situation",
    "Snapshot",
    "Standing",
    "StartNow",
    "StepUp",
    "UseMethod",
    "Weekday",
    "WidenKeyScopes",
    "WidenKeyWorkspaces",
    "WorkspaceRole",
    "applied",
    "check_many",
    "conditioned",
    "explain",
    "format_matrix",
    "parse_matrix",
    "parse_permission",
]

__getattr__ = face(__name__, _HOME)
