"""What changed elsewhere: epochs, and what two looks at them tell a process about its caches.

Rules that this module keeps:

- an epoch is a number without order, new at every change: two looks are compared for inequality, so a store that was restored from a
  backup can not look older or newer than it is;
- an incarnation names the thing that was looked at; if it is another one, anything may have changed;
- a scope that came into the last minute, left it or has another epoch may have changed; naming one too many costs a read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WINDOW_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Epochs:
    """The epoch of every scope that changed in the last minute, and the incarnation of the store that they were read from."""

    incarnation: str
    recent: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class News:
    """The scopes that changed since the last look (None: anything may have), and the position to look from next time."""

    position: object
    scopes: frozenset[str] | None


def compare(before: object, after: Epochs) -> News:
    """Return what changed between two looks; a `before` that is no look of the same incarnation means anything."""
    if not isinstance(before, Epochs) or before.incarnation != after.incarnation:
        return News(after, None)
    return News(after, frozenset(scope for scope, _ in before.recent.items() ^ after.recent.items()))
