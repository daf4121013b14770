"""Why a decision came out as it did, and the smallest change that would turn it round; made when asked for, never for a check.

Rules that this module keeps:

- the decision explained is the one that `Policy.check` and `Access.check` give;
- `because` names the rules that decided, and they alone give the same decision. The ceiling is named exactly if lifting it would turn the
  answer round, a key's scopes and the way of authenticating set aside: those are looked at after the roles;
- `missing` is empty for what is allowed, and for what nobody can be given; else doing it turns the decision round, and nothing smaller does
  (`ctsec.rbac.remedy` says what smaller means);
- an explanation speaks of roles, permissions and rules of the policy. It names no person and no organization, and of workspaces only one
  that the person has a role in; what belongs to another organization is explained like what does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.principal import FRESH, Credential, CredentialKind
from ctsec.rbac.change import Change
from ctsec.rbac.decision import Decision, DecisionReason
from ctsec.rbac.entrance import lacks_sso
from ctsec.rbac.methods import MethodTable, methods_of
from ctsec.rbac.policy import Policy
from ctsec.rbac.question import Question, decide
from ctsec.rbac.remedy import smallest
from ctsec.rbac.standing import Elevation, Standing


class Rule(StrEnum):
    """What can decide: a closed list. A role's masks are `organization_mask`, `base`, `ceiling` and `workspace_mask`."""

    MEMBERSHIP = "membership"
    MEMBERSHIP_PERIOD = "membership_period"
    ORGANIZATION_ROLE = "organization_role"
    ORGANIZATION_MASK = "organization_mask"
    BASE = "base"
    CEILING = "ceiling"
    ASSIGNMENT = "assignment"
    ASSIGNMENT_PERIOD = "assignment_period"
    WORKSPACE_ROLE = "workspace_role"
    WORKSPACE_MASK = "workspace_mask"
    ELEVATION = "elevation"
    PLACE = "place"
    KEY_SCOPES = "key_scopes"
    KEY_WORKSPACES = "key_workspaces"
    METHODS = "methods"
    MFA_POLICY = "mfa_policy"
    SSO_REQUIREMENT = "sso_requirement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A rule that decided: whether it `gives` the permission or withholds it, and the role whose rule it is ("" for none)."""

    rule: Rule
    gives: bool = False
    role: str = ""

    def __str__(self) -> str:
        of = f" of {self.role}" if self.role else ""
        return f"{self.rule}{of} {'gives' if self.gives else 'withholds'} it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision, what decided, and for a denial what is missing: all of these changes together turn it round."""

    decision: Decision
    because: tuple[Cause, ...]
    missing: tuple[Change, ...] = ()

    def __str__(self) -> str:
        because = f"{self.decision.reason}: " + ", ".join(str(cause) for cause in self.because)
        return because + (f"; missing: {', '.join(str(change) for change in self.missing)}" if self.missing else "")


def explain(
    policy: Policy,
    standing: Standing | None,
    permission: str,
    *,
    now: datetime,
    workspace: WorkspaceId | None = None,
    workspace_organization: OrganizationId | None = None,
    scopes: frozenset[str] | None = None,
    workspaces: frozenset[WorkspaceId] | None = None,
    table: MethodTable | None = None,
    credential: Credential | None = None,
) -> Explanation:
    """Return the decision on `permission` with its causes and, for a denial, the smallest change that turns it round.

    The arguments are those of `Policy.check` and `Policy.access`. `credential` says how the caller authenticated, for the organization's
    requirement of a second factor and for `table`, which is asked after the roles; without it roles alone are explained. Raises
    UnknownPermission for a name outside of the policy.
    """
    fresh = table.fresh_for(permission) if table is not None else FRESH
    question = Question(
        standing=standing,
        permission=permission,
        workspace=workspace,
        workspace_organization=workspace_organization,
        scopes=scopes,
        workspaces=workspaces,
        methods=methods_of(credential, now=now, fresh=fresh) if credential is not None else None,
        multi_factor=credential is None or credential.multi_factor or credential.kind is CredentialKind.INTERNAL,
        own_session=credential is not None and standing is not None and lacks_sso(standing, credential, now=now, permission=permission),
    )
    return explain_question(policy, question, now=now, table=table)


def explain_question(policy: Policy, question: Question, *, now: datetime, table: MethodTable | None = None) -> Explanation:
    """Return the explanation of `decide` for a question."""
    decision = decide(policy, question, now=now, table=table)
    missing = () if decision.allowed else smallest(policy, question, now=now, table=table)
    return Explanation(decision=decision, because=_because(policy, question, decision.reason, now), missing=missing)


