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
# SHA-256 of the prefix of an inner node. A copy that is given both sides takes less time than to put three texts together.
_NODE: Final = hashlib.sha256(b"\x01")
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right), the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def parents(layer: Sequence[bytes]) -> list[bytes]:
    """Return the layer above a layer of hashes; a last one without a neighbour is carried up as it is."""
    above: list[bytes] = []
    pairs = iter(layer)
    for left, right in zip(pairs, pairs, strict=False):
        state = _NODE.copy()
        state.update(left)
        state.update(right)
        above.append(state.digest())
    if len(layer) % 2:
        above.append(layer[-1])
    return above


def root_of(layer: Sequence[bytes]) -> bytes:
    """Return the root over hashes of subtrees of one size, the last of which may be smaller."""
    if not layer:
        return EMPTY_ROOT
    while len(layer) > 1:
        layer = parents(layer)
    return layer[0]


def split(hashes: bytes) -> list[bytes]:
    """Return hashes that stand one after another, 32 bytes each; a last one may be shorter."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def folded(hashes: Sequence[bytes]) -> bytes:
    """Return the root over full subtrees that grow smaller from left to right: the last two become one, then again."""
    if not hashes:
        return EMPTY_ROOT
    node = hashes[-1]
    for left in reversed(hashes[:-1]):
        node = node_hash(left, node)
    return node
