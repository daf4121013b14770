"""What a stream hands to its receiver.

Rules that this module keeps:

- a batch is of one log and of all its indexes in [first, end): each is an event with its stored bytes, or inside a run that was purged;
- the key of an event is `<origin>/<index>`, the same in every repeat and for every receiver; that of a purged run ends in `<first>-<last>`;
- the lines of a batch are those of an export (`ctsec.audit.export.jsonl`), with the key in front; OCSF is made of the same bytes.
"""

from __future__ import annotations

import json
from binascii import hexlify
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ctsec.audit.event import LogId
from ctsec.audit.export.jsonl import ExportHead
from ctsec.audit.export.ocsf import OcsfWriter
from ctsec.audit.export.raw import RawEvent
from ctsec.audit.export.request import OcsfVersion
from ctsec.audit.export.writing import read_event

MOST_EVENTS: Final = 500
MOST_BYTES: Final = 1024 * 1024
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamBatch:
    """The indexes [`first`, `end`) of a log: what is there of them, in the order of indexes. `stream` is the name of the stream, and
    `store` that of the region's store that the log is in, empty for the home store.
    """

    stream: str
    log: LogId
    origin: str
    first: int
    end: int
    events: Sequence[RawEvent]
    store: str = ""

    @property
    def place(self) -> str:
        """The log as it is told: `<store>/<log>` in the store of a region, and the log alone in the home store."""
        return f"{self.store}/{self.log}" if self.store else self.log

    @property
    def key(self) -> str:
        """What names the batch, the same in every repeat: `<origin>/<first>-<last>`."""
        return f"{self.origin}/{self.first}-{self.end - 1}"

    @property
    def purged(self) -> tuple[tuple[int, int], ...]:
        """The runs [first, end) of indexes whose events were purged before they were delivered."""
        found: list[tuple[int, int]] = []
        at = self.first
        for index in (*(event[0] for event in self.events), self.end):
            if index > at:
                found.append((at, index))
            at = index + 1
        return tuple(found)

    def key_of(self, index: int) -> str:
        """Return the key of an event."""
        return f"{self.origin}/{index}"

    def items(self) -> Iterator[StreamItem]:
        """Yield the events and the purged runs, in the order of indexes."""
        gone = dict(self.purged)
        at = self.first
        events = iter(self.events)
        while at < self.end:
            if at in gone:
                yield StreamItem(key=f"{self.origin}/{at}-{gone[at] - 1}", first=at, end=gone[at], raw=None)
                at = gone[at]
            else:
                yield StreamItem(key=self.key_of(at), first=at, end=at + 1, raw=next(events))
                at += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamItem:
    """An event with its key, or a run [`first`, `end`) of indexes whose events were purged (`raw` is None)."""

    key: str
    first: int
    end: int
    raw: RawEvent | None


def line_of(item: StreamItem, *, batch: StreamBatch, ocsf: OcsfVersion | None = None) -> bytes:
    """Return the line of an item without its end: the stored bytes with key, index and leaf, or OCSF of a version."""
    key = json.dumps(item.key).encode()
    if item.raw is None:
        return b'{"key":%s,"purged":[%d,%d]}' % (key, item.first, item.end)
    if ocsf is None:
        index, leaf, body, _ = item.raw
        return b'{"key":%s,"index":%d,"leaf":"%s","event":%s}' % (key, index, hexlify(leaf), body)
    head = ExportHead(
        log=batch.log, origin=batch.origin, first=0, end=0, size=0, filters={}, personal=False, created_at=_NO_TIME, note=b""
    )  # fmt: skip
    made = OcsfWriter(ocsf, head=head).object(read_event(item.raw, personal={}))
    made["unmapped"] = {**made["unmapped"], "key": item.key}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def lines_of(batch: StreamBatch, *, ocsf: OcsfVersion | None = None) -> bytes:
    """Return the lines of a batch, each with its end."""
    return b"".join(line_of(item, batch=batch, ocsf=ocsf) + b"\n" for item in batch.items())
