"""Opening an encrypted export, without a store: the key that wrapped it, and the file.

Rules that this module keeps:

- a key service is asked for nothing but its own: the file's reference of the key has to be that of the service that was named;
- memory does not grow with the file; what comes out before an error is proved, and an end that is missing is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

from ctsec.encryption.context import wrap_context
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.portable_stream import MAX_HEADER, PORTABLE_STREAM_START, read_stream_header
from ctsec.encryption.ports import Kms
from ctsec.encryption.stream import StreamOpener, stream_dek_id
from ctsec.encryption.suites import ID_END
from ctsec.errors import CorruptRecord, KeyNotFound

PURPOSE: Final = "audit-export"
_PIECE: Final = 1 << 16


def is_sealed(start: bytes) -> bool:
    """Say whether a file that begins so is an encrypted export."""
    return start[:2] == PORTABLE_STREAM_START


def open_export(file: IO[bytes], *, kms: Kms) -> Iterator[bytes]:
    """Yield the bytes of the export in a file that was sealed under the key of `kms`.

    Raises CorruptRecord for what is no such file, KeyNotFound if another key wrapped it, DecryptionFailed for one that was changed or cut,
    and what the key service raises.
    """
    start = file.read(MAX_HEADER + ID_END)
    header, size = read_stream_header(start[:MAX_HEADER])
    if header.kek != kms.ref:
        raise KeyNotFound(f"the file was sealed under {header.kek}; name that key")
    dek_id = stream_dek_id(start[size:])
    try:
        wrapping, context = wrap_context(header.scope, header.region), header.context(PURPOSE)
    except ValueError:
        raise CorruptRecord("the header of the file names no organization") from None
    material = kms.unwrap(header.wrapped, wrapping)
    opener = StreamOpener(key=DataKey(dek_id, material=material), context=context)
    yield bytes(opener.update(start[size:]))
    while piece := file.read(_PIECE):
        yield bytes(opener.update(piece))
    yield bytes(opener.finish())
