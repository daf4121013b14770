"""Laws that a policy of roles obeys, for hosts to run on their own policy in their own tests.

    def test_our_policy() -> None:
        check_laws(POLICY)

    @pytest.mark.parametrize("law", LAWS, ids=str)
    def test_our_policy_law_by_law(law: Law) -> None:
        law.check(POLICY)

Each law is searched for a counterexample by Hypothesis; what is found is told as the law, its statement and the smallest example. Some laws
ask what the host claims of its policy beyond the policy itself: `Claims`. They need the extra `testing`. The numbers are those of the
design; what is missing is about stores and processes and not about a policy, and is proved in the tests of ctsec itself.
"""

from __future__ import annotations

from typing import Final

import hypothesis

from ctsec.rbac.policy import Policy
from ctsec.testing.laws.answers import ANSWERS
from ctsec.testing.laws.coalition import COALITIONS
from ctsec.testing.laws.difference import DIFFERENCE
from ctsec.testing.laws.evaluation import EVALUATION, cells_of
from ctsec.testing.laws.faults import FAULTS
from ctsec.testing.laws.isolation import ISOLATION
from ctsec.testing.laws.keys import KEYS
from ctsec.testing.laws.law import Case, Cell, Chain, Claims, Law
from ctsec.testing.laws.roles import ROLES
from ctsec.testing.laws.separation import SEPARATION
from ctsec.testing.laws.writes import WRITES

__all__ = ["LAWS", "Case", "Cell", "Chain", "Claims", "Law", "cells_of", "check_laws"]


def _number(law: Law) -> int:
    return law.number


LAWS: Final = tuple(
    sorted((*ANSWERS, *COALITIONS, *DIFFERENCE, *EVALUATION, *FAULTS, *ISOLATION, *KEYS, *ROLES, *SEPARATION, *WRITES), key=_number)
)


def check_laws(policy: Policy, *, claims: Claims | None = None, settings: hypothesis.settings | None = None) -> None:
    """Return if `policy` obeys every law; raise one AssertionError that tells all that it breaks, each with its smallest example.

    `settings` are Hypothesis's (None: those of its active profile). Raises ValueError for claims that are not about `policy`.
    """
    broken: list[AssertionError] = []
    for law in LAWS:
        try:
            law.check(policy, claims=claims, settings=settings)
        except AssertionError as error:
            broken.append(error)
    if broken:
        raise AssertionError("\n\n".join(map(str, broken)))
