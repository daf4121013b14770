"""A bar on a terminal for what takes a while."""

from __future__ import annotations

import sys
from typing import Final

_WIDTH: Final = 30


class Bar:
    """Draws how far something is, on standard error, and nothing where that is no terminal."""

    __slots__ = ("_drawn", "_shown", "_word")

    def __init__(self, word: str) -> None:
        self._word = word
        self._drawn = ""
        self._shown = sys.stderr.isatty()

    def at(self, done: int, total: int, *, ended: bool = False) -> None:
        """Draw that `done` of `total` is done; `ended` closes the line."""
        if not self._shown:
            return
        share = min(done / total, 1.0) if total else 1.0
        line = f"{self._word:8}[{'#' * int(share * _WIDTH):{_WIDTH}}] {share:4.0%}"
        if line != self._drawn or ended:
            self._drawn = line
            print(f"\r{line}", end="\n" if ended else "", file=sys.stderr, flush=True)
