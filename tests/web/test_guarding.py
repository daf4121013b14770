"""What a guard says of the proof that it asks for: the strictest of its table, its condition and its own demand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ctsec.rbac import AllOf, AnyOf, ByMethod, FreshFactor, FromNetwork, Method, MethodTable
from ctsec.rbac.preset import POLICY
from ctsec.web.guarding import Demand, age_asked

MINUTE = timedelta(minutes=1)
TABLE = MethodTable.of(POLICY.index, {}, within={"billing:manage": 5 * MINUTE})
HERE = FromNetwork(("192.0.2.0/24",))
STRONG = ByMethod(frozenset({Method.FRESH_SECOND_FACTOR}), fresh=2 * MINUTE)


@pytest.mark.parametrize(
    ("demand", "methods", "age"),
    [
        ({}, None, None),
        ({"aal": 2}, TABLE, None),
        ({"permission": "members:manage"}, TABLE, None),
        ({"permission": "billing:manage"}, None, None),
        ({"permission": "billing:manage"}, TABLE, 5 * MINUTE),
        ({"permission": "billing:manage", "within": 3 * MINUTE}, TABLE, 3 * MINUTE),
        ({"permission": "billing:manage", "within": 9 * MINUTE}, TABLE, 5 * MINUTE),
        ({"permission": "billing:manage", "condition": AllOf((HERE, FreshFactor(MINUTE)))}, TABLE, MINUTE),
        ({"permission": "billing:manage", "condition": AnyOf((STRONG, FreshFactor(4 * MINUTE)))}, TABLE, 2 * MINUTE),
        ({"condition": ByMethod(frozenset({Method.SESSION}))}, None, None),
    ],
)
def test_the_strictest_age_is_told(demand: dict[str, Any], methods: MethodTable | None, age: timedelta | None) -> None:
    """One number answers everything that a guard asks of a proof's age, and none is told where none is asked."""
    assert age_asked(Demand(**demand), methods) == age
