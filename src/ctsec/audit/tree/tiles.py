"""Tiles: where the hashes of a tree are kept, as in C2SP tlog-tiles.

Rules that this module keeps:

- a tile has the height 8: at level L, number N, entry i stands for the 256^L leaves from (N * 256 + i) * 256^L on, a full subtree;
- only full tiles (256 entries, 8192 bytes) are stored, once, when the last of their leaves is there; the leaves of the last, unfinished
  tile are in the events themselves, and the entries of an unfinished tile further up are the roots of the full tiles below it;
- a node between two levels is computed from the entries below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ctsec.audit.tree.hashing import HASH_BYTES, parents, root_of, split

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES


@dataclass(frozen=True, slots=True)
class Node:
    """The full subtree of the 2^`height` leaves from `number` * 2^`height` on."""

    height: int
    number: int

    @property
    def entries(self) -> tuple[int, int, int]:
        """The tile level, the first entry and the end of the entries that the node is computed from."""
        level, above = divmod(self.height, TILE_HEIGHT)
        return level, self.number << above, (self.number + 1) << above

    @property
    def place(self) -> tuple[int, int, int, int]:
        """The level and the number of the tile that the node is in, the layer there, and the node's number in that layer."""
        level, above = divmod(self.height, TILE_HEIGHT)
        across = TILE_HEIGHT - above
        return level, self.number >> across, above, self.number & ((1 << across) - 1)


class Layers:
    """The entries of a tile, full or not, and the nodes above them up to the next level; a layer is computed when it is first asked for."""

    __slots__ = ("_layers",)

    def __init__(self, hashes: bytes) -> None:
        self._layers = [split(hashes)]

    def node(self, above: int, number: int) -> bytes:
        """Return node `number` of the layer `above` the entries (0: themselves), shorter than 32 bytes if it is not there."""
        while len(self._layers) <= above:
            self._layers.append(parents(self._layers[-1]))
        layer = self._layers[above]
        return layer[number] if number < len(layer) else b""


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile: `hashes` are its 256 entries, `root` is its entry in the tile above (computed if it is not given).

    One that was read from a store is what it says there, whatever that is. Of one that was pruned the root is left, and no entry.
    """

    level: int
    number: int
    hashes: bytes
    root: bytes = field(default=b"")

    def __post_init__(self) -> None:
        if not self.root:
            object.__setattr__(self, "root", root_of(split(self.hashes)))

    @property
    def is_bare(self) -> bool:
        """Whether its entries were pruned."""
        return not self.hashes

    def bare(self) -> Tile:
        """Return what is left of it when it is pruned."""
        return Tile(self.level, self.number, b"", root=self.root)


def tile_of(entries: Sequence[bytes], *, level: int, number: int) -> Tile:
    """Return the full tile of 256 entries."""
    return Tile(level, number, b"".join(entries), root_of(entries))


def tops(before: int, after: int) -> int:
    """Return at how many levels a tree that grows from `before` to `after` leaves completes a tile."""
    levels = 0
    while before >> TILE_HEIGHT * (levels + 1) != after >> TILE_HEIGHT * (levels + 1):
        levels += 1
    return levels


def held(before: int, *, level: int) -> tuple[int, int]:
    """Return the entries of the unfinished tile of a level, as first and end: what completing it needs beside the new ones."""
    end = before >> TILE_HEIGHT * level
    return end - end % TILE_WIDTH, end


def full_tiles(entries: Sequence[bytes], *, level: int, first: int) -> tuple[Tile, ...]:
    """Return the full tiles of `entries`, of which the first is entry `first`, at the start of a tile; what is left over is dropped."""
    start, whole = first // TILE_WIDTH, len(entries) // TILE_WIDTH
    parts = (entries[at * TILE_WIDTH : (at + 1) * TILE_WIDTH] for at in range(whole))
    return tuple(tile_of(part, level=level, number=start + at) for at, part in enumerate(parts))
