"""Proofs of inclusion and of consistency: which nodes they need, and how they are verified (RFC 9162, 2.1.3 and 2.1.4).

Rules that this module keeps:

- a plan names the full subtrees that each hash of a proof is folded from, so that whoever has tiles can make it;
- a verifier takes exactly as many hashes as the two numbers ask for, each of 32 bytes; one more or one less is a refusal;
- the empty tree is consistent with every tree by an empty proof, and holds no leaf.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

from ctsec.audit.tree.hashing import EMPTY_ROOT, HASH_BYTES, node_hash
from ctsec.audit.tree.tiles import Node

Plan: TypeAlias = tuple[tuple[Node, ...], ...]


def subtrees(first: int, end: int) -> tuple[Node, ...]:
    """Return the full subtrees of the leaves [first, end), largest first; `first` is at the start of a subtree that holds them all."""
    found: list[Node] = []
    while first < end:
        height = (end - first).bit_length() - 1
        found.append(Node(height, first >> height))
        first += 1 << height
    return tuple(found)


def inclusion_plan(index: int, *, size: int) -> Plan:
    """Return what a proof that leaf `index` is in a tree of `size` leaves is made of; raise ValueError if it can not be."""
    if not 0 <= index < size:
        raise ValueError("expected the index of a leaf of the tree")
    plan: list[tuple[Node, ...]] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + (1 << ((end - first - 1).bit_length() - 1))
        if index < middle:
            plan.append(subtrees(middle, end))
            end = middle
        else:
            plan.append(subtrees(first, middle))
            first = middle
    return tuple(reversed(plan))


def consistency_plan(old: int, *, size: int) -> Plan:
    """Return what a proof that the tree of `old` leaves is the beginning of that of `size` is made of; raise ValueError if it is not."""
    if not 0 <= old <= size:
        raise ValueError("expected a tree that is not larger than the other")
    if old in {0, size}:
        return ()
    plan: list[tuple[Node, ...]] = []
    first, end, whole = 0, size, True
    while end != old:
        middle = first + (1 << ((end - first - 1).bit_length() - 1))
        if old <= middle:
            plan.append(subtrees(middle, end))
            end = middle
        else:
            plan.append(subtrees(first, middle))
            first, whole = middle, False
    if not whole:
        plan.append(subtrees(first, end))
    return tuple(reversed(plan))


def is_included(leaf: bytes, *, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether `proof` shows that the leaf hash `leaf` stands at `index` in the tree of `size` leaves with `root`."""
    if not 0 <= index < size or len(leaf) != HASH_BYTES or len(root) != HASH_BYTES:
        return False
    node, here, last, sha = leaf, index, size - 1, hashlib.sha256
    for other in proof:
        if last == 0 or len(other) != HASH_BYTES:
            return False
        # The hash of an inner node, written out: a call costs as much as a third of it.
        if here & 1 or here == last:
            node = sha(b"\x01" + other + node).digest()
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            node = sha(b"\x01" + node + other).digest()
        here, last = here >> 1, last >> 1
    return last == 0 and node == root


def is_consistent(old: int, *, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether `proof` shows that the tree of `old` leaves with `old_root` is the beginning of the tree of `size` with `root`."""
    if not 0 <= old <= size or any(len(each) != HASH_BYTES for each in (old_root, root, *proof)):
        return False
    if old == size:
        return not proof and old_root == root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    here, last = old - 1, size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    rest = list(proof) if here else [old_root, *proof]
    if not rest:
        return False
    before = after = rest[0]
    for other in rest[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            before, after = node_hash(other, before), node_hash(other, after)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            after = node_hash(after, other)
        here, last = here >> 1, last >> 1
    return last == 0 and before == old_root and after == root
