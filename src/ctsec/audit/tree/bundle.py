"""A proof that stands alone: an event's place in a log, the hashes that show it, and the signed checkpoint (C2SP tlog-proof).

Rules that this module keeps:

- the text is the line `c2sp.org/tlog-proof@v1`, the line `index` with the index in decimal, the hashes in base64, a line each and lowest
  first, an empty line, and the note of the checkpoint;
- it has at most 63 hashes; ctsec writes no `extra` line, and refuses one;
- whoever verifies it brings the bytes of the event and the public key of the log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ctsec.audit.canonical import leaf_hash
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.audit.tree.hashing import HASH_BYTES
from ctsec.audit.tree.note import MAX_NOTE, read_base64, write_base64
from ctsec.audit.tree.proofs import is_included

MAX_HASHES: Final = 63
_MAGIC: Final = "c2sp.org/tlog-proof@v1"
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MAX_HEAD: Final = 4096
MAX_BUNDLE: Final = MAX_NOTE + _MAX_HEAD


@dataclass(frozen=True, slots=True)
class ProofBundle:
    """The `index` of an event, the `hashes` of its inclusion proof, and the checkpoint that they lead to."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: SignedCheckpoint

    def stored(self) -> bytes:
        """Return the text, the content of a `.tlog-proof` file."""
        lines = [_MAGIC, f"index {self.index}", *map(write_base64, self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint.stored()

    @classmethod
    def read(cls, stored: bytes) -> ProofBundle:
        """Return the proof in a text; raise ValueError for anything that breaks a rule of this module."""
        if len(stored) > MAX_BUNDLE:
            raise ValueError("expected a shorter proof")
        head, gap, note = stored.partition(b"\n\n")
        magic, *lines = head.decode("ascii", errors="replace").split("\n")
        found = _INDEX.fullmatch(lines[0]) if lines else None
        if not gap or magic != _MAGIC or found is None or len(lines) > MAX_HASHES + 1:
            raise ValueError(f"expected {_MAGIC}, an index, hashes, an empty line and a checkpoint")
        hashes = tuple(map(read_base64, lines[1:]))
        if any(len(each) != HASH_BYTES for each in hashes):
            raise ValueError(f"expected hashes of {HASH_BYTES} bytes")
        return cls(int(found[1]), hashes, SignedCheckpoint.read(note))

    def shows(self, body: bytes, *, public: bytes) -> bool:
        """Say whether `body` are the bytes of the event at `index` of the log, signed for by the key `public`."""
        size, root = self.checkpoint.checkpoint.size, self.checkpoint.checkpoint.root
        return self.checkpoint.is_signed_with(public) and is_included(
            leaf_hash(body), index=self.index, size=size, root=root, proof=self.hashes
        )
