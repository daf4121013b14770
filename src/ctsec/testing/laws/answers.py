"""Laws of many answers and of answers with reasons: a batch is its questions one by one, an explanation is sound and complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import WorkspaceId
from ctsec.rbac.batch import check_many
from ctsec.rbac.change import applied
from ctsec.rbac.decision import DECISIONS
from ctsec.rbac.explanation import Explanation, Rule, explain_question
from ctsec.rbac.policy import Policy
from ctsec.rbac.question import Question, decide
from ctsec.rbac.role import OrganizationRole, WorkspaceRole
from ctsec.rbac.standing import Assignment, MembershipStatus, Standing
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.laws.law import Case, Law
from ctsec.testing.laws.paths import simpler
from ctsec.testing.strategies import FOREIGN_WORKSPACES, HERE, THERE, USERS, WORKSPACES, moments, questions, standings


def _batch(case: Case) -> None:
    policy = case.policy
    # The same workspace and permission asked in both organizations, by people of either: what a careless key would mix up.
    people = st.one_of(standings(policy), standings(policy, organization=THERE, workspaces=WORKSPACES), st.none())
    asked = st.lists(questions(policy, standing=people), min_size=1, max_size=8)

    @given(questions=asked, now=moments())
    def law(questions: list[Question], now: datetime) -> None:
        mixed = [
            *questions,
            *(replace(each, workspace_organization=home) for each in questions for home in (HERE, THERE) if each.workspace is not None),
            *questions,
        ]
        one_by_one = [decide(policy, each, now=now) for each in mixed]
        equal(list(check_many(policy, mixed, now=now)), one_by_one)
        equal(list(check_many(policy, reversed(mixed), now=now)), one_by_one[::-1])

    case.search(law)


def _explanation(case: Case) -> None:
    policy = case.policy

    @given(question=questions(policy), now=moments())
    def law(question: Question, now: datetime) -> None:
        for person in simpler(question.standing):
            _explain(policy, replace(question, standing=person), now)

    case.search(law)


def _explain(policy: Policy, question: Question, now: datetime) -> None:
    found = explain_question(policy, question, now=now)
    equal(found.decision, decide(policy, question, now=now))
    holds(found.decision is DECISIONS[found.decision.reason], "expected a decision of the closed list")
    holds(found.because != (), "expected an explanation to name what decided")
    holds(any(cause.gives for cause in found.because) or not found.decision.allowed, "expected what is allowed to be given by a rule")
    reduced, alone = only(policy, question, found)
    equal(decide(reduced, alone, now=now).allowed, found.decision.allowed)
    if found.decision.allowed:
        equal(found.missing, ())
        holds(all(cause.gives for cause in found.because), "expected nothing to withhold what is allowed")
    elif found.missing:
        after = decide(policy, applied(question, found.missing, now=now), now=now)
        holds(after.allowed, f"expected {', '.join(map(str, found.missing))} to turn the denial round")
    else:
        holds(not any(_everybody(policy, question, now)), "expected a change that gives the permission, because a role does")
    told, own = str(found), question.standing.workspaces if question.standing is not None else ()
    for name in (HERE, THERE, *USERS, *FOREIGN_WORKSPACES, *(each for each in WORKSPACES if each not in own)):
        holds(name not in told, f"expected the explanation to name nobody and nothing of any organization, found {name}")


def only(policy: Policy, question: Question, found: Explanation) -> tuple[Policy, Question]:
    """Return the policy and the question with the named causes alone: other grants are gone, other restrictions are lifted."""
    named = {(cause.rule, cause.role) for cause in found.because}
    rules = {cause.rule for cause in found.because}
    granting = any(cause.gives for cause in found.because)

    def given_by(rule: Rule, role: OrganizationRole | WorkspaceRole, mask: int) -> int:
        return mask if not granting or {(rule, role.name), (Rule.ELEVATION, role.name)} & named else 0

    organization_roles = tuple(
        replace(
            role,
            organization_mask=given_by(Rule.ORGANIZATION_MASK, role, role.organization_mask),
            base=given_by(Rule.BASE, role, role.base),
            ceiling=role.ceiling if (Rule.CEILING, role.name) in named else policy.index.workspace_scope,
        )
        for role in policy.organization_roles
    )
    workspace_roles = tuple(replace(role, mask=given_by(Rule.WORKSPACE_MASK, role, role.mask)) for role in policy.workspace_roles)
    scopes, pinned = question.scopes if Rule.KEY_SCOPES in rules else None, question.workspaces if Rule.KEY_WORKSPACES in rules else None
    standing = question.standing and _only_person(question.standing, rules, granting=granting)
    return (
        replace(policy, organization_roles=organization_roles, workspace_roles=workspace_roles),
        replace(question, standing=standing, scopes=scopes, workspaces=pinned),
    )


def _only_person(standing: Standing, rules: set[Rule], *, granting: bool) -> Standing:
    if Rule.MEMBERSHIP not in rules:
        standing = replace(standing, status=MembershipStatus.ACTIVE)
    if Rule.MEMBERSHIP_PERIOD not in rules:
        standing = replace(standing, starts_at=None, expires_at=None)
    if granting and Rule.ELEVATION not in rules:
        standing = replace(standing, elevations=())
    if Rule.ASSIGNMENT_PERIOD not in rules:
        standing = replace(standing, workspaces={where: Assignment(each.role) for where, each in standing.workspaces.items()})
    return standing


def _everybody(policy: Policy, question: Question, now: datetime) -> Iterator[bool]:
    """Yield whether the permission is allowed to each kind of member, in each place."""
    for role in policy.organization_roles:
        for held in ({}, *({WORKSPACES[0]: Assignment(each.name)} for each in policy.workspace_roles)):
            person = Standing(user=USERS[0], organization=HERE, role=role.name, workspaces=held)
            for workspace in (None, WORKSPACES[0]):
                asked = Question(standing=person, permission=question.permission, workspace=workspace, workspace_organization=HERE)
                yield decide(policy, asked, now=now).allowed


def _strangers(case: Case) -> None:
    policy = case.policy

    @given(question=questions(policy, standing=st.none()), now=moments())
    def law(question: Question, now: datetime) -> None:
        stranger = replace(question, scopes=None, workspaces=None)
        told = {
            str(explain_question(policy, replace(stranger, workspace=workspace, workspace_organization=home), now=now))
            for workspace, home in ((WORKSPACES[0], HERE), (FOREIGN_WORKSPACES[0], THERE), (WorkspaceId("wsp_nowhere"), None))
        }
        holds(len(told) == 1, "expected somebody who is no member to hear the same of what is there and what is not")

    case.search(law)


def _explained(case: Case) -> None:
    _explanation(case)
    _strangers(case)


ANSWERS = (
    Law(
        number=14,
        name="batch",
        statement="a batch answers as its questions do one by one, in their order, duplicates and both organizations included",
        hold=_batch,
    ),
    Law(
        number=20,
        name="explanation",
        statement="an explanation gives the decision, the rules that made it and a change that turns a denial round, and names nobody",
        hold=_explained,
    ),
)
