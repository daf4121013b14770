"""The Merkle tree of a log: hashes, tiles, proofs, signed checkpoints, and their texts; pure, without a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.audit.tree.bundle import ProofBundle as ProofBundle
    from ctsec.audit.tree.checkpoint import Checkpoint as Checkpoint
    from ctsec.audit.tree.checkpoint import SignedCheckpoint as SignedCheckpoint
    from ctsec.audit.tree.frontier import Frontier as Frontier
    from ctsec.audit.tree.hashing import EMPTY_ROOT as EMPTY_ROOT
    from ctsec.audit.tree.note import VerifierKey as VerifierKey
    from ctsec.audit.tree.proofs import is_consistent as is_consistent
    from ctsec.audit.tree.proofs import is_included as is_included
    from ctsec.audit.tree.tiles import Tile as Tile

_HOME = {
    "Checkpoint": "ctsec.audit.tree.checkpoint",
    "EMPTY_ROOT": "ctsec.audit.tree.hashing",
    "Frontier": "ctsec.audit.tree.frontier",
    "ProofBundle": "ctsec.audit.tree.bundle",
    "SignedCheckpoint": "ctsec.audit.tree.checkpoint",
    "Tile": "ctsec.audit.tree.tiles",
    "VerifierKey": "ctsec.audit.tree.note",
    "is_consistent": "ctsec.audit.tree.proofs",
    "is_included": "ctsec.audit.tree.proofs",
}
__all__ = [
    "EMPTY_ROOT",
    "Checkpoint",
    "Frontier",
    "ProofBundle",
    "SignedCheckpoint",
    "Tile",
    "VerifierKey",
    "is_consistent",
    "is_included",
]

__getattr__ = face(__name__, _HOME)
