"""A tree of a test: its leaves in a list, its tiles as ctsec cuts them, proofs out of the tiles."""

from __future__ import annotations

from collections.abc import Sequence

from ctsec.audit.canonical import leaf_hash
from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.hashing import folded, root_of
from ctsec.audit.tree.proofs import Plan
from ctsec.audit.tree.tiles import TILE_WIDTH, Node, Tile, full_tiles, held, tops


class Tiled:
    """What a store keeps: leaves, full tiles, and a frontier; nodes come from the tiles where there are some."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.tiles: dict[tuple[int, int], Tile] = {}
        self.frontier = Frontier()

    def append(self, entries: Sequence[bytes]) -> None:
        """Append entries as a batch of the sequencer does."""
        leaves = list(map(leaf_hash, entries))
        before = self.frontier.size
        self.frontier = self.frontier.extended(leaves)
        self.leaves += leaves
        fresh = leaves
        for level in range(tops(before, self.frontier.size)):
            first, end = held(before, level=level)
            made = full_tiles([*self.entries(level, first, end), *fresh], level=level, first=first)
            self.tiles |= {(tile.level, tile.number): tile for tile in made}
            fresh = [tile.root for tile in made]

    def entries(self, level: int, first: int, end: int) -> list[bytes]:
        """Return entries of a level: of a full tile, else leaves, or the roots of the tiles below."""
        tile = self.tiles.get((level, first // TILE_WIDTH))
        if tile is not None:
            start = first % TILE_WIDTH * 32
            return [tile.hashes[at : at + 32] for at in range(start, start + (end - first) * 32, 32)]
        return self.leaves[first:end] if level == 0 else [self.tiles[(level - 1, number)].root for number in range(first, end)]

    def node(self, node: Node) -> bytes:
        """Return the root of a full subtree."""
        return root_of(self.entries(*node.entries))

    def proof(self, plan: Plan) -> list[bytes]:
        """Return the hashes of a plan."""
        return [folded([self.node(node) for node in part]) for part in plan]
