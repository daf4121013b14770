"""The attack kit: every case meets its oracle, and every verifier with a mistake is caught."""

from __future__ import annotations

import pytest

from tests.saml_attacks.kit import FAMILIES, family
from tests.saml_attacks.mistakes import MISTAKES, Mistake


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_meets_its_oracle(name: str) -> None:
    """Of each case exactly what its oracle says becomes: refused for this reason, or accepted as whom the provider signed."""
    problems = [f"{case.name}: {found[0].value} {found[1]}" for case in family(name) if (found := case.problem()) is not None]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_caught(mistake: Mistake) -> None:
    """The family that is named has a case that a verifier with the mistake gets wrong, by more than the reason that it gives."""
    with mistake.made():
        assert any((found := case.problem()) is not None and found[0] in mistake.by for case in family(mistake.family))


def test_the_kit_is_large() -> None:
    """There are more than 300 attacks and 30 messages to accept in three styles, and every family has a mistake that it catches."""
    cases = [case for name in FAMILIES for case in family(name)]
    assert sum(bool(case.expected) for case in cases) > 300
    assert sum(not case.expected for case in cases) > 30
    assert {mistake.family for mistake in MISTAKES} == set(FAMILIES)
