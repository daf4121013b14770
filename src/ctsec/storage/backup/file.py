"""A backup as a file: written beside its name and renamed when it is whole, read from its start to its end mark.

Rules that this module keeps:

- until a backup is whole and on the disk it is called `<name>.partial`, and until it is whole it has no end mark, so it is refused under
  any name. Whoever writes it holds a lock on it; what an interrupted run left is written over: a later snapshot continues no earlier one;
- an error leaves nothing behind, a killed process the partial file at most; a file that is there is never replaced;
- only its owner can read it (mode 0600), from its first byte on;
- a reader sees plaintext that is authentic at its place, and that it was all only after the signature was checked.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ctsec.encryption.data_key import DataKey
from ctsec.encryption.ed25519 import Signer, is_signed
from ctsec.encryption.primitives import Octets
from ctsec.encryption.stream import StreamOpener, StreamSealer
from ctsec.errors import CorruptRecord, DecryptionFailed
from ctsec.ids import Random
from ctsec.storage.backup.container import END_BYTES, MAX_HEADER, EndMark, Header, end_mark, read_end_mark, read_header, signed_message
from ctsec.storage.backup.failures import BackupChanged, BackupCut, BackupError, BackupFileFailed
from ctsec.storage.backup.progress import Told, told_nobody

PIECE: Final = 256 * 1024
PARTIAL: Final = ".partial"


class BackupWriter:
    """Takes the plaintext of a backup; `close` ends it with its signature and returns its length in bytes."""

    __slots__ = ("_digest", "_file", "_kept", "_length", "_sealer", "_signer")

    def __init__(self, file: int, *, header: Header, key: DataKey, signer: Signer, random: Random) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._length = 0
        self._kept = bytearray()
        self._signer = signer
        self._sealer = StreamSealer(key=key, context=header.context, random=random)
        self._write(header.encoded)

    def add(self, data: bytes) -> None:
        """Take the next bytes of the plaintext."""
        self._kept += data
        if len(self._kept) >= PIECE:
            self._write(self._sealer.update(self._kept))
            self._kept = bytearray()

    def close(self) -> int:
        """Write the rest, the last chunk and the end mark, and have the disk keep all of it."""
        self._write(self._sealer.update(self._kept))
        self._write(self._sealer.finish())
        self._write(end_mark(self._length, digest=self._digest.digest(), signer=self._signer).encoded)
        os.fsync(self._file)
        return self._length

    def _write(self, data: Octets) -> None:
        self._digest.update(data)
        self._length += len(data)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]


@contextmanager
def new_file(path: Path) -> Generator[int, None, None]:
    """Open the partial file of a backup that will be called `path`, and give it that name if the block ends without an error.

    Raises BackupFileFailed if it can not be written, if there is a file of that name, or if somebody else is writing it.
    """
    partial = path.with_name(path.name + PARTIAL)
    with failures_of(path, told="; no backup was left behind"):
        _refuse_existing(path)
        file = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _take(file, partial)
            try:
                yield file
                _refuse_existing(path)
                partial.rename(path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
            _keep_name(path.parent)
        finally:
            os.close(file)


class BackupFile:
    """A backup that was opened for reading; its header was read and its length compared, and nothing of it is believed yet."""

    __slots__ = ("_file", "end", "header", "size")

    def __init__(self, file: int) -> None:
        """Raise NotABackup, BackupTooNew, BackupCut or BackupChanged."""
        self._file = file
        self.size = os.fstat(file).st_size
        self.header = read_header(os.pread(file, MAX_HEADER, 0))
        self.end = self._end_mark()

    def plaintext(self, key: DataKey, *, told: Told = told_nobody) -> Iterator[Octets]:
        """Yield the plaintext in pieces; raise BackupChanged where it does not open, and at the end unless the signature is right."""
        place, opener = len(self.header.encoded), StreamOpener(key=key, context=self.header.context)
        digest = hashlib.sha256(self.header.encoded)
        while place < self.end.length:
            piece = os.pread(self._file, min(PIECE, self.end.length - place), place)
            if not piece:
                raise BackupCut(f"the backup ends at byte {place}, before its end: it was cut while it was read")
            digest.update(piece)
            try:
                opened = opener.update(piece)
            except (CorruptRecord, DecryptionFailed):
                raise BackupChanged(f"the backup was changed, at or shortly before byte {place + len(piece)}") from None
            place += len(piece)
            told(place, self.size)
            yield opened
        try:
            last = opener.finish()
        except (CorruptRecord, DecryptionFailed):
            raise BackupChanged(f"the backup was changed, shortly before byte {place}") from None
        if not is_signed(signed_message(digest.digest()), signature=self.end.signature, by=self.end.public):
            raise BackupChanged("the signature of the backup is not of these bytes")
        yield last

    def _end_mark(self) -> EndMark:
        start = self.size - END_BYTES
        mark = read_end_mark(os.pread(self._file, END_BYTES, start)) if start > len(self.header.encoded) else None
        if mark is None or mark.length != start:
            raise BackupCut(f"the file ends at byte {self.size} without the end mark of a backup: it was cut, extended or not finished")
        return mark


@contextmanager
def opened(path: Path) -> Generator[BackupFile, None, None]:
    """Open a backup for reading; raise BackupFileFailed if that can not be, or what BackupFile raises."""
    with failures_of(path):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield BackupFile(file)
        finally:
            os.close(file)


@contextmanager
def failures_of(path: Path, *, told: str = "") -> Generator[None, None, None]:
    """Turn what the system says of a file into BackupFileFailed, which names no more of its path than the last part."""
    try:
        yield
    except OSError as error:
        failure: BackupError = BackupFileFailed(f"{path.name}: {os.strerror(error.errno or 0).lower()}{told}")
    else:
        return
    raise failure


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise BackupFileFailed(f"{path.name} is there already; a backup never replaces a file")


def _take(file: int, partial: Path) -> None:
    """Lock the partial file and empty it; raise BackupFileFailed if somebody else writes it or has just finished it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupFileFailed(f"{partial.name} is being written by another process") from None
    found = os.fstat(file)
    if not partial.exists() or not os.path.samestat(found, partial.stat()):
        raise BackupFileFailed(f"{partial.name} was finished by another process meanwhile")
    os.fchmod(file, 0o600)
    os.ftruncate(file, 0)


def _keep_name(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
