"""The signed record that stands for the hashes of a log's beginning, and where they end.

Rules that this module keeps:

- a prune takes hashes, never events: below its minimum index every event but evidence was purged before, and the tiles that hold
  evidence stay whole, so what a purge is judged by is proved as before;
- the minimum is at the start of a tile and is covered by the checkpoint that the prune was decided at; the record has the frontier
  there, so that whoever knows the record alone can go on from it;
- it is an event, signed by the retention key as purges are, under a domain of its own: over origin, event id, time and index. A record
  that was copied, moved or made without that key is none, and neither is a purge record that was made into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from ctsec.audit.event import Detail
from ctsec.audit.record import SealedEvent
from ctsec.audit.retention.ranges import Ranges
from ctsec.audit.retention.record import PurgeRecord, is_authentic
from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.tiles import TILE_WIDTH
from ctsec.errors import CorruptRecord

PRUNE_DOMAIN: Final = b"ctsec audit prune 1\n"
_NONE: Final = "expected the details of a prune record"


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneRecord:
    """What a prune lets go: the hashes of `tiles` tiles under the index where `frontier` ends, decided at a checkpoint (size, root).

    `index` is where its event stands.
    """

    index: int
    size: int
    root: bytes
    frontier: Frontier
    tiles: int

    @property
    def minimum(self) -> int:
        """The minimum index: what is below may have no hashes any more."""
        return self.frontier.size

    def details(self) -> dict[str, Detail]:
        """Return the details of its event, all but the signature."""
        return {
            "index": self.index,
            "size": self.size,
            "root": self.root.hex(),
            "minimum": self.minimum,
            "frontier": tuple(each.hex() for each in self.frontier.hashes),
            "minimum_root": self.frontier.root.hex(),
            "tiles": self.tiles,
        }

    @classmethod
    def read(cls, details: Mapping[str, object]) -> PruneRecord:
        """Return the record in the details of an event; raise ValueError for anything else."""
        numbers = [details.get(name) for name in ("index", "size", "minimum", "tiles")]
        hashes = details.get("frontier")
        if not isinstance(hashes, list) or not all(type(each) is int for each in numbers):
            raise ValueError(_NONE)
        index, size, minimum, tiles = (int(str(each)) for each in numbers)
        try:
            edge = Frontier.read(b"".join(bytes.fromhex(str(each)) for each in cast(list[object], hashes)), size=minimum)
        except CorruptRecord:
            raise ValueError(_NONE) from None
        if edge.root.hex() != details.get("minimum_root"):
            raise ValueError(_NONE)
        return cls(index=index, size=size, root=bytes.fromhex(str(details.get("root"))), frontier=edge, tiles=tiles)

    @property
    def fits(self) -> bool:
        """Whether it says something that a prune may say: a whole number of tiles, under its checkpoint, before itself."""
        return 0 < self.minimum <= self.size <= self.index and self.minimum % TILE_WIDTH == 0


def is_signed_prune(details: Mapping[str, object], *, origin: str, event: str, time: int, keys: tuple[bytes, ...]) -> bool:
    """Say whether a prune record was signed by one of `keys` for this place."""
    return is_authentic(details, origin=origin, event=event, time=time, keys=keys, domain=PRUNE_DOMAIN)


def authentic_prunes(found: Iterable[SealedEvent], *, origin: str, keys: tuple[bytes, ...]) -> tuple[PruneRecord, ...]:
    """Return those of the records in events that were signed for the place where they stand, in the order given; others count nothing."""
    return tuple(record for each in found if (record := _prune(each, origin=origin, keys=keys)) is not None)


def purged_by(found: Iterable[SealedEvent], *, origin: str, keys: tuple[bytes, ...]) -> Ranges:
    """Return the indexes that the purge records in events name, of those that were signed for the place where they stand."""
    parts: list[tuple[int, int]] = []
    for each in found:
        told = _told(each)
        if told is None or not is_authentic(told[1], origin=origin, event=told[0], time=told[2], keys=keys):
            continue
        record = PurgeRecord.read(told[1])
        if record.index == each.index:
            parts += record.ranges.parts
    return Ranges.merged(parts)


def _prune(sealed: SealedEvent, *, origin: str, keys: tuple[bytes, ...]) -> PruneRecord | None:
    told = _told(sealed)
    if told is None or not is_signed_prune(told[1], origin=origin, event=told[0], time=told[2], keys=keys):
        return None
    try:
        record = PruneRecord.read(told[1])
    except ValueError:
        return None
    return record if record.index == sealed.index and record.fits else None


def _told(sealed: SealedEvent) -> tuple[str, Mapping[str, Any], int] | None:
    """Return id, details and time by the body of an event, None where it says none."""
    try:
        body = sealed.event.details()
        return str(body["id"]), cast(Mapping[str, Any], dict(body["details"])), int(body["time"])
    except (CorruptRecord, KeyError, TypeError, ValueError):
        return None
