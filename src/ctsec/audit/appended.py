"""A file of lines that is only appended to: what anchors and the list of erasures are kept in.

Rules that this module keeps:

- lines are appended under a lock, and are on the disk before the call returns; so is the name of the file, which a writer makes sure of
  once for each file that it finds under it, and anew where the file is empty;
- a last line that a crash cut was never acknowledged: it is not read, and goes with the next append;
- no other line is passed over: one that is longer than any that was written is damage, and must not hide those behind it;
- only its owner can read the file (mode 0600), and a link in its place is not followed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from ctsec.errors import CtsecError


class AppendedLines:
    """The lines of at most `longest` bytes of one file; `named` is what errors call it, `failed` what they are for the disk's."""

    __slots__ = ("_failed", "_longest", "_named", "_path", "_written")

    def __init__(self, path: str | os.PathLike[str], *, longest: int, named: str, failed: type[CtsecError]) -> None:
        self._path = Path(path)
        self._longest = longest
        self._named = named
        self._failed = failed
        self._written: tuple[int, int] | None = None

    def append(self, *lines: bytes) -> None:
        """Append lines, durable before this returns; raise `failed` if that can not be, and ValueError for what is no line.

        A crash may leave the first of them.
        """
        if any(not 0 < len(line) <= self._longest or line.find(b"\n") != len(line) - 1 for line in lines):
            raise ValueError(f"expected lines of at most {self._longest} bytes")
        text = b"".join(lines)
        if not text:
            return
        with self._opened(os.O_RDWR | os.O_CREAT) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            found = os.fstat(file)
            size, which = found.st_size, (found.st_dev, found.st_ino)
            whole = self._whole(file, size)
            if whole != size:
                os.ftruncate(file, whole)
            if os.pwrite(file, text, whole) != len(text):
                raise self._failed(f"{self._named} could not be written: the disk took a part only")
            os.fsync(file)
            if self._written != which or not size:
                self._keep_name()
                self._written = which

    def _keep_name(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield each whole line with its number from 1, and a piece of one that is too long; nothing where there is no file yet."""
        if not self._path.exists():
            return
        with self._opened(os.O_RDONLY) as file, os.fdopen(os.dup(file), "rb") as reader:
            number = 0
            while line := reader.readline(self._longest + 1):
                number += 1
                if not line.endswith(b"\n") and len(line) < self._longest:
                    return
                yield number, line

    def _whole(self, file: int, size: int) -> int:
        """Return where the last whole line ends; raise `failed` where what a crash could have cut is too long for that."""
        tail = os.pread(file, self._longest, max(0, size - self._longest))
        end = tail.rfind(b"\n") + 1
        if not end and size >= self._longest:
            raise self._failed(f"{self._named} does not end in a line: the file was damaged or changed")
        return size - (len(tail) - end)

    @contextmanager
    def _opened(self, flags: int) -> Generator[int]:
        try:
            file = os.open(self._path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._failed(f"{self._named} can not be opened: {os.strerror(error.errno or 0).lower()}") from None
        try:
            yield file
        except OSError as error:
            raise self._failed(f"{self._named} can not be used: {os.strerror(error.errno or 0).lower()}") from None
        finally:
            os.close(file)
