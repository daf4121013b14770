"""Checkpoints in a file: on another disk, or where another account takes them away.

A line is a checkpoint. Any line that is none is an error: a file that was damaged must not pass for a shorter one.
"""

from __future__ import annotations

import json
import os
from typing import Any, Final

from ctsec.audit.anchors.anchor import Held
from ctsec.audit.appended import AppendedLines
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.errors import DeliveryFailed

MAX_LINE: Final = 64 * 1024


class FileKeeper:
    """Keeps checkpoints in a file that it only appends to. What is in it can be taken out again: it is as safe as the file."""

    __slots__ = ("_file",)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = AppendedLines(path, longest=MAX_LINE, named="the file of the anchor", failed=DeliveryFailed)

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Append a checkpoint, durable before this returns; raise DeliveryFailed if that can not be."""
        self._file.append(json.dumps({"note": checkpoint.stored().decode()}, ensure_ascii=False).encode() + b"\n")

    def held(self) -> Held | None:
        """Return the checkpoint of the largest size in the file; raise DeliveryFailed for a line that is none."""
        largest: SignedCheckpoint | None = None
        for number, line in self._file.lines():
            found = _checkpoint(line, number)
            if largest is None or found.checkpoint.size >= largest.checkpoint.size:
                largest = found
        return None if largest is None else Held(checkpoint=largest)


def _checkpoint(line: bytes, number: int) -> SignedCheckpoint:
    try:
        said: Any = json.loads(line)
        return SignedCheckpoint.read(str(said["note"]).encode())
    except (ValueError, KeyError, TypeError):
        pass
    raise DeliveryFailed(f"line {number} of the anchor is no checkpoint: the file was damaged or changed")
