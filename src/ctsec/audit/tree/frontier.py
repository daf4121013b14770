"""The right edge of a tree: all that appending needs, at most 64 hashes.

Rules that this module keeps:

- a tree of `size` leaves is the full subtrees of the one bits of `size`, largest first; each stands in the frontier with its root;
- the stored form is those hashes, one after another; it says nothing of the size, which stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ctsec.audit.tree.hashing import HASH_BYTES, folded, node_hash
from ctsec.errors import CorruptRecord


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of the full subtrees of a tree of `size` leaves, largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    @property
    def root(self) -> bytes:
        """The root of the tree, 32 bytes."""
        return folded(self.hashes)

    def extended(self, leaves: Iterable[bytes]) -> Frontier:
        """Return the frontier after `leaves` (leaf hashes, 32 bytes each) were appended."""
        stack, size = list(self.hashes), self.size
        for leaf in leaves:
            node, bits = leaf, size
            while bits & 1:
                node = node_hash(stack.pop(), node)
                bits >>= 1
            stack.append(node)
            size += 1
        return Frontier(size, tuple(stack))

    def stored(self) -> bytes:
        """Return the stored form, empty for the empty tree."""
        return b"".join(self.hashes)

    @classmethod
    def read(cls, stored: bytes, *, size: int) -> Frontier:
        """Return the frontier of `size` leaves in its stored form; raise CorruptRecord if that has another number of hashes."""
        if size < 0 or len(stored) != size.bit_count() * HASH_BYTES:
            raise CorruptRecord("the frontier of a log has another number of hashes than its size asks for")
        return cls(size, tuple(stored[at : at + HASH_BYTES] for at in range(0, len(stored), HASH_BYTES)))
