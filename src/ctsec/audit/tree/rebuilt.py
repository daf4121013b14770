"""A tree that is computed anew, leaf by leaf, to be compared with what a store keeps.

Rules that this module keeps:

- nothing is taken from the store but the leaves, in their order, and of tiles whose leaves are gone the root;
- tiles come out as they are completed, of every level, so that none has to be held.
"""

from __future__ import annotations

from collections.abc import Iterable

from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.tiles import TILE_WIDTH, Tile, tile_of


class Rebuilt:
    """The tree of the leaves that were appended so far, `size` of them."""

    __slots__ = ("_open", "_tiles", "_upper", "size")

    def __init__(self) -> None:
        self.size = 0
        self._open: list[bytes] = []
        self._tiles = Frontier()
        self._upper: list[list[bytes]] = []

    def append(self, leaves: Iterable[bytes]) -> tuple[Tile, ...]:
        """Append leaves and return the tiles that they complete, of all levels."""
        entries = [*self._open, *leaves]
        self.size += len(entries) - len(self._open)
        whole = len(entries) - len(entries) % TILE_WIDTH
        self._open = entries[whole:]
        made: list[Tile] = []
        for start in range(0, whole, TILE_WIDTH):
            tile = tile_of(entries[start : start + TILE_WIDTH], level=0, number=self._tiles.size)
            self._tiles = self._tiles.extended((tile.root,))
            made += [tile, *self._above(tile)]
        return tuple(made)

    def skip(self, root: bytes) -> tuple[Tile, ...]:
        """Append a full tile of level 0 by its `root` alone, and return the tiles above that it completes.

        Raises ValueError within a tile.
        """
        if self._open:
            raise ValueError("expected the start of a tile")
        tile = Tile(0, self._tiles.size, b"", root=root)
        self.size += TILE_WIDTH
        self._tiles = self._tiles.extended((root,))
        return tuple(self._above(tile))

    def frontier(self) -> Frontier:
        """Return the frontier of the tree."""
        return Frontier(self.size, (*self._tiles.hashes, *Frontier().extended(self._open).hashes))

    def root(self) -> bytes:
        """Return the root of the tree."""
        return self.frontier().root

    def _above(self, tile: Tile) -> list[Tile]:
        made: list[Tile] = []
        while True:
            if len(self._upper) <= tile.level:
                self._upper.append([])
            row = self._upper[tile.level]
            row.append(tile.root)
            if len(row) < TILE_WIDTH:
                return made
            number = tile.number // TILE_WIDTH
            tile = tile_of(row, level=tile.level + 1, number=number)
            row.clear()
            made.append(tile)
