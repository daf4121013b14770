"""The list of erasures in a file beside the key file, for an embedded deployment and for tests.

A line is an entry. Any line that is none is an error: a list that was damaged must not pass for a shorter one.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ctsec.audit.appended import AppendedLines
from ctsec.audit.erasure.record import Erased
from ctsec.errors import CorruptRecord, StoreError
from ctsec.ids import UserId, is_id

LINE_BYTES: Final = 128
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)


class FileErasureList:
    """See `ctsec.audit.erasure.ports.ErasureList`. Keep the file out of the backups that may be restored, and never lose it."""

    __slots__ = ("_file",)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = AppendedLines(path, longest=LINE_BYTES, named="the list of erasures", failed=StoreError)

    def add(self, erased: Erased) -> None:
        """Append an entry, durable before this returns; raise StoreError if that can not be."""
        self.add_all((erased,))

    def add_all(self, erased: tuple[Erased, ...]) -> None:
        """Append entries, all of them durable before this returns; raise StoreError if that can not be: any of them may be there then."""
        told = [{"at": (each.at - _EPOCH) // _MICRO, "user": each.user_id} for each in erased]
        self._file.append(*[json.dumps(each, sort_keys=True).encode() + b"\n" for each in told])

    def all(self) -> tuple[Erased, ...]:
        """Return every entry, none where there is no file yet; raise CorruptRecord for a line that is none."""
        return tuple(_entry(line, number) for number, line in self._file.lines())


def _entry(line: bytes, number: int) -> Erased:
    try:
        said: Any = json.loads(line)
        user, at = said["user"], said["at"]
        if set(said) == {"user", "at"} and type(at) is int and is_id(UserId, user):
            return Erased(UserId(user), _EPOCH + at * _MICRO)
    except (ValueError, KeyError, TypeError, OverflowError):
        pass
    raise CorruptRecord(f"line {number} of the list of erasures is no entry; put the list back from a copy")
