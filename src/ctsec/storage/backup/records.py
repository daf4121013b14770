"""What is inside a backup: records with a tag, a length and a body, byte by byte as `docs/reference/formats.md` says.

Rules that this module keeps:

- a value keeps its type: null, a whole number of 64 bits, text, bytes; two rows have the same bytes only if they are the same;
- a table is its name with its columns, its rows, and an end with their count and digest; the manifest comes last and ends everything;
- a record that is cut, too long, of another tag or with bytes left over is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from ctsec.encryption.primitives import Octets
from ctsec.storage.backup.failures import BackupChanged

Value: TypeAlias = int | str | bytes | None
MAX_RECORD: Final = 1 << 28
_HEAD: Final = struct.Struct(">BI")
_LENGTH: Final = struct.Struct(">I")
_NUMBER: Final = struct.Struct(">q")
_SHORT: Final = struct.Struct(">H")
_NULL, _INTEGER, _TEXT, _BYTES = b"\x00", b"\x01", b"\x02", b"\x03"


class Tag(IntEnum):
    """The kinds of records."""

    TABLE = 1
    ROW = 2
    TABLE_END = 3
    MANIFEST = 4


@dataclass(frozen=True, slots=True)
class Record:
    """A record; `body` is what stands behind tag and length."""

    tag: Tag
    body: bytes


def record(tag: Tag, body: bytes) -> bytes:
    """Return a record; raise ValueError if it would be longer than 256 MiB."""
    if len(body) > MAX_RECORD:
        raise ValueError(f"expected a record of at most {MAX_RECORD} bytes")
    return _HEAD.pack(tag, len(body)) + body


def row_body(values: Sequence[Value]) -> bytes:
    """Return the body of a row; raise ValueError for a number beyond 64 bits."""
    parts: list[bytes] = []
    for value in values:
        match value:
            case None:
                parts.append(_NULL)
            case int():
                if not -(1 << 63) <= value < 1 << 63:
                    raise ValueError("expected a number of 64 bits")
                parts += (_INTEGER, _NUMBER.pack(value))
            case str():
                raw = value.encode()
                parts += (_TEXT, _LENGTH.pack(len(raw)), raw)
            case _:
                parts += (_BYTES, _LENGTH.pack(len(value)), value)
    return b"".join(parts)


def row_values(body: bytes) -> tuple[Value, ...]:
    """Return the values of a row; raise BackupChanged if the body is none."""
    values: list[Value] = []
    place, end = 0, len(body)
    try:
        while place < end:
            kind = body[place : place + 1]
            place += 1
            if kind == _NULL:
                values.append(None)
            elif kind == _INTEGER:
                values.append(_NUMBER.unpack_from(body, place)[0])
                place += _NUMBER.size
            elif kind in {_TEXT, _BYTES}:
                (length,) = _LENGTH.unpack_from(body, place)
                place += _LENGTH.size + length
                raw = body[place - length : place]
                values.append(raw.decode() if kind == _TEXT else raw)
            else:
                raise _malformed()
    except (struct.error, UnicodeDecodeError):
        raise _malformed() from None
    if place != end:
        raise _malformed()
    return tuple(values)


def table_body(name: str, columns: Sequence[str]) -> bytes:
    """Return the body of the record that begins a table."""
    texts = [text.encode() for text in (name, *columns)]
    return b"".join(_SHORT.pack(len(text)) + text for text in texts)


def table_names(body: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the name of a table and those of its columns; raise BackupChanged if the body is none."""
    texts: list[str] = []
    place = 0
    try:
        while place < len(body):
            (length,) = _SHORT.unpack_from(body, place)
            place += _SHORT.size + length
            texts.append(body[place - length : place].decode())
    except (struct.error, UnicodeDecodeError):
        raise _malformed() from None
    if place != len(body) or len(texts) < 2:
        raise _malformed()
    return texts[0], tuple(texts[1:])


def read_records(pieces: Iterable[Octets]) -> Iterator[Record]:
    """Yield the records of a plaintext that comes in pieces, each when it is whole; raise BackupChanged for what is none."""
    kept = bytearray()
    for piece in pieces:
        kept += piece
        place = 0
        while len(kept) - place >= _HEAD.size:
            tag, length = _HEAD.unpack_from(kept, place)
            if length > MAX_RECORD or not Tag.TABLE <= tag <= Tag.MANIFEST:
                raise _malformed()
            end = place + _HEAD.size + length
            if end > len(kept):
                break
            yield Record(Tag(tag), bytes(memoryview(kept)[place + _HEAD.size : end]))
            place = end
        del kept[:place]
    if kept:
        raise _malformed()


def _malformed() -> BackupChanged:
    return BackupChanged("the backup holds a record that does not decode")
