"""The portable blob: data together with the wrapped key that opens it, for exports and for places that have no table of keys.

Rules that this module keeps:

- a portable blob is magic (1 byte, 0xC7), kind and version (1: 0x21), then four parts, each behind its length in two bytes: the reference
  of the KEK (1 to 1024), the scope (1 to 1024), the region (0 to 255), the wrapped DEK (1 to 6144); then one managed blob;
- everything in front of the managed blob is bound by it, before the context: an edited, shortened or exchanged header does not open, and
  the inner blob opens nowhere else, not even as a managed blob of the same context;
- there is exactly one wrapped key, and every length is checked before anything is done with it;
- what is read from a header is a claim until the blob was opened: it says whom to ask, not whom to trust. Whoever asks a key service
  compares the KEK's reference with those that it may use, and binds the wrapped key to scope and region there;
- nothing here asks a key service.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from typing import Final

from ctsec.encryption.context import MAX_VALUE, Context
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.envelope import dek_id_of, open_bound
from ctsec.encryption.primitives import DOES_NOT_OPEN
from ctsec.encryption.suites import MAGIC, Suite, suite_of
from ctsec.errors import CorruptRecord, DecryptionFailed
from ctsec.ids import DekId, Random

MAX_KEK: Final = 1024
MAX_SCOPE: Final = MAX_VALUE
MAX_REGION: Final = 255
MAX_WRAPPED: Final = 6144
PORTABLE_START: Final = bytes((MAGIC, 0x21))
# fewest and most bytes, in the order of the format
_FIELDS: Final = ((1, MAX_KEK), (1, MAX_SCOPE), (0, MAX_REGION), (1, MAX_WRAPPED))


@dataclass(frozen=True, slots=True, kw_only=True)
class PortableBlob:
    """What a portable blob says of itself, unproved until it is opened.

    `kek` is the reference of the key that wrapped the DEK; `wrapped` is bound, at its service, to `scope` (an organization's id, or
    `deployment`) and `region`; `header` and `inner` are the two parts of the blob.
    """

    kek: str
    scope: str
    region: str
    wrapped: bytes = field(repr=False)
    dek_id: DekId
    suite: Suite
    header: bytes = field(repr=False)
    inner: bytes = field(repr=False)


def seal_portable(
    plaintext: bytes, *, key: DataKey, dek: WrappedDek, context: Context, random: Random, now: datetime | None = None
) -> bytes:
    """Return the portable blob of `plaintext`, bound to `context` and to what it says of `dek`; `key` is the unwrapped form of that record.

    Raises ValueError if key, record and context do not belong together, if a part of the record is too long or for more than 64 MiB, and
    DataKeyExhausted as `seal` does.
    """
    if dek.id != key.dek_id or not compare_digest(dek.commitment, key.commitment) or dek.scope != context.scope:
        raise ValueError("expected a key, its own record, and a context of the record's scope")
    parts = (dek.kek.encode(), dek.scope.encode(), dek.region.encode(), dek.wrapped)
    if not all(low <= len(part) <= high for part, (low, high) in zip(parts, _FIELDS, strict=True)):
        raise ValueError("expected a record with a wrapped key, whose parts fit into a portable blob")
    header = PORTABLE_START + b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    return header + key.seal_bound(plaintext, header + context.encoded, random, now)


def read_portable(blob: bytes) -> PortableBlob:
    """Return the parts of a portable blob, of which nothing is proved yet; raise CorruptRecord if it is none."""
    if blob[:2] != PORTABLE_START:
        raise CorruptRecord("expected a portable blob of version 1")
    parts: list[bytes] = []
    end = 2
    for low, high in _FIELDS:
        start = end + 2
        size = int.from_bytes(blob[end:start], "big")
        end = start + size
        if not low <= size <= high or end > len(blob):
            raise CorruptRecord("expected a portable blob of version 1; a part of its header has an impossible length")
        parts.append(blob[start:end])
    inner = blob[end:]
    try:
        kek, scope, region = (part.decode() for part in parts[:3])
    except UnicodeDecodeError:
        raise CorruptRecord("expected a portable blob of version 1; a part of its header is no text") from None
    return PortableBlob(
        kek=kek,
        scope=scope,
        region=region,
        wrapped=parts[3],
        dek_id=dek_id_of(inner),
        suite=suite_of(inner),
        header=blob[:end],
        inner=inner,
    )


def open_portable(blob: PortableBlob, *, key: DataKey, context: Context) -> bytes:
    """Return the plaintext; raise DecryptionFailed if key, context, header or bytes do not fit. From here on the header is proved."""
    if blob.scope != context.scope:
        raise DecryptionFailed(DOES_NOT_OPEN)
    return open_bound(blob.inner, key=key, bound=blob.header + context.encoded)
