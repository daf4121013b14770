"""The attack kit: every case meets its oracle."""

from __future__ import annotations

from functools import cache

import pytest

from tests.saml_attacks import meaning, sealed, signatures, structure, wrapping
from tests.saml_attacks.stage import Case

FAMILIES = {
    "wrapping": wrapping.cases,
    "references": signatures.reference_cases,
    "algorithms": signatures.algorithm_cases,
    "keys": signatures.key_cases,
    "signed info": signatures.signed_info_cases,
    "identifiers": structure.identifier_cases,
    "texts": structure.text_cases,
    "namespaces": structure.namespace_cases,
    "wire": structure.wire_cases,
    "parts": meaning.parts_cases,
    "comparisons": meaning.compared_cases,
    "times": meaning.time_cases,
    "statuses": meaning.status_cases,
    "crossing": meaning.crossing_cases,
    "encryption": sealed.cases,
}


@cache
def family(name: str) -> tuple[Case, ...]:
    """Return the cases of a family, made once."""
    return tuple(FAMILIES[name]())


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_meets_its_oracle(name: str) -> None:
    """Of each case exactly what its oracle says becomes: refused for this reason, or accepted as whom the provider signed."""
    problems = [f"{case.name}: {found[0].value} {found[1]}" for case in family(name) if (found := case.problem()) is not None]
    assert not problems, "\n".join(problems)
