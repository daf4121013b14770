"""Notes, checkpoints and proofs as texts: what is written, what is read, and what is refused; Go's sumdb reads them too."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.audit.tree.bundle import ProofBundle
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint, origin
from ctsec.audit.tree.note import MAX_NOTE, Note, VerifierKey
from ctsec.audit.tree.proofs import consistency_plan, inclusion_plan
from ctsec.encryption.ed25519 import Signer
from ctsec.secret import Secret
from tests import programs
from tests.unit.audit.tree import second
from tests.unit.audit.tree.trees import Tiled

SIGNER = Signer(Secret(bytes(range(32))))
OTHER = Signer(Secret(bytes(32)))
NAME = "acme.example/default/org_1"
KEY = VerifierKey(NAME, SIGNER.public)
# The key of an example in the documentation of Go's package note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def signed(size: int, root: bytes, *, name: str = NAME, by: Signer = SIGNER) -> SignedCheckpoint:
    """Return a signed checkpoint."""
    checkpoint = Checkpoint(origin=name, size=size, root=root)
    return SignedCheckpoint.made(checkpoint, key=VerifierKey(name, by.public), signature=by.sign(checkpoint.text().encode()))


def test_a_checkpoint_reads_back_and_verifies() -> None:
    """What is written is read as it was, its signature holds for the log's key alone, and the second implementation agrees."""
    made = signed(7, bytes(32))
    assert made.stored().startswith(f"{NAME}\n7\n{'A' * 43}=\n\n\u2014 {NAME} ".encode())
    assert SignedCheckpoint.read(made.stored()) == made
    assert made.is_signed_with(SIGNER.public)
    assert not made.is_signed_with(OTHER.public)
    assert second.opened(made.stored(), NAME, SIGNER.public) == (NAME, 7, bytes(32))
    assert second.opened(made.stored(), NAME, OTHER.public) is None
    assert not signed(7, bytes(32), by=OTHER).is_signed_with(SIGNER.public)
    assert origin(deployment="acme.example", region="default", log="org_1") == NAME


def test_a_key_reads_back() -> None:
    """A verifier key has one text form, and its id is that of its name and bytes; a key that Go published has ours."""
    assert VerifierKey.read(str(KEY)) == KEY
    assert str(VerifierKey.read(GO_KEY)) == GO_KEY
    for text in (GO_KEY[:-1], GO_KEY.replace("c74", "c75"), GO_KEY.replace("+AR", "+BR"), "a b+00000000+AA==", "a+00000000", ""):
        with pytest.raises(ValueError, match=r"expected|the id"):
            VerifierKey.read(text)


def test_other_signatures_are_passed_over_and_a_false_one_is_not() -> None:
    """A witness's line changes nothing; a line of the log's key that does not verify makes the whole note worth nothing."""
    made = signed(7, bytes(32))
    theirs = signed(7, bytes(32), name="witness.example", by=OTHER).note.signatures
    twice = Note(made.note.text, (*made.note.signatures, *theirs))
    assert Note.read(twice.stored()) == twice
    assert twice.is_signed_by(KEY)
    false = Note(made.note.text, (*made.note.signatures, *signed(8, bytes(32)).note.signatures))
    assert not false.is_signed_by(KEY)
    assert not Note(made.note.text, ()).is_signed_by(KEY)


CHANGES: tuple[Callable[[bytes], bytes], ...] = (
    lambda note: note[:-1],
    lambda note: note + b"\n",
    lambda note: note + b"junk\n",
    lambda note: note.replace(b"\n7\n", b"\n07\n"),
    lambda note: note.replace(b"\n7\n", b"\n+7\n"),
    lambda note: note.replace(b"\n7\n", b"\n7\r\n"),
    lambda note: note.replace(b"\n7\n", b"\n%d\n" % (1 << 63)),
    lambda note: note.replace(b"\n7\n", b"\n7\n\n"),
    lambda note: note.replace(b"AA=\n\n", b"AA=\nextension\n\n"),
    lambda note: note.replace(b"AA=\n\n", b"AB=\n\n"),
    lambda note: note.replace(b"AA=\n\n", b"A\n\n"),
    lambda note: note.replace("\u2014 ".encode(), b"- "),
    lambda note: note.replace("\u2014 ".encode(), "\u2014  ".encode()),
    lambda note: note.replace(b"acme", b"ac me"),
    lambda note: note.replace(b"acme", b"ac+me"),
    lambda note: note.replace(b"acme", b"ac\xffme"),
    lambda note: note.split(b"\n\n")[0] + b"\n",
    lambda note: note + note.split(b"\n\n")[1] * 32,
    lambda note: note + b"x" * MAX_NOTE,
    lambda note: note.split(b"\n\n")[0] + b"\n\n\xe2\x80\x94 a AAAA\n",
    lambda note: note[:0],
)


