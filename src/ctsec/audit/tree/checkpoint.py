"""Checkpoints: the size and the root of a log, as a text that is signed (C2SP tlog-checkpoint).

Rules that this module keeps:

- the text is three lines: the origin of the log, its size in decimal, its root in base64; no line more;
- the origin is `<deployment>/<region>/<log>`, and the key that signs a log's checkpoints stands under the origin as its name;
- a checkpoint proves something only as far as its signature was verified by a key that the verifier had before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ctsec.audit.tree.hashing import HASH_BYTES
from ctsec.audit.tree.note import Note, Signature, VerifierKey, check_name, read_base64, write_base64

MAX_SIZE: Final = (1 << 63) - 1
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_PART: Final = re.compile(r"[A-Za-z0-9._:\-]{1,80}")


def origin(*, deployment: str, region: str, log: str) -> str:
    """Return the origin of a log; raise ValueError for a part with other than letters, digits and `.` `_` `:` `-`."""
    for part in (deployment, region, log):
        if not _PART.fullmatch(part):
            raise ValueError("expected parts of an origin of 1 to 80 letters, digits, '.', '_', ':' or '-'")
    return f"{deployment}/{region}/{log}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The size of a log and its root (32 bytes), under its origin."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_name(self.origin)
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES:
            raise ValueError(f"expected a size of 0 to 2^63 - 1 and a root of {HASH_BYTES} bytes")

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{write_base64(self.root)}\n"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """Return the checkpoint of a text; raise ValueError for any other text, one with extension lines too."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not _SIZE.fullmatch(lines[1]):
            raise ValueError("expected a checkpoint: origin, size and root, a line each")
        return cls(origin=lines[0], size=int(lines[1]), root=read_base64(lines[2]))


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and the note that it stands in; not verified by having been read."""

    checkpoint: Checkpoint
    note: Note

    @classmethod
    def made(cls, checkpoint: Checkpoint, *, key: VerifierKey, signature: bytes) -> SignedCheckpoint:
        """Return the checkpoint with a signature of its text by `key`."""
        return cls(checkpoint, Note(checkpoint.text(), (Signature(key.name, key.id, signature),)))

    @classmethod
    def read(cls, stored: bytes) -> SignedCheckpoint:
        """Return the signed checkpoint in the bytes of a note; raise ValueError for anything else."""
        note = Note.read(stored)
        return cls(Checkpoint.read(note.text), note)

    def stored(self) -> bytes:
        """Return the bytes of the note."""
        return self.note.stored()

    def is_signed_with(self, public: bytes) -> bool:
        """Say whether the key `public` signed this under the origin's name."""
        return self.note.is_signed_by(VerifierKey(self.checkpoint.origin, public))
