"""Any run of leaves as full subtrees, and the root of a tree that is read from left to right in leaves and such subtrees.

Rules that this module keeps:

- the leaves [first, end) have one decomposition: from left to right, each subtree the largest that starts where the last one ended, is
  aligned there and does not reach beyond the end;
- what is read in this way leads to the root of the whole tree only if every leaf has its place, whether it was read or skipped.
"""

from __future__ import annotations

from collections.abc import Sequence

from ctsec.audit.tree.hashing import HASH_BYTES, folded, node_hash
from ctsec.audit.tree.tiles import Node


def span(first: int, end: int) -> tuple[Node, ...]:
    """Return the full subtrees of the leaves [first, end), from left to right: at most twice as many as `end` has bits."""
    found: list[Node] = []
    while first < end:
        height = (end - first).bit_length() - 1
        if first:
            height = min(height, (first & -first).bit_length() - 1)
        found.append(Node(height, first >> height))
        first += 1 << height
    return tuple(found)


class LeftToRight:
    """A tree that is read from its first leaf on, `size` leaves so far; it holds one hash for each one bit of that."""

    __slots__ = ("_hashes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    @property
    def root(self) -> bytes:
        """The root of what was read."""
        return folded(self._hashes)

    def read(self, leaf: bytes) -> None:
        """Take the hash of the next leaf."""
        self._take(leaf, 0)

    def skip(self, end: int, hashes: Sequence[bytes]) -> None:
        """Take the leaves up to `end` by the roots of their `span`; raise ValueError for more or fewer hashes than it has."""
        nodes = span(self.size, end)
        if not nodes or len(nodes) != len(hashes) or any(len(each) != HASH_BYTES for each in hashes):
            raise ValueError("expected a hash of 32 bytes for each subtree of what is skipped")
        for node, each in zip(nodes, hashes, strict=True):
            self._take(each, node.height)

    def _take(self, node: bytes, height: int) -> None:
        bits = self.size >> height
        while bits & 1:
            node = node_hash(self._hashes.pop(), node)
            bits >>= 1
        self._hashes.append(node)
        self.size += 1 << height
