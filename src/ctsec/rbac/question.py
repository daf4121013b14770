"""A question to a policy as one value: who asks, for what, where, and through what kind of credential.

Rules that this module keeps:

- `decide` gives what `Policy.check` gives, and with a key's scopes and workspaces what `Policy.access(…).check` gives;
- with a method table, a question that does not say how its caller authenticated is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.rbac.decision import DECISIONS, Decision, DecisionReason
from ctsec.rbac.entrance import sso_enforced
from ctsec.rbac.methods import Method, MethodTable, refuse_methods
from ctsec.rbac.policy import Policy
from ctsec.rbac.requirement import mfa_enforced
from ctsec.rbac.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May the person of `standing` (None: no member) use `permission` in the organization, or in `workspace` of `workspace_organization`.

    `scopes` and `workspaces` are what the caller's key is narrowed to (None: not narrowed). `methods` is how the caller authenticated, as
    `methods_of` tells it; only a method table looks at it. `multi_factor` is False for a credential that does not meet an organization's
    requirement of a second factor (`Credential.multi_factor`), and `own_session` True for a session of the account itself, where no
    break-glass code opens `permission` to it.
    """

    standing: Standing | None
    permission: str
    workspace: WorkspaceId | None = None
    workspace_organization: OrganizationId | None = None
    scopes: frozenset[str] | None = None
    workspaces: frozenset[WorkspaceId] | None = None
    methods: frozenset[Method] | None = None
    multi_factor: bool = True
    own_session: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """May the caller use `permission` in the organization, or in one workspace of it: for `unit.roles.check_many`."""

    permission: str
    organization: OrganizationId
    workspace: WorkspaceId | None = None


def lacks_factor(question: Question, *, now: datetime) -> bool:
    """Say whether the organization refuses the question's credential for want of a second factor, whatever is asked."""
    standing = question.standing
    if question.multi_factor or standing is None:
        return False
    here = question.workspace is None or question.workspace_organization == standing.organization
    return here and mfa_enforced(standing, now=now)


def lacks_entrance(question: Question, *, now: datetime) -> bool:
    """Say whether the organization refuses the question's credential because it did not come through its provider."""
    standing = question.standing
    if not question.own_session or standing is None:
        return False
    return (question.workspace is None or question.workspace_organization == standing.organization) and sso_enforced(standing, now=now)


def decide(policy: Policy, question: Question, *, now: datetime, table: MethodTable | None = None) -> Decision:
    """Return the decision on `question`; raise UnknownPermission for a name outside of the policy.

    With `table`, what the roles and the key would allow must be accepted by it too.
    """
    decision = policy.check(
        question.standing,
        question.permission,
        now=now,
        workspace=question.workspace,
        workspace_organization=question.workspace_organization,
    )
    if question.workspaces is not None and question.workspace not in question.workspaces:
        return DECISIONS[DecisionReason.OUTSIDE_KEY_WORKSPACES]
    if lacks_entrance(question, now=now):
        return DECISIONS[DecisionReason.SSO_REQUIRED]
    if lacks_factor(question, now=now):
        return DECISIONS[DecisionReason.MFA_REQUIRED]
    if not decision.allowed:
        return decision
    if question.scopes is not None and question.permission not in question.scopes:
        return DECISIONS[DecisionReason.OUTSIDE_KEY_SCOPE]
    if table is not None:
        refused = refuse_methods(table.accepted(question.permission), question.methods or frozenset())
        return decision if refused is None else DECISIONS[refused]
    return decision
