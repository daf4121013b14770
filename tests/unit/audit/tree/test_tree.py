"""The tree: roots, tiles and proofs, against the published vectors and a second implementation from RFC 9162 alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctsec.audit.canonical import leaf_hash
from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.hashing import EMPTY_ROOT, root_of
from ctsec.audit.tree.proofs import consistency_plan, inclusion_plan, is_consistent, is_included
from ctsec.audit.tree.tiles import Node, tops
from ctsec.errors import CorruptRecord
from tests.unit.audit.tree import second
from tests.unit.audit.tree.trees import Tiled

ENTRIES = [b"%d" % number for number in range(70_000)]


def tiled(*batches: int) -> Tiled:
    """Return a tree that grew by batches of these sizes."""
    tree = Tiled()
    for size in batches:
        start = len(tree.leaves)
        tree.append(ENTRIES[start : start + size])
    return tree


@pytest.mark.vectors
def test_the_published_vectors_of_inclusion(vectors: Path) -> None:
    """Every published inclusion proof is judged as published, the malformed ones too."""
    files = sorted((vectors / "merkle/inclusion").rglob("*.json"))
    assert len(files) > 60
    for file in files:
        case: dict[str, Any] = json.loads(file.read_text("utf-8"))
        root, leaf = base64.b64decode(case["root"] or ""), base64.b64decode(case["leafHash"] or "")
        listed: list[str] = case["proof"] or []
        hashes = list(map(base64.b64decode, listed))
        good = is_included(leaf, index=case["leafIdx"], size=case["treeSize"], root=root, proof=hashes)
        assert (file.name, good) == (file.name, not case["wantErr"])


def test_every_small_tree_agrees_with_the_second_implementation() -> None:
    """For every tree up to 40 leaves, every index and every older size: roots and proofs are equal, and both verifiers accept them."""
    tree = Tiled()
    roots = [EMPTY_ROOT]
    for size in range(1, 41):
        tree.append(ENTRIES[size - 1 : size])
        entries = ENTRIES[:size]
        roots.append(tree.frontier.root)
        assert roots[size] == second.mth(entries) == root_of(tree.leaves)
        for index in range(size):
            hashes = tree.proof(inclusion_plan(index, size=size))
            assert hashes == second.path(index, entries)
            assert is_included(leaf_hash(entries[index]), index=index, size=size, root=roots[size], proof=hashes)
            assert second.included(leaf_hash(entries[index]), index, size, roots[size], hashes)
        for old in range(1, size):
            hashes = tree.proof(consistency_plan(old, size=size))
            assert hashes == second.proof(old, entries)
            assert is_consistent(old, size=size, old_root=roots[old], root=roots[size], proof=hashes)
            assert second.consistent(old, size, roots[old], roots[size], hashes)


@given(st.lists(st.integers(0, 700), max_size=5), st.data())
@example([255, 1, 256, 257], None)
def test_tiles_carry_every_proof_of_every_batching(batches: list[int], data: st.DataObject | None) -> None:
    """However a log was cut into batches, its root is the list's, its tiles are full ones, and proofs out of them verify in both."""
    tree = tiled(*batches)
    size = len(tree.leaves)
    assert tree.frontier.root == root_of(tree.leaves)
    assert sorted(tree.tiles) == [(0, number) for number in range(size // 256)]
    if data is None or not size:
        return
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    hashes = tree.proof(inclusion_plan(index, size=size))
    assert second.included(tree.leaves[index], index, size, tree.frontier.root, hashes)
    assert is_included(tree.leaves[index], index=index, size=size, root=tree.frontier.root, proof=hashes)
    hashes = tree.proof(consistency_plan(old, size=size))
    before = root_of(tree.leaves[:old])
    assert second.consistent(old, size, before, tree.frontier.root, hashes)
    assert is_consistent(old, size=size, old_root=before, root=tree.frontier.root, proof=hashes)


def test_a_tile_of_tiles_is_cut_when_the_last_below_it_is_full() -> None:
    """At 65,536 leaves the second level has its first tile, whose entries are the roots below, and proofs use it."""
    tree = tiled(65_535, 1, 300)
    assert {level for level, _ in tree.tiles} == {0, 1}
    assert tree.tiles[(1, 0)].hashes == b"".join(tree.tiles[(0, number)].root for number in range(256))
    root, size = root_of(tree.leaves), len(tree.leaves)
    assert tree.frontier.root == root
    for index in (0, 65_535, 65_536, 65_791, size - 1):
        hashes = tree.proof(inclusion_plan(index, size=size))
        assert is_included(tree.leaves[index], index=index, size=size, root=root, proof=hashes)
    for old in (1, 255, 256, 65_535, 65_536, 65_537, 65_792):
        hashes = tree.proof(consistency_plan(old, size=size))
        assert is_consistent(old, size=size, old_root=root_of(tree.leaves[:old]), root=root, proof=hashes)
    assert (tops(65_535, 65_536), tops(255, 256), tops(256, 511), tops((1 << 24) - 1, 1 << 24)) == (2, 1, 0, 3)


@given(st.integers(1, 600), st.data())
def test_a_changed_proof_proves_nothing(size: int, data: st.DataObject) -> None:
    """One bit, one hash more or less, another index or size: both proofs are refused."""
    tree = tiled(size)
    root = tree.frontier.root
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    inclusion, consistency = tree.proof(inclusion_plan(index, size=size)), tree.proof(consistency_plan(old, size=size))
    leaf, before = tree.leaves[index], root_of(tree.leaves[:old])
    for hashes in (inclusion, consistency):
        mutated = list(hashes)
        match data.draw(st.integers(0, 2)) if mutated else 0:
            case 0:
                mutated.append(data.draw(st.sampled_from([root, leaf, b"", b"x" * 31])))
            case 1:
                mutated.pop(data.draw(st.integers(0, len(mutated) - 1)))
            case _:
                at, bit = data.draw(st.integers(0, len(mutated) - 1)), data.draw(st.integers(0, 255))
                mutated[at] = (int.from_bytes(mutated[at]) ^ (1 << bit)).to_bytes(32)
        if hashes is inclusion:
            assert not is_included(leaf, index=index, size=size, root=root, proof=mutated)
        if hashes is consistency:
            assert not is_consistent(old, size=size, old_root=before, root=root, proof=mutated)
    other = data.draw(st.integers(0, size + 1).filter(lambda number: number != index))
    assert not is_included(leaf, index=other, size=size, root=root, proof=inclusion)
    assert not is_consistent(old, size=size, old_root=leaf_hash(b"other"), root=root, proof=consistency)


def test_what_no_proof_can_show() -> None:
    """There is no proof of a leaf outside, nor of a larger tree in a smaller one; the empty tree begins every tree."""
    for index, size in ((0, 0), (-1, 3), (3, 3)):
        with pytest.raises(ValueError, match="index of a leaf"):
            inclusion_plan(index, size=size)
        assert not is_included(EMPTY_ROOT, index=index, size=size, root=EMPTY_ROOT, proof=())
    for old, size in ((4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="not larger"):
            consistency_plan(old, size=size)
        assert not is_consistent(old, size=size, old_root=EMPTY_ROOT, root=EMPTY_ROOT, proof=())
    root = tiled(3).frontier.root
    assert is_consistent(0, size=3, old_root=EMPTY_ROOT, root=root, proof=())
    assert not is_consistent(0, size=3, old_root=root, root=root, proof=())
    assert not is_consistent(2, size=3, old_root=root, root=root, proof=())


def test_stored_forms_are_measured() -> None:
    """A frontier of another length than its size asks for is corrupt; a node between two levels knows its entries."""
    stored = tiled(7).frontier.stored()
    assert Frontier.read(stored, size=7).extended([leaf_hash(ENTRIES[7])]) == Frontier.read(second.mth(ENTRIES[:8]), size=8)
    for value, size in ((stored, 8), (stored[:-1], 7), (b"", 1), (b"", -1)):
        with pytest.raises(CorruptRecord):
            Frontier.read(value, size=size)
    assert Node(9, 3).entries == (1, 6, 8)
