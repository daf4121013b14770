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
from ctsec.rbac.explanation import explain_question
from ctsec.rbac.policy import Policy
from ctsec.rbac.question import Question, decide
from ctsec.rbac.standing import Assignment, Standing
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.laws.law import Case, Law
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
        found = explain_question(policy, question, now=now)
        equal(found.decision, decide(policy, question, now=now))
        holds(found.because != (), "expected an explanation to name what decided")
        holds(any(cause.gives for cause in found.because) or not found.decision.allowed, "expected what is allowed to be given by a rule")
        if found.decision.allowed:
            equal(found.missing, ())
            holds(all(cause.gives for cause in found.because), "expected nothing to withhold what is allowed")
        elif found.missing:
            after = decide(policy, applied(question, found.missing, now=now), now=now)
            holds(after.allowed, f"expected {', '.join(map(str, found.missing))} to turn the denial round")
        else:
            holds(not any(_everybody(policy, question, now)), "expected a change that gives the permission, because a role does")
        told = str(found)
        own = set[WorkspaceId](question.standing.workspaces if question.standing is not None else ())
        for name in (HERE, THERE, *USERS, *FOREIGN_WORKSPACES, *(each for each in WORKSPACES if each not in own)):
            holds(name not in told, f"expected the explanation to name nobody, and no workspace but the person's own, found {name}")

    case.search(law)


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
