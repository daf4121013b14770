# Generated from src/ctsec/audit/_async_leaves.py by tools/twin.py; edit that file.
"""Reading the leaves of a log as they are now, and judging each event on the way (async source).

Rules that this module keeps:

- a leaf is the hash of the event's bytes, whatever leaf stands beside them, and each column says what the bytes say;
- the leaf of an event that is gone is the one that was kept, by a purge or in a tile of the tree; who may let it go is judged by the trail;
- an index that has neither counts as nothing, and is found;
- in the log of logs the events are the checkpoints of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ctsec.audit._sync_ports import CheckpointRecords, LogRecords, TreeRecords
from ctsec.audit.assurance import FindingKind, Findings
from ctsec.audit.canonical import leaf_hash
from ctsec.audit.event import LogId
from ctsec.audit.record import SealedEvent, departures
from ctsec.audit.retention._sync_ports import PurgeRecords
from ctsec.audit.retention.selection import EVIDENCE
from ctsec.audit.retention.trail import RetentionTrail
from ctsec.audit.rows import LogRow, agreeing
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord
from ctsec.audit.tree.hashing import HASH_BYTES
from ctsec.audit.tree.tiles import TILE_WIDTH
from ctsec.errors import CorruptRecord

UNLET: Final = "its hashes were pruned, and no signed record lets them go"
_NOTHING: Final = bytes(HASH_BYTES)


class Leaves:
    """Reads a log from its beginning on: what is wrong goes to `found`, and what is gone and what retention says to `trail`.

    `purged` counts the events that are gone. In the log of logs, `named` are the logs that it has some of, and `pinned` says, for each size
    that it is asked for, up to which size each of them stands in the log of logs by then.
    """

    def __init__(
        self,
        log: LogId,
        *,
        records: LogRecords,
        tree: TreeRecords,
        checkpoints: CheckpointRecords,
        purges: PurgeRecords,
        region: str,
        trail: RetentionTrail,
        found: Findings,
    ) -> None:
        self._log = log
        self._records = records
        self._tree = tree
        self._checkpoints = checkpoints
        self._purges = purges
        self._region = region
        self._trail = trail
        self._found = found
        self.purged = 0
        self.named: set[LogId] = set()
        self.pinned: dict[int, dict[LogId, int]] = {}

    def page(self, first: int, end: int) -> list[bytes]:
        """Return the leaves of the indexes [first, end), as they are now, of events that are gone those that were kept.

        One that is in neither place is found and counts as nothing.
        """
        if self._log == LOG_OF_LOGS:
            numbered = self._checkpoints.numbered(first=first, limit=end - first)
            leaves = {each.number: each.leaf() for each in numbered}
            self.named |= {each.log for each in numbered}
            self._pin(numbered)
            return self._every(leaves, first=first, end=end)
        return self._of_rows(self._records.rows(self._log, first=first, limit=end - first), first=first, end=end)

    def _of_rows(self, rows: Sequence[LogRow], *, first: int, end: int) -> list[bytes]:
        """Return the leaves of a page by its rows: of those that agree at once, and where some do not, of all around them one by one."""
        found: list[bytes] = []
        if len(rows) != end - first:
            return self._one_by_one(first, end)
        for start in range(first, end, TILE_WIDTH):
            stop = min(start + TILE_WIDTH, end)
            sound = agreeing(rows[start - first : stop - first], first=start, end=stop, region=self._region, apart=EVIDENCE)
            if sound is None:
                found += self._one_by_one(start, stop)
            else:
                found += sound[0]
                self._trail.pass_by(sound[1])
        return found

    def _one_by_one(self, first: int, end: int) -> list[bytes]:
        page = self._records.page(self._log, first=first, limit=end - first)
        leaves = self._with_purged({each.index: each for each in page if each.index < end}, first=first, end=end)
        return self._every(leaves, first=first, end=end)

    def _every(self, leaves: Mapping[int | None, bytes], *, first: int, end: int) -> list[bytes]:
        missing = [index for index in range(first, end) if index not in leaves]
        for index in missing:
            self._found.tell(FindingKind.INDEX, index, "there is nothing at this index")
        return [leaves.get(index, _NOTHING) for index in range(first, end)]

    def _pin(self, numbered: Sequence[CheckpointRecord]) -> None:
        """Note how far each log is covered by the first checkpoints, as many as one that was held says."""
        for size, covered in self.pinned.items():
            for each in numbered:
                if each.number is not None and each.number < size:
                    covered[each.log] = max(covered.get(each.log, 0), each.size)

    def _with_purged(self, there: Mapping[int, SealedEvent], *, first: int, end: int) -> dict[int | None, bytes]:
        """Return the leaves of events that are there, judged, and those that are left of others."""
        kept: dict[int, bytes] = {}
        nothing: set[int] = set()
        if len(there) < end - first:
            kept |= self._purges.leaves(self._log, first=first, end=end)
            for tile in self._tree.tiles(self._log, level=0, first=first // TILE_WIDTH, end=-(-end // TILE_WIDTH)):
                if tile.is_bare:
                    self._found.tell(FindingKind.TILE, tile.number * TILE_WIDTH, UNLET)
                    nothing |= set(range(tile.number * TILE_WIDTH, (tile.number + 1) * TILE_WIDTH))
                parts = (tile.hashes[at : at + HASH_BYTES] for at in range(0, len(tile.hashes), HASH_BYTES))
                kept |= {tile.number * TILE_WIDTH + at: part for at, part in enumerate(parts)}
        leaves: dict[int | None, bytes] = {}
        for index in range(first, end):
            if index in there:
                leaves[index] = self._judged(there[index])
                self._trail.see(index, there[index].event)
            elif index in kept:
                leaves[index] = kept[index]
                self._trail.miss(index, index + 1)
                self.purged += 1
            elif index in nothing:
                leaves[index] = _NOTHING
        return leaves

    def _judged(self, sealed: SealedEvent) -> bytes:
        """Return the leaf of an event's bytes, after its row was compared with them."""
        leaf = leaf_hash(sealed.event.body)
        if leaf != sealed.event.leaf:
            self._found.tell(FindingKind.LEAF, sealed.index, "the stored leaf is not the hash of the body")
        try:
            wrong = departures(sealed.event, region=self._region)
        except CorruptRecord:
            self._found.tell(FindingKind.BODY, sealed.index, "the body is not a JSON object")
        else:
            if "region" in wrong:
                self._found.tell(FindingKind.BODY, sealed.index, "the body says another region than that of the store it is in")
            if columns := ", ".join(name for name in wrong if name != "region"):
                self._found.tell(FindingKind.PROJECTION, sealed.index, f"these columns say something else than the body: {columns}")
        return leaf
