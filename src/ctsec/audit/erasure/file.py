"""The list of erasures in a file beside the key file, for an embedded deployment and for tests.

Rules that this module keeps:

- a line is an entry, and lines are only appended: under a lock, and on the disk before the call returns;
- a line that a crash cut was never acknowledged: it is not read, and goes with the next append;
- any other line that is no entry is an error: a list that was damaged must not pass for a shorter one;
- only its owner can read it (mode 0600), and it has at most a million entries.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ctsec.audit.erasure.record import Erased
from ctsec.errors import CorruptRecord, StoreError
from ctsec.ids import UserId, is_id

LINE_BYTES: Final = 128
MAX_ENTRIES: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)


class FileErasureList:
    """See `ctsec.audit.erasure.ports.ErasureList`. Keep the file out of the backups that may be restored, and never lose it."""

    __slots__ = ("_path",)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def add(self, erased: Erased) -> None:
        """Append an entry, durable before this returns; raise StoreError if that can not be."""
        line = json.dumps({"at": (erased.at - _EPOCH) // _MICRO, "user": erased.user_id}, sort_keys=True).encode() + b"\n"
        with self._opened(os.O_RDWR | os.O_CREAT) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file).st_size
            tail = os.pread(file, LINE_BYTES, max(0, size - LINE_BYTES))
            whole = size - (len(tail) - (tail.rfind(b"\n") + 1))
            if whole != size:
                os.ftruncate(file, whole)
            if os.pwrite(file, line, whole) != len(line):
                raise StoreError("the list of erasures could not be written: the disk took a part only")
            os.fsync(file)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def all(self) -> tuple[Erased, ...]:
        """Return every entry, none where there is no file yet; raise CorruptRecord for a line that is none."""
        try:
            with self._opened(os.O_RDONLY) as file, os.fdopen(os.dup(file), "rb") as reader:
                text = reader.read(MAX_ENTRIES * LINE_BYTES)
        except FileNotFoundError:
            return ()
        return tuple(_entry(line, number) for number, line in enumerate(text.split(b"\n")[:-1], 1))

    @contextmanager
    def _opened(self, flags: int) -> Generator[int]:
        try:
            file = os.open(self._path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreError(f"the list of erasures can not be opened: {os.strerror(error.errno or 0).lower()}") from None
        try:
            yield file
        except OSError as error:
            raise StoreError(f"the list of erasures can not be used: {os.strerror(error.errno or 0).lower()}") from None
        finally:
            os.close(file)


def _entry(line: bytes, number: int) -> Erased:
    try:
        said: Any = json.loads(line)
        user, at = said["user"], said["at"]
        if set(said) == {"user", "at"} and type(at) is int and is_id(UserId, user):
            return Erased(UserId(user), _EPOCH + at * _MICRO)
    except (ValueError, KeyError, TypeError, OverflowError):
        pass
    raise CorruptRecord(f"line {number} of the list of erasures is no entry; put the list back from a copy")
