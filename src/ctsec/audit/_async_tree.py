"""Roots and proofs of one log, out of what the store keeps (async source)."""

from __future__ import annotations

from ctsec.audit._async_ports import AsyncTreeRecords
from ctsec.audit.event import LogId
from ctsec.audit.sealing import Head
from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.hashing import HASH_BYTES, folded, split
from ctsec.audit.tree.proofs import Plan, consistency_plan, inclusion_plan, subtrees
from ctsec.audit.tree.spans import span
from ctsec.audit.tree.tiles import TILE_HEIGHT, TILE_WIDTH, Layers, Node
from ctsec.errors import CorruptRecord

_MOST_HELD = 64


class AsyncTreeReader:
    """The tree of the log that `head` stands for; the last 64 tiles that it read it holds, so that a second proof costs little.

    Sizes go up to the head's. Every method raises CorruptRecord where a tile or a leaf is missing.
    """

    __slots__ = ("_head", "_held", "_records")

    def __init__(self, records: AsyncTreeRecords, *, head: Head) -> None:
        self._records = records
        self._head = head
        self._held: dict[tuple[int, int], Layers] = {}

    async def frontier(self, size: int) -> Frontier:
        """Return the frontier of the first `size` leaves, out of the tiles."""
        return Frontier(size, tuple([await self._node(node) for node in subtrees(0, size)]))

    async def inclusion(self, index: int, *, size: int) -> tuple[bytes, ...]:
        """Return the proof that leaf `index` is in the tree of `size` leaves; raise ValueError if there is none."""
        return await self._hashes(inclusion_plan(index, size=size))

    async def consistency(self, old: int, *, size: int) -> tuple[bytes, ...]:
        """Return the proof that the tree of `old` leaves is the beginning of that of `size`; raise ValueError if there is none."""
        return await self._hashes(consistency_plan(old, size=size))

    async def span(self, first: int, end: int) -> tuple[bytes, ...]:
        """Return the roots of the full subtrees of the leaves [first, end), from left to right; of one leaf, its hash."""
        return tuple([await self._node(node) for node in span(first, end)])

    async def _hashes(self, plan: Plan) -> tuple[bytes, ...]:
        return tuple([folded([await self._node(node) for node in part]) for part in plan])

    async def _node(self, node: Node) -> bytes:
        level, number, above, within = node.place
        layers = self._held.get((level, number))
        if layers is None:
            while len(self._held) >= _MOST_HELD:
                del self._held[next(iter(self._held))]
            layers = self._held[(level, number)] = Layers(await self._entries(level, number))
        found = layers.node(above, within)
        if len(found) != HASH_BYTES:
            raise CorruptRecord(f"the tree of the log {self._head.log} lacks a hash of its tile {level}/{number}; run `ctsec audit verify`")
        return found

    async def _entries(self, level: int, number: int) -> bytes:
        """Return the entries of a tile: the stored one if it is full, else leaves, or the roots of the full tiles below."""
        log, there = self._head.log, self._head.size >> TILE_HEIGHT * level
        first, end = number * TILE_WIDTH, min((number + 1) * TILE_WIDTH, there)
        if end - first == TILE_WIDTH:
            return b"".join([tile.hashes for tile in await self._records.tiles(log, level=level, first=number, end=number + 1)])
        if level:
            return b"".join(await self._records.roots(log, level=level - 1, first=first, end=end))
        leaves = await self._records.leaves(log, first=first, end=end)
        if len(leaves) < end - first:
            # The tile was completed since, and events of it were purged: its leaves are in it alone.
            leaves = tuple(split(b"".join([tile.hashes for tile in await self._records.tiles(log, level=0, first=number, end=number + 1)])))
        return b"".join(leaves[: end - first])


async def is_pruned(index: int, *, log: LogId, tree: AsyncTreeRecords) -> bool:
    """Say whether of the tile that an index of a log is in the root alone is left."""
    found = await tree.tiles(log, level=0, first=index // TILE_WIDTH, end=index // TILE_WIDTH + 1)
    return any(tile.is_bare for tile in found)
