"""Which regular expressions take more than linear time to refuse a text: those whose automaton is infinitely ambiguous.

A pattern becomes the automaton of its positions (Glushkov), with a note of each step that two loops make. If a loop can be walked in two
ways over the same text, a backtracking matcher tries exponentially many; if a text can end one loop and begin another at any of its places,
polynomially many (Weber and Seidl, 1991).
A counted repetition is at most three copies here, which are enough to show an ambiguity inside of a loop and add none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

_parser: Any = import_module("re._parser")  # the parse tree has no public name

# One character of each kind that a class can tell apart here: Latin-1, and some from beyond it.
ALPHABET: Final = frozenset([*map(chr, range(256)), "\u2014", "\u0663", "\ud800", "\U0001f600"])
_COPIES: Final = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a pattern: whether it may be empty, and the positions that it begins and ends with."""

    empty: bool = True
    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()


@dataclass(slots=True)
class Automaton:
    """The positions of a pattern with what each reads, which follow which, and where in more than one way."""

    reads: list[frozenset[str]] = field(default_factory=list)
    follows: dict[int, set[int]] = field(default_factory=dict)
    doubled: set[tuple[int, int]] = field(default_factory=set)

    def part(self, items: Iterable[tuple[Any, Any]]) -> Part:
        """Add what stands one after the other."""
        made = Part()
        for kind, value in items:
            made = self.then(made, self.one(str(kind), value))
        return made

    def then(self, one: Part, other: Part) -> Part:
        """Join two parts."""
        for position in one.last:
            known = self.follows.setdefault(position, set())
            self.doubled |= {(position, each) for each in other.first & known}
            known |= other.first
        first = one.first | other.first if one.empty else one.first
        return Part(one.empty and other.empty, first, other.last | one.last if other.empty else other.last)

    def one(self, kind: str, value: Any) -> Part:
        """Add one item of a parse tree."""
        match kind:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                self.reads.append(characters(kind, value))
                here = frozenset({len(self.reads) - 1})
                return Part(False, here, here)
            case "SUBPATTERN":
                return self.part(value[3])
            case "BRANCH":
                found = [self.part(each) for each in value[1]]
                if sum(each.empty for each in found) > 1:
                    raise ValueError("expected at most one empty alternative")
                return Part(any(e.empty for e in found), *(frozenset().union(*(getattr(e, n) for e in found)) for n in ("first", "last")))
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self.repeated(*value)
            case "AT" | "ASSERT" | "ASSERT_NOT":
                return Part()
        raise ValueError(f"expected no {kind} in a pattern")

    def repeated(self, least: int, most: int, items: Any) -> Part:
        """Add a repetition."""
        made, endless = Part(), most is _parser.MAXREPEAT
        for number in range(max(min(least, _COPIES), 1) if endless else min(int(most), _COPIES)):
            copy = self.part(items)
            if endless and number + 1 == max(min(least, _COPIES), 1):
                self.then(copy, copy)
            made = self.then(made, Part(True, copy.first, copy.last) if number >= least else copy)
        return made

    def reduce(self) -> None:
        """Keep one character of those that no position tells apart."""
        kinds = {tuple(character in read for read in self.reads): character for character in ALPHABET}
        kept = frozenset(kinds.values())
        self.reads = [read & kept for read in self.reads]

    def after(self, state: int) -> set[int]:
        """Return what can stand anywhere after a position."""
        seen, todo = set[int](), [state]
        while todo:
            new = self.follows.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        return seen

    def steps(self, *states: int) -> Iterator[tuple[int, ...]]:
        """Yield where several walkers can be after reading one more character, the same for all."""
        found: list[tuple[tuple[int, ...], frozenset[str]]] = [((), ALPHABET)]
        for state in states:
            found = [
                ((*at, then), shared) for at, read in found for then in self.follows.get(state, ()) if (shared := read & self.reads[then])
            ]
        yield from (at for at, _ in found)

    def reach(self, *states: int) -> set[tuple[int, ...]]:
        """Return where several walkers can be after reading the same text of one character and more."""
        seen, todo = set[tuple[int, ...]](), [states]
        while todo:
            for at in self.steps(*todo.pop()):
                if at not in seen:
                    seen.add(at)
                    todo.append(at)
        return seen


def characters(kind: str, value: Any) -> frozenset[str]:
    """Return which characters of the alphabet an item reads."""
    if kind == "ANY":
        return ALPHABET - {"\n"}
    if kind == "LITERAL":
        return frozenset({chr(value)}) if chr(value) in ALPHABET else frozenset({"\u2014"})
    if kind == "NOT_LITERAL":
        return ALPHABET - {chr(value)}
    found = set[str]()
    for name, each in value:
        match str(name):
            case "LITERAL":
                found.add(chr(each))
            case "RANGE":
                found |= {character for character in ALPHABET if each[0] <= ord(character) <= each[1]}
            case "CATEGORY":
                found |= {character for character in ALPHABET if re.match(CATEGORIES[str(each)], character)}
    return (ALPHABET - found if str(value[0][0]) == "NEGATE" else ALPHABET & found) or frozenset({"\u2014"})


CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip


def ambiguity(pattern: str) -> str | None:
    """Return `exponential` or `polynomial` for a pattern that can take so long to refuse a text, None for one that takes linear time."""
    made = Automaton()
    made.part(_parser.parse(pattern))
    made.reduce()
    loops = [state for state in range(len(made.reads)) if state in made.after(state)]
    if any(one in made.after(other) for one, other in made.doubled):
        return "exponential"
    for state in loops:
        around = [at for at in made.reach(state, state) if at[0] != at[1]]
        if any((state, state) in made.reach(*at) for at in around):
            return "exponential"
    for one in loops:
        for other in loops:
            if one != other and other in made.after(one) and (one, other, other) in made.reach(one, one, other):
                return "polynomial"
    return None
