"""What notes, frontiers, proofs and skipped leaves refuse at their edges."""

from __future__ import annotations

import pytest

from ctsec.audit.tree.bundle import MAX_HASHES, ProofBundle
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint
from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.note import Note, Signature, VerifierKey
from ctsec.audit.tree.proofs import is_consistent
from ctsec.audit.tree.spans import LeftToRight
from ctsec.audit.tree.tiles import Layers
from ctsec.encryption.ed25519 import Signer
from ctsec.errors import CorruptRecord
from ctsec.secret import Secret
from tests.unit.audit.tree.second import mth, proof

SIGNER = Signer(Secret(bytes(range(32))))
SAID = Checkpoint(origin="acme.example/default/x", size=1, root=bytes(32))
KEY = VerifierKey(SAID.origin, SIGNER.public)
SIGNED = SignedCheckpoint.made(SAID, key=KEY, signature=SIGNER.sign(SAID.text().encode()))


def test_a_signature_counts_under_its_own_name() -> None:
    """A line of another name with the key's id neither counts for the key nor takes anything from what it signed."""
    (mine,) = SIGNED.note.signatures
    named = Signature("other.example", KEY.id, mine.value)
    assert not Note(SIGNED.note.text, (named,)).is_signed_by(KEY)
    assert Note(SIGNED.note.text, (mine, Signature("other.example", KEY.id, bytes(64)))).is_signed_by(KEY)


def test_a_proof_has_at_most_63_hashes() -> None:
    """With as many it is read as it was, with one more it is none."""
    whole = ProofBundle(0, (bytes(32),) * MAX_HASHES, SIGNED)
    assert ProofBundle.read(whole.stored()) == whole
    with pytest.raises(ValueError, match="expected"):
        ProofBundle.read(ProofBundle(0, (bytes(32),) * (MAX_HASHES + 1), SIGNED).stored())


def test_no_size_is_negative_and_nothing_is_no_skip() -> None:
    """A frontier of a negative size is corrupt though the number of its hashes would fit, and a skip over no leaf is refused."""
    with pytest.raises(CorruptRecord):
        Frontier.read(bytes(32), size=-1)
    with pytest.raises(ValueError, match="expected a hash"):
        LeftToRight().skip(0, ())
    with pytest.raises(ValueError, match="expected a checkpoint"):
        Checkpoint.read(SAID.text() + "more")


def test_bytes_do_not_wander_from_a_root_to_its_neighbour() -> None:
    """An older root and a first hash that are cut elsewhere, so that the same bytes are hashed, show nothing: each has 32 bytes."""
    entries = [bytes([number]) for number in range(16)]
    for size in range(3, 17):
        for old in (each for each in (1, 2, 4, 8) if each < size):
            root, (first, *rest) = mth(entries[:size]), proof(old, entries[:size])
            older = mth(entries[:old])
            assert is_consistent(old, size=size, old_root=older, root=root, proof=[first, *rest])
            assert not is_consistent(old, size=size, old_root=older[:-1], root=root, proof=[older[-1:] + first, *rest])


def test_a_node_that_is_not_there() -> None:
    """A node beyond the entries of a tile is no hash, nor is an entry that was cut; an odd last entry is carried up as it is."""
    layers = Layers(b"a" * 32 + b"b" * 32 + b"c" * 32)
    assert (layers.node(0, 2), layers.node(1, 1), layers.node(2, 1)) == (b"c" * 32, b"c" * 32, b"")
    assert (layers.node(0, 3), layers.node(1, 2)) == (b"", b"")
    assert Layers(b"a" * 32 + b"b" * 8).node(0, 1) == b"b" * 8
