"""A verifiable export: the stored bytes of events, and the hashes of what lies between them, a line each.

Rules that this module keeps:

- the lines are a header, then events, purged events and skipped runs in the order of indexes and without a gap, then the end; so the whole
  file leads to the root of the checkpoint in its header, and nothing can be added, moved, changed or taken out;
- an event's line holds the stored bytes as they are, as its last member: whoever hashes them cuts them out and renders nothing again;
- an event that names others than the person for whom the file is made has its leaf and what is shown of it instead;
- the end says how many events there were and the SHA-256 of everything before it, and that is signed by the log's key, under the log's
  origin; a file without it was broken off;
- a signed end is no checkpoint: its text has four lines and begins with the name of this format.
"""

from __future__ import annotations

import json
from binascii import hexlify
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.audit.export.raw import RawEvent
from ctsec.audit.tree.note import Note, Signature, VerifierKey

FORMAT: Final = "ctsec-audit-export/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportHead:
    """What an export says before its events: of which log and range, which filters, of when, and the checkpoint's note.

    `note` is empty where there is no checkpoint, which only a format that is not verified can do without.
    """

    log: str
    origin: str
    first: int
    end: int
    size: int
    filters: Mapping[str, str]
    personal: bool
    created_at: datetime
    note: bytes

    def line(self) -> bytes:
        """Return the first line."""
        return _line(
            {
                "format": FORMAT,
                "log": self.log,
                "origin": self.origin,
                "first": self.first,
                "end": self.end,
                "filters": dict(self.filters),
                "personal": self.personal,
                "created_at": self.created_at.isoformat(),
                "checkpoint": self.note.decode(),
            }
        )


def event_lines(rows: Sequence[RawEvent]) -> bytes:
    """Return the lines of events that follow one another."""
    pieces: list[bytes] = []
    for index, leaf, body, _ in rows:
        pieces += b'{"index":%d,"leaf":"%s","event":' % (index, hexlify(leaf)), body, b"}\n"
    return b"".join(pieces)


def purged_line(index: int, leaf: bytes) -> bytes:
    """Return the line of an event whose bytes are gone: its leaf stays."""
    return b'{"index":%d,"leaf":"%s","purged":true}\n' % (index, leaf.hex().encode())


def masked_line(index: int, leaf: bytes, shown: Mapping[str, object]) -> bytes:
    """Return the line of an event that names others: its leaf, and what of it is `shown`, which the end is signed for."""
    return _line({"index": index, "leaf": leaf.hex(), "shown": dict(shown)})


def skipped_line(first: int, end: int, hashes: Sequence[bytes]) -> bytes:
    """Return the line of events that are left out, by the roots of their subtrees from left to right."""
    return _line({"skipped": [first, end], "hashes": [each.hex() for each in hashes]})


def personal_line(index: int, personal: Mapping[str, str]) -> bytes:
    """Return the line, behind its event, of what the sealed part says."""
    return _line({"index": index, "personal": dict(personal)})


def end_text(origin: str, *, events: int, digest: bytes) -> str:
    """Return the text that is signed: format, origin, number of events, and the SHA-256 of all lines before the end, in hexadecimal."""
    return f"{FORMAT}\n{origin}\n{events}\n{digest.hex()}\n"


def end_line(origin: str, *, events: int, digest: bytes, key: VerifierKey | None, signature: bytes) -> bytes:
    """Return the last line, with the signature of `end_text` by `key` (None: nobody signed)."""
    note = ""
    if key is not None:
        note = Note(end_text(origin, events=events, digest=digest), (Signature(key.name, key.id, signature),)).stored().decode()
    return _line({"events": events, "sha256": digest.hex(), "signed": note})


def _line(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
