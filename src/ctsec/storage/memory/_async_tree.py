"""The trees over the logs, and their checkpoints, in memory (async source)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ctsec.audit.event import LogId
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord, Head
from ctsec.audit.tree.tiles import Tile, full_tiles, held, tops
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import CHECKPOINT_NUMBERS, CHECKPOINTS, HEADS, LEAVES, LOG, TILES


class AsyncMemoryTree:
    """See `ctsec.audit.ports.AsyncTreeRecords`; `lead`, `led` and `grow` are for the stores of events and checkpoints."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def head(self, log: LogId) -> Head | None:
        """Return where a log stands."""
        return self._tx.get(HEADS, log)

    async def heads(self, *, after: str, limit: int) -> tuple[Head, ...]:
        """Return heads of logs with an id above `after`, in the order of ids."""
        return tuple(sorted((head for head in self._tx.scan(HEADS) if head.log > after), key=lambda head: head.log)[:limit])

    async def leaves(self, log: LogId, *, first: int, end: int) -> tuple[bytes, ...]:
        """Return the leaf hashes of the indexes [first, end), in their order."""
        return self._leaves(log, first, end)

    async def roots(self, log: LogId, *, level: int, first: int, end: int) -> tuple[bytes, ...]:
        """Return the roots of the full tiles with the numbers [first, end) of a level, in their order."""
        return tuple(tile.root for tile in self._tiles(log, level, first, end))

    async def tiles(self, log: LogId, *, level: int, first: int, end: int) -> tuple[Tile, ...]:
        """Return the full tiles with the numbers [first, end) of a level, in their order."""
        return self._tiles(log, level, first, end)

    def lead(self) -> None:
        """Lock the head of the log of logs: of two leaders the one that commits later is told to try again."""
        if self._tx.current(HEADS, LOG_OF_LOGS) is None:
            self._tx.put(HEADS, LOG_OF_LOGS, Head(log=LOG_OF_LOGS))

    def led(self, log: LogId) -> Head:
        """Return the head of a log, a new one if there is none; the caller leads."""
        return self._tx.current(HEADS, log) or Head(log=log)

    def grow(self, log: LogId, leaves: Sequence[bytes]) -> None:
        """Append leaves to the tree of a log: write the tiles that they complete and the new head; the caller leads."""
        head = self.led(log)
        edge = head.edge()
        after = edge.extended(leaves)
        fresh = leaves
        for level in range(tops(edge.size, after.size)):
            first, end = held(edge.size, level=level)
            old = tuple(tile.root for tile in self._tiles(log, level - 1, first, end)) if level else self._leaves(log, first, end)
            made = full_tiles([*old, *fresh], level=level, first=first)
            for tile in made:
                self._tx.put(TILES, (log, level, tile.number), tile)
            fresh = [tile.root for tile in made]
        self._tx.put(HEADS, log, replace(head, size=after.size, frontier=after.stored()))

    def _leaves(self, log: LogId, first: int, end: int) -> tuple[bytes, ...]:
        if log == LOG_OF_LOGS:
            places = [self._tx.get(CHECKPOINT_NUMBERS, number) for number in range(first, end)]
            found = [self._tx.get(CHECKPOINTS, place) for place in places if place is not None]
            return tuple(each.leaf() for each in found if each is not None)
        kept = [self._leaf(log, index) for index in range(first, end)]
        return tuple(each for each in kept if each is not None)

    def _leaf(self, log: LogId, index: int) -> bytes | None:
        sealed = self._tx.get(LOG, (log, index))
        return self._tx.get(LEAVES, (log, index)) if sealed is None else sealed.event.leaf

    def _tiles(self, log: LogId, level: int, first: int, end: int) -> tuple[Tile, ...]:
        found = [self._tx.get(TILES, (log, level, number)) for number in range(first, end)]
        return tuple(tile for tile in found if tile is not None)


class AsyncMemoryCheckpoints:
    """See `ctsec.audit.ports.AsyncCheckpointRecords`."""

    __slots__ = ("_tree", "_tx")

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._tree = AsyncMemoryTree(tx)

    async def due(self, *, before: datetime | None, limit: int) -> tuple[Head, ...]:
        """Return heads of logs that grew since their last checkpoint, if that is not newer than `before`."""
        grown = [head for head in self._tx.scan(HEADS) if head.log != LOG_OF_LOGS and head.size > head.signed]
        waited = [head for head in grown if head.signed_at is None or before is None or head.signed_at <= before]
        return tuple(sorted(waited, key=lambda head: head.log)[:limit])

    async def last(self, log: LogId) -> CheckpointRecord | None:
        """Return the checkpoint of the largest size."""
        return max(self._of(log), key=lambda each: each.size, default=None)

    async def page(self, log: LogId, *, after: int, limit: int) -> tuple[CheckpointRecord, ...]:
        """Return the checkpoints of a log with a size above `after`, in the order of sizes."""
        return tuple(sorted((each for each in self._of(log) if each.size > after), key=lambda each: each.size)[:limit])

    async def stores(self) -> tuple[str, ...]:
        """Return the stores of regions whose logs of logs have checkpoints here, in the order of names."""
        named = {each.log for each in self._tx.scan(CHECKPOINTS)}
        return tuple(sorted(log.removesuffix(f"/{LOG_OF_LOGS}") for log in named if log.endswith(f"/{LOG_OF_LOGS}")))

    async def numbered(self, *, first: int, limit: int) -> tuple[CheckpointRecord, ...]:
        """Return the checkpoints with a number from `first` on, in the order of numbers."""
        found = [(each.number, each) for each in self._tx.scan(CHECKPOINTS) if each.number is not None and each.number >= first]
        return tuple(each for _, each in sorted(found, key=lambda pair: pair[0])[:limit])

    async def add(self, made: tuple[CheckpointRecord, ...]) -> int:
        """Store checkpoints whose size has none yet, those of other logs as leaves of the log of logs; return how many."""
        self._tree.lead()
        fresh = [each for each in made if self._tx.current(CHECKPOINTS, (each.log, each.size)) is None]
        start = self._tree.led(LOG_OF_LOGS).size
        leaves: list[bytes] = []
        for each in fresh:
            number = None
            if each.log != LOG_OF_LOGS:
                number = start + len(leaves)
                leaves.append(each.leaf())
                self._tx.put(CHECKPOINT_NUMBERS, number, (each.log, each.size))
            self._tx.put(CHECKPOINTS, (each.log, each.size), replace(each, number=number))
        if leaves:
            self._tree.grow(LOG_OF_LOGS, leaves)
        for each in fresh:
            head = self._tx.current(HEADS, each.log)
            if head is not None and head.signed < each.size:
                self._tx.put(HEADS, each.log, replace(head, signed=each.size, signed_at=each.signed_at))
        return len(fresh)

    def _of(self, log: LogId) -> list[CheckpointRecord]:
        return [each for each in self._tx.scan(CHECKPOINTS) if each.log == log]
