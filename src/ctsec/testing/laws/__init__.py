"""The laws of roles, for a host's own policy.

    from ctsec.testing.laws import LAWS, check_laws

    @pytest.mark.parametrize("law", LAWS, ids=str)
    def test_our_policy(law: Law) -> None:
        law.check(POLICY)

`check_laws(POLICY)` asks all of them in one test. They need the extra `testing`. The numbers are those of the design; what is missing here
is about stores and processes and not about a policy, and is proved in the tests of ctsec itself.
"""

from __future__ import annotations

import hypothesis

from ctsec.rbac.policy import Policy
from ctsec.testing.laws.answers import ANSWERS
from ctsec.testing.laws.changes import CHANGES
from ctsec.testing.laws.evaluation import EVALUATION, cells_of
from ctsec.testing.laws.faults import FAULTS
from ctsec.testing.laws.isolation import ISOLATION
from ctsec.testing.laws.keys import KEYS
from ctsec.testing.laws.law import Case, Cell, Claims, Law
from ctsec.testing.laws.roles import ROLES
from ctsec.testing.laws.writes import WRITES

LAWS = tuple(sorted((*EVALUATION, *ROLES, *ISOLATION, *KEYS, *ANSWERS, *FAULTS, *WRITES, *CHANGES), key=lambda law: law.number))

__all__ = ["LAWS", "Case", "Cell", "Claims", "Law", "cells_of", "check_laws"]


def check_laws(policy: Policy, *, claims: Claims | None = None, settings: hypothesis.settings | None = None) -> None:
    """Return if every law holds for `policy`; raise AssertionError that names the law, with a counterexample, otherwise.

    `claims` is what the host says of its roles beyond the policy itself; `settings` are Hypothesis' (None: the active profile).
    """
    for law in LAWS:
        law.check(policy, claims=claims, settings=settings)