def _because(policy: Policy, question: Question, reason: DecisionReason, now: datetime) -> tuple[Cause, ...]:
    match reason:
        case DecisionReason.OUTSIDE_KEY_WORKSPACES:
            return (Cause(rule=Rule.KEY_WORKSPACES),)
        case DecisionReason.SSO_REQUIRED:
            return (Cause(rule=Rule.SSO_REQUIREMENT),)
        case DecisionReason.MFA_REQUIRED:
            return (Cause(rule=Rule.MFA_POLICY),)
        case DecisionReason.OUTSIDE_KEY_SCOPE:
            return (_giver(policy, question, now), Cause(rule=Rule.KEY_SCOPES))
        case DecisionReason.STEP_UP_REQUIRED | DecisionReason.CREDENTIAL_NOT_ACCEPTED:
            return (_giver(policy, question, now), Cause(rule=Rule.METHODS))
        case DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE | DecisionReason.ALLOWED_BY_WORKSPACE_ROLE:
            return (_giver(policy, question, now),)
        case DecisionReason.ALLOWED_BY_ELEVATION:
            return _raised(policy, question, now)
        case DecisionReason.FOREIGN_ORGANIZATION | DecisionReason.WRONG_SCOPE:
            return (Cause(rule=Rule.PLACE),)
        case DecisionReason.NOT_A_MEMBER | DecisionReason.MEMBERSHIP_SUSPENDED:
            return (Cause(rule=Rule.MEMBERSHIP),)
        case _:
            return _withheld(policy, question, reason, now)


def _withheld(policy: Policy, question: Question, reason: DecisionReason, now: datetime) -> tuple[Cause, ...]:
    """Return the causes of a denial by the person's own roles."""
    standing = question.standing
    if standing is None:
        return (Cause(rule=Rule.MEMBERSHIP),)
    if not standing.in_force(now):
        return (Cause(rule=Rule.MEMBERSHIP_PERIOD),)
    if policy.organization_role(standing.role) is None:
        return (Cause(rule=Rule.ORGANIZATION_ROLE),)
    if question.workspace is None:
        return (Cause(rule=Rule.ORGANIZATION_MASK, role=standing.role),)
    base = Cause(rule=Rule.BASE, role=standing.role)
    held = standing.assignments.get(question.workspace)
    role = held.role if held is not None else ""
    match reason:
        case DecisionReason.CAPPED_BY_ORGANIZATION_ROLE:
            return (_giver(policy, question, now), *_ceilings(policy, standing, now))
        case DecisionReason.NO_WORKSPACE_ROLE:
            return (base, Cause(rule=Rule.ASSIGNMENT))
        case DecisionReason.EXPIRED | DecisionReason.NOT_IN_FORCE:
            return (base, Cause(rule=Rule.ASSIGNMENT_PERIOD))
        case DecisionReason.UNKNOWN_ROLE:
            return (base, Cause(rule=Rule.WORKSPACE_ROLE))
        case _:
            return (base, Cause(rule=Rule.WORKSPACE_MASK, role=role))


def _ceilings(policy: Policy, standing: Standing, now: datetime) -> tuple[Cause, ...]:
    """Return the ceilings that withhold together: that of the organization role, and of each that is held besides for a time."""
    counting = {each.role for each in standing.elevations if each.workspace is None and each.in_force(now)}
    raised = sorted(role for role in counting - {standing.role} if policy.organization_role(role) is not None)
    return tuple(Cause(rule=Rule.CEILING, role=role) for role in (standing.role, *raised))


def _raised(policy: Policy, question: Question, now: datetime) -> tuple[Cause, ...]:
    """Return what gives a permission that would not be there without something held for a time: that, or a role under its wider ceiling."""
    giver = _giver(policy, question, now)
    if giver.rule is Rule.ELEVATION or question.standing is None:
        return (giver,)
    bit = policy.index.bit(question.permission)
    held = [each.role for each in question.standing.elevations if each.workspace is None and each.in_force(now)]
    widening = [name for name in held if (role := policy.organization_role(name)) is not None and role.ceiling & bit]
    return (giver, Cause(rule=Rule.ELEVATION, gives=True, role=min(widening, default="")))


def _giver(policy: Policy, question: Question, now: datetime) -> Cause:
    """Return the role that gives the permission, whatever is taken from it afterwards: what is held for a time comes last."""
    standing, workspace = question.standing, question.workspace
    if standing is None:
        return Cause(rule=Rule.MEMBERSHIP)
    bit = policy.index.bit(question.permission)
    role = policy.organization_role(standing.role)
    if role is not None and bit & (role.organization_mask if workspace is None else role.base):
        return Cause(rule=Rule.ORGANIZATION_MASK if workspace is None else Rule.BASE, gives=True, role=role.name)
    held = standing.assignments.get(workspace) if workspace is not None else None
    own = policy.workspace_role(held.role) if held is not None and held.in_force(now) else None
    if own is not None and bit & own.mask:
        return Cause(rule=Rule.WORKSPACE_MASK, gives=True, role=own.name)
    giving = [each.role for each in standing.elevations if each.in_force(now) and bit & _mask_of(policy, each, workspace)]
    return Cause(rule=Rule.ELEVATION, gives=True, role=min(giving, default=""))


def _mask_of(policy: Policy, elevation: Elevation, workspace: WorkspaceId | None) -> int:
    """Return what an elevation gives in the place, before any ceiling."""
    if elevation.workspace is None:
        role = policy.organization_role(elevation.role)
        return 0 if role is None else role.organization_mask if workspace is None else role.base
    here = policy.workspace_role(elevation.role) if elevation.workspace == workspace else None
    return 0 if here is None else here.mask
