"""The hashes of the tree.

Rules that this module keeps:

- a leaf is SHA-256(0x00 || bytes), an inner node SHA-256(0x01 || left || right), the empty tree SHA-256 of nothing (RFC 9162, 2.1.1);
- the left subtree of n leaves has the largest power of two below n: pairing layer by layer and carrying a last odd node up does the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
_PAIR: Final = 2 * HASH_BYTES


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right), the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def parents(hashes: bytes) -> bytes:
    """Return the layer above `hashes` (32 bytes each); a last one without a neighbour is carried up as it is."""
    sha, whole = hashlib.sha256, len(hashes) // _PAIR * _PAIR
    above = [sha(b"\x01" + hashes[at : at + _PAIR]).digest() for at in range(0, whole, _PAIR)]
    return b"".join(above) + hashes[whole:]


def root_of(hashes: Sequence[bytes] | bytes) -> bytes:
    """Return the root over hashes of subtrees of one size, the last of which may be smaller."""
    layer = hashes if isinstance(hashes, bytes) else b"".join(hashes)
    if not layer:
        return EMPTY_ROOT
    while len(layer) > HASH_BYTES:
        layer = parents(layer)
    return layer


def folded(hashes: Sequence[bytes]) -> bytes:
    """Return the root over full subtrees that grow smaller from left to right: the last two become one, then again."""
    if not hashes:
        return EMPTY_ROOT
    node = hashes[-1]
    for left in reversed(hashes[:-1]):
        node = node_hash(left, node)
    return node
