"""Operators: one spelling for each, and a reason for all that they do."""

from __future__ import annotations

import pytest

from ctsec.operators import Operator
from ctsec.principal import CredentialKind, PrincipalKind


@pytest.mark.parametrize("name", ["", "Sam", "sam smith", "sam\n", "s" * 65, "şam", "sam/1"])
def test_an_operator_has_one_spelling(name: str) -> None:
    """An id that could be written in another way, or that is none, is refused."""
    with pytest.raises(ValueError, match="operator id"):
        Operator(id=name, reason="ticket 1")


@pytest.mark.parametrize("why", ["", " ", "two\nlines", "x" * 201])
def test_an_operator_says_why(why: str) -> None:
    """A reason is one line of bounded length."""
    with pytest.raises(ValueError, match="reason"):
        Operator(id="sam", reason=why)


def test_an_operator_proves_nothing() -> None:
    """Its principal is of its own kind, without a factor, a session or an assurance level."""
    principal = Operator(id="sam@ops.example", reason="ticket 1").principal
    assert (principal.kind, principal.credential.kind, principal.credential.aal) == (PrincipalKind.OPERATOR, CredentialKind.INTERNAL, 0)
    assert not principal.credential.factors
