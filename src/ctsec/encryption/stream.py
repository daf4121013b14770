"""Streams: data of any length under a data key, a piece at a time.

Rules that this module keeps:

- a stream is magic (1 byte, 0xC7), kind and version (1: 0x31), DEK id (16), then one message of C2SP chunked encryption (`chunked`);
- its input key comes from the DEK under a label of its own that holds the DEK's id; its context is those first 18 bytes and the context;
- a chunk is handed out after it was found authentic at its place, whole, or not at all; a stream that was cut, also between two chunks,
  extended, repeated or put into another order raises the one `DecryptionFailed`, and the opener stays failed;
- what was handed out before `finish` returned is the start of the stream, and no more is said: only `finish` says that it is all;
- no more than a chunk is held beside what was given and what is returned.
"""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import Final

from ctsec.encryption.chunked import CHUNK, HEADER_BYTES, SALT_BYTES, SEALED_CHUNK, Chunks, Pieces
from ctsec.encryption.context import Context
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.dek import DEK_ID_BYTES, dek_id_bytes, dek_id_from_bytes
from ctsec.encryption.primitives import DOES_NOT_OPEN, TAG_BYTES, Octets
from ctsec.encryption.suites import MAGIC
from ctsec.errors import CorruptRecord, DecryptionFailed
from ctsec.ids import DekId, Random

STREAM_START: Final = bytes((MAGIC, 0x31))
ID_END: Final = len(STREAM_START) + DEK_ID_BYTES
STREAM_HEADER: Final = ID_END + HEADER_BYTES
STREAM_OVERHEAD: Final = STREAM_HEADER + TAG_BYTES
_NO_STREAM: Final = "expected a stream of version 1"
_FINISHED: Final = "expected no call after finish; a stream has one end"


def stream_dek_id(start: bytes) -> DekId:
    """Return the id of the DEK of a stream from its first 18 bytes (or more); raise CorruptRecord if they are no stream's."""
    if start[:2] != STREAM_START or len(start) < ID_END:
        raise CorruptRecord(_NO_STREAM)
    return dek_id_from_bytes(start[2:ID_END])


def chunks_of(header: bytes, *, key: DataKey, context: Context) -> Chunks:
    """Return the keys of the stream that starts with these 74 bytes; raise CorruptRecord or DecryptionFailed."""
    stream_dek_id(header)
    # the id is in the label and in the context: of another DEK the commitment is another
    return Chunks.of(header[ID_END:], input_key=key.stream_key, context=header[:ID_END] + context.encoded)


class StreamSealer:
    """Seals a stream: what `update` returned, call by call, then what `finish` returned, is the stream."""

    __slots__ = ("_chunks", "_head", "_numbers", "_pieces")

    def __init__(self, *, key: DataKey, context: Context, random: Random, now: datetime | None = None) -> None:
        """Start a stream bound to `context`; `random(24)` gives its salt, `now` is needed for a key that has an end.

        Raises DataKeyExhausted if the key may seal nothing more: a stream counts as one message.
        """
        start = STREAM_START + dek_id_bytes(key.dek_id)
        key.admit_stream(now=now)
        self._chunks: Chunks | None = Chunks(key.stream_key, salt=random(SALT_BYTES), context=start + context.encoded)
        self._head = start + self._chunks.header
        # each number is given out once, so that no mistake, threads included, seals two chunks with one nonce
        self._numbers = count()
        self._pieces = Pieces(CHUNK)

    def update(self, data: Octets) -> bytearray:
        """Return the next bytes of the stream, which may be none yet; raise ValueError after `finish`."""
        return self._add(memoryview(data).cast("B"), last=False)

    def finish(self) -> bytearray:
        """Return the last bytes of the stream; raise ValueError the second time."""
        out = self._add(memoryview(b""), last=True)
        self._chunks = None
        return out

    def _add(self, view: memoryview, *, last: bool) -> bytearray:
        if self._chunks is None:
            raise ValueError(_FINISHED)
        rest = self._pieces.rest() if last else b""
        head, place = self._head, len(self._head)
        out = bytearray(place + self._pieces.count(len(view)) * SEALED_CHUNK + (len(rest) + TAG_BYTES if last else 0))
        out[:place] = head
        with memoryview(out) as target:
            for piece in (rest,) if last else self._pieces.feed(view):
                end = place + len(piece) + TAG_BYTES
                self._chunks.seal(next(self._numbers), piece, target[place:end])
                place = end
        self._head = b""
        return out


class StreamOpener:
    """Opens a stream that comes in pieces of any size: what `update` and `finish` returned is the plaintext."""

    __slots__ = ("_chunks", "_context", "_failed", "_finished", "_head", "_key", "_number", "_pieces")

    def __init__(self, *, key: DataKey, context: Context) -> None:
        """Get ready for a stream under `key`, which `stream_dek_id` names, that belongs to `context`."""
        self._key = key
        self._context = context
        self._head = b""
        self._chunks: Chunks | None = None
        self._number = 0
        self._pieces = Pieces(SEALED_CHUNK)
        self._failed = self._finished = False

    def update(self, data: Octets) -> bytearray:
        """Return the next bytes of the plaintext, which may be none yet.

        Raises DecryptionFailed or CorruptRecord, and DecryptionFailed at every later call; ValueError after `finish`.
        """
        self._check()
        self._failed = True
        found = self._take(memoryview(data).cast("B"))
        self._failed = False
        return found

    def finish(self) -> bytearray:
        """Return the last bytes of the plaintext; raise DecryptionFailed if the last chunk is not there, CorruptRecord if no header is."""
        self._check()
        self._failed = True
        if self._chunks is None:
            raise CorruptRecord(_NO_STREAM)
        rest = self._pieces.rest()
        out = bytearray(max(0, len(rest) - TAG_BYTES))
        self._chunks.open(self._number, rest, memoryview(out))
        self._failed, self._finished = False, True
        return out

    def _check(self) -> None:
        if self._failed:
            raise DecryptionFailed(DOES_NOT_OPEN)
        if self._finished:
            raise ValueError(_FINISHED)

    def _take(self, view: memoryview) -> bytearray:
        if self._chunks is None:
            taken = STREAM_HEADER - len(self._head)
            self._head += bytes(view[:taken])
            view = view[taken:]
            if len(self._head) < STREAM_HEADER:
                return bytearray()
            self._chunks = chunks_of(self._head, key=self._key, context=self._context)
        out = bytearray(self._pieces.count(len(view)) * CHUNK)
        with memoryview(out) as target:
            for place, piece in enumerate(self._pieces.feed(view)):
                self._chunks.open(self._number, piece, target[place * CHUNK : (place + 1) * CHUNK])
                self._number += 1
        return out
