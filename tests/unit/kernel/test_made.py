"""Parts that an object makes at their first use."""

from __future__ import annotations

from ctsec.lazy import made


class Part:
    """What remembers what it was made of."""

    def __init__(self, *made_of: object) -> None:
        self.made_of = made_of


class Box:
    """An object with two parts."""

    first = made(Part)
    second = made(Part)

    def __init__(self, number: int) -> None:
        self.made_of = (number, "given")


def test_a_part_is_made_once_and_at_its_first_use() -> None:
    """A part is made of what its object gives, when it is asked for, and stays; objects and parts share nothing."""
    box, other = Box(1), Box(2)
    assert {"first", "second"}.isdisjoint(vars(box))
    assert box.first is box.first
    assert (box.first.made_of, other.first.made_of) == ((1, "given"), (2, "given"))
    assert "second" not in vars(box)
    assert box.second is not box.first
