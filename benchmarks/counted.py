"""What is counted and not timed: numbers that are the same on every machine, in the form of the other tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

from benchmarks.report import columns

HEADINGS = ("counted", "of", "number", "target", "met")


class Table(Protocol):
    """A table that the command prints and writes."""

    def text(self) -> str: ...
    def markdown(self) -> str: ...
    def numbers(self) -> Mapping[str, object]: ...
    def judged(self) -> tuple[bool, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number: `name` is what was counted, `of` in the course of what.

    `target` is what it has to be, `most` what it may be; None if it is only reported.
    """

    name: str
    of: str
    number: int
    target: int | None = None
    most: int | None = None

    @property
    def met(self) -> bool | None:
        """Whether the number is the target, or not above the most; None if there is neither."""
        if self.most is not None:
            return self.number <= self.most
        return None if self.target is None else self.number == self.target

    def cells(self) -> tuple[str, ...]:
        """Return the texts of a row."""
        target = "" if self.target is None else f"{self.target:,}"
        if self.most is not None:
            target = f"<= {self.most:,}"
        return self.name, self.of, f"{self.number:,}", target, {None: "", True: "yes", False: "NO"}[self.met]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedTable:
    """Counts under one title."""

    title: str
    counts: tuple[Count, ...]

    def judged(self) -> tuple[bool, ...]:
        """Return whether each target was met."""
        return tuple(each.met for each in self.counts if each.met is not None)

    def text(self) -> str:
        """Return the table for a terminal."""
        return f"\n{self.title}\n{columns([HEADINGS, *(each.cells() for each in self.counts)])}"

    def markdown(self) -> str:
        """Return the table as Markdown."""
        heading, *lines = (f"| {' | '.join(cells)} |" for cells in (HEADINGS, *(each.cells() for each in self.counts)))
        return "\n".join([f"**{self.title}**", "", heading, f"|{'---|' * len(HEADINGS)}", *lines]) + "\n"

    def numbers(self) -> dict[str, object]:
        """Return the table for JSON."""
        return {"title": self.title, "counts": [{**asdict(each), "met": each.met} for each in self.counts]}
