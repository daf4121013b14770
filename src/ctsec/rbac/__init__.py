"""Roles and permissions on two levels: an organization and its workspaces.

The pure part (`Policy`, `Standing`, `Access`, `Decision`, the write rules) decides; the services (`AsyncRoles`, `Roles`) load, ask it,
write and tell. Names are resolved at first use, so `from ctsec.rbac import Policy` loads the standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.mfa_policy import MfaPolicy as MfaPolicy
    from ctsec.rbac._async import AsyncRoles as AsyncRoles
    from ctsec.rbac._async_break_glass import AsyncBreakGlass as AsyncBreakGlass
    from ctsec.rbac._async_custom import AsyncCustomRoles as AsyncCustomRoles
    from ctsec.rbac._async_elevations import AsyncElevations as AsyncElevations
    from ctsec.rbac._async_lists import AsyncLists as AsyncLists
    from ctsec.rbac._async_requirements import AsyncRequirements as AsyncRequirements
    from ctsec.rbac._sync import Roles as Roles
    from ctsec.rbac._sync_break_glass import BreakGlass as BreakGlass
    from ctsec.rbac._sync_custom import CustomRoles as CustomRoles
    from ctsec.rbac._sync_elevations import Elevations as Elevations
    from ctsec.rbac._sync_lists import Lists as Lists
    from ctsec.rbac._sync_requirements import Requirements as Requirements
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
    from ctsec.rbac.condition import conditioned_access as conditioned_access
    from ctsec.rbac.custom import CustomRole as CustomRole
    from ctsec.rbac.custom import RoleProblem as RoleProblem
    from ctsec.rbac.custom import StoredRoles as StoredRoles
    from ctsec.rbac.custom import custom_role_data as custom_role_data
    from ctsec.rbac.custom import parse_custom_role as parse_custom_role
    from ctsec.rbac.custom import with_custom_roles as with_custom_roles
    from ctsec.rbac.custom import with_stored_roles as with_stored_roles
    from ctsec.rbac.custom_record import CustomRoleRecord as CustomRoleRecord
    from ctsec.rbac.decision import Decision as Decision
    from ctsec.rbac.decision import DecisionReason as DecisionReason
    from ctsec.rbac.difference import PolicyChange as PolicyChange
    from ctsec.rbac.difference import PolicyDiff as PolicyDiff
    from ctsec.rbac.difference import PolicyPlace as PolicyPlace
    from ctsec.rbac.difference import RoleChange as RoleChange
    from ctsec.rbac.difference import RuleChange as RuleChange
    from ctsec.rbac.difference import diff as diff
    from ctsec.rbac.document_writer import policy_document as policy_document
    from ctsec.rbac.drifting import Drift as Drift
    from ctsec.rbac.drifting import drift as drift
    from ctsec.rbac.elevation import BreakGlassPermit as BreakGlassPermit
    from ctsec.rbac.elevation import ElevationKind as ElevationKind
    from ctsec.rbac.elevation import ElevationPolicy as ElevationPolicy
    from ctsec.rbac.elevation import ElevationRequest as ElevationRequest
    from ctsec.rbac.elevation import ElevationState as ElevationState
    from ctsec.rbac.errors import PolicyError as PolicyError
    from ctsec.rbac.explanation import Cause as Cause
    from ctsec.rbac.explanation import Explanation as Explanation
    from ctsec.rbac.explanation import Rule as Rule
    from ctsec.rbac.explanation import explain as explain
    from ctsec.rbac.findings import Finding as Finding
    from ctsec.rbac.findings import FindingKind as FindingKind
    from ctsec.rbac.findings import lint as lint
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
    from ctsec.rbac.simulation import PersonChange as PersonChange
    from ctsec.rbac.simulation import simulate as simulate
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
    "AsyncCustomRoles": "ctsec.rbac._async_custom",
    "AsyncElevations": "ctsec.rbac._async_elevations",
    "AsyncLists": "ctsec.rbac._async_lists",
    "AsyncRequirements": "ctsec.rbac._async_requirements",
    "AsyncRoles": "ctsec.rbac._async",
    "BreakGlass": "ctsec.rbac._sync_break_glass",
    "BreakGlassPermit": "ctsec.rbac.elevation",
    "ByMethod": "ctsec.rbac.condition",
    "Cause": "ctsec.rbac.explanation",
    "Change": "ctsec.rbac.change",
    "ChangeOrganizationRole": "ctsec.rbac.change",
    "Condition": "ctsec.rbac.condition",
    "CustomRole": "ctsec.rbac.custom",
    "CustomRoleRecord": "ctsec.rbac.custom_record",
    "CustomRoles": "ctsec.rbac._sync_custom",
    "Decision": "ctsec.rbac.decision",
    "DecisionReason": "ctsec.rbac.decision",
    "Drift": "ctsec.rbac.drifting",
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
    "Finding": "ctsec.rbac.findings",
    "FindingKind": "ctsec.rbac.findings",
    "FreshFactor": "ctsec.rbac.condition",
    "FromNetwork": "ctsec.rbac.condition",
    "Lists": "ctsec.rbac._sync_lists",
    "Matrix": "ctsec.rbac.matrix",
    "MatrixError": "ctsec.rbac.matrix",
    "MembershipStatus": "ctsec.rbac.standing",
    "Method": "ctsec.rbac.methods",
    "MfaPolicy": "ctsec.mfa_policy",
    "MethodTable": "ctsec.rbac.methods",
    "NotRequester": "ctsec.rbac.condition",
    "OrganizationRole": "ctsec.rbac.role",
    "Page": "ctsec.rbac.listing",
    "PermissionIndex": "ctsec.rbac.permission",
    "PersonChange": "ctsec.rbac.simulation",
    "Policy": "ctsec.rbac.policy",
    "PolicyChange": "ctsec.rbac.difference",
    "PolicyDiff": "ctsec.rbac.difference",
    "PolicyError": "ctsec.rbac.errors",
    "PolicyPlace": "ctsec.rbac.difference",
    "Question": "ctsec.rbac.question",
    "Reach": "ctsec.rbac.listing",
    "Requirements": "ctsec.rbac._sync_requirements",
    "RoleChange": "ctsec.rbac.difference",
    "RoleProblem": "ctsec.rbac.custom",
    "Roles": "ctsec.rbac._sync",
    "Rule": "ctsec.rbac.explanation",
    "RuleChange": "ctsec.rbac.difference",
    "Scope": "ctsec.rbac.permission",
    "Situation": "ctsec.rbac.condition",
    "Snapshot": "ctsec.rbac.snapshot",
    "Standing": "ctsec.rbac.standing",
    "StartNow": "ctsec.rbac.change",
    "StepUp": "ctsec.rbac.change",
    "StoredRoles": "ctsec.rbac.custom",
    "UseMethod": "ctsec.rbac.change",
    "Weekday": "ctsec.rbac.condition",
    "WidenKeyScopes": "ctsec.rbac.change",
    "WidenKeyWorkspaces": "ctsec.rbac.change",
    "WorkspaceRole": "ctsec.rbac.role",
    "applied": "ctsec.rbac.change",
    "check_many": "ctsec.rbac.batch",
    "conditioned": "ctsec.rbac.condition",
    "conditioned_access": "ctsec.rbac.condition",
    "custom_role_data": "ctsec.rbac.custom",
    "diff": "ctsec.rbac.difference",
    "drift": "ctsec.rbac.drifting",
    "explain": "ctsec.rbac.explanation",
    "format_matrix": "ctsec.rbac.matrix",
    "lint": "ctsec.rbac.findings",
    "parse_custom_role": "ctsec.rbac.custom",
    "parse_matrix": "ctsec.rbac.matrix",
    "parse_permission": "ctsec.rbac.permission",
    "policy_document": "ctsec.rbac.document_writer",
    "simulate": "ctsec.rbac.simulation",
    "with_custom_roles": "ctsec.rbac.custom",
    "with_stored_roles": "ctsec.rbac.custom",
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
    "AsyncCustomRoles",
    "AsyncElevations",
    "AsyncLists",
    "AsyncRequirements",
    "AsyncRoles",
    "BreakGlass",
    "BreakGlassPermit",
    "ByMethod",
    "Cause",
    "Change",
    "ChangeOrganizationRole",
    "Condition",
    "CustomRole",
    "CustomRoleRecord",
    "CustomRoles",
    "Decision",
    "DecisionReason",
    "Drift",
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
    "Finding",
    "FindingKind",
    "FreshFactor",
    "FromNetwork",
    "Lists",
    "Matrix",
    "MatrixError",
    "MembershipStatus",
    "Method",
    "MethodTable",
    "MfaPolicy",
    "NotRequester",
    "OrganizationRole",
    "Page",
    "PermissionIndex",
    "PersonChange",
    "Policy",
    "PolicyChange",
    "PolicyDiff",
    "PolicyError",
    "PolicyPlace",
    "Question",
    "Reach",
    "Requirements",
    "RoleChange",
    "RoleProblem",
    "Roles",
    "Rule",
    "RuleChange",
    "Scope",
    "Situation",
    "Snapshot",
    "Standing",
    "StartNow",
    "StepUp",
    "StoredRoles",
    "UseMethod",
    "Weekday",
    "WidenKeyScopes",
    "WidenKeyWorkspaces",
    "WorkspaceRole",
    "applied",
    "check_many",
    "conditioned",
    "conditioned_access",
    "custom_role_data",
    "diff",
    "drift",
    "explain",
    "format_matrix",
    "lint",
    "parse_custom_role",
    "parse_matrix",
    "parse_permission",
    "policy_document",
    "simulate",
    "with_custom_roles",
    "with_stored_roles",
]

__getattr__ = face(__name__, _HOME)
