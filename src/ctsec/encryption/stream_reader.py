"""Ranges of a stream, from a source that can seek.

Rules that this module keeps:

- the commitment and then the last chunk are checked before anything is read, so the length of the stream is authentic from the start: one
  that was cut or extended is refused even if the range that is wanted is intact;
- only the chunks of the range are read, one at a time, each authentic at its place before a byte of it is returned.
"""

from __future__ import annotations

import os
from typing import Protocol

from ctsec.encryption.chunked import CHUNK, SEALED_CHUNK
from ctsec.encryption.context import Context
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.primitives import DOES_NOT_OPEN, TAG_BYTES
from ctsec.encryption.stream import STREAM_HEADER, chunks_of
from ctsec.errors import CorruptRecord, DecryptionFailed


class Seekable(Protocol):
    """Where the bytes of a stream are: a file that was opened for reading in binary mode, or what behaves like one."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to an offset from the start (whence 0) or the end (2); return where that is."""
        ...

    def read(self, size: int, /) -> bytes | None:
        """Return at most so many bytes from there, and none at the end."""
        ...


class StreamReader:
    """Reads ranges of one stream; `size` is its length in bytes of plaintext. Not for two threads at a time: the source has one place."""

    __slots__ = ("_chunks", "_last", "_source", "size")

    def __init__(self, source: Seekable, *, key: DataKey, context: Context) -> None:
        """Check the stream's header and its end; raise CorruptRecord if it is none, DecryptionFailed if it does not open or was cut."""
        self._source = source
        length = source.seek(0, os.SEEK_END) - STREAM_HEADER
        if length < 0:
            raise CorruptRecord("expected a stream of version 1")
        self._chunks = chunks_of(self._read(0, STREAM_HEADER), key=key, context=context)
        self._last, rest = divmod(length, SEALED_CHUNK)
        self.size = self._last * CHUNK + rest - TAG_BYTES
        if rest < TAG_BYTES:
            raise DecryptionFailed(DOES_NOT_OPEN)
        self._open(self._last)

    def read(self, start: int, *, size: int) -> bytearray:
        """Return `size` bytes from `start` on, fewer where the stream ends; raise DecryptionFailed, or ValueError for a negative number."""
        if start < 0 or size < 0:
            raise ValueError("expected a start and a size of at least 0 bytes")
        end = min(start + size, self.size)
        out = bytearray()
        for number in range(start // CHUNK, -(-end // CHUNK) if start < end else 0):
            opened = self._open(number)
            out += memoryview(opened)[max(0, start - number * CHUNK) : end - number * CHUNK]
        return out

    def _open(self, number: int) -> bytearray:
        out = bytearray(CHUNK if number < self._last else self.size - number * CHUNK)
        sealed = self._read(STREAM_HEADER + number * SEALED_CHUNK, len(out) + TAG_BYTES)
        self._chunks.open(number, sealed, memoryview(out))
        return out

    def _read(self, offset: int, size: int) -> bytes:
        self._source.seek(offset)
        found = b""
        # a raw source may return less than was asked for
        while len(found) < size and (more := self._source.read(size - len(found))):
            found += more
        return found
