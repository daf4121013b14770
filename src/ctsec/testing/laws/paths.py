"""The ways to one answer: each path takes a policy, a question and an instant, and says whether it is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from ctsec.rbac.access import Access
from ctsec.rbac.batch import check_many
from ctsec.rbac.explanation import explain_question
from ctsec.rbac.listing import reach, reaches
from ctsec.rbac.policy import Policy
from ctsec.rbac.question import Question, decide
from ctsec.rbac.standing import MembershipStatus, Standing
from ctsec.testing.reference import allowed
from ctsec.testing.strategies import Place

Path: TypeAlias = Callable[[Policy, Question, datetime], bool]


def place(question: Question) -> Place:
    """Return where a question is asked, as `Policy.check` takes it."""
    return Place(workspace=question.workspace, workspace_organization=question.workspace_organization)


def whole(question: Question) -> bool:
    """Say whether the question is not that of a narrowed key."""
    return question.scopes is None and question.workspaces is None


def simpler(standing: Standing | None) -> tuple[Standing | None, ...]:
    """Return a person as drawn, as an active member for ever, and as one who holds nothing for a time besides."""
    if standing is None:
        return (None,)
    active = replace(standing, status=MembershipStatus.ACTIVE, starts_at=None, expires_at=None)
    return tuple(dict.fromkeys((standing, active, replace(active, elevations=()))))


def reference(policy: Policy, question: Question, now: datetime) -> bool:
    """Return the answer of the reference evaluator."""
    asked = place(question)
    return allowed(policy, question.standing, question.permission, now=now, scopes=question.scopes, workspaces=question.workspaces, **asked)


def access(policy: Policy, question: Question, now: datetime) -> Access:
    """Return the access that a request with this question would resolve."""
    return policy.access(question.standing, now=now, scopes=question.scopes, workspaces=question.workspaces, **place(question))


def _check(policy: Policy, question: Question, now: datetime) -> bool:
    return policy.check(question.standing, question.permission, now=now, **place(question)).allowed


def _effective(policy: Policy, question: Question, now: datetime) -> bool:
    return bool(policy.effective(question.standing, now=now, **place(question)) & policy.index.bit(question.permission))


def _can(policy: Policy, question: Question, now: datetime) -> bool:
    return access(policy, question, now).can(question.permission)


def _access_check(policy: Policy, question: Question, now: datetime) -> bool:
    return access(policy, question, now).check(question.permission).allowed


def _mask(policy: Policy, question: Question, now: datetime) -> bool:
    return bool(access(policy, question, now).mask & policy.index.bit(question.permission))


def _permissions(policy: Policy, question: Question, now: datetime) -> bool:
    return question.permission in access(policy, question, now).permissions


def _decide(policy: Policy, question: Question, now: datetime) -> bool:
    return decide(policy, question, now=now).allowed


def _batch(policy: Policy, question: Question, now: datetime) -> bool:
    (decision,) = check_many(policy, (question,), now=now)
    return decision.allowed


def _explanation(policy: Policy, question: Question, now: datetime) -> bool:
    return explain_question(policy, question, now=now).decision.allowed


def _list(policy: Policy, question: Question, now: datetime) -> bool:
    """Answer as a list of workspaces does; what is held in the organization has no list and is asked otherwise."""
    standing, workspace = question.standing, question.workspace
    if workspace is None or standing is None or question.workspace_organization != standing.organization:
        return decide(policy, question, now=now).allowed
    if not policy.index.bit(question.permission) & policy.index.workspace_scope:
        return decide(policy, question, now=now).allowed
    wanted = reach(
        policy,
        question.permission,
        organization=standing.organization,
        user=standing.user,
        now=now,
        scopes=question.scopes,
        workspaces=question.workspaces,
    )
    return reaches(wanted, standing, workspace)


# For sessions and whole keys only: they do not look at a key's scopes and workspaces.
WHOLE_ONLY: Final = frozenset({"check", "effective"})
# A hundred times slower than the others, since it looks for what would turn a denial round.
SLOW: Final = frozenset({"explanation"})
# Those that are asked by name: a name outside of the policy raises. The others are read.
ASKING: Final = ("check", "access.can", "access.check", "decide", "batch", "explanation", "list")
PATHS: Final[Mapping[str, Path]] = MappingProxyType(
    {
        "check": _check,
        "effective": _effective,
        "access.can": _can,
        "access.check": _access_check,
        "access.mask": _mask,
        "access.permissions": _permissions,
        "decide": _decide,
        "batch": _batch,
        "explanation": _explanation,
        "list": _list,
    }
)
