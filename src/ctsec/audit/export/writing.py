"""What the formats that are not verified have in common: events that were read, and how a file begins, goes on and ends.

Rules that this module keeps:

- a file that was broken off is told from a whole one by its last line, which says how many events it has;
- an event whose bytes were purged is in none of these formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ctsec.audit.export.coding import read_json
from ctsec.audit.export.raw import RawEvent
from ctsec.draft import draft_of
from ctsec.errors import CorruptRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvent:
    """An event as its bytes say it: its index, its members, and what its sealed part said, if that was asked for."""

    index: int
    leaf: bytes
    said: Mapping[str, Any]
    personal: Mapping[str, str]

    @property
    def actor(self) -> Mapping[str, Any]:
        """Kind, id and credential of who did it."""
        actor: Mapping[str, Any] = self.said["actor"]
        return actor

    @property
    def targets(self) -> Sequence[Mapping[str, str]]:
        """Kind and id of what it was done to."""
        targets: Sequence[Mapping[str, str]] = self.said["targets"]
        return targets


_DRAFT: Final = draft_of(ReadEvent)


class Writer(Protocol):
    """How a format is written."""

    def start(self) -> bytes:
        """Return what stands before the events."""
        ...

    def page(self, events: Iterable[ReadEvent]) -> bytes:
        """Return the lines of events, each of which is let go once it was written."""
        ...

    def end(self, events: int) -> bytes:
        """Return the last line, after so many events."""
        ...


_MEMBERS: Final = frozenset({"id", "time", "name", "actor", "targets", "subject", "outcome", "reason", "organization", "workspace"})


def read_event(raw: RawEvent, *, personal: Mapping[str, str]) -> ReadEvent:
    """Return an event from its stored bytes; raise CorruptRecord if they are none."""
    index, leaf, body, _ = raw
    try:
        said: Any = read_json(body)
    except ValueError:
        said = None
    if type(said) is not dict or not said.keys() >= _MEMBERS:  # pyright: ignore[reportUnknownMemberType]
        raise CorruptRecord(f"the body at index {index} is not that of an event; run `ctsec audit verify`")
    made = _DRAFT()
    made.index, made.leaf, made.said, made.personal = index, leaf, said, personal
    made.__class__ = ReadEvent
    read: ReadEvent = made
    return read
