"""Every law of the design is there, holds, and notices at least one mistake."""

from __future__ import annotations

import pytest

from ctsec.testing.laws import LAWS
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
    """The laws are those of the design, each with a mutant."""
    assert {mutant.law for mutant in MUTANTS} == {law.number for law in LAWS} | {law.number for law in HISTORIES}


def test_a_mutant_of_nothing_is_an_error() -> None:
    """A mutant whose text is not in the function any more can not pass for one that was noticed."""
    gone = Mutant(1, "gone", MUTANTS[0].function, "no such text", "")
    with pytest.raises(LookupError, match="found it 0 times"):
        gone.killed()
