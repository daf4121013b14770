"""Prune records, and a tree that is grown by the roots of tiles whose leaves are gone."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.audit.retention.pruning import PruneRecord
from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.rebuilt import Rebuilt
from ctsec.audit.tree.tiles import TILE_WIDTH

LEAVES = [random.Random(1).randbytes(32) for _ in range(7 * TILE_WIDTH + 9)]
EDGE = Frontier().extended(LEAVES[: 3 * TILE_WIDTH])
RECORD = PruneRecord(index=900, size=800, root=bytes(32), frontier=EDGE, tiles=2)


@given(st.lists(st.booleans(), min_size=7, max_size=7))
def test_a_tree_grown_by_roots_of_tiles_is_the_tree_of_its_leaves(bare: list[bool]) -> None:
    """Whichever tiles are skipped by their roots, frontier and root are those of all leaves."""
    whole, mixed = Rebuilt(), Rebuilt()
    for number, skipped in enumerate(bare):
        leaves = LEAVES[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]
        (tile,) = whole.append(leaves)
        if skipped:
            assert mixed.skip(tile.root) == ()
        else:
            assert mixed.append(leaves) == (tile,)
    assert mixed.append(LEAVES[7 * TILE_WIDTH :]) == whole.append(LEAVES[7 * TILE_WIDTH :])
    assert (mixed.frontier(), mixed.root()) == (whole.frontier(), whole.root())


def test_roots_of_tiles_complete_the_tiles_above() -> None:
    """The 256th root makes the tile of the next level; within a tile nothing can be skipped."""
    rebuilt = Rebuilt()
    made = [rebuilt.skip(leaf) for leaf in LEAVES[:TILE_WIDTH]]
    assert [len(each) for each in made] == [0] * 255 + [1]
    assert (made[-1][0].level, made[-1][0].number, made[-1][0].hashes) == (1, 0, b"".join(LEAVES[:TILE_WIDTH]))
    rebuilt.append(LEAVES[:1])
    with pytest.raises(ValueError, match="start of a tile"):
        rebuilt.skip(LEAVES[0])


def test_a_record_has_one_form() -> None:
    """It is read as it was written; anything else in it, or a frontier that is not its root's, is refused."""
    said = {**RECORD.details(), "frontier": [each.hex() for each in EDGE.hashes], "signature": "x"}
    assert PruneRecord.read(said) == RECORD
    assert (RECORD.minimum, RECORD.fits) == (768, True)
    wrong = (
        {"index": "900"},
        {"tiles": True},
        {"frontier": [EDGE.hashes[0].hex()]},
        {"frontier": None},
        {"frontier": ["zz"]},
        {"minimum": 512},
        {"minimum_root": "00"},
        {"root": "x"},
    )
    for each in wrong:
        with pytest.raises(ValueError, match=r"\w"):
            PruneRecord.read({**said, **each})


@pytest.mark.parametrize(
    "other", [{"size": 767}, {"index": 799}, {"frontier": Frontier()}, {"frontier": Frontier().extended(LEAVES[:700])}]
)
def test_a_record_of_no_whole_tiles_fits_nowhere(other: dict[str, object]) -> None:
    """Its minimum is above 0, at the start of a tile, under its checkpoint, and that before the record."""
    assert not replace(RECORD, **other).fits  # type: ignore[arg-type]
