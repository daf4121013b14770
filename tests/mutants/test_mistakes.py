"""Each mistake of a family is noticed by a test that holds without it."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.mutants import rivals
from tests.mutants.mistakes import MISTAKES, Mistake, Witness

WITNESSES = {(str(mistake.witness), *map(str, mistake.witness.given.values())): mistake.witness for mistake in MISTAKES}
ALONE = (rivals.with_one_link, rivals.fresh_each_time)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_noticed(mistake: Mistake) -> None:
    """The test that is named fails with the mistake."""
    assert mistake.noticed()


@pytest.mark.parametrize("witness", [*WITNESSES.values(), *map(Witness, ALONE)], ids=str)
def test_a_witness_holds_without_a_mistake(witness: Witness) -> None:
    """The same test, called in the same way, holds for the code as it is."""
    witness.testify()


def test_every_family_has_several() -> None:
    """There are five families, with four mistakes and more each."""
    counted = Counter(mistake.family for mistake in MISTAKES)
    assert len(counted) == 5
    assert min(counted.values()) >= 4
