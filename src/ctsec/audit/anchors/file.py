"""Checkpoints in a file: on another disk, or where another account takes them away.

Rules that this module keeps:

- a line is a checkpoint, and lines are only appended: under a lock, and on the disk before the call returns;
- a line that a crash cut was never acknowledged: it is not read, and goes with the next append;
- any other line that is no checkpoint is an error: a file that was damaged must not pass for a shorter one.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ctsec.audit.anchors.anchor import Held
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.errors import DeliveryFailed

MAX_LINE: Final = 64 * 1024


class FileKeeper:
    """Keeps checkpoints in a file that it only appends to. What is in it can be taken out again: it is as safe as the file."""

    __slots__ = ("_path",)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Append a checkpoint, durable before this returns; raise DeliveryFailed if that can not be."""
        line = json.dumps({"note": checkpoint.stored().decode()}, ensure_ascii=False).encode() + b"\n"
        with self._opened(os.O_RDWR | os.O_CREAT) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file).st_size
            whole = self._whole(file, size)
            if whole != size:
                os.ftruncate(file, whole)
            if os.pwrite(file, line, whole) != len(line):
                raise DeliveryFailed("the disk of the anchor took a part only")
            os.fsync(file)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def held(self) -> Held | None:
        """Return the checkpoint of the largest size in the file; raise DeliveryFailed for a line that is none."""
        largest: SignedCheckpoint | None = None
        if not self._path.exists():
            return None
        with self._opened(os.O_RDONLY) as file, os.fdopen(os.dup(file), "rb") as reader:
            number = 0
            while line := reader.readline(MAX_LINE):
                number += 1
                if not line.endswith(b"\n"):
                    break
                found = _checkpoint(line, number)
                if largest is None or found.checkpoint.size >= largest.checkpoint.size:
                    largest = found
        return None if largest is None else Held(checkpoint=largest)

    @staticmethod
    def _whole(file: int, size: int) -> int:
        """Return where the last whole line ends."""
        tail = os.pread(file, MAX_LINE, max(0, size - MAX_LINE))
        return size - (len(tail) - (tail.rfind(b"\n") + 1))

    @contextmanager
    def _opened(self, flags: int) -> Generator[int]:
        try:
            file = os.open(self._path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DeliveryFailed(f"the file of the anchor can not be opened: {os.strerror(error.errno or 0).lower()}") from None
        try:
            yield file
        except OSError as error:
            raise DeliveryFailed(f"the file of the anchor can not be used: {os.strerror(error.errno or 0).lower()}") from None
        finally:
            os.close(file)


def _checkpoint(line: bytes, number: int) -> SignedCheckpoint:
    try:
        said: Any = json.loads(line)
        return SignedCheckpoint.read(str(said["note"]).encode())
    except (ValueError, KeyError, TypeError):
        pass
    raise DeliveryFailed(f"line {number} of the anchor is no checkpoint: the file was damaged or changed")
