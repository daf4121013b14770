# Generated from src/ctsec/audit/_async_verifier.py by tools/twin.py; edit that file.
"""Verifying a log where it is kept, from its events up to the checkpoints that others hold (async source)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ctsec.audit._sync_leaves import UNLET, Leaves
from ctsec.audit._sync_ports import CheckpointRecords, LogRecords, TreeRecords
from ctsec.audit.assurance import FindingKind, Findings, LogReport
from ctsec.audit.event import EventName, LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent
from ctsec.audit.retention._sync_ports import PurgeRecords
from ctsec.audit.retention.pruning import PruneRecord, authentic_prunes
from ctsec.audit.retention.trail import RetentionTrail
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord, Head
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.audit.tree.hashing import HASH_BYTES
from ctsec.audit.tree.rebuilt import Rebuilt
from ctsec.audit.tree.tiles import TILE_HEIGHT, TILE_WIDTH, Tile
from ctsec.errors import CorruptRecord

Progress: TypeAlias = Callable[[LogId, int, int], None]

_PAGE = 4 * TILE_WIDTH
_BEYOND = 4
_LEVELS = 8
_TILES = 64
_MOST = 100


class LogVerifier:
    """Verifies one log in one reading: events, leaves, projections, tiles, head, checkpoints, and those `held` outside;
    and whether a purge accounts for each event that is gone. `region` is that of the store that the log is in, empty for the home store:
    the body of each event says it.

    Where a signed prune record lets the hashes below an index go, the tree is grown from the roots of the tiles whose entries are gone; the
    root at a size within such a tile is what a stored checkpoint says that counts. What was held under that index covers nothing.

    The log may grow meanwhile: what is verified is what the head says when it is read. `progress` is told after each page how many of how
    many indexes were read. At most a hundred findings are told. `trail` has what the log says of plans, holds and purges.
    The events are read by `ctsec.audit._sync_leaves`.
    """

    def __init__(
        self,
        log: LogId,
        *,
        records: LogRecords,
        tree: TreeRecords,
        checkpoints: CheckpointRecords,
        purges: PurgeRecords,
        identity: LogIdentity,
        region: str = "",
        progress: Progress | None = None,
    ) -> None:
        self._log = log
        self._records = records
        self._tree = tree
        self._checkpoints = checkpoints
        self._identity = identity
        self._progress = progress
        self.trail = RetentionTrail(origin=identity.origin(log), keys=identity.retention_keys, regional=bool(region))
        self._purged = 0
        self._prunes: tuple[PruneRecord, ...] = ()
        self._coming: dict[int, Tile] = {}
        self._signed: dict[int, bytes] = {}
        self._rebuilt = Rebuilt()
        self._roots: dict[int, bytes] = {}
        self._found = Findings(log)
        self._leaves = Leaves(
            log,
            records=records,
            tree=tree,
            checkpoints=checkpoints,
            purges=purges,
            region=region,
            trail=self.trail,
            found=self._found,
        )

    @property
    def named(self) -> frozenset[LogId]:
        """The logs that the log of logs has checkpoints of."""
        return frozenset(self._leaves.named)

    @property
    def pinned(self) -> Mapping[int, Mapping[LogId, int]]:
        """For each size of a checkpoint that was held, up to which size each log stands in the log of logs by then."""
        return self._leaves.pinned

    def verify(self, *, held: Sequence[SignedCheckpoint] = (), earlier: Sequence[SignedCheckpoint] = ()) -> LogReport:
        """Return what was found; those of `earlier` have to fit as those that were held do, and are not asked what they cover."""
        # Checkpoints first: whatever is signed by now, the head that is read next has at least its size.
        before = self._tree.head(self._log) or Head(log=self._log)
        stored = self._stored()
        head = self._tree.head(self._log) or Head(log=self._log)
        origin = self._identity.origin(self._log)
        ours = [each for each in held if each.checkpoint.origin == origin]
        mine = [*ours, *(each for each in earlier if each.checkpoint.origin == origin)]
        self._prunes = self._pruned(head)
        early = [each for each in stored if each.size < self._minimum]
        self._signed = {each.size: each.root for each in early if self._identity.opened(each) is not None}
        sizes = {each.size for each in stored} | {each.checkpoint.size for each in mine}
        wanted = sorted(sizes | {each.minimum for each in self._prunes})
        self._leaves.pinned = {each.checkpoint.size: {} for each in ours}
        self._rebuild(head.size, wanted=wanted)
        self._compare(head)
        last = stored[-1].size if stored else 0
        if not before.signed <= last <= head.signed:
            detail = f"the head says that {head.signed} events are signed for, the last checkpoint {last}"
            self._found.tell(FindingKind.HEAD, head.signed, detail)
        signed = [each.size for each in stored if self._is_sound(each, size=head.size)]
        fitting = {each.checkpoint.size for each in mine if self._holds(each)}
        kept = fitting & self._leaves.pinned.keys()
        for at, detail in self.trail.judge(self._roots):
            self._found.tell(FindingKind.PURGE, at, detail)
        return LogReport(
            log=self._log,
            size=head.size,
            signed=max(signed, default=0),
            held=max((size for size in kept if size >= self._minimum), default=0),
            purged=self._purged + self._leaves.purged,
            minimum=self._minimum,
            findings=tuple(self._found.all[:_MOST]),
        )

    def _stored(self) -> list[CheckpointRecord]:
        found: list[CheckpointRecord] = []
        while page := self._checkpoints.page(self._log, after=found[-1].size if found else -1, limit=_PAGE):
            found += page
        return found

    @property
    def _minimum(self) -> int:
        """The index below which hashes may be gone."""
        return max((each.minimum for each in self._prunes), default=0)

    def _pruned(self, head: Head) -> tuple[PruneRecord, ...]:
        """Return the prune records that were signed for the place where they stand; what they say is judged with the log."""
        query = AuditQuery(log=self._log, name=EventName.AUDIT_PRUNED.value)
        found: list[SealedEvent] = []
        while page := self._records.search(query, before=found[-1].index if found else head.size, limit=_PAGE):
            found += page
        return authentic_prunes(found, origin=self._identity.origin(self._log), keys=self._identity.retention_keys)

    def _rebuild(self, size: int, *, wanted: Sequence[int]) -> None:
        """Read the log up to `size`, judge each event, and grow the tree anew; note its root at the `wanted` sizes."""
        stops = [*(each for each in wanted if 0 < each < size), size]
        self._roots[0] = self._rebuilt.root()
        at = 0
        while at < size:
            bare, end = self._next(at, size)
            if bare:
                at = end
                self._skip(bare, stops)
                continue
            leaves = self._leaves.page(at, end)
            at += len(leaves)
            if self._progress is not None:
                self._progress(self._log, at, size)
            while stops and stops[0] <= at:
                cut = len(leaves) - (at - stops[0])
                self._grow(leaves[:cut])
                leaves = leaves[cut:]
                self._roots[stops.pop(0)] = self._rebuilt.root()
            self._grow(leaves)
            if at < size and len(self._found.all) >= _MOST:
                break

    def _next(self, at: int, size: int) -> tuple[list[Tile], int]:
        """Return the tiles from the index `at` on whose entries were pruned, and where they end; none, and the end of a page of leaves."""
        number, limit = at // TILE_WIDTH, min(self._minimum, size) // TILE_WIDTH
        if number >= limit:
            return [], min(at + _PAGE, size)
        if number not in self._coming:
            found = self._tree.tiles(self._log, level=0, first=number, end=min(number + _TILES, limit))
            self._coming = {each.number: each for each in found}
        run: list[Tile] = []
        while (tile := self._coming.get(number + len(run))) is not None and tile.is_bare:
            run.append(tile)
        return run, (number + (len(run) or 1)) * TILE_WIDTH

    def _skip(self, bare: Sequence[Tile], stops: list[int]) -> None:
        """Grow the tree by the roots of tiles whose entries were pruned; no event may stand there any more."""
        first, end = bare[0].number * TILE_WIDTH, (bare[-1].number + 1) * TILE_WIDTH
        there = self._records.page(self._log, first=first, limit=1)
        if there and there[0].index < end:
            self._found.tell(FindingKind.INDEX, there[0].index, "an event stands where the hashes were pruned")
        self.trail.miss(first, end)
        self._purged += end - first
        made: list[Tile] = []
        for tile in bare:
            if len(tile.root) != HASH_BYTES:
                # Two neighbours of other lengths may be hashed into the same node.
                self._found.tell(FindingKind.TILE, tile.number * TILE_WIDTH, "its root has another length than a hash")
            made += self._rebuilt.skip(tile.root)
            while stops and stops[0] <= self._rebuilt.size:
                stop = stops.pop(0)
                if stop == self._rebuilt.size:
                    self._roots[stop] = self._rebuilt.root()
                elif stop in self._signed:
                    self._roots[stop] = self._signed[stop]
        self._match(made)

    def _grow(self, leaves: Sequence[bytes]) -> None:
        """Append leaves, and compare the tiles that they complete with those that are stored."""
        self._match(self._rebuilt.append(leaves))

    def _match(self, made: Sequence[Tile]) -> None:
        for level in sorted({tile.level for tile in made}):
            mine = [tile for tile in made if tile.level == level]
            stored = self._tree.tiles(self._log, level=level, first=mine[0].number, end=mine[-1].number + 1)
            there = {tile.number: tile for tile in stored}
            for tile in mine:
                if there.get(tile.number) != tile:
                    self._found.tell(FindingKind.TILE, tile.number << TILE_HEIGHT * (level + 1), _wrong(tile, there.get(tile.number)))

    def _compare(self, head: Head) -> None:
        """Compare the head, and what there is beyond it."""
        try:
            agrees = head.edge() == self._rebuilt.frontier()
        except CorruptRecord:
            agrees = False
        if not agrees:
            self._found.tell(FindingKind.HEAD, head.size, "the head has another tree than the events")
        extra = self._beyond(head.size)
        ends = [head.size >> TILE_HEIGHT * (level + 1) for level in range(_LEVELS)]
        tiles = [self._tree.roots(self._log, level=level, first=end, end=end + _BEYOND) for level, end in enumerate(ends)]
        now = self._tree.head(self._log) or Head(log=self._log)
        if extra and max(extra) >= now.size:
            self._found.tell(FindingKind.HEAD, max(extra), "there are events behind the end of the log")
        for level, more in enumerate(tiles):
            if ends[level] + len(more) > now.size >> TILE_HEIGHT * (level + 1):
                self._found.tell(FindingKind.TILE, None, f"there are tiles behind the end of the log, at level {level}")

    def _beyond(self, size: int) -> list[int]:
        if self._log == LOG_OF_LOGS:
            return [each.number for each in self._checkpoints.numbered(first=size, limit=_PAGE) if each.number is not None]
        return [each.index for each in self._records.page(self._log, first=size, limit=_PAGE)]

    def _is_sound(self, record: CheckpointRecord, *, size: int) -> bool:
        """Say whether a stored checkpoint counts and the log still bears it out; what does not is found."""
        said = self._identity.opened(record)
        if said is None:
            self._found.tell(FindingKind.CHECKPOINT, record.size, "it is not signed by the log's key, or its row says something else")
        elif said.size > size:
            self._found.tell(FindingKind.CHECKPOINT, record.size, f"it was signed for {said.size} events, and there are {size}")
        elif self._roots.get(said.size) != said.root:
            self._found.tell(FindingKind.CHECKPOINT, record.size, "the events do not lead to the root that was signed")
        else:
            return True
        return False

    def _holds(self, signed: SignedCheckpoint) -> bool:
        """Say whether a checkpoint that was held outside counts and the log is still the one that it was made of."""
        said = signed.checkpoint
        if not self._identity.counts(signed, log=self._log):
            self._found.tell(FindingKind.HELD, said.size, "the checkpoint that was held is not signed by the log's key")
        elif self._roots.get(said.size) != said.root:
            self._found.tell(FindingKind.HELD, said.size, "the log is not the one whose checkpoint was held: events are missing or others")
        else:
            return True
        return False


def _wrong(tile: Tile, stored: Tile | None) -> str:
    if stored is not None and stored.is_bare:
        return UNLET
    return f"tile {tile.level}/{tile.number} {'is missing' if stored is None else 'has other hashes'}"
