"""Rows of a log, judged many at a time: whoever verifies a log reads them all, and nearly all are as they should be.

Rules that this module keeps:

- rows agree only if each of them does by `ctsec.audit.record.departures` and has the leaf of its body: here a column is compared with what
  the bodies say of it at once, and whatever this is not sure of is left to be judged row by row;
- no row is passed over: fewer, more or other indexes than were asked for do not agree, and neither do events that retention is judged by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeAlias

from ctsec.audit.canonical import LEAF
from ctsec.audit.record import BODY_VERSION, MAX_MICROS, NO_TARGET, SealedEvent, StoredEvent, load, microseconds

LogRow: TypeAlias = tuple[Any, ...]
"""The index of an event and the fields of `StoredEvent` in their order, the time in microseconds since 1970.

Cells are as the store has them: one that somebody gave another type is of that type.
"""

_FIELDS: Final[Callable[[StoredEvent], tuple[Any, ...]]] = attrgetter(*(each.name for each in fields(StoredEvent)))
_TIME: Final = 3
_TEXTS: Final = (*range(1, 3), *range(4, 15))
_FIRST_AND_LAST: Final[Callable[[bytes], tuple[int, int]]] = itemgetter(0, -1)
_BRACES: Final = {(ord("{"), ord("}"))}
_MEMBERS: Final[Callable[[Mapping[str, Any]], tuple[Any, ...]]] = itemgetter(
    "id", "log", "time", "name", "subject", "outcome", "reason", "organization", "workspace", "request", "personal"
)
_PART: Final[Callable[[Any], tuple[Any, Any]]] = itemgetter("kind", "id")
_INT: Final = {int}
_BYTES: Final = {bytes}
_TEXT_OR_NULL: Final = frozenset({str, type(None)})


def row_of(sealed: SealedEvent) -> LogRow:
    """Return the row of an event, as a table has it."""
    (id_, log, time, name, *texts) = _FIELDS(sealed.event)
    return (sealed.index, id_, log, microseconds(time), str(name), *texts)


def agreeing(rows: Sequence[LogRow], *, first: int, end: int, region: str, apart: frozenset[str]) -> tuple[list[bytes], int] | None:
    """Return the leaves of the rows of the indexes [first, end) and the latest of their times; None where a row may not agree.

    `region` is that of the store (empty: the home store); rows of a name in `apart` are not judged here.
    """
    if len(rows) != end - first:
        return None
    columns = tuple(zip(*rows, strict=True))
    indexes, times, names, bodies, leaves, personal = (columns[at] for at in (0, _TIME, 4, 15, 16, 17))
    typed = {*map(type, chain(bodies, leaves, personal))} == _BYTES and {*map(type, times)} == _INT
    if not typed or not _TEXT_OR_NULL.issuperset(map(type, chain.from_iterable([columns[at] for at in _TEXTS]))):
        return None
    if indexes != tuple(range(first, end)) or not apart.isdisjoint(names):
        return None
    try:
        told = _told(bodies, region=region)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None
    if told is None or told != (*columns[1:15], _digests(personal)):
        return None
    made = _leaves(bodies)
    return (made, max(times)) if tuple(made) == leaves else None


def _told(bodies: Sequence[bytes], *, region: str) -> tuple[tuple[Any, ...], ...] | None:
    """Return what bodies say of the columns of texts and times, a column each; None where a version, region or time is another."""
    if {*map(_FIRST_AND_LAST, bodies)} != _BRACES:  # a reader may read over blanks around
        return None
    # What is read is let go at once: hundreds of objects kept would have Python's collector look at them again and again.
    told = [
        (*_MEMBERS(said), *_PART(said["actor"]), *_PART(targets[0] if (targets := said["targets"]) else NO_TARGET))
        for said in map(load, bodies)
        if said.get("region", "") == region and said["v"] == BODY_VERSION
    ]
    if len(told) < len(bodies):  # Python's reader says by StopIteration that it expected a value, and that ends a loop
        return None
    ids, logs, times, names, subjects, outcomes, reasons, *last, actor_kinds, actor_ids, target_kinds, target_ids = zip(*told, strict=True)
    if {*map(type, times)} != _INT or not 0 <= min(times) <= max(times) < MAX_MICROS:
        return None
    subjects, reasons = (tuple([each or "" for each in column]) for column in (subjects, reasons))
    return ids, logs, times, names, actor_kinds, actor_ids, target_kinds, target_ids, subjects, outcomes, reasons, *last


def _digests(personal: Sequence[bytes]) -> tuple[str | None, ...]:
    return tuple([hashlib.sha256(each).hexdigest() if each else None for each in personal])


def _leaves(bodies: Sequence[bytes]) -> list[bytes]:
    """Return what `leaf_hash` does of each."""
    made: list[bytes] = []
    for body in bodies:
        state = LEAF.copy()
        state.update(body)
        made.append(state.digest())
    return made
