"""A refusal is a value that nobody mistakes for a success."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from ctsec.outcome import Reason, Refusal


def test_a_refusal_is_neither_true_nor_false() -> None:
    """Code that tests an outcome with `if` fails loudly in its first test instead of letting somebody in."""
    refusal = Refusal(Reason.DENIED)
    for wrong in (bool, lambda each: not each, lambda each: each and 1, lambda each: 1 if each else 2):
        with pytest.raises(TypeError, match="neither true nor false"):
            wrong(refusal)


def test_a_refusal_is_a_value() -> None:
    """Equal by content, closed, and usable in a set."""
    late = Refusal(Reason.THROTTLED, "wait", timedelta(seconds=3))
    assert late == Refusal(Reason.THROTTLED, "wait", timedelta(seconds=3))
    assert len({late, Refusal(Reason.THROTTLED, "wait", timedelta(seconds=3)), Refusal(Reason.LOCKED)}) == 2
    with pytest.raises(FrozenInstanceError):
        late.detail = "other"  # type: ignore[misc]


def test_reasons_are_stable_words() -> None:
    """A reason is its own lower-case name, so renaming a member can not change what is stored by mistake."""
    assert all(reason.value == reason.name.lower() for reason in Reason)


def test_a_refusal_is_told_apart_by_match() -> None:
    """`match` on the type is the way to read an outcome."""
    match Refusal(Reason.EXPIRED, "over"):
        case Refusal(reason, detail):
            assert (reason, detail) == (Reason.EXPIRED, "over")
