"""Many decisions at once.

Rules that this module keeps:

- the answers are those of asking one by one, in the order of the questions, duplicates and other organizations included; nothing is
  joined by a key that could be the same for two questions;
- a batch is answered at one instant;
- a permission of no name raises for the whole batch: no partial answer could be taken for a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ctsec.rbac.decision import Decision
from ctsec.rbac.methods import MethodTable
from ctsec.rbac.permission import unknown
from ctsec.rbac.policy import Policy
from ctsec.rbac.question import Question, decide


def check_many(policy: Policy, questions: Iterable[Question], *, now: datetime, table: MethodTable | None = None) -> tuple[Decision, ...]:
    """Return the decision on each of `questions`, in their order; raise UnknownPermission for a name outside of the policy."""
    resolve = policy.resolve
    answers: list[Decision] = []
    for question in questions:
        if table is not None or question.workspaces is not None or question.scopes is not None:
            answers.append(decide(policy, question, now=now, table=table))
            continue
        # `decide` without what does not apply here: its calls would cost as much as the answers.
        decisions = resolve(question.standing, now, question.workspace, question.workspace_organization).decisions
        try:
            answers.append(decisions[question.permission])
        except KeyError:
            raise unknown(question.permission) from None
    return tuple(answers)
