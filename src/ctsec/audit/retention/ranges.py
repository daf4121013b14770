"""Sets of indexes as few ranges, and their text.

Rules that this module keeps:

- ranges are half open, ascending, and neither touch nor overlap; the text is `0-9,12`, both ends included, and has one spelling;
- coarsening only ever adds indexes: the smallest gaps are filled first.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_PART = re.compile(r"(0|[1-9][0-9]{0,17})(?:-([1-9][0-9]{0,17}))?")


@dataclass(frozen=True, slots=True)
class Ranges:
    """A set of indexes, as pairs (first, end)."""

    parts: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, indexes: Iterable[int]) -> Ranges:
        """Return the ranges of indexes in any order."""
        return cls.merged((index, index + 1) for index in indexes)

    @classmethod
    def merged(cls, parts: Iterable[tuple[int, int]]) -> Ranges:
        """Return the ranges that cover pairs (first, end) in any order."""
        found: list[tuple[int, int]] = []
        for first, end in sorted(parts):
            if found and first <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            elif first < end:
                found.append((first, end))
        return cls(tuple(found))

    @classmethod
    def read(cls, text: str) -> Ranges:
        """Return the ranges of a text; raise ValueError for any other spelling."""
        parts: list[tuple[int, int]] = []
        for part in text.split(",") if text else ():
            found = _PART.fullmatch(part)
            if found is None:
                raise ValueError("expected ranges such as 0-9,12")
            parts.append((int(found[1]), int(found[2] or found[1]) + 1))
        ranges = cls(tuple(parts))
        if ranges != cls.merged(parts) or ranges.text() != text:
            raise ValueError("expected ascending ranges that do not touch")
        return ranges

    def text(self) -> str:
        """Return the text, empty for no index."""
        return ",".join(f"{first}" if end == first + 1 else f"{first}-{end - 1}" for first, end in self.parts)

    def __len__(self) -> int:
        return sum(end - first for first, end in self.parts)

    def __contains__(self, index: int) -> bool:
        at = bisect_right(self.parts, (index, 1 << 62)) - 1
        return at >= 0 and self.parts[at][0] <= index < self.parts[at][1]

    def __iter__(self) -> Iterator[int]:
        return (index for first, end in self.parts for index in range(first, end))

    def coarse(self, most: int) -> Ranges:
        """Return at most `most` ranges that cover at least these indexes."""
        if len(self.parts) <= most:
            return self
        gaps = sorted(range(1, len(self.parts)), key=lambda at: self.parts[at][0] - self.parts[at - 1][1])
        filled = [(self.parts[at - 1][1], self.parts[at][0]) for at in gaps[: len(self.parts) - most]]
        return Ranges.merged((*self.parts, *filled))

    def overlap(self, other: Ranges) -> int | None:
        """Return the first index that both have, None if there is none."""
        mine, theirs = 0, 0
        while mine < len(self.parts) and theirs < len(other.parts):
            (first, end), (start, stop) = self.parts[mine], other.parts[theirs]
            if max(first, start) < min(end, stop):
                return max(first, start)
            if end <= stop:
                mine += 1
            else:
                theirs += 1
        return None
