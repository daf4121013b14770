"""Every law of the design is there, holds, and notices at least one mistake."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from ctsec.rbac import policy
from ctsec.rbac.preset import POLICY
from ctsec.rbac.standing import Standing
from ctsec.testing.laws import LAWS
from ctsec.testing.strategies import DAYS, HERE, USERS
from tests.laws.histories import HISTORIES, History
from tests.laws.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("history", HISTORIES, ids=str)
def test_histories_obey(history: History) -> None:
    """Laws of histories, stores and threads hold: at every point where something can come in between, for every pair of changes."""
    history.hold()


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_each_mutant_is_noticed(mutant: Mutant) -> None:
    """The law fails with the mistake, which was really made, and holds without it (`test_laws` and the test above)."""
    assert mutant.killed()


def test_every_law_kills() -> None:
    """The laws are the 26 of the design, each with a mutant."""
    assert {law.number for law in LAWS} | {law.number for law in HISTORIES} == set(range(1, 27))
    assert {mutant.law for mutant in MUTANTS} == set(range(1, 27))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("no such text", "", "found it 0 times"),
        ("period.", "", "found it 4 times"),
        ("period.expires_at <= now", "period.expires_at  <=  now", "to mean something else"),
    ],
)
def test_a_mutant_of_nothing_is_an_error(old: str, new: str, problem: str) -> None:
    """Text that is not there, is there more than once, or means the same afterwards can not pass for a mistake that was noticed."""
    with pytest.raises(LookupError, match=problem):
        Mutant(21, "gone", policy._out_of_force, old, new).killed()


def test_a_mistake_is_in_the_code_for_the_length_of_its_block() -> None:
    """The function itself changes, under every name that it has, and is as before afterwards."""
    standing = Standing(user=USERS[0], organization=HERE, role="owner", expires_at=DAYS[1])
    late = Mutant(21, "late", policy._out_of_force, "period.expires_at <= now", "period.expires_at < now")
    answers: list[bool] = []
    for mistake in (nullcontext(), late.applied(), nullcontext()):
        with mistake:
            answers.append(POLICY.check(standing, "billing:manage", now=DAYS[1]).allowed)
    assert answers == [False, True, False]
