"""An event as a store hands it out for an export: no more than what is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

RawEvent: TypeAlias = tuple[int, bytes, bytes, bytes | None]
"""Index, leaf (32 bytes), stored bytes, and the sealed personal part (None unless it was asked for)."""


def runs(rows: Sequence[RawEvent]) -> Iterator[Sequence[RawEvent]]:
    """Yield rows in the order of their indexes as runs without a gap."""
    start = 0
    if rows and rows[-1][0] - rows[0][0] + 1 == len(rows):
        yield rows
        return
    for at in range(1, len(rows) + 1):
        if at == len(rows) or rows[at][0] != rows[at - 1][0] + 1:
            yield rows[start:at]
            start = at
