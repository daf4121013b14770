"""What changed: one field of a resource before and after, as an event tells it.

Rules that this module keeps:

- an event tells at most 50 changes and says how many more there were; a value of more than 400 bytes is cut, with its size and its hash;
- of a secret it tells only that it was set, unset or replaced; of what identifies a person only that it changed, the values are sealed;
- fifty changes with the longest values fit into the body of an event.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_CHANGES: Final = 50
MAX_VALUE: Final = 400
MAX_PATH: Final = 100
_START: Final = 64
SET: Final = "set"
UNSET: Final = "unset"
UNKNOWN: Final = object()
REPLACED: Final = "changed"


class FieldClass(StrEnum):
    """Who may read a field: whoever reads the log, whoever may open the sealed part of an event, or nobody."""

    PUBLIC = "public"
    PERSONAL = "personal"
    SECRET = "secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field, before and after; None where it was not there, UNKNOWN where nobody knows. `path` is its name, with a dot where it lies
    deeper.

    `kept` is how the event keeps it: what the schema of the event says, whatever was given here.
    """

    path: str
    before: object = None
    after: object = None
    kept: FieldClass = FieldClass.PUBLIC


def diff(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Change, ...]:
    """Return the changes from one set of fields to another, in the order of their paths; what is equal is left out."""
    paths = sorted({*before, *after})
    return tuple(Change(path=path, before=before.get(path), after=after.get(path)) for path in paths if before.get(path) != after.get(path))


def is_set(value: object) -> bool:
    """Say whether a secret is there: None and what is empty are not."""
    return value is not None and not (isinstance(value, Sized) and len(value) == 0)


def masked(value: object) -> str:
    """Return what an event says instead of a secret: `set` or `unset`."""
    return SET if is_set(value) else UNSET


def masked_change(change: Change) -> Change:
    """Return a change of a secret without its values; one that was replaced says `changed`."""
    if change.before is UNKNOWN or change.after is UNKNOWN:
        before, after = (each if each is UNKNOWN else masked(each) for each in (change.before, change.after))
    else:
        before, after = masked(change.before), REPLACED if is_set(change.before) and is_set(change.after) else masked(change.after)
    return Change(path=change.path, before=before, after=after, kept=FieldClass.SECRET)


def sealed_values(change: Change) -> dict[str, str]:
    """Return the fields of the sealed part that hold the values of a personal change: `<path>.before` and `<path>.after`."""
    values = {"before": change.before, "after": change.after}
    known = {when: value for when, value in values.items() if value is not UNKNOWN}
    return {f"{change.path}.{when}": text for when, value in known.items() if (text := _text(cut(value))) is not None}


def cut(value: object) -> object:
    """Return `value`, or where its JSON has more than 400 bytes, its first 64 characters, its size in bytes and its SHA-256."""
    if value is None or isinstance(value, (bool, int)):
        return value
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    if len(json.dumps(text)) <= MAX_VALUE:
        return value
    whole = text.encode("utf-8", "surrogatepass")
    return {"start": text[:_START], "bytes": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}


def form(change: Change) -> dict[str, object]:
    """Return what the body of an event says of a change; `class` is there where it is not public."""
    if change.kept is FieldClass.PERSONAL:
        return {"path": change.path, "class": change.kept.value}
    values = {"before": change.before, "after": change.after}
    said: dict[str, object] = {"path": change.path}
    said |= {when: cut(value) for when, value in values.items() if value is not UNKNOWN}
    return said if change.kept is FieldClass.PUBLIC else {**said, "class": change.kept.value}


def bounded(changes: Iterable[Change]) -> tuple[tuple[Change, ...], int]:
    """Return the first 50 changes in the order of their paths, and how many more there are."""
    ordered = sorted(changes, key=lambda change: change.path)
    return tuple(ordered[:MAX_CHANGES]), max(0, len(ordered) - MAX_CHANGES)


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
