"""The families of the attack kit, each made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final

from tests.saml_attacks import meaning, sealed, signatures, structure, wrapping
from tests.saml_attacks.stage import Case

FAMILIES: Final[Mapping[str, Callable[[], Iterator[Case]]]] = {
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
    """Return the cases of a family; raise ValueError if two have one name."""
    made = tuple(FAMILIES[name]())
    if len({case.name for case in made}) != len(made):
        raise ValueError(f"expected each case of {name} once")
    return made
