"""What is told of a password while it is typed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.authn.password_policy import check_password
from ctsec.authn.strength import ADVICE, PasswordLevel, Weakness, password_hint
from ctsec.outcome import Refusal

CONTEXT = ("alice.smith@example.com", "Alice Smith", "Acme Cloud")
REFUSED, WEAK, GOOD = PasswordLevel


@pytest.mark.proves("NIST-3.1.1.2")
@pytest.mark.parametrize(
    ("text", "level", "weaknesses"),
    [
        ("vJ quilt barnacle", GOOD, ()),
        ("vJ quilt", REFUSED, {Weakness.TOO_SHORT}),
        ("x" * 1025, REFUSED, {Weakness.TOO_LONG}),
        ("\ud800" * 20, REFUSED, {Weakness.NOT_TEXT}),
        ("correct horse battery staple", REFUSED, {Weakness.COMMON}),
        ("password", REFUSED, {Weakness.TOO_SHORT, Weakness.COMMON}),
        ("!!correct horse battery staple#77", WEAK, {Weakness.COMMON_WITH_EDGES}),
        ("qwertyuiopasdfghjkl", REFUSED, {Weakness.PATTERN}),
        ("..qwertyuiopasdfghjkl77", WEAK, {Weakness.PATTERN_WITH_EDGES}),
        ("AliceSmith1234567", REFUSED, {Weakness.CONTEXT}),
        ("ababababababababa", REFUSED, {Weakness.PATTERN, Weakness.FEW_CHARACTERS}),
        ("abbaabaabbbaababab", WEAK, {Weakness.FEW_CHARACTERS}),
    ],
)
def test_each_weakness_is_named(text: str, level: PasswordLevel, weaknesses: Any) -> None:
    """The level and the reasons are those of the text, and each reason has a sentence for the person."""
    hint = password_hint(text, context=CONTEXT)
    assert (hint.level, set(hint.weaknesses)) == (level, set(weaknesses))
    assert hint.advice == tuple(ADVICE[weakness] for weakness in hint.weaknesses)
    assert all(hint.advice)


@given(
    text=st.one_of(st.text(max_size=40), st.text("ab1!", max_size=30), st.sampled_from(["passwordpassword12!", "qwertyuiopqwertyuiop12!"])),
    mfa=st.booleans(),
)
def test_a_hint_refuses_exactly_what_the_policy_refuses(text: str, mfa: bool) -> None:
    """REFUSED and a reason where `check_password` refuses, never elsewhere; GOOD exactly if there is nothing to say."""
    refused = isinstance(check_password(text, mfa_enforced=mfa, context=CONTEXT), Refusal)
    hint = password_hint(text, mfa_enforced=mfa, context=CONTEXT)
    assert (hint.level is REFUSED) is refused
    assert (hint.level is GOOD) is (hint.weaknesses == ())


def test_every_weakness_has_its_sentence() -> None:
    """The list of reasons is closed, and nobody is left without advice."""
    assert set(ADVICE) == set(Weakness)
    assert len(set(ADVICE.values())) == len(Weakness)