@pytest.mark.parametrize("change", CHANGES)
def test_no_other_spelling_is_a_checkpoint(change: Callable[[bytes], bytes]) -> None:
    """Another spelling, a missing end, an extension, too much of anything: refused as a whole."""
    stored = signed(7, bytes(32)).stored()
    assert change(stored) != stored
    with pytest.raises(ValueError, match=r"expected|string argument|Invalid"):
        SignedCheckpoint.read(change(stored))


@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: f"{NAME}\n1\n{text}\n\n\u2014 a {text}\n".encode()))
def test_what_is_read_is_written_as_it_was(stored: bytes) -> None:
    """Bytes are a checkpoint or a proof in one spelling, or a ValueError; nothing else happens."""
    for form in (SignedCheckpoint, ProofBundle):
        try:
            found = form.read(stored)
        except ValueError:
            continue
        assert found.stored() == stored


def test_names_and_parts_are_checked() -> None:
    """A name that a note can not hold, a part that is none, a size or a key of no possible length: refused when it is built."""
    for name in ("", "a b", "a+b", "a\n", "a\u2028", "x" * 256):
        with pytest.raises(ValueError, match="expected a name"):
            VerifierKey(name, bytes(32))
    with pytest.raises(ValueError, match="public key"):
        VerifierKey("a", bytes(31))
    for part in ("", "a/b", "ä", "x" * 81):
        with pytest.raises(ValueError, match="parts of an origin"):
            origin(deployment=part, region="default", log="org_1")
    for size, root in ((-1, bytes(32)), (1 << 63, bytes(32)), (0, bytes(31))):
        with pytest.raises(ValueError, match="expected a size"):
            Checkpoint(origin=NAME, size=size, root=root)


@pytest.mark.proves("CVE-2026-22703")
def test_a_proof_stands_alone() -> None:
    """A proof reads back and proves its event under the log's key; another event, key or index is not proved, and no line may be more."""
    entries = [b"%d" % number for number in range(300)]
    tree = Tiled()
    tree.append(entries)
    bundle = ProofBundle(41, tuple(tree.proof(inclusion_plan(41, size=300))), signed(300, tree.frontier.root))
    stored = bundle.stored()
    assert ProofBundle.read(stored) == bundle
    assert len(stored) < 1024
    assert bundle.shows(b"41", public=SIGNER.public)
    assert not bundle.shows(b"42", public=SIGNER.public)
    assert not bundle.shows(b"41", public=OTHER.public)
    assert not ProofBundle.read(stored.replace(b"index 41", b"index 42")).shows(b"41", public=SIGNER.public)
    for broken in (
        stored.replace(b"index 41", b"index 041"), stored.replace(b"@v1", b"@v2"), stored.replace(b"index", b"extra AA==\nindex"),
        stored.replace(b"\n\n", b"\n", 1), stored.replace(b"index 41\n", b"index 41\nAA==\n"), stored + b"x" * (1 << 17), b"",
    ):  # fmt: skip
        with pytest.raises(ValueError, match="expected"):
            ProofBundle.read(broken)


@pytest.mark.program("sumdb")
def test_sumdb_of_go_accepts_what_we_write(tmp_path: Path) -> None:
    """Go's golang.org/x/mod/sumdb opens every checkpoint and verifies every proof out of the tiles, and refuses each when changed."""
    entries = [b"%d" % number for number in range(66_000)]
    tree = Tiled()
    lines: list[dict[str, object]] = []
    wanted: list[bool] = []

    def ask(checkpoint: SignedCheckpoint, **more: object) -> None:
        stored = checkpoint.stored()
        for note in (stored, stored.replace(b"\n", b"0\n", 2)):
            lines.append({"Key": str(KEY), "Note": note, **more})
            wanted.append(note == stored)

    roots: dict[int, bytes] = {}
    for start, end in ((0, 1), (1, 2), (2, 255), (255, 256), (256, 700), (700, 65_536), (65_536, 66_000)):
        tree.append(entries[start:end])
        roots[end] = tree.frontier.root
        checkpoint = signed(end, roots[end])
        ask(checkpoint)
        for index in {0, end // 3, end // 2, end - 1}:
            ask(checkpoint, Leaf=entries[index], Index=index, Hashes=tree.proof(inclusion_plan(index, size=end)))
        for old, before in roots.items():
            ask(checkpoint, Old=old, Root=before, Hashes=tree.proof(consistency_plan(old, size=end)))
        if end > 1:
            lines.append({"Key": str(KEY), "Note": checkpoint.stored(), "Old": 1, "Root": roots[end], "Hashes": []})
            wanted.append(False)
    given_lines = "".join(json.dumps(line, default=as_text) + "\n" for line in lines)
    heard = programs.go(Path(__file__).parents[3] / "go" / "verify.go", into=tmp_path, given=given_lines)
    assert [line == "ok" for line in heard] == wanted


def as_text(value: object) -> str:
    """Return bytes as JSON of Go has them."""
    assert isinstance(value, bytes)
    return base64.b64encode(value).decode()
