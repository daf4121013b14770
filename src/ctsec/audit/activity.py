"""A person's own events over several logs, as pages.

Rules that this module keeps:

- a page is newest first; within a log the order is that of the indexes, between logs that of the times;
- the cursor holds a position for each log, so pages lose and repeat nothing while the logs grow; it names logs by a digest, 6 bytes of
  SHA-256, and works for whoever has the same logs;
- at most 100 logs are looked at.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ctsec.audit.event import LogId
from ctsec.audit.record import SealedEvent

MAX_LOGS: Final = 100
_NAME: Final = 6
_POSITION: Final = 8
_ENTRY: Final = _NAME + _POSITION


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Events of one person, newest first, and `next` to go on with (None at the end)."""

    events: tuple[SealedEvent, ...]
    next: str | None


def _name(log: LogId) -> bytes:
    return hashlib.sha256(log.encode()).digest()[:_NAME]


def write_positions(positions: Mapping[LogId, int]) -> str:
    """Return the cursor for the events of each log with an index below its position."""
    raw = b"".join(_name(log) + before.to_bytes(_POSITION, "big") for log, before in sorted(positions.items()))
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def read_positions(text: str, *, logs: Sequence[LogId]) -> dict[LogId, int]:
    """Return the positions in those of `logs` that a cursor knows; raise ValueError if it is none."""
    wrong = ValueError("expected a cursor that the activity page returned")
    if not text.isascii() or len(text) > 2 * _ENTRY * (MAX_LOGS + 1):
        raise wrong
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise wrong from None
    if len(raw) % _ENTRY:
        raise wrong
    entries = [raw[at : at + _ENTRY] for at in range(0, len(raw), _ENTRY)]
    known = {entry[:_NAME]: int.from_bytes(entry[_NAME:], "big") for entry in entries}
    if len(known) != len(entries) or any(before >= 1 << 62 for before in known.values()):
        raise wrong
    return {log: known[_name(log)] for log in logs if _name(log) in known}


def merged(pages: Mapping[LogId, Sequence[SealedEvent]], *, limit: int, positions: Mapping[LogId, int]) -> ActivityPage:
    """Return the newest `limit` events of pages of one event more than that, if there are so many, and the cursor behind them."""
    heads = {log: 0 for log, page in pages.items() if page}
    after = dict(positions)
    taken: list[SealedEvent] = []
    while heads and len(taken) < limit:
        log = max(heads, key=lambda each: (pages[each][heads[each]].event.time, each))
        found = pages[log][heads[log]]
        taken.append(found)
        after[log] = found.index
        heads[log] += 1
        if heads[log] == len(pages[log]):
            del heads[log]
    return ActivityPage(tuple(taken), write_positions(after) if heads else None)
